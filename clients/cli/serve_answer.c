/* Asking the validator, and its answer as JSON. */
#include "serve_answer.h"

#include <string.h>

#include "serve_request.h"

static void
id_write(struct lk_json *json, const struct serve_request *request)
{
	if (request->has_number)
		lk_json_int(json, "id", request->number);
	else
		lk_json_string(json, "id", request->id);
}

static const char *
end_line(struct lk_json *json)
{
	lk_json_object_end(json);
	return lk_json_text(json);
}

static const char *
failure(struct lk_json *json, const struct serve_request *request, const struct lk_error *error)
{
	lk_json_object(json, NULL);
	id_write(json, request);
	lk_json_object(json, "error");
	lk_json_string(json, "status", lk_status_name((lk_status)error->status));
	lk_json_string(json, "reason", error->reason);
	lk_json_string(json, "field", *error->field ? error->field : NULL);
	lk_json_string(json, "message", error->message);
	lk_json_object_end(json);
	return end_line(json);
}

static void
list_write(struct lk_json *json, const char *name, const latchkey_identity *identity,
    size_t (*count)(const latchkey_identity *identity),
    const char *(*at)(const latchkey_identity *identity, size_t index))
{
	lk_json_array(json, name);
	for (size_t i = 0; i < count(identity); i++)
		lk_json_string(json, NULL, at(identity, i));
	lk_json_array_end(json);
}

static void
identity_write(struct lk_json *json, const latchkey_identity *identity)
{
	lk_json_object(json, "identity");
	lk_json_string(json, "subject", latchkey_identity_subject(identity));
	lk_json_string(json, "name", latchkey_identity_name(identity));
	lk_json_string(json, "tenant", latchkey_identity_tenant(identity));
	lk_json_string(json, "tenant_name", latchkey_identity_tenant_name(identity));
	list_write(json, "permissions", identity, latchkey_identity_permission_count,
	    latchkey_identity_permission_at);
	lk_json_bool(json, "all_workgroups", latchkey_identity_all_workgroups(identity));
	list_write(json, "workgroups", identity, latchkey_identity_workgroup_count,
	    latchkey_identity_workgroup_at);
	lk_json_bool(json, "all_tenants", latchkey_identity_all_tenants(identity));
	list_write(
	    json, "tenants", identity, latchkey_identity_tenant_count, latchkey_identity_tenant_at);
	lk_json_object_end(json);
}

static const char *
verdict(
    struct lk_json *json, const struct serve_request *request, const latchkey_decision *decision)
{
	lk_json_object(json, NULL);
	id_write(json, request);
	lk_json_bool(json, "active", decision->active);
	lk_json_bool(json, "remembered", decision->remembered);
	if (!decision->active) {
		lk_json_string(json, "reason", decision->reason);
		return end_line(json);
	}
	lk_json_string(json, "credential", decision->is_token ? "token" : "key");
	lk_json_string(json, "key", decision->key);
	lk_json_string(json, "token_id", decision->token);
	lk_json_int(json, "expires_at_ms", decision->expires_at_ms);
	identity_write(json, decision->identity);
	return end_line(json);
}

static const char *
counts(struct lk_json *json, const struct serve_request *request, latchkey_validator *validator)
{
	latchkey_validator_counts c;

	latchkey_validator_count(validator, &c);
	const struct {
		const char *name;
		int64_t value;
	} rows[] = {
		{ "hits", (int64_t)c.hits },
		{ "refused_hits", (int64_t)c.refused_hits },
		{ "misses", (int64_t)c.misses },
		{ "batches", (int64_t)c.batches },
		{ "failures", (int64_t)c.failures },
		{ "lease_lost", (int64_t)c.lease_lost },
		{ "events", (int64_t)c.events },
		{ "flushes", (int64_t)c.flushes },
		{ "uses_reported", (int64_t)c.uses_reported },
		{ "keys_lease_left_ms", c.lease_left_ms[0] },
		{ "tokens_lease_left_ms", c.lease_left_ms[1] },
	};
	lk_json_object(json, NULL);
	id_write(json, request);
	lk_json_object(json, "counts");
	for (size_t i = 0; i < LK_ARRAY_LEN(rows); i++)
		lk_json_int(json, rows[i].name, rows[i].value);
	lk_json_object_end(json);
	return end_line(json);
}

static const char *
answer_request(
    latchkey_validator *validator, const struct serve_request *request, struct lk_json *json)
{
	latchkey_decision decision = { 0 };
	struct lk_error error = { 0 };

	if (request->ask == SERVE_COUNTS)
		return counts(json, request, validator);
	if (latchkey_validator_validate(validator, request->credential, &request->requirements,
		&decision, (latchkey_error *)(void *)&error) != LATCHKEY_OK)
		return failure(json, request, &error);
	const char *line = verdict(json, request, &decision);
	latchkey_decision_wipe(&decision);
	return line;
}

const char *
serve_answer(latchkey_validator *validator, struct lk_bytes line, struct lk_json *json)
{
	LK_AUTO(serve_request_wipe) struct serve_request request = { 0 };
	struct lk_error error = { 0 };

	if (serve_request_parse(line, &request, &error) != LK_OK)
		return failure(json, &request, &error);
	return answer_request(validator, &request, json);
}

const char *
serve_refusal(struct lk_json *json)
{
	struct lk_error error = { 0 };

	LK_IGNORE(lk_fail(&error, LK_INVALID_ARGUMENT, "LINE_TOO_LONG",
	    "a request has at most %d bytes", SERVE_LINE_MAX));
	return failure(json, &(struct serve_request){ 0 }, &error);
}
