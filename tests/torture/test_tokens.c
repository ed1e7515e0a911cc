/* Signing keys and tokens while memory runs short: a key is durable before it signs, a token is
 * whole or not there. */
#include <string.h>

#include "arena_caps.h"
#include "tokens/claims_write.h"
#include "tokens/revoked_store.h"
#include "tokens/signer.h"
#include "torture.h"

extern const struct lk_migrations tokens_migrations, audit_migrations;

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
	struct lk_clock_frozen clock;
	struct signer *signer; /* of the arena cases */
	char kid[LK_KID_SIZE]; /* of the signer that was open last */
};

static int
setup(void **state)
{
	static struct world w;

	memset(&w, 0, sizeof w);
	lk_clock_frozen_init(&w.clock, 1700000000000);
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	signer_close(w->signer);
	lk_store_close(w->store);
	return 0;
}

static lk_status
open_store(struct world *w, struct lk_error *err)
{
	lk_store_close(w->store);
	w->store = NULL;
	return lk_store_open("sqlite://:memory:",
	    LK_MIGRATIONS(&audit_migrations, &tokens_migrations), NULL, &w->store, err);
}

static lk_status
open_signer(struct world *w, struct signer **out_signer, struct lk_error *err)
{
	LK_AUTO(lk_keyring_freep) struct lk_keyring *ring = NULL;
	const struct lk_secret32 kek = { { 1 } };

	LK_TRY(lk_keyring_new(&ring, err));
	LK_TRY(lk_keyring_add(ring, "kek-1", &kek, err));
	const struct signer_setup setup = { .store = w->store,
		.ring = LK_TAKE(ring),
		.clock = &w->clock.clock,
		.rules = { .life_ms = 86400000, .publish_ahead_ms = 3600000, .keep_ms = 3600000 },
		.service = "tokens" };
	return signer_open(&setup, out_signer, err);
}

static void
note_kid(struct signer *signer, char out[LK_KID_SIZE])
{
	LK_AUTO(signing_set_unrefp) struct signing_set *set = signer_set(signer);

	lk_text_copy(out, LK_KID_SIZE, signing_set_kid(set));
}

static lk_status
write_and_sign(struct world *w, struct signer *signer, struct lk_arena *arena, struct lk_error *err)
{
	const struct lk_token_rules rules = { claims.issuer, claims.audience, LK_TOKEN_TYP_AT_JWT,
		&w->clock.clock };
	LK_AUTO(signing_set_unrefp) struct signing_set *set = signer_set(signer);
	struct lk_claims read = { 0 };
	struct lk_bytes json, token;

	LK_TRY(claims_write(&claims, arena, &json, err));
	LK_TRY(signer_sign(signer, json, arena, &token, err));
	LK_TRY(lk_token_verify(
	    (const char *)token.data, token.len, signing_set_jwks(set), &rules, &read, err));
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
	LK_TRY(open_signer(w, &signer, err));
	note_kid(signer, w->kid);
	return write_and_sign(w, signer, arena, err);
}

/* A signer that was open once signs with the same key when it is opened again. */
static void
the_key_is_durable(void *arg, lk_status answered)
{
	struct world *w = arg;
	LK_AUTO(signer_closep) struct signer *signer = NULL;
	struct lk_error err = { 0 };
	char kid[LK_KID_SIZE];

	(void)answered;
	if (!w->store)
		return;
	expect_ok(open_signer(w, &signer, &err), &err);
	note_kid(signer, kid);
	if (w->kid[0])
		assert_string_equal(kid, w->kid);
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
	expect_ok(open_signer(w, &w->signer, NULL), NULL);
	assert_true(arena_caps(write_and_sign_in, NULL, w) > 500);
}

LK_TESTS(LK_CASE_WITH(a_first_key_is_made_durable_before_it_signs, setup, teardown),
    LK_CASE_WITH(a_token_is_made_within_its_arena_or_not, setup, teardown))
