/* The validator as the gateway asks it, and what is made of its answers; see local.h. */
#include "local.h"

#include <stdio.h>
#include <string.h>

#include "auth/assertion.h"
#include "crypto/sign.h"
#include "gateway.h"
#include "introspection.h"
#include "json_write.h"
#include "validator/src/inside.h"

enum {
	TEXTS = 8,
	ARENA_CAP = 1024 * 1024,
	ASK_MS = 2000,
	REFUSED_MS = 1, /* as good as not: what is allowed again is so at once */
};
enum { LOST_LEASE_REFUSE = 1 }; /* in the order of options.def, from 0 */

struct local {
	latchkey_validator *validator;
	struct lk_sign_key *key;
	struct lk_assertion_maker *maker;
};

/* ---- What is made of an answer ---- */

/* A list as one text; NULL when memory is short. */
static const char *
joined(struct lk_arena *arena, char *const *texts, size_t count)
{
	size_t size = 1, to = 0;
	char *out;

	for (size_t i = 0; i < count; i++)
		size += strlen(texts[i]) + 1;
	out = lk_arena_alloc(arena, size);
	for (size_t i = 0; out && i < count; i++)
		to += (size_t)snprintf(out + to, size - to, "%s%s", i ? " " : "", texts[i]);
	return out;
}

/* In the order of struct local_text. */
static bool
texts_of(const ValidateTokenResponse *answer, struct lk_arena *arena, const char *out[TEXTS])
{
	const IdentityMsg *identity = answer->identity;
	struct lk_bytes json;

	if (json_write(&answer->base, arena, &json, NULL) != LK_OK)
		return false;
	out[0] = identity->subject;
	out[1] = identity->tenant;
	out[2] = identity->key;
	out[3] = joined(arena, identity->permissions, identity->n_permissions);
	out[4] = identity->all_workgroups
		     ? "ALL"
		     : joined(arena, identity->workgroups, identity->n_workgroups);
	out[5] = answer->actor;
	out[6] = lk_arena_text_n(arena, (const char *)json.data, json.len);
	out[7] = introspection_json(answer, arena);
	return out[3] && out[4] && out[6] && out[7];
}

/* One behind the other, each with its end. */
static struct kept *
packed(const char *const texts[TEXTS])
{
	size_t len = 0, at = 0;

	for (size_t i = 0; i < TEXTS; i++)
		len += strlen(texts[i]) + 1;
	struct kept *kept = kept_new(len);
	for (size_t i = 0; kept && i < TEXTS; i++) {
		const size_t size = strlen(texts[i]) + 1;
		memcpy(kept_bytes(kept) + at, texts[i], size);
		at += size;
	}
	return kept;
}

static struct kept *
make(void *user, const ValidateTokenResponse *answer)
{
	struct lk_arena *arena = lk_arena_new(ARENA_CAP);
	const char *texts[TEXTS];
	struct kept *kept = NULL;

	(void)user;
	if (arena && texts_of(answer, arena, texts))
		kept = packed(texts);
	if (arena)
		lk_arena_free(arena);
	return kept;
}

static struct local_text
unpacked(struct kept *kept)
{
	const char *texts[TEXTS], *at = (const char *)kept_bytes(kept);

	for (size_t i = 0; i < TEXTS; i++) {
		texts[i] = at;
		at += strlen(at) + 1;
	}
	return (struct local_text){ texts[0], texts[1], texts[2], texts[3], texts[4], texts[5],
		texts[6], texts[7] };
}

/* ---- Questions ---- */

static struct validator_question
asked(const struct local_question *question)
{
	return (struct validator_question){ .credential = question->secret,
		.requirements = { .audience = question->audience,
		    .permission = question->permission,
		    .workgroup = question->workgroup,
		    .source_address = question->source },
		.asked_by = question->asked_by,
		.request_id = question->request->id,
		.traceparent = question->request->traceparent };
}

static void
taken(struct local_verdict *verdict)
{
	if (verdict->kept)
		verdict->text = unpacked(verdict->kept);
}

bool
local_recall(struct local *local, const struct local_question *question, struct local_verdict *out)
{
	const struct validator_question asking = asked(question);
	struct local_verdict verdict = { .kept = NULL };

	if (!validator_recall(local->validator, &asking, &verdict.decision, &verdict.kept))
		return false;
	taken(&verdict);
	*out = verdict;
	return true;
}

lk_status
local_decide(struct local *local, const struct local_question *question, struct local_verdict *out,
    struct lk_error *err)
{
	const struct validator_question asking = asked(question);
	struct local_verdict verdict = { .kept = NULL };

	LK_TRY(validator_decide(local->validator, &asking, &verdict.decision, &verdict.kept, err));
	taken(&verdict);
	*out = verdict;
	return LK_OK;
}

lk_status
local_verdict_of(
    const ValidateTokenResponse *answer, struct local_verdict *out, struct lk_error *err)
{
	struct local_verdict verdict = { .decision = { .active = answer->active } };

	LK_IGNORE(
	    !lk_text_copy(verdict.decision.reason, sizeof verdict.decision.reason, answer->reason));
	if (answer->active && !answer->identity)
		return lk_fail(
		    err, LK_INTERNAL, "REPLY_INCOMPLETE", "the service left out who it is");
	if (answer->active && !(verdict.kept = make(NULL, answer)))
		return lk_fail_oom(err);
	taken(&verdict);
	*out = verdict;
	return LK_OK;
}

void
local_verdict_wipe(struct local_verdict *verdict)
{
	latchkey_decision_wipe(&verdict->decision);
	kept_unref(verdict->kept);
	verdict->kept = NULL;
}

/* ---- Life ---- */

lk_status
local_open(const struct gateway_config *config, struct local **out_local, struct lk_error *err)
{
	LK_AUTO(local_closep) struct local *local = NULL;
	const latchkey_options client = {
		.keys_url = config->keys_url,
		.tokens_url = config->tokens_url,
		.credentials_url = config->credentials_url,
		.instance = config->instance,
		.anonymous = true,
		.ignore_environment = true,
		.tls_cert_file = config->peer_tls_cert_file,
		.tls_key_file = config->peer_tls_key_file,
		.tls_ca_file = config->peer_tls_ca_file,
	};
	const latchkey_validator_options options = {
		.client = &client,
		.peers_dir = config->peers_dir,
		.max_staleness_ms = (uint32_t)config->max_staleness,
		.stale_grace_ms = (uint32_t)config->stale_grace,
		.lost_lease = config->lost_lease == LOST_LEASE_REFUSE
				  ? LATCHKEY_LOST_LEASE_FAIL_CLOSED
				  : LATCHKEY_LOST_LEASE_ASK,
		.negative_ttl_ms = REFUSED_MS,
		.max_entries = (size_t)config->remembered,
		.timeout_ms = ASK_MS,
	};
	const struct validator_inside inside = { "gateway", config->peer_key_file, make, NULL };

	if (!config->peer_key_file)
		return LK_OK;
	if (!(local = LK_ALLOC(struct local)))
		return lk_fail_oom(err);
	LK_TRY(validator_open_inside(&options, &inside, &local->validator, err));
	LK_TRY(lk_sign_key_load(config->peer_key_file, "peer key", &local->key, err));
	LK_TRY(lk_assertion_maker_new(
	    &local->maker, inside.name, config->instance, local->key, lk_clock_system(), err));
	*out_local = LK_TAKE(local);
	return LK_OK;
}

void
local_leave(struct local *local)
{
	if (local)
		validator_leave(local->validator);
}

void
local_close(struct local *local)
{
	if (!local)
		return;
	latchkey_validator_close(local->validator);
	lk_assertion_maker_free(local->maker);
	lk_sign_key_free(local->key);
	lk_free(local);
}

struct lk_assertion_maker *
local_maker(struct local *local)
{
	return local->maker;
}

void
local_count(const struct local *local, latchkey_validator_counts *out_counts)
{
	latchkey_validator_count(local->validator, out_counts);
}
