/* Verifying a key from what is in memory; see verify.h. */
#include "verify.h"

#include <string.h>

#include "crypto/key_format.h"
#include "foreign.h"
#include "issue.h"
#include "rate.h"
#include "rehash.h"

/* Stands in for the tenant of a key that nobody knows, so that its digest costs the same. */
static const char nobody[] = "tnt_00000000000000000000000000";

static lk_status
refuse(struct verify_answer *out_answer, const char *reason)
{
	*out_answer = (struct verify_answer){ .reason = reason };
	return LK_OK;
}

/* What was shown: a key of ours, or one of another system. */
struct shown {
	struct lk_key_parts parts; /* of another system's the id alone */
	struct foreign foreign;
	bool is_foreign;
};

static void
shown_wipe(struct shown *shown)
{
	lk_key_parts_wipe(&shown->parts);
}

static lk_status
read_shown(struct keys *keys, const char *text, const struct patience *patience,
    struct shown *out_shown, bool *out_ok, struct lk_error *err)
{
	*out_ok = lk_key_text_parse(
		      keys->setup.prefix, lk_bytes_of(text), &out_shown->parts, NULL) == LK_OK;
	if (*out_ok)
		return LK_OK;
	LK_TRY(foreign_find(keys, text, patience, &out_shown->foreign, out_ok, err));
	memcpy(out_shown->parts.id, out_shown->foreign.key, sizeof out_shown->parts.id);
	out_shown->is_foreign = *out_ok;
	return LK_OK;
}

/* The digest is computed and compared for every key, known or not. */
static bool
digest_matches(
    const struct keys *keys, const struct shown *shown, const struct held_facts *held, bool known)
{
	const struct key_facts *key = &held->key;
	char tenant[LK_ID_SIZE] = "";

	if (shown->is_foreign || (key->flags & KEY_FOREIGN) != 0)
		return known && shown->is_foreign && (key->flags & KEY_FOREIGN) != 0 &&
		       lk_secret_equal(shown->foreign.tag, key->digest, sizeof key->digest);
	if (!known)
		lk_text_copy(tenant, sizeof tenant, nobody);
	else if (held->tenant)
		id_unpack(LK_ID_TENANT, held->tenant->id, tenant);
	return secret_matches(keys, tenant, shown->parts.id, &shown->parts.secret,
		   key->pepper_version, key->digest) &&
	       known;
}

/* A service asks on behalf of others; everybody else sees the keys of the tenants they reach. */
static bool
asker_sees(const struct lk_caller *asker, const struct facts *facts)
{
	char tenant[LK_ID_SIZE];

	if (!facts->tenant)
		return asker->kind == LK_CALLER_SERVICE || asker->all_tenants;
	id_unpack(LK_ID_TENANT, facts->tenant->id, tenant);
	return lk_caller_reaches_tenant(asker, tenant);
}

static bool
kind_accepted(const struct shown *shown, const struct verify_ask *ask)
{
	if (shown->is_foreign)
		return true;
	switch (shown->parts.use) {
	case LK_KEY_USE_API:
		return true;
	case LK_KEY_USE_SESSION:
		return ask->allow_session;
	case LK_KEY_USE_TICKET:
		return false;
	}
	return false;
}

static void
note_use(struct keys *keys, const struct key_facts *key, bool sign_in, int64_t now_ms)
{
	const struct key_ref ref = { key->id, (key->flags & KEY_IS_SESSION) != 0 };
	const uint32_t every_s = use_every_s(ref.is_session ? keys->setup.session_idle_ms : 0);
	const bool due = now_ms / 1000 - key->used_at_s >= every_s ||
			 (sign_in && now_ms / 1000 - key->signed_in_at_s >= every_s);

	if (due && key_cache_use(keys->key_cache, ref, (uint32_t)(now_ms / 1000), every_s, sign_in))
		use_log_note(keys->uses, &(struct use){ key->id, now_ms, ref.is_session, sign_in });
}

/* Sessions have no owner who would wonder. */
static void
count_use(struct keys *keys, const struct lk_caller *asker, const struct verify_ask *ask,
    const struct key_facts *key, int64_t now_ms)
{
	if (key->flags & KEY_IS_SESSION)
		return;
	use_counts_note(keys->use_counts, &(struct use_count){ .key = key->id,
					      .caller = *ask->asked_by ? ask->asked_by : asker->id,
					      .count = 1,
					      .at_ms = now_ms,
					      .source_address = ask->source_address });
}

/* A principal belongs to no tenant: its tokens live as the default profile says. */
static void
token_ttls(const struct keys *keys, const struct held_facts *held, struct verify_answer *answer)
{
	const struct policy *policy = held->tenant ? &held->tenant->policy : &keys->default_policy;

	answer->token_ttl_default_ms = policy->values[POLICY_TOKEN_TTL_DEFAULT];
	answer->token_ttl_max_ms = policy->values[POLICY_TOKEN_TTL_MAX];
}

static lk_status
accept(struct keys *keys, const struct lk_caller *asker, const struct verify_ask *ask,
    const struct held_facts *held, int64_t now_ms, struct lk_arena *arena,
    struct verify_answer *out_answer, struct lk_error *err)
{
	struct verify_answer answer = { .active = true, .reason = "" };

	LK_TRY(facts_identity(&held->facts, arena, &answer.identity, err));
	token_ttls(keys, held, &answer);
	answer.not_before_ms = held->key.limits ? held->key.limits->not_before_ms : 0;
	note_use(keys, &held->key, ask->sign_in, now_ms);
	count_use(keys, asker, ask, &held->key, now_ms);
	*out_answer = answer;
	return LK_OK;
}

static lk_status
required_permission(const struct verify_ask *ask, lk_permissions *out, struct lk_error *err)
{
	enum lk_permission permission;

	*out = 0;
	if (ask->required_permission[0] == '\0')
		return LK_OK;
	if (!lk_permission_parse(ask->required_permission, &permission))
		return lk_fail_field(err, "required_permission", "PERMISSION_UNKNOWN",
		    "there is no permission of this name");
	*out = lk_permission_bit(permission);
	return LK_OK;
}

/* Where a policy accepts tokens only, a key is good for getting one. */
static bool
way_accepted(const struct shown *shown, const struct held_facts *held, const struct verify_ask *ask)
{
	const bool is_session = !shown->is_foreign && shown->parts.use != LK_KEY_USE_API;

	return ask->sign_in || is_session || !held->tenant ||
	       held->tenant->policy.values[POLICY_ACCEPT] != ACCEPT_JWT;
}

/* The secret is at hand now and at no other time. A session is over before its pepper is. */
static void
move_to_newest(struct keys *keys, const struct shown *shown, const struct held_facts *held)
{
	char tenant[LK_ID_SIZE] = "";
	uint8_t digest[LK_DIGEST_LEN];

	if (held->key.flags & KEY_IS_SESSION)
		return;
	if (held->tenant)
		id_unpack(LK_ID_TENANT, held->tenant->id, tenant);
	if (shown->is_foreign)
		foreign_tag(keys->setup.pepper, shown->foreign.sha256, digest);
	else
		lk_key_digest(
		    keys->setup.pepper, tenant, shown->parts.id, &shown->parts.secret, digest);
	rehash_later(keys, shown->parts.id, held->key.digest, digest);
}

/* Of an address that we were told. */
static lk_status
refuse_bad(struct keys *keys, const struct verify_ask *ask, int64_t now_ms,
    struct verify_answer *out_answer, const char *reason)
{
	char source[RATE_SOURCE_SIZE];

	if (*ask->source_address != '\0') {
		rate_source(ask->source_address, source);
		LK_IGNORE(rate_take(keys->rate, RATE_FAILURES, source, now_ms, NULL));
	}
	return refuse(out_answer, reason);
}

static lk_status
verify(struct keys *keys, const struct lk_caller *asker, const struct verify_ask *ask,
    const struct patience *patience, struct verify_answer *out_answer, struct lk_error *err)
{
	LK_AUTO(shown_wipe) struct shown shown = { 0 };
	LK_AUTO(held_facts_release) struct held_facts held = { 0 };
	const int64_t now_ms = lk_clock_wall_ms(keys->setup.clock);
	lk_permissions required;
	bool readable, known;

	LK_TRY(required_permission(ask, &required, err));
	LK_TRY(read_shown(keys, ask->secret, patience, &shown, &readable, err));
	if (!readable)
		return refuse_bad(keys, ask, now_ms, out_answer, "KEY_MALFORMED");
	if (!kind_accepted(&shown, ask))
		return refuse(out_answer, "KEY_REFUSED");
	LK_TRY(standing_of_key(keys, shown.parts.id, patience, &held, &known, err));
	if (!digest_matches(keys, &shown, &held, known) ||
	    !facts_stand(&held.facts, keys->setup.session_idle_ms, now_ms) ||
	    !asker_sees(asker, &held.facts))
		return refuse_bad(keys, ask, now_ms, out_answer, "KEY_REFUSED");
	if (!way_accepted(&shown, &held, ask))
		return refuse(out_answer, "KEY_FOR_TOKENS_ONLY");
	const char *why_not = facts_why_not(&held.facts, ask->source_address, now_ms);
	if (why_not)
		return refuse(out_answer, why_not);
	if (required & ~facts_permissions(&held.facts))
		return refuse(out_answer, "PERMISSION_MISSING");
	if (ask->required_workgroup[0] != '\0' &&
	    !facts_has_workgroup(&held.facts, ask->required_workgroup))
		return refuse(out_answer, "WORKGROUP_MISSING");
	if (held.key.pepper_version != lk_pepper_version(keys->setup.pepper))
		move_to_newest(keys, &shown, &held);
	return accept(keys, asker, ask, &held, now_ms, patience->arena, out_answer, err);
}

static bool
showed_too_many(struct keys *keys, const char *address, int64_t now_ms)
{
	char source[RATE_SOURCE_SIZE];

	if (*address == '\0')
		return false;
	rate_source(address, source);
	return rate_is_over(keys->rate, RATE_FAILURES, source, now_ms);
}

/* An address that showed many bad keys is answered from memory alone: good keys of ours in use go
 * on, and made-up ones reach no database. Keys of other systems are known by looking them up, and
 * so are refused, too. */
lk_status
key_verify(struct keys *keys, const struct lk_caller *asker, const struct verify_ask *ask,
    const struct patience *patience, struct verify_answer *out_answer, struct lk_error *err)
{
	const int64_t now_ms = lk_clock_wall_ms(keys->setup.clock);
	struct patience from_memory = *patience;

	if (!patience->may_block || !showed_too_many(keys, ask->source_address, now_ms))
		return verify(keys, asker, ask, patience, out_answer, err);
	from_memory.may_block = false;
	const lk_status status = verify(keys, asker, ask, &from_memory, out_answer, err);
	return status == LK_ABORTED ? refuse(out_answer, "TOO_MANY_FAILURES") : status;
}
