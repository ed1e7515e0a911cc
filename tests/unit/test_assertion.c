/* Assertions: what is accepted, every way one is refused, and the two memories around them. */
#include "auth/assertion.h"

#include "peers_world.h"

#define NOW_MS INT64_C(1790000000000)
#define METHOD "latchkey.accounts.v1.AccountService/GetStanding"

struct world {
	struct peers_world identity;
	struct lk_clock_frozen clock;
	struct lk_assertion good;
	struct lk_assertion_cache *cache;
	const struct lk_known_peer *peer;
	struct lk_error err;
};

static int
setup(void **state)
{
	static struct world w;

	memset(&w, 0, sizeof w);
	peers_world_open(&w.identity);
	lk_clock_frozen_init(&w.clock, NOW_MS);
	expect_ok(lk_assertion_cache_new(&w.cache, 64, &w.err), &w.err);
	w.good = (struct lk_assertion){ .caller = "tokens",
		.callee = "keys",
		.method = METHOD,
		.instance = "test",
		.issued_at_ms = NOW_MS - 1000,
		.expires_at_ms = NOW_MS + 59000 };
	lk_assertion_sign(&w.good, w.identity.keys[WORLD_TOKENS]);
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	lk_assertion_cache_free(w->cache);
	peers_world_close(&w->identity);
	return 0;
}

static lk_status
verify(struct world *w, const struct lk_assertion *assertion)
{
	const lk_status direct = lk_assertion_verify(assertion, w->identity.peers, "keys", METHOD,
	    "test", &w->clock.clock, &w->peer, &w->err);
	const lk_status cached = lk_assertion_cache_verify(w->cache, assertion, w->identity.peers,
	    "keys", METHOD, "test", &w->clock.clock, &w->peer, &w->err);

	assert_int_equal(direct, cached); /* the memory changes cost, never the answer */
	return direct;
}

static void
expect_refused(struct world *w, const struct lk_assertion *assertion)
{
	expect_fail(verify(w, assertion), &w->err, LK_UNAUTHENTICATED, "ASSERTION_REFUSED");
}

static void
put(char *out, size_t size, const char *text)
{
	assert_true(lk_text_copy(out, size, text));
}

static void
a_good_assertion_names_its_peer(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++) {
		expect_ok(verify(w, &w->good), &w->err);
		assert_string_equal(w->peer->name, "tokens");
	}
}

static void
an_assertion_for_anything_else_is_refused(void **state)
{
	struct world *w = *state;
	const struct lk_sign_key *key = w->identity.keys[WORLD_TOKENS];
	struct lk_assertion other;

	other = w->good;
	put(other.callee, sizeof other.callee, "credentials");
	lk_assertion_sign(&other, key);
	expect_refused(w, &other);
	other = w->good;
	put(other.method, sizeof other.method, METHOD "s");
	lk_assertion_sign(&other, key);
	expect_refused(w, &other);
	other = w->good;
	put(other.instance, sizeof other.instance, "live");
	lk_assertion_sign(&other, key);
	expect_refused(w, &other);
	other = w->good;
	put(other.caller, sizeof other.caller, "nobody");
	lk_assertion_sign(&other, key);
	expect_refused(w, &other);
}

static void
nobody_signs_for_another(void **state)
{
	struct world *w = *state;
	struct lk_assertion forged = w->good;

	put(forged.caller, sizeof forged.caller, "ops");
	lk_assertion_sign(&forged, w->identity.keys[WORLD_TOKENS]);
	expect_refused(w, &forged);
}

static void
every_changed_bit_is_refused_also_after_the_good_one_was_seen(void **state)
{
	struct world *w = *state;

	expect_ok(verify(w, &w->good), &w->err);
	for (size_t bit = 0; bit < 8 * sizeof w->good.signature; bit++) {
		struct lk_assertion bad = w->good;
		bad.signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
		expect_refused(w, &bad);
	}
	struct lk_assertion later = w->good;
	later.expires_at_ms++;
	expect_refused(w, &later);
}

static void
times_have_bounds(void **state)
{
	static const struct {
		int64_t issued, expires;
		bool ok;
	} cases[] = {
		{ 0, LK_ASSERTION_TTL_MS, true },
		{ 0, LK_ASSERTION_TTL_MS + 1, false }, /* lives too long */
		{ 0, 0, false },
		{ 10, 5, false },
		{ LK_ASSERTION_SKEW_MS, LK_ASSERTION_SKEW_MS + 1000, true },
		{ LK_ASSERTION_SKEW_MS + 1, LK_ASSERTION_SKEW_MS + 1000, false }, /* from ahead */
		{ -LK_ASSERTION_TTL_MS, -LK_ASSERTION_SKEW_MS + 1, true },
		{ -LK_ASSERTION_TTL_MS, -LK_ASSERTION_SKEW_MS, false }, /* over */
		{ INT64_MIN / 2, 0, false },
		{ -NOW_MS - 1, 0, false },
	};
	struct world *w = *state;

	for (size_t i = 0; i < LK_ARRAY_LEN(cases); i++) {
		struct lk_assertion at = w->good;
		at.issued_at_ms = NOW_MS + cases[i].issued;
		at.expires_at_ms = NOW_MS + cases[i].expires;
		lk_assertion_sign(&at, w->identity.keys[WORLD_TOKENS]);
		if (cases[i].ok)
			expect_ok(verify(w, &at), &w->err);
		else
			expect_refused(w, &at);
	}
}

static void
a_remembered_assertion_still_expires(void **state)
{
	struct world *w = *state;

	expect_ok(verify(w, &w->good), &w->err);
	w->clock.now_ms = w->good.expires_at_ms + LK_ASSERTION_SKEW_MS - 1;
	expect_ok(verify(w, &w->good), &w->err);
	w->clock.now_ms++;
	expect_refused(w, &w->good);
}

static void
a_maker_signs_once_for_a_while_and_again_in_time(void **state)
{
	struct world *w = *state;
	struct lk_assertion_maker *maker = NULL;
	struct lk_assertion first, second;

	expect_ok(lk_assertion_maker_new(&maker, "tokens", "test", w->identity.keys[WORLD_TOKENS],
		      &w->clock.clock, &w->err),
	    &w->err);
	expect_ok(lk_assertion_make(maker, "keys", METHOD, &first, &w->err), &w->err);
	expect_ok(verify(w, &first), &w->err);
	w->clock.now_ms += 44999;
	expect_ok(lk_assertion_make(maker, "keys", METHOD, &second, &w->err), &w->err);
	assert_memory_equal(&first, &second, sizeof first);
	w->clock.now_ms += 1;
	expect_ok(lk_assertion_make(maker, "keys", METHOD, &second, &w->err), &w->err);
	assert_int_equal(second.issued_at_ms, w->clock.now_ms);
	expect_ok(verify(w, &second), &w->err);
	lk_assertion_maker_free(maker);
}

static void
a_maker_keeps_callees_and_methods_apart(void **state)
{
	struct world *w = *state;
	struct lk_assertion_maker *maker = NULL;
	struct lk_assertion made;

	expect_ok(lk_assertion_maker_new(&maker, "tokens", "test", w->identity.keys[WORLD_TOKENS],
		      &w->clock.clock, &w->err),
	    &w->err);
	expect_ok(lk_assertion_make(maker, "keys", METHOD, &made, &w->err), &w->err);
	expect_ok(lk_assertion_make(maker, "credentials", METHOD, &made, &w->err), &w->err);
	assert_string_equal(made.callee, "credentials");
	expect_ok(lk_assertion_make(maker, "keys", "a.B/C", &made, &w->err), &w->err);
	assert_string_equal(made.method, "a.B/C");
	char long_method[LK_METHOD_NAME_SIZE + 1];
	memset(long_method, 'm', LK_METHOD_NAME_SIZE);
	long_method[LK_METHOD_NAME_SIZE] = '\0';
	expect_fail(lk_assertion_make(maker, "keys", long_method, &made, &w->err), &w->err,
	    LK_INVALID_ARGUMENT, "ASSERTION_NAME_INVALID");
	lk_assertion_maker_free(maker);
}

LK_TESTS(LK_CASE_WITH(a_good_assertion_names_its_peer, setup, teardown),
    LK_CASE_WITH(an_assertion_for_anything_else_is_refused, setup, teardown),
    LK_CASE_WITH(nobody_signs_for_another, setup, teardown),
    LK_CASE_WITH(every_changed_bit_is_refused_also_after_the_good_one_was_seen, setup, teardown),
    LK_CASE_WITH(times_have_bounds, setup, teardown),
    LK_CASE_WITH(a_remembered_assertion_still_expires, setup, teardown),
    LK_CASE_WITH(a_maker_signs_once_for_a_while_and_again_in_time, setup, teardown),
    LK_CASE_WITH(a_maker_keeps_callees_and_methods_apart, setup, teardown))
