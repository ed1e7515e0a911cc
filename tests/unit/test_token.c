/* What surrounds the verifier: telling tokens from keys, naming the missing key, reading claims. */
#include "forge.h"

static void
two_dots_make_a_token_and_none_a_key(void **state)
{
	(void)state;
	assert_true(lk_token_looks_like("a.b.c", 5));
	assert_true(lk_token_looks_like("..", 2));
	assert_false(lk_token_looks_like("lk_01arz_abc", 12));
	assert_false(lk_token_looks_like("a.b", 3));
	assert_false(lk_token_looks_like("a.b.c.d", 7));
	assert_false(lk_token_looks_like("", 0));
}

static void
the_kid_is_read_from_a_well_shaped_header_only(void **state)
{
	struct forge *f = *state;
	char kid[LK_KID_SIZE] = "";

	forge_sign(f, forge_header(f), forge_claims("", ""));
	assert_true(lk_token_kid(f->token, strlen(f->token), kid));
	assert_string_equal(kid, f->kid);
	forge_sign(
	    f, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"short\"}", forge_claims("", ""));
	assert_false(lk_token_kid(f->token, strlen(f->token), kid));
	assert_false(lk_token_kid("x", 1, kid));
	assert_string_equal(kid, f->kid); /* written on success only */
}

static void
a_principals_token_has_no_tenant(void **state)
{
	struct forge *f = *state;
	char claims[2048];
	const char *good = forge_claims(FORGE_USER, "prn_01arz3ndektsv4rrffq69g5fav");

	const char *tenant = strstr(good, ",\"tenant\"");
	const char *after = strstr(good, ",\"scope\"");
	snprintf(claims, sizeof claims, "%.*s%s", (int)(tenant - good), good, after);
	forge_sign(f, forge_header(f), claims);
	expect_ok(forge_verify(f), &f->err);
	assert_string_equal(f->claims.tenant, "");
}

static void
a_session_token_names_its_session(void **state)
{
	struct forge *f = *state;
	char claims[2048];
	const char *good =
	    forge_claims(",\"key\":\"" FORGE_KEY "\"", ",\"sid\":\"" FORGE_SESSION "\"");

	const char *id = strstr(good, FORGE_KEY);
	snprintf(claims, sizeof claims, "%.*s%s%s", (int)(id - good), good, FORGE_SESSION,
	    id + strlen(FORGE_KEY));
	forge_sign(f, forge_header(f), claims);
	expect_ok(forge_verify(f), &f->err);
	assert_string_equal(f->claims.session, FORGE_SESSION);
	assert_string_equal(f->claims.key, "");
}

static void
claims_are_written_on_success_only(void **state)
{
	struct forge *f = *state;

	forge_sign(f, forge_header(f), forge_claims("", ""));
	expect_ok(forge_verify(f), &f->err);
	f->clock.now_ms += INT64_C(3600000);
	memset(&f->claims, 0x5a, sizeof f->claims);
	expect_token_refused(f, "TOKEN_EXPIRED");
	assert_int_equal(f->claims.subject[0], 0x5a);
}

static void
a_token_without_any_key_set_is_of_an_unknown_key(void **state)
{
	struct forge *f = *state;

	forge_sign(f, forge_header(f), forge_claims("", ""));
	expect_fail(
	    lk_token_verify(f->token, strlen(f->token), NULL, &f->rules, &f->claims, &f->err),
	    &f->err, LK_UNAUTHENTICATED, "TOKEN_KID_UNKNOWN");
}

LK_TESTS(LK_CASE(two_dots_make_a_token_and_none_a_key),
    LK_CASE_WITH(the_kid_is_read_from_a_well_shaped_header_only, forge_setup, forge_teardown),
    LK_CASE_WITH(a_principals_token_has_no_tenant, forge_setup, forge_teardown),
    LK_CASE_WITH(a_session_token_names_its_session, forge_setup, forge_teardown),
    LK_CASE_WITH(claims_are_written_on_success_only, forge_setup, forge_teardown),
    LK_CASE_WITH(a_token_without_any_key_set_is_of_an_unknown_key, forge_setup, forge_teardown))
