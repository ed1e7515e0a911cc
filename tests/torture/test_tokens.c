/* Signing keys and tokens while memory runs short: a key is durable before it signs, a token is
 * whole or not there. */
#include <string.h>

#include "arena_caps.h"
#include "tokens/claims_write.h"
#include "tokens/revoked_store.h"
#include "tokens/signer.h"
#include "torture.h"

extern const struct lk_migrations tokens_migrations;

static const struct lk_claims claims = {
	.issuer = "https://issuer.example",
	.subject = "usr_01hf7yat00jz6j3k0c5m9s8w4x",
	.audience = "platform",
	.client_id = "key_01hf7yat00jz6j3k0c5m9s8w4x",
	.token = "jti_01hf7yat00jz6j3k0c5m9s8w4x",
	.tenant = "tnt_01hf7yat00jz6j3k0c5m9s8w4x",
	.key = "key_01hf7yat00jz6j3k0c5m9s8w4x",
	.issued_at_s = 1700000000,
	.not_before_s = 1699999970,
	.expires_at_s = 1700000900,
	.tenant_generation = 1,
	.user_generation = 1,
	.key_generation = 1,
	.workgroups_count = 1,
	.workgroups = { "wkg_01hf7yat00jz6j3k0c5m9s8w4x" },
};

struct world {
	struct lk_store *store;
	struct lk_keyring *ring;
	struct lk_clock_frozen clock;
	struct signer *signer; /* of the arena cases */
	char kid[LK_KID_SIZE]; /* of the signer that was open last */
};

static int
setup(void **state)
{
	static struct world w;
	const struct lk_secret32 kek = { { 1 } };

	memset(&w, 0, sizeof w);
	lk_clock_frozen_init(&w.clock, 1700000000000);
	expect_ok(lk_keyring_new(&w.ring, NULL), NULL);
	expect_ok(lk_keyring_add(w.ring, "kek-1", &kek, NULL), NULL);
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	signer_close(w->signer);
	lk_store_close(w->store);
	lk_keyring_free(w->ring);
	return 0;
}

static lk_status
open_store(struct world *w, struct lk_error *err)
{
	lk_store_close(w->store);
	w->store = NULL;
	return lk_store_open(
	    "sqlite://:memory:", LK_MIGRATIONS(&tokens_migrations), NULL, &w->store, err);
}

static lk_status
write_and_sign(
    struct world *w, const struct signer *signer, struct lk_arena *arena, struct lk_error *err)
{
	const struct lk_token_rules rules = { claims.issuer, claims.audience, LK_TOKEN_TYP_AT_JWT,
		&w->clock.clock };
	struct lk_claims read = { 0 };
	struct lk_bytes json, token;

	LK_TRY(claims_write(&claims, arena, &json, err));
	LK_TRY(signer_sign(signer, json, arena, &token, err));
	LK_TRY(lk_token_verify(
	    (const char *)token.data, token.len, signer_jwks(signer), &rules, &read, err));
	assert_memory_equal(&read, &claims, sizeof claims);
	return LK_OK;
}

static lk_status
begin_and_sign(void *arg, struct lk_error *err)
{
	struct world *w = arg;
	LK_AUTO(signer_closep) struct signer *signer = NULL;
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(64 * 1024);

	w->kid[0] = '\0';
	if (!arena)
		return lk_fail_oom(err);
	LK_TRY(open_store(w, err));
	LK_TRY(signer_open(w->store, w->ring, &w->clock.clock, &signer, err));
	lk_text_copy(w->kid, sizeof w->kid, signer_kid(signer));
	return write_and_sign(w, signer, arena, err);
}

/* A signer that was open once signs with the same key when it is opened again. */
static void
the_key_is_durable(void *arg, lk_status answered)
{
	struct world *w = arg;
	LK_AUTO(signer_closep) struct signer *signer = NULL;
	struct lk_error err = { 0 };

	(void)answered;
	if (!w->store)
		return;
	expect_ok(signer_open(w->store, w->ring, &w->clock.clock, &signer, &err), &err);
	if (w->kid[0])
		assert_string_equal(signer_kid(signer), w->kid);
}

static void
a_first_key_is_made_durable_before_it_signs(void **state)
{
	assert_true(lk_torture(begin_and_sign, the_key_is_durable, *state) > 10);
}

static lk_status
write_and_sign_in(struct lk_arena *arena, void *arg, struct lk_error *err)
{
	struct world *w = arg;

	return write_and_sign(w, w->signer, arena, err);
}

static void
a_token_is_made_within_its_arena_or_not(void **state)
{
	struct world *w = *state;

	expect_ok(open_store(w, NULL), NULL);
	expect_ok(signer_open(w->store, w->ring, &w->clock.clock, &w->signer, NULL), NULL);
	assert_true(arena_caps(write_and_sign_in, NULL, w) > 500);
}

LK_TESTS(LK_CASE_WITH(a_first_key_is_made_durable_before_it_signs, setup, teardown),
    LK_CASE_WITH(a_token_is_made_within_its_arena_or_not, setup, teardown))
