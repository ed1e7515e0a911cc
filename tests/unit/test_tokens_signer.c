/* Signing keys at rest and at work, and the set of revoked tokens, on a real database. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "tokens/claims_write.h"
#include "tokens/revoked_store.h"
#include "tokens_world.h"

static struct lk_claims
some_claims(const struct tokens_world *w)
{
	const int64_t now_s = w->clock.now_ms / 1000;
	return (struct lk_claims){
		.issuer = "https://issuer.example",
		.subject = "usr_01hf7yat00jz6j3k0c5m9s8w4x",
		.audience = "platform",
		.client_id = "key_01hf7yat00jz6j3k0c5m9s8w4x",
		.token = "jti_01hf7yat00jz6j3k0c5m9s8w4x",
		.tenant = "tnt_01hf7yat00jz6j3k0c5m9s8w4x",
		.key = "key_01hf7yat00jz6j3k0c5m9s8w4x",
		.issued_at_s = now_s,
		.not_before_s = now_s - 30,
		.expires_at_s = now_s + 900,
		.scope = lk_permission_bit(LK_PERM_AUDIT_READ),
		.tenant_generation = 4,
		.user_generation = 5,
		.key_generation = 6,
		.all_workgroups = false,
		.workgroups_count = 1,
		.workgroups = { "wkg_01hf7yat00jz6j3k0c5m9s8w4x" },
	};
}

static void
expect_read_back(struct tokens_world *w, struct lk_claims claims)
{
	LK_AUTO(signer_closep) struct signer *signer = tokens_world_signer(w);
	const struct lk_token_rules rules = { claims.issuer, claims.audience, LK_TOKEN_TYP_AT_JWT,
		&w->clock.clock };
	struct lk_claims read = { 0 };
	LK_AUTO(signing_set_unrefp) struct signing_set *set = signer_set(signer);
	struct lk_bytes json, token, again;

	expect_ok(claims_write(&claims, w->arena, &json, &w->err), &w->err);
	expect_ok(signer_sign(signer, json, w->arena, &token, &w->err), &w->err);
	expect_ok(lk_token_verify((const char *)token.data, token.len, signing_set_jwks(set),
		      &rules, &read, &w->err),
	    &w->err);
	expect_ok(claims_write(&read, w->arena, &again, &w->err), &w->err);
	assert_int_equal(again.len, json.len); /* as text: a struct has gaps between its members */
	assert_memory_equal(again.data, json.data, json.len);
}

static void
what_it_signs_the_verifier_reads_back(void **state)
{
	expect_read_back(*state, some_claims(*state));
}

static void
who_acts_is_read_back_too(void **state)
{
	struct lk_claims by_key = some_claims(*state), by_session = by_key;

	by_key.actor = (struct lk_actor){ .subject = "prn_01hf7yat00jz6j3k0c5m9s8w4x",
		.key = "key_01hf7yat00jz6j3k0c5m9s8w4x",
		.user_generation = 7,
		.key_generation = 8 };
	by_session.actor = (struct lk_actor){ .subject = "usr_01hf7yat00jz6j3k0c5m9s8w4y",
		.session = "ses_01hf7yat00jz6j3k0c5m9s8w4x",
		.tenant_generation = 4,
		.user_generation = 5,
		.session_generation = 6 };
	expect_read_back(*state, by_key);
	expect_read_back(*state, by_session);
}

static void
the_first_key_is_kept(void **state)
{
	struct tokens_world *w = *state;
	struct signer *signer = tokens_world_signer(w);
	struct signing_set *set = signer_set(signer);
	char kid[LK_KID_SIZE];

	lk_text_copy(kid, sizeof kid, signing_set_kid(set));
	signing_set_unref(set);
	signer_close(signer);
	lk_store_close(w->store);
	tokens_world_open_store(w);
	signer = tokens_world_signer(w);
	set = signer_set(signer);
	assert_string_equal(signing_set_kid(set), kid);
	expect_contains(signing_set_jwks_json(set), kid);
	expect_lacks(signing_set_jwks_json(set), "\"d\"");
	signing_set_unref(set);
	signer_close(signer);
}

static void
another_root_key_does_not_open_it(void **state)
{
	struct tokens_world *w = *state;
	struct signer *signer = NULL;

	signer_close(tokens_world_signer(w));
	w->root_key = 2;
	expect_fail(tokens_world_try_signer(w, &signer), &w->err, LK_DATA_LOSS, "SEAL_BROKEN");
	assert_null(signer);
}

static lk_status
swap_public_halves(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	(void)arg;
	return lk_tx_exec(tx,
	    "UPDATE signing_key SET kid = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'",
	    LK_NO_ARGS, NULL, err);
}

static void
a_key_under_another_name_is_refused(void **state)
{
	struct tokens_world *w = *state;
	struct signer *signer = NULL;

	signer_close(tokens_world_signer(w));
	expect_ok(
	    lk_store_write(w->store, LK_NO_DEADLINE, swap_public_halves, NULL, &w->err), &w->err);
	expect_fail(tokens_world_try_signer(w, &signer), &w->err, LK_DATA_LOSS, "SEAL_BROKEN");
}

static void
claims_that_make_a_token_too_large_are_refused(void **state)
{
	struct tokens_world *w = *state;
	LK_AUTO(signer_closep) struct signer *signer = tokens_world_signer(w);
	struct lk_bytes token;
	char *large = lk_arena_alloc(w->arena, LK_TOKEN_MAX);

	memset(large, 'x', LK_TOKEN_MAX);
	expect_fail(signer_sign(signer, lk_bytes(large, LK_TOKEN_MAX), w->arena, &token, &w->err),
	    &w->err, LK_RESOURCE_EXHAUSTED, "TOKEN_TOO_LARGE");
}

static void
signing_keys_move_only_forward(void **state)
{
	(void)state;
	assert_true(signing_key_may_become(SIGNING_KEY_PUBLISHED, SIGNING_KEY_ACTIVE));
	assert_true(signing_key_may_become(SIGNING_KEY_ACTIVE, SIGNING_KEY_RETIRED));
	assert_false(signing_key_may_become(SIGNING_KEY_RETIRED, SIGNING_KEY_ACTIVE));
	for (int to = SIGNING_KEY_PUBLISHED; to <= SIGNING_KEY_WITHDRAWN; to++)
		assert_false(
		    signing_key_may_become(SIGNING_KEY_WITHDRAWN, (enum signing_key_state)to));
}

struct revocation {
	const char *token;
	int64_t expires_at_ms, now_ms;
};

static lk_status
insert(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct revocation *r = arg;

	return revoked_insert(tx, r->token, r->expires_at_ms, r->now_ms, "usr_x", err);
}

static lk_status
load(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	return revoked_load(tx, arg, 1700000000000, err);
}

static void
a_revoked_token_is_remembered_until_it_would_have_expired(void **state)
{
	struct tokens_world *w = *state;
	LK_AUTO(lk_revoked_freep) struct lk_revoked *revoked = lk_revoked_new(&w->clock.clock);
	struct revocation live = { "jti_live", w->clock.now_ms + 1000, w->clock.now_ms - 5000 };
	struct revocation gone = { "jti_gone", w->clock.now_ms - 1000, w->clock.now_ms - 5000 };

	expect_ok(lk_store_write(w->store, LK_NO_DEADLINE, insert, &live, &w->err), &w->err);
	expect_ok(lk_store_write(w->store, LK_NO_DEADLINE, insert, &live, &w->err),
	    &w->err); /* twice changes nothing */
	expect_ok(lk_store_write(w->store, LK_NO_DEADLINE, insert, &gone, &w->err), &w->err);
	expect_ok(lk_store_read(w->store, LK_NO_DEADLINE, load, revoked, &w->err), &w->err);
	assert_true(lk_revoked_has(revoked, "jti_live"));
	assert_false(lk_revoked_has(revoked, "jti_gone"));
	assert_false(lk_revoked_has(revoked, "jti_other"));
}

#define STORED(fn) LK_CASE_WITH(fn, tokens_world_setup, tokens_world_teardown)
LK_TESTS(STORED(what_it_signs_the_verifier_reads_back), STORED(who_acts_is_read_back_too),
    STORED(the_first_key_is_kept), STORED(another_root_key_does_not_open_it),
    STORED(a_key_under_another_name_is_refused),
    STORED(claims_that_make_a_token_too_large_are_refused), LK_CASE(signing_keys_move_only_forward),
    STORED(a_revoked_token_is_remembered_until_it_would_have_expired))
