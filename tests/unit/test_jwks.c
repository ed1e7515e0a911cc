/* Key sets: what is one, and how a service gets and keeps the installation's. */
#include "auth/jwks_source.h"
#include "forge.h"
#include "peers_world.h"

/* ---- Sets ---- */

static void
parse(struct forge *f, const char *json, bool ok)
{
	struct lk_jwks *jwks = NULL;

	if (ok)
		expect_ok(lk_jwks_parse(&jwks, json, strlen(json), &f->err), &f->err);
	else
		expect_fail(lk_jwks_parse(&jwks, json, strlen(json), &f->err), &f->err,
		    LK_INVALID_ARGUMENT, "JWKS_INVALID");
	lk_jwks_unref(jwks);
}

/* The set of one good key with `from` replaced by `to`. */
static void
parse_changed(struct forge *f, const char *from, const char *to, bool ok)
{
	char jwk[512], set[1200];

	forge_jwk(f->key, jwk, sizeof jwk);
	const char *at = strstr(jwk, from);
	assert_non_null(at);
	snprintf(
	    set, sizeof set, "{\"keys\":[%.*s%s%s]}", (int)(at - jwk), jwk, to, at + strlen(from));
	parse(f, set, ok);
}

static void
our_own_keys_are_a_set(void **state)
{
	struct forge *f = *state;

	assert_int_equal(lk_jwks_count(f->jwks), 1);
	assert_non_null(lk_jwks_find(f->jwks, f->kid));
	assert_null(lk_jwks_find(f->jwks, "x"));
	parse_changed(f, "\"use\":\"sig\",", "", true);
	parse_changed(f, "\"alg\":\"ES256\",", "\"key_ops\":[\"verify\"],", true);
	parse(f, "{\"keys\":[]}", true);
	parse(f, "{\"keys\":[],\"more\":1}", true);
}

static void
anything_that_is_no_p256_public_key_is_refused(void **state)
{
	struct forge *f = *state;

	parse_changed(f, "\"EC\"", "\"RSA\"", false);
	parse_changed(f, "\"EC\"", "\"oct\"", false);
	parse_changed(f, "\"P-256\"", "\"P-384\"", false);
	parse_changed(f, "\"ES256\"", "\"none\"", false);
	parse_changed(f, "\"sig\"", "\"enc\"", false);
	parse_changed(f, "\"crv\":\"P-256\",", "", false);
	parse_changed(f, "\"kty\":\"EC\"", "\"kty\":\"EC\",\"d\":\"AAAA\"", false);
	parse_changed(f, f->kid, "other", false);
	parse_changed(f, "\"x\":\"", "\"x\":\"A", false);
	parse_changed(f, "\"y\":", "\"y\":\"AAAA\",\"z\":", false);
	parse_changed(f, "\"kid\":", "\"kid\":\"x\",\"kid\":", false);
}

static void
what_is_no_set_is_refused(void **state)
{
	static const char *const texts[] = { "", "{}", "[]", "null", "{\"keys\":{}}",
		"{\"keys\":[1]}", "{\"keys\":[null]}", "{\"keys\":[{}]}", "{\"keys\":[]}{}",
		"{\"keys\":[],\"keys\":[]}", "{\"keys\":[" };

	for (size_t i = 0; i < LK_ARRAY_LEN(texts); i++)
		parse(*state, texts[i], false);
}

static void
a_set_has_at_most_64_keys(void **state)
{
	struct forge *f = *state;
	char jwk[512];
	static char set[40000];

	forge_jwk(f->key, jwk, sizeof jwk);
	for (int count = 64; count <= 65; count++) {
		size_t len = (size_t)snprintf(set, sizeof set, "{\"keys\":[");
		for (int i = 0; i < count; i++)
			len += (size_t)snprintf(
			    set + len, sizeof set - len, "%s%s", i == 0 ? "" : ",", jwk);
		snprintf(set + len, sizeof set - len, "]}");
		parse(f, set, count == 64);
	}
}

static void
mutated_sets_are_read_or_refused_and_never_more(void **state)
{
	struct forge *f = *state;
	struct lk_test_rng rng = lk_test_rng();
	char jwk[512], set[600];
	uint8_t copy[700];

	forge_jwk(f->key, jwk, sizeof jwk);
	const size_t len = (size_t)snprintf(set, sizeof set, "{\"keys\":[%s]}", jwk);
	for (size_t i = lk_test_repeat("mutations", 50000, 2000); i > 0; i--) {
		struct lk_jwks *jwks = NULL;
		memcpy(copy, set, len);
		const size_t changed = lk_test_rng_mutate(&rng, copy, len, sizeof copy);
		LK_IGNORE(lk_jwks_parse(&jwks, (const char *)copy, changed, NULL));
		lk_jwks_unref(jwks);
	}
}

/* ---- The source ---- */

struct world {
	struct forge *f;
	struct peers_world identity;
	struct lk_jwks_source *source;
	char set[600];
	uint8_t signature[LK_SIGNATURE_LEN];
	struct lk_jwks_answer answer;
	bool silent; /* tokens does not answer */
	int asked;
};

static lk_status
answer(void *user, int64_t deadline_steady_ms, struct lk_arena *arena, struct lk_jwks_answer *out,
    struct lk_error *err)
{
	struct world *w = user;

	(void)deadline_steady_ms;
	(void)arena;
	w->asked++;
	if (w->silent)
		return lk_fail(err, LK_UNAVAILABLE, "SERVER_UNREACHABLE", "nobody");
	*out = w->answer;
	return LK_OK;
}

static void
sign_answer(struct world *w, int signer)
{
	lk_jwks_sign(w->identity.keys[signer], "test", &w->answer.says, w->signature);
	w->answer.signature = lk_bytes(w->signature, sizeof w->signature);
}

static int
setup(void **state)
{
	static struct world w;
	char jwk[512];

	memset(&w, 0, sizeof w);
	forge_setup((void **)&w.f);
	peers_world_open(&w.identity);
	forge_jwk(w.f->key, jwk, sizeof jwk);
	snprintf(w.set, sizeof w.set, "{\"keys\":[%s]}", jwk);
	w.answer.says = (struct lk_jwks_statement){ .jwks = w.set,
		.service = "tokens",
		.issuer = FORGE_ISSUER,
		.platform_audience = "https://p.example",
		.token_typ = "JWT",
		.signed_at_ms = FORGE_NOW_S * 1000 };
	sign_answer(&w, WORLD_TOKENS);
	expect_ok(lk_jwks_source_new_with(&w.source, answer, &w, w.identity.peers, "test",
		      &w.f->clock.clock, &w.f->err),
	    &w.f->err);
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;
	void *f = w->f;

	lk_jwks_source_free(w->source);
	peers_world_close(&w->identity);
	return forge_teardown(&f);
}

static lk_status
get(struct world *w, const char *kid)
{
	struct lk_jwks *jwks = NULL;
	const lk_status status = lk_jwks_source_get(w->source, kid, INT64_MAX, &jwks, &w->f->err);

	lk_jwks_unref(jwks);
	return status;
}

static void
nothing_is_asked_before_the_first_use(void **state)
{
	struct world *w = *state;
	struct lk_jwks_about about;

	assert_null(lk_jwks_source_peek(w->source));
	assert_int_equal(w->asked, 0);
	expect_ok(get(w, NULL), &w->f->err);
	expect_ok(get(w, NULL), &w->f->err);
	expect_ok(get(w, w->f->kid), &w->f->err);
	assert_int_equal(w->asked, 1);
	lk_jwks_source_about(w->source, &about);
	assert_string_equal(about.issuer, FORGE_ISSUER);
	assert_int_equal(about.typ, LK_TOKEN_TYP_JWT);
}

static void
an_unknown_kid_asks_again_at_most_once_a_second(void **state)
{
	struct world *w = *state;

	expect_ok(get(w, NULL), &w->f->err);
	for (int i = 0; i < 5; i++)
		expect_ok(get(w, "unknown"), &w->f->err);
	assert_int_equal(w->asked, 1);
	w->f->clock.now_ms += 1000;
	for (int i = 0; i < 5; i++)
		expect_ok(get(w, "unknown"), &w->f->err);
	assert_int_equal(w->asked, 2);
}

static void
a_silent_tokens_service_leaves_what_is_remembered(void **state)
{
	struct world *w = *state;

	w->silent = true;
	expect_fail(get(w, NULL), &w->f->err, LK_UNAVAILABLE, "JWKS_UNAVAILABLE");
	w->silent = false;
	w->f->clock.now_ms += 1000;
	expect_ok(get(w, NULL), &w->f->err);
	w->silent = true;
	w->f->clock.now_ms += 1000;
	expect_ok(get(w, "unknown"), &w->f->err);
}

static void
expect_unbelieved(struct world *w)
{
	w->f->clock.now_ms += 1000;
	expect_fail(get(w, NULL), &w->f->err, LK_UNAVAILABLE, "JWKS_UNAVAILABLE");
}

static void
an_answer_that_tokens_did_not_sign_is_not_believed(void **state)
{
	struct world *w = *state;

	sign_answer(w, WORLD_KEYS);
	expect_unbelieved(w);
	w->answer.says.service = "keys"; /* a peer, but not the one that owns signing keys */
	sign_answer(w, WORLD_KEYS);
	expect_unbelieved(w);
	w->answer.says.service = "tokens";
	sign_answer(w, WORLD_TOKENS);
	w->answer.says.issuer = "https://other.example";
	expect_unbelieved(w);
	w->answer.says.issuer = FORGE_ISSUER;
	w->answer.says.token_typ = "at+jwt";
	expect_unbelieved(w);
	w->answer.says.token_typ = "jose";
	sign_answer(w, WORLD_TOKENS);
	expect_unbelieved(w);
	w->answer.says.token_typ = "JWT";
	sign_answer(w, WORLD_TOKENS);
	w->signature[5] ^= 1;
	expect_unbelieved(w);
	w->signature[5] ^= 1;
	w->answer.signature.len = 63;
	expect_unbelieved(w);
	w->answer.signature.len = 64;
	w->f->clock.now_ms += 1000;
	expect_ok(get(w, NULL), &w->f->err);
}

static void
an_older_answer_never_replaces_a_newer_one(void **state)
{
	struct world *w = *state;

	expect_ok(get(w, NULL), &w->f->err);
	w->answer.says.jwks = "{\"keys\":[]}";
	w->answer.says.signed_at_ms -= 1;
	sign_answer(w, WORLD_TOKENS);
	w->f->clock.now_ms += 1000;
	expect_ok(get(w, "unknown"), &w->f->err);
	struct lk_jwks *jwks = lk_jwks_source_peek(w->source);
	assert_int_equal(lk_jwks_count(jwks), 1);
	lk_jwks_unref(jwks);
	assert_int_equal(lk_jwks_source_epoch(w->source), 0);
}

static void
withdrawing_a_key_moves_the_epoch(void **state)
{
	struct world *w = *state;

	expect_ok(get(w, NULL), &w->f->err);
	w->f->clock.now_ms += 1000;
	expect_ok(get(w, "unknown"), &w->f->err); /* the same set again moves nothing */
	assert_int_equal(lk_jwks_source_epoch(w->source), 0);
	w->answer.says.jwks = "{\"keys\":[]}";
	w->answer.says.signed_at_ms++;
	sign_answer(w, WORLD_TOKENS);
	w->f->clock.now_ms += 1000;
	expect_ok(get(w, "unknown"), &w->f->err);
	assert_int_equal(lk_jwks_source_epoch(w->source), 1);
}

/* What the poller does, without its thread. */
static void
refresh_later(struct world *w, int64_t later_ms)
{
	w->f->clock.now_ms += later_ms;
	lk_jwks_source_refresh(w->source);
}

static void
a_withdrawn_key_is_forgotten_by_those_who_know_all_kids(void **state)
{
	struct world *w = *state;
	struct lk_jwks *jwks;

	expect_ok(get(w, w->f->kid), &w->f->err);
	w->answer.says.jwks = "{\"keys\":[]}";
	w->answer.says.signed_at_ms += LK_JWKS_POLL_MS;
	sign_answer(w, WORLD_TOKENS);
	refresh_later(w, LK_JWKS_POLL_MS);
	jwks = lk_jwks_source_peek(w->source);
	assert_null(lk_jwks_find(jwks, w->f->kid));
	lk_jwks_unref(jwks);
	assert_int_equal(lk_jwks_source_epoch(w->source), 1);
}

static void
keys_that_nobody_confirms_are_not_trusted_for_long(void **state)
{
	struct world *w = *state;

	expect_ok(get(w, NULL), &w->f->err);
	w->silent = true;
	refresh_later(w, LK_JWKS_STALE_MS - 1);
	assert_true(lk_jwks_source_is_fresh(w->source));
	expect_ok(get(w, w->f->kid), &w->f->err);
	refresh_later(w, 1);
	assert_false(lk_jwks_source_is_fresh(w->source));
	expect_fail(get(w, w->f->kid), &w->f->err, LK_UNAVAILABLE, "JWKS_UNAVAILABLE");
	w->silent = false;
	w->answer.says.signed_at_ms = w->f->clock.now_ms + 1000;
	sign_answer(w, WORLD_TOKENS);
	refresh_later(w, 1000);
	expect_ok(get(w, w->f->kid), &w->f->err);
}

static void
a_word_from_long_ago_or_far_ahead_is_not_believed(void **state)
{
	struct world *w = *state;
	const int64_t apart[] = { -LK_JWKS_STALE_MS - 1, LK_JWKS_STALE_MS + 1 };

	for (size_t i = 0; i < LK_ARRAY_LEN(apart); i++) {
		w->f->clock.now_ms += 1000;
		w->answer.says.signed_at_ms = w->f->clock.now_ms + apart[i];
		sign_answer(w, WORLD_TOKENS);
		expect_fail(get(w, NULL), &w->f->err, LK_UNAVAILABLE, "JWKS_UNAVAILABLE");
	}
}

static void
a_clock_set_back_does_not_shut_out_tokens(void **state)
{
	struct world *w = *state;

	w->answer.says.signed_at_ms = w->f->clock.now_ms + 30000;
	sign_answer(w, WORLD_TOKENS);
	expect_ok(get(w, NULL), &w->f->err);
	w->answer.says.jwks = "{\"keys\":[]}";
	w->answer.says.signed_at_ms = w->f->clock.now_ms + 1000;
	sign_answer(w, WORLD_TOKENS);
	refresh_later(w, 1000);
	assert_int_equal(lk_jwks_source_epoch(w->source), 1);
}

static void
another_typ_moves_the_epoch(void **state)
{
	struct world *w = *state;

	expect_ok(get(w, NULL), &w->f->err);
	w->answer.says.token_typ = "at+jwt";
	sign_answer(w, WORLD_TOKENS);
	refresh_later(w, 1000);
	assert_int_equal(lk_jwks_source_epoch(w->source), 1);
}

static void
doubted_keys_verify_nothing_before_tokens_has_said_them_again(void **state)
{
	struct world *w = *state;

	expect_ok(get(w, NULL), &w->f->err);
	w->silent = true;
	lk_jwks_source_doubt(w->source);
	assert_false(lk_jwks_source_is_fresh(w->source));
	expect_fail(get(w, w->f->kid), &w->f->err, LK_UNAVAILABLE, "JWKS_UNAVAILABLE");
	w->silent = false;
	lk_jwks_source_doubt(w->source); /* asked again at once, though it was within the second */
	expect_ok(get(w, w->f->kid), &w->f->err);
	assert_true(lk_jwks_source_is_fresh(w->source));
}

static void
the_poller_asks_by_itself_and_ends_with_its_source(void **state)
{
	struct world *w = *state;
	struct lk_jwks *jwks = NULL;

	expect_ok(lk_jwks_source_poll(w->source, &w->f->err), &w->f->err);
	while (jwks == NULL)
		jwks = lk_jwks_source_peek(w->source);
	assert_non_null(lk_jwks_find(jwks, w->f->kid));
	lk_jwks_unref(jwks);
}

static void
the_tokens_service_tells_its_own_source(void **state)
{
	struct world *w = *state;
	struct lk_jwks_source *own = NULL;
	struct lk_jwks *jwks = NULL;

	expect_ok(lk_jwks_source_new(
		      &own, NULL, w->identity.peers, "test", &w->f->clock.clock, &w->f->err),
	    &w->f->err);
	expect_fail(lk_jwks_source_get(own, NULL, INT64_MAX, &jwks, &w->f->err), &w->f->err,
	    LK_UNAVAILABLE, "JWKS_UNAVAILABLE");
	lk_jwks_source_set(own, w->f->jwks, FORGE_ISSUER, LK_TOKEN_TYP_AT_JWT);
	expect_ok(lk_jwks_source_get(own, "unknown", INT64_MAX, &jwks, &w->f->err), &w->f->err);
	assert_ptr_equal(jwks, w->f->jwks);
	lk_jwks_unref(jwks);
	lk_jwks_source_free(own);
}

LK_TESTS(LK_CASE_WITH(our_own_keys_are_a_set, forge_setup, forge_teardown),
    LK_CASE_WITH(anything_that_is_no_p256_public_key_is_refused, forge_setup, forge_teardown),
    LK_CASE_WITH(what_is_no_set_is_refused, forge_setup, forge_teardown),
    LK_CASE_WITH(a_set_has_at_most_64_keys, forge_setup, forge_teardown),
    LK_CASE_WITH(mutated_sets_are_read_or_refused_and_never_more, forge_setup, forge_teardown),
    LK_CASE_WITH(nothing_is_asked_before_the_first_use, setup, teardown),
    LK_CASE_WITH(an_unknown_kid_asks_again_at_most_once_a_second, setup, teardown),
    LK_CASE_WITH(a_silent_tokens_service_leaves_what_is_remembered, setup, teardown),
    LK_CASE_WITH(an_answer_that_tokens_did_not_sign_is_not_believed, setup, teardown),
    LK_CASE_WITH(an_older_answer_never_replaces_a_newer_one, setup, teardown),
    LK_CASE_WITH(withdrawing_a_key_moves_the_epoch, setup, teardown),
    LK_CASE_WITH(a_withdrawn_key_is_forgotten_by_those_who_know_all_kids, setup, teardown),
    LK_CASE_WITH(keys_that_nobody_confirms_are_not_trusted_for_long, setup, teardown),
    LK_CASE_WITH(a_word_from_long_ago_or_far_ahead_is_not_believed, setup, teardown),
    LK_CASE_WITH(a_clock_set_back_does_not_shut_out_tokens, setup, teardown),
    LK_CASE_WITH(another_typ_moves_the_epoch, setup, teardown),
    LK_CASE_WITH(doubted_keys_verify_nothing_before_tokens_has_said_them_again, setup, teardown),
    LK_CASE_WITH(the_poller_asks_by_itself_and_ends_with_its_source, setup, teardown),
    LK_CASE_WITH(the_tokens_service_tells_its_own_source, setup, teardown))
