/* Tokens, key sets, peers and assertions while memory runs short: nobody becomes somebody by it. */
#include "auth/assertion.h"
#include "auth/authenticator.h"
#include "forge.h"
#include "torture.h"

static lk_status
verify(void *arg, struct lk_error *err)
{
	struct forge *f = arg;

	memset(&f->claims, 0, sizeof f->claims);
	return lk_token_verify(f->token, strlen(f->token), f->jwks, &f->rules, &f->claims, err);
}

static void
claims_are_whole_or_none(void *arg, lk_status answered)
{
	const struct forge *f = arg;

	assert_string_equal(f->claims.subject, answered == LK_OK ? FORGE_USER : "");
	assert_int_equal(f->claims.workgroups_count, answered == LK_OK);
}

static void
a_token_is_read_whole_or_not_at_all(void **state)
{
	struct forge *f = *state;

	forge_sign(f, forge_header(f), forge_claims("", ""));
	lk_torture(verify, claims_are_whole_or_none, f);
}

static lk_status
verify_a_forgery(void *arg, struct lk_error *err)
{
	const lk_status answered = verify(arg, err);

	assert_int_not_equal(answered, LK_OK);
	return answered == LK_UNAUTHENTICATED ? LK_OK : answered;
}

static void
a_forgery_is_never_accepted_for_want_of_memory(void **state)
{
	struct forge *f = *state;

	forge_sign(f, forge_header(f), forge_claims("", ""));
	char *dot = strrchr(f->token, '.');
	dot[5] = dot[5] == 'A' ? 'B' : 'A';
	lk_torture(verify_a_forgery, NULL, f);
}

static lk_status
parse_keys(void *arg, struct lk_error *err)
{
	LK_AUTO(lk_jwks_unrefp) struct lk_jwks *jwks = NULL;
	const char *text = arg;

	return lk_jwks_parse(&jwks, text, strlen(text), err);
}

static void
a_set_of_keys_is_read_whole_or_not_at_all(void **state)
{
	struct forge *f = *state;
	char jwk[512], set[600];

	forge_jwk(f->key, jwk, sizeof jwk);
	snprintf(set, sizeof set, "{\"keys\":[%s]}", jwk);
	assert_true(lk_torture(parse_keys, NULL, set) > 0);
}

/* ---- Assertions ---- */

struct neighbours {
	const char *dir;
	struct lk_sign_key *key;
	struct lk_clock_frozen clock;
};

static lk_status
speak_and_listen(void *arg, struct lk_error *err)
{
	static const char method[] = "latchkey.keys.v1.KeyService/VerifyKeys";
	struct neighbours *n = arg;
	LK_AUTO(lk_peers_closep) struct lk_peers *peers = NULL;
	LK_AUTO(lk_assertion_maker_freep) struct lk_assertion_maker *maker = NULL;
	LK_AUTO(lk_assertion_cache_freep) struct lk_assertion_cache *cache = NULL;
	const struct lk_known_peer *peer = NULL;
	struct lk_assertion assertion;

	LK_TRY(lk_peers_open(&peers, n->dir, err));
	LK_TRY(lk_assertion_maker_new(&maker, "tokens", "hold", n->key, &n->clock.clock, err));
	LK_TRY(lk_assertion_cache_new(&cache, 64, err));
	LK_TRY(lk_assertion_make(maker, "keys", method, &assertion, err));
	LK_TRY(lk_assertion_cache_verify(
	    cache, &assertion, peers, "keys", method, "hold", &n->clock.clock, &peer, err));
	assert_string_equal(peer->name, "tokens");
	return LK_OK;
}

static void
an_assertion_is_made_and_checked_or_memory_is_named(void **state)
{
	struct neighbours n = { .dir = lk_test_tmpdir() };
	struct lk_peer_key peer = { .role = "service", .name = "tokens" };

	(void)state;
	expect_ok(lk_sign_key_generate(&n.key, NULL), NULL);
	memcpy(peer.public_key, lk_sign_key_public(n.key), sizeof peer.public_key);
	expect_ok(lk_peer_file_create(lk_test_path(n.dir, "tokens.pub"), &peer, NULL), NULL);
	lk_clock_frozen_init(&n.clock, FORGE_NOW_S * 1000);
	assert_true(lk_torture(speak_and_listen, NULL, &n) > 2);
	lk_sign_key_free(n.key);
}

LK_TESTS(LK_CASE_WITH(a_token_is_read_whole_or_not_at_all, forge_setup, forge_teardown),
    LK_CASE_WITH(a_forgery_is_never_accepted_for_want_of_memory, forge_setup, forge_teardown),
    LK_CASE_WITH(a_set_of_keys_is_read_whole_or_not_at_all, forge_setup, forge_teardown),
    LK_CASE(an_assertion_is_made_and_checked_or_memory_is_named))
