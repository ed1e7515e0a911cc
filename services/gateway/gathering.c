/* Samples of services get a label more, service="keys"; see gathering.h. */
#include "gathering.h"

#include <string.h>

#include "daemon/measure.h"
#include "local.h"
#include "wire.h"

enum { ANSWER_WITHIN_MS = 1000 };

/* ---- Ours ---- */

static void
tell_validator(const struct local *local, struct lk_families *out)
{
	static const char decisions[] = "latchkey_validator_decisions_total",
			  about[] = "Keys and tokens decided.",
			  lease[] = "latchkey_validator_lease_left_seconds",
			  left[] = "For how long what is remembered counts; below 0: not at all.";
	latchkey_validator_counts counts;

	local_count(local, &counts);
	lk_families_counter(out, decisions, about, "from=\"memory\"", counts.hits);
	lk_families_counter(
	    out, decisions, about, "from=\"remembered_refusal\"", counts.refused_hits);
	lk_families_counter(out, decisions, about, "from=\"service\"", counts.misses);
	lk_families_counter(out, "latchkey_validator_failures_total",
	    "Questions to services without an answer.", "", counts.failures);
	lk_families_counter(out, "latchkey_validator_lease_lost_total",
	    "Decisions that found no lease.", "", counts.lease_lost);
	lk_families_gauge(out, "latchkey_validator_entries",
	    "Keys and tokens remembered, good or not any more.", "", (int64_t)counts.entries);
	lk_families_counter(out, "latchkey_validator_uses_reported_total",
	    "Uses of keys told to keys.", "", counts.uses_reported);
	lk_families_gauge(out, lease, left, "feed=\"keys\"", counts.lease_left_ms[0] / 1000);
	lk_families_gauge(out, lease, left, "feed=\"tokens\"", counts.lease_left_ms[1] / 1000);
}

static void
tell_own(struct gateway *gateway, struct lk_families *out)
{
	static const char label[] = "service=\"gateway\"";

	lk_families_metrics(out, gateway->metrics);
	if (gateway->local)
		tell_validator(gateway->local, out);
	lk_measure_process(out, label, gateway->started_at_ms);
	lk_measure_certificate(out, label, "peer", gateway->peer_certificate_ends_at_ms);
	lk_measure_certificate(out, label, "http", gateway->certificate_ends_at_ms);
}

/* ---- Of services ---- */

static enum lk_metric_kind
kind_of(const char *name)
{
	return strcmp(name, "counter") == 0 ? LK_METRIC_COUNTER
	       : strcmp(name, "gauge") == 0 ? LK_METRIC_GAUGE
					    : LK_METRIC_HISTOGRAM;
}

static void
take_family(struct lk_families *out, const char *service, const MetricFamily *from)
{
	for (size_t i = 0; i < from->n_samples; i++) {
		const MetricSample *sample = from->samples[i];
		const char *labels = lk_arena_format(out->arena, "service=\"%s\"%s%s", service,
		    *sample->labels ? "," : "", sample->labels);
		if (labels)
			lk_families_add(out, kind_of(from->kind), from->name, from->help,
			    &(struct lk_sample){ sample->suffix, labels, sample->value, NULL });
	}
}

static void
ask_service(struct gateway *gateway, enum upstream_service service, struct lk_families *out)
{
	GetMetricsRequest body = LATCHKEY__HEALTH__V1__GET_METRICS_REQUEST__INIT;
	const struct upstream_call call = {
		.service = service,
		.method = "latchkey.health.v1.HealthService/GetMetrics",
		.body = &body.base,
		.reply_type = &latchkey__health__v1__get_metrics_response__descriptor,
		.effect = LK_READ,
		.timeout_ms = ANSWER_WITHIN_MS,
	};
	const char *name = upstream_name(service);
	ProtobufCMessage *reply = NULL;
	const lk_status status = upstream_ask_as(
	    gateway->upstream, local_maker(gateway->local), &call, out->arena, &reply, NULL);
	const char *label = lk_arena_format(out->arena, "service=\"%s\"", name);

	if (label)
		lk_families_gauge(out, "latchkey_up",
		    "Whether a service told its metrics just now.", label, status == LK_OK);
	if (status != LK_OK)
		return;
	const GetMetricsResponse *said = (const GetMetricsResponse *)(const void *)reply;
	for (size_t i = 0; i < said->n_families; i++)
		take_family(out, name, said->families[i]);
}

void
gather(struct gateway *gateway, struct lk_families *out)
{
	tell_own(gateway, out);
	for (int i = 0; gateway->local && i < UPSTREAM_COUNT; i++)
		ask_service(gateway, (enum upstream_service)i, out);
}
