/* HealthService: Check from memory, GetMetrics as the process measures itself. */
#include "daemon/health.h"

#include "auth/caller.h"
#include "latchkey/health/v1/health.pb-c.h"
#include "rpc/call.h"
#include "rpc/field.h"

typedef Latchkey__Health__V1__CheckRequest CheckRequest;
typedef Latchkey__Health__V1__CheckResponse CheckResponse;
typedef Latchkey__Health__V1__GetMetricsRequest GetMetricsRequest;
typedef Latchkey__Health__V1__GetMetricsResponse GetMetricsResponse;
typedef Latchkey__Health__V1__MetricFamily MetricFamily;
typedef Latchkey__Health__V1__MetricSample MetricSample;

void
lk_health_init(struct lk_health *health, const char *service, const char *version,
    const char *instance, const struct lk_clock *clock)
{
	health->service = service;
	health->version = version;
	health->instance = instance;
	health->started_at_ms = lk_clock_wall_ms(clock);
	atomic_init(&health->draining, false);
}

void
lk_health_drain(struct lk_health *health)
{
	atomic_store(&health->draining, true);
}

static lk_status
health_check(struct lk_call *call, const CheckRequest *req, CheckResponse *rep)
{
	const struct lk_health *health = lk_call_user(call);

	(void)req;
	rep->service = lk_field_borrow(health->service);
	rep->version = lk_field_borrow(health->version);
	rep->instance = lk_field_borrow(health->instance);
	rep->started_at_ms = health->started_at_ms;
	rep->state = lk_field_borrow(atomic_load(&health->draining) ? "draining" : "serving");
	return LK_OK;
}

/* ---- Metrics ---- */

static lk_status
samples_encode(struct lk_arena *arena, const struct lk_family *from, MetricFamily *to)
{
	MetricSample *storage = lk_arena_array(arena, from->count, sizeof *storage);
	size_t i = 0;

	to->samples = lk_arena_array(arena, from->count, sizeof *to->samples);
	if (!storage || !to->samples)
		return LK_RESOURCE_EXHAUSTED;
	for (const struct lk_sample *sample = from->first; sample; sample = sample->next, i++) {
		latchkey__health__v1__metric_sample__init(&storage[i]);
		storage[i].suffix = lk_field_borrow(sample->suffix);
		storage[i].labels = lk_field_borrow(sample->labels);
		storage[i].value = lk_field_borrow(sample->value);
		to->samples[i] = &storage[i];
	}
	to->n_samples = i;
	return LK_OK;
}

static lk_status
families_encode(const struct lk_families *from, GetMetricsResponse *rep, struct lk_error *err)
{
	static const char *const kinds[] = { "counter", "gauge", "histogram" };
	struct lk_arena *arena = from->arena;
	MetricFamily *storage = lk_arena_array(arena, from->count, sizeof *storage);

	rep->families = lk_arena_array(arena, from->count, sizeof *rep->families);
	if (!storage || !rep->families)
		return lk_fail_oom(err);
	for (const struct lk_family *family = from->first; family; family = family->next) {
		MetricFamily *to = &storage[rep->n_families];
		latchkey__health__v1__metric_family__init(to);
		to->name = lk_field_borrow(family->name);
		to->help = lk_field_borrow(family->help);
		to->kind = lk_field_borrow(kinds[family->kind]);
		if (samples_encode(arena, family, to) != LK_OK)
			return lk_fail_oom(err);
		rep->families[rep->n_families++] = to;
	}
	return LK_OK;
}

static lk_status
health_metrics(struct lk_call *call, const GetMetricsRequest *req, GetMetricsResponse *rep)
{
	const struct lk_health *health = lk_call_user(call);
	const enum lk_caller_kind kind = lk_call_caller(call)->kind;
	struct lk_families families;

	(void)req;
	if (kind != LK_CALLER_OPERATOR && kind != LK_CALLER_GATEWAY)
		return lk_fail(lk_call_error(call), LK_PERMISSION_DENIED, "OPERATORS_ONLY",
		    "only operators and gateways may read metrics");
	lk_families_init(&families, lk_call_arena(call));
	if (health->measure)
		health->measure(health->measure_user, &families, lk_call_deadline_steady_ms(call));
	return families_encode(&families, rep, lk_call_error(call));
}

#define LK_METHOD LK_METHOD_THUNK
#include "daemon/health_methods.def"
#undef LK_METHOD

static const struct lk_method health_methods[] = {
#define LK_METHOD LK_METHOD_ROW
#include "daemon/health_methods.def"
#undef LK_METHOD
};
LK_METHODS_COMPLETE(Latchkey__Health__V1__HealthService_Service, health_methods);

const struct lk_method_table *
lk_health_method_table(void)
{
	static const struct lk_method_table table = {
		&latchkey__health__v1__health_service__descriptor,
		health_methods,
		LK_ARRAY_LEN(health_methods),
	};

	return &table;
}
