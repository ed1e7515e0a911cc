/* HealthService/Check from memory. */
#include "daemon/health.h"

#include "auth/caller.h"
#include "latchkey/health/v1/health.pb-c.h"
#include "rpc/call.h"
#include "test.h"

static void
check_tells_who_and_in_which_state(void **state)
{
	struct lk_clock_frozen clock;
	struct lk_health health;
	const struct lk_method_table *table = lk_health_method_table();
	Latchkey__Health__V1__CheckRequest req = LATCHKEY__HEALTH__V1__CHECK_REQUEST__INIT;
	Latchkey__Health__V1__CheckResponse rep = LATCHKEY__HEALTH__V1__CHECK_RESPONSE__INIT;

	(void)state;
	lk_clock_frozen_init(&clock, 1234);
	lk_health_init(&health, "keys", "0.1.0", "test", &clock.clock);
	const struct lk_call_setup setup = { .method = "latchkey.health.v1.HealthService/Check",
		.user = &health };
	LK_AUTO(lk_call_freep) struct lk_call *call = lk_call_new(&setup);
	expect_ok(table->methods[0].invoke(call, &req.base, &rep.base), lk_call_error(call));
	assert_string_equal(rep.service, "keys");
	assert_string_equal(rep.version, "0.1.0");
	assert_string_equal(rep.instance, "test");
	assert_int_equal(rep.started_at_ms, 1234);
	assert_string_equal(rep.state, "serving");
	lk_health_drain(&health);
	expect_ok(table->methods[0].invoke(call, &req.base, &rep.base), lk_call_error(call));
	assert_string_equal(rep.state, "draining");
}

static void
measure(void *user, struct lk_families *out, int64_t deadline_steady_ms)
{
	(void)user;
	(void)deadline_steady_ms;
	lk_families_counter(out, "calls_total", "Calls.", "code=\"OK\"", 3);
	lk_families_counter(out, "calls_total", "Calls.", "code=\"INTERNAL\"", 1);
	lk_families_gauge(out, "depth", "Waiting.", "", -2);
}

static lk_status
ask_metrics(enum lk_caller_kind kind, Latchkey__Health__V1__GetMetricsResponse *rep,
    struct lk_call **out_call)
{
	static struct lk_health health = { .measure = measure };
	const struct lk_caller caller = { .kind = kind, .permissions = LK_PERMISSIONS_ALL };
	const struct lk_call_setup setup = { .method =
						 "latchkey.health.v1.HealthService/GetMetrics",
		.user = &health,
		.caller = &caller };
	Latchkey__Health__V1__GetMetricsRequest req =
	    LATCHKEY__HEALTH__V1__GET_METRICS_REQUEST__INIT;

	latchkey__health__v1__get_metrics_response__init(rep);
	*out_call = lk_call_new(&setup);
	return lk_health_method_table()->methods[1].invoke(*out_call, &req.base, &rep->base);
}

static void
metrics_are_for_operators_and_gateways(void **state)
{
	static const enum lk_caller_kind may[] = { LK_CALLER_OPERATOR, LK_CALLER_GATEWAY },
					 refused[] = { LK_CALLER_USER, LK_CALLER_PRINCIPAL,
						 LK_CALLER_SERVICE };
	Latchkey__Health__V1__GetMetricsResponse rep;

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(may); i++) {
		LK_AUTO(lk_call_freep) struct lk_call *call = NULL;
		expect_ok(ask_metrics(may[i], &rep, &call), lk_call_error(call));
		assert_int_equal(rep.n_families, 2);
		assert_string_equal(rep.families[0]->name, "calls_total");
		assert_string_equal(rep.families[0]->kind, "counter");
		assert_int_equal(rep.families[0]->n_samples, 2);
		assert_string_equal(rep.families[0]->samples[1]->labels, "code=\"INTERNAL\"");
		assert_string_equal(rep.families[1]->samples[0]->value, "-2");
	}
	for (size_t i = 0; i < LK_ARRAY_LEN(refused); i++) {
		LK_AUTO(lk_call_freep) struct lk_call *call = NULL;
		expect_fail(ask_metrics(refused[i], &rep, &call), NULL, LK_PERMISSION_DENIED, NULL);
		assert_string_equal(lk_call_error(call)->reason, "OPERATORS_ONLY");
	}
}

static void
check_is_public_inline_and_fits_its_contract(void **state)
{
	const struct lk_method_table *table = lk_health_method_table();
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_method_table_check(table, &err), &err);
	assert_int_equal(table->methods[0].permission, LK_PERM_PUBLIC);
	assert_int_equal(table->methods[0].where, LK_INLINE);
}

LK_TESTS(LK_CASE(metrics_are_for_operators_and_gateways),
    LK_CASE(check_tells_who_and_in_which_state),
    LK_CASE(check_is_public_inline_and_fits_its_contract))
