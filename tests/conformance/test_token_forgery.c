/* Forged access tokens: everything RFC 8725 warns of and what libjwt 1.10.2 lets through. Each is
 * refused for its own reason; the controls show that the good token beside it passes. */
#include "forge.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

/* ---- Controls ---- */

static void
the_token_that_forgeries_start_from_is_accepted(void **state)
{
	struct forge *f = *state;

	forge_sign(f, forge_header(f), forge_claims("", ""));
	expect_ok(forge_verify(f), &f->err);
	assert_string_equal(f->claims.subject, FORGE_USER);
	assert_string_equal(f->claims.tenant, FORGE_TENANT);
	assert_string_equal(f->claims.key, FORGE_KEY);
	assert_int_equal(f->claims.scope,
	    lk_permission_bit(LK_PERM_API_KEYS_MANAGE) | lk_permission_bit(LK_PERM_KEYS_VERIFY));
	assert_int_equal(f->claims.user_generation, 2);
	assert_int_equal(f->claims.workgroups_count, 1);
	assert_string_equal(f->claims.workgroups[0], FORGE_WORKGROUP);
}

static void
unknown_claims_are_ignored(void **state)
{
	struct forge *f = *state;

	forge_sign(f, forge_header(f), forge_claims("{", "{\"new\":{\"deep\":[1]},"));
	expect_ok(forge_verify(f), &f->err);
}

static void
typ_jwt_is_accepted_where_the_installation_says_so(void **state)
{
	struct forge *f = *state;
	char header[256];

	snprintf(
	    header, sizeof header, "{\"typ\":\"JWT\",\"kid\":\"%s\",\"alg\":\"ES256\"}", f->kid);
	forge_sign(f, header, forge_claims("", ""));
	expect_token_refused(f, "TOKEN_HEADER");
	f->rules.typ = LK_TOKEN_TYP_JWT;
	expect_ok(forge_verify(f), &f->err);
}

/* ---- Headers ---- */

/* printf formats of one %s, the kid. */
static const struct {
	const char *what, *format;
} bad_headers[] = {
	{ "alg none", "{\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}" },
	{ "alg None", "{\"alg\":\"None\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}" },
	{ "alg es256", "{\"alg\":\"es256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}" },
	{ "alg HS256", "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}" },
	{ "alg ES384", "{\"alg\":\"ES384\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}" },
	{ "alg RS256", "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}" },
	{ "alg of an array", "{\"alg\":[\"ES256\"],\"typ\":\"at+jwt\",\"kid\":\"%s\"}" },
	{ "no alg", "{\"typ\":\"at+jwt\",\"kid\":\"%s\"}" },
	{ "no typ", "{\"alg\":\"ES256\",\"kid\":\"%s\"}" },
	{ "typ JWT", "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"%s\"}" },
	{ "typ id token", "{\"alg\":\"ES256\",\"typ\":\"id+jwt\",\"kid\":\"%s\"}" },
	{ "typ null", "{\"alg\":\"ES256\",\"typ\":null,\"kid\":\"%s\"}" },
	{ "alg twice", "{\"alg\":\"none\",\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}" },
	{ "alg twice, other order",
	    "{\"alg\":\"ES256\",\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}" },
	{ "alg twice, once escaped",
	    "{\"alg\":\"ES256\",\"\\u0061lg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}" },
	{ "kid twice", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"x\",\"kid\":\"%s\"}" },
	{ "crit", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"crit\":[\"exp\"],\"kid\":\"%s\"}" },
	{ "crit of nothing", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"crit\":[],\"kid\":\"%s\"}" },
	{ "jku", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"jku\":\"https://e.example/k\",\"kid\":"
		 "\"%s\"}" },
	{ "jwk", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"jwk\":{\"kty\":\"EC\"},\"kid\":\"%s\"}" },
	{ "x5u", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"x5u\":\"https://e.example\",\"kid\":"
		 "\"%s\"}" },
	{ "x5c", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"x5c\":[\"MII\"],\"kid\":\"%s\"}" },
	{ "b64", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"b64\":false,\"kid\":\"%s\"}" },
	{ "zip", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"zip\":\"DEF\",\"kid\":\"%s\"}" },
	{ "enc", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"enc\":\"A256GCM\",\"kid\":\"%s\"}" },
	{ "cty", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"cty\":\"JWT\",\"kid\":\"%s\"}" },
	{ "kid with more behind", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%sA\"}" },
	{ "kid as a path", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"../%s\"}" },
	{ "array", "[\"ES256\",\"at+jwt\",\"%s\"]" },
	{ "string", "\"%s\"" },
	{ "two objects", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}{}" },
	{ "cut", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"" },
};

static void
every_header_but_ours_is_refused_though_the_signature_is_good(void **state)
{
	struct forge *f = *state;
	char header[512];

	for (size_t i = 0; i < LK_ARRAY_LEN(bad_headers); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(header, sizeof header, bad_headers[i].format, f->kid);
#pragma GCC diagnostic pop
		print_message("%s\n", bad_headers[i].what);
		forge_sign(f, header, forge_claims("", ""));
		expect_token_refused(f, "TOKEN_HEADER");
	}
}

static void
a_kid_of_another_key_is_unknown(void **state)
{
	struct forge *f = *state;
	struct lk_es256 *other = NULL;

	expect_ok(lk_es256_generate(&other, &f->err), &f->err);
	lk_es256_thumbprint(other, f->kid);
	forge_sign_with(f, other, forge_header(f), forge_claims("", ""));
	expect_token_refused(f, "TOKEN_KID_UNKNOWN");
	lk_es256_unref(other);
}

/* ---- Signatures ---- */

static void
a_signature_of_another_key_under_our_kid_is_refused(void **state)
{
	struct forge *f = *state;
	struct lk_es256 *other = NULL;

	expect_ok(lk_es256_generate(&other, &f->err), &f->err);
	forge_sign_with(f, other, forge_header(f), forge_claims("", ""));
	expect_token_refused(f, "TOKEN_SIGNATURE");
	lk_es256_unref(other);
}

static void
put_signature(struct forge *f, const void *signature, size_t len)
{
	const size_t at = forge_unsigned(f, forge_header(f), forge_claims("", ""));

	lk_base64url_encode(lk_bytes(signature, len), f->token + at + 1);
}

static void
a_stripped_signature_is_refused(void **state)
{
	struct forge *f = *state;

	forge_unsigned(f, forge_header(f), forge_claims("", ""));
	expect_token_refused(f, "TOKEN_MALFORMED");
	f->token[strlen(f->token) - 1] = '\0';
	expect_token_refused(f, "TOKEN_MALFORMED");
}

static void
an_unsigned_token_of_alg_none_is_refused(void **state)
{
	struct forge *f = *state;

	forge_unsigned(f, "{\"alg\":\"none\",\"typ\":\"at+jwt\"}", forge_claims("", ""));
	expect_token_refused(f, "TOKEN_MALFORMED");
}

static void
hs256_keyed_with_our_public_key_is_refused(void **state)
{
	struct forge *f = *state;
	uint8_t public_key[65] = { 4 }, mac[EVP_MAX_MD_SIZE];
	unsigned mac_len = 0;
	char header[256];

	memcpy(public_key + 1, lk_es256_x(f->key), 32);
	memcpy(public_key + 33, lk_es256_y(f->key), 32);
	snprintf(
	    header, sizeof header, "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", f->kid);
	const size_t at = forge_unsigned(f, header, forge_claims("", ""));
	assert_non_null(HMAC(
	    EVP_sha256(), public_key, sizeof public_key, (uint8_t *)f->token, at, mac, &mac_len));
	lk_base64url_encode(lk_bytes(mac, mac_len), f->token + at + 1);
	expect_token_refused(f, "TOKEN_HEADER");
}

/* RFC 7518 3.4: r and s, 32 bytes each; never ASN.1. */
static void
a_der_signature_is_refused(void **state)
{
	struct forge *f = *state;
	uint8_t raw[64], der[72] = { 0x30, 68, 0x02, 32 };
	const size_t at = forge_unsigned(f, forge_header(f), forge_claims("", ""));

	do { /* both halves positive as ASN.1 integers without a leading zero */
		expect_ok(lk_es256_sign(f->key, lk_bytes(f->token, at), raw, &f->err), &f->err);
	} while (raw[0] == 0 || raw[0] > 0x7f || raw[32] == 0 || raw[32] > 0x7f);
	memcpy(der + 4, raw, 32);
	der[36] = 0x02;
	der[37] = 32;
	memcpy(der + 38, raw + 32, 32);
	put_signature(f, der, 70);
	expect_token_refused(f, "TOKEN_SIGNATURE");
}

static const uint8_t GROUP_ORDER[32] = { 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca,
	0xc2, 0xfc, 0x63, 0x25, 0x51 };

static void
r_or_s_of_zero_or_the_group_order_is_refused(void **state)
{
	struct forge *f = *state;
	uint8_t zeros[64] = { 0 }, good[64], bad[64];
	const size_t at = forge_unsigned(f, forge_header(f), forge_claims("", ""));

	expect_ok(lk_es256_sign(f->key, lk_bytes(f->token, at), good, &f->err), &f->err);
	put_signature(f, zeros, sizeof zeros);
	expect_token_refused(f, "TOKEN_SIGNATURE");
	for (size_t half = 0; half < 64; half += 32) {
		memcpy(bad, good, sizeof bad);
		memset(bad + half, 0, 32);
		put_signature(f, bad, sizeof bad);
		expect_token_refused(f, "TOKEN_SIGNATURE");
		memcpy(bad + half, GROUP_ORDER, 32);
		put_signature(f, bad, sizeof bad);
		expect_token_refused(f, "TOKEN_SIGNATURE");
		memset(bad + half, 0xff, 32);
		put_signature(f, bad, sizeof bad);
		expect_token_refused(f, "TOKEN_SIGNATURE");
	}
}

static void
a_signature_of_another_length_is_refused(void **state)
{
	struct forge *f = *state;
	uint8_t signature[96] = { 0 };
	const size_t at = forge_unsigned(f, forge_header(f), forge_claims("", ""));

	expect_ok(lk_es256_sign(f->key, lk_bytes(f->token, at), signature, &f->err), &f->err);
	for (size_t len = 1; len <= sizeof signature; len++) {
		if (len == LK_ES256_SIGNATURE_LEN)
			continue;
		put_signature(f, signature, len);
		expect_token_refused(f, "TOKEN_SIGNATURE");
	}
}

static void
claims_swapped_under_a_good_signature_are_refused(void **state)
{
	struct forge *f = *state;
	char signature[128];

	forge_sign(f, forge_header(f), forge_claims("", ""));
	snprintf(signature, sizeof signature, "%s", strrchr(f->token, '.') + 1);
	const size_t at =
	    forge_unsigned(f, forge_header(f), forge_claims("keys.verify", "tenants.manage"));
	snprintf(f->token + at + 1, sizeof f->token - at - 1, "%s", signature);
	expect_token_refused(f, "TOKEN_SIGNATURE");
}

/* ---- Claims, signed by the right key ---- */

static const struct {
	const char *from, *to, *reason;
} bad_claims[] = {
	{ "1790000900", "\"1790000900\"", "TOKEN_CLAIMS" },
	{ "1790000900", "1790000900.5", "TOKEN_CLAIMS" },
	{ "1790000900", "1.7900009e9", "TOKEN_CLAIMS" },
	{ "1790000900", "-1790000900", "TOKEN_CLAIMS" },
	{ "1790000900", "0", "TOKEN_CLAIMS" },
	{ "1790000900", "99999999999999999999", "TOKEN_CLAIMS" },
	{ "1790000900", "9223372036854775807", "TOKEN_CLAIMS" },
	{ "1790000900", "253402300800", "TOKEN_CLAIMS" },
	{ "1790000900", "null", "TOKEN_CLAIMS" },
	{ "1790000900", "true", "TOKEN_CLAIMS" },
	{ "1790000900", "[1790000900]", "TOKEN_CLAIMS" },
	{ ",\"exp\":1790000900", "", "TOKEN_CLAIMS" },
	{ ",\"exp\":1790000900", ",\"exp\":1,\"exp\":1790000900", "TOKEN_CLAIMS" },
	{ ",\"exp\":1790000900", ",\"exp\":1790000900,\"\\u0065xp\":1790009999", "TOKEN_CLAIMS" },
	{ "1790000900", "1790000000", "TOKEN_EXPIRED" },
	{ "1790000900", "1789999991", "TOKEN_EXPIRED" },
	{ "1789999980", "1790000001", "TOKEN_NOT_YET" },
	{ "1789999980", "\"0\"", "TOKEN_CLAIMS" },
	{ "\"nbf\":1789999980,", "", "TOKEN_CLAIMS" },
	{ "1789999990", "1790000900", "TOKEN_CLAIMS" },
	{ "\"iat\":1789999990,", "", "TOKEN_CLAIMS" },
	{ "\"aud\":\"" FORGE_AUDIENCE "\"", "\"aud\":[\"" FORGE_AUDIENCE "\"]", "TOKEN_CLAIMS" },
	{ "\"aud\":\"" FORGE_AUDIENCE "\"", "\"aud\":[\"x\",\"" FORGE_AUDIENCE "\"]",
	    "TOKEN_CLAIMS" },
	{ "\"aud\":\"" FORGE_AUDIENCE "\"", "\"aud\":\"\"", "TOKEN_CLAIMS" },
	{ "\"aud\":\"" FORGE_AUDIENCE "\",", "", "TOKEN_CLAIMS" },
	{ FORGE_AUDIENCE, FORGE_AUDIENCE "x", "TOKEN_AUDIENCE" },
	{ FORGE_AUDIENCE, "LATCHKEY:test", "TOKEN_AUDIENCE" },
	{ FORGE_AUDIENCE, FORGE_AUDIENCE "\\u0000", "TOKEN_CLAIMS" },
	{ FORGE_ISSUER, FORGE_ISSUER "/", "TOKEN_ISSUER" },
	{ "\"iss\":\"" FORGE_ISSUER "\",", "", "TOKEN_CLAIMS" },
	{ FORGE_USER, "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV", "TOKEN_CLAIMS" },
	{ FORGE_USER, "prn_01arz3ndektsv4rrffq69g5fav", "TOKEN_CLAIMS" }, /* with a tenant */
	{ FORGE_USER, FORGE_TENANT, "TOKEN_CLAIMS" },
	{ "\"sub\":\"" FORGE_USER "\"", "\"sub\":7", "TOKEN_CLAIMS" },
	{ ",\"tenant\":\"" FORGE_TENANT "\"", "", "TOKEN_CLAIMS" },
	{ FORGE_TENANT, "", "TOKEN_CLAIMS" },
	{ FORGE_JTI, "", "TOKEN_CLAIMS" },
	{ "\"client_id\":\"" FORGE_KEY, "\"client_id\":\"" FORGE_SESSION, "TOKEN_CLAIMS" },
	{ ",\"key\":\"" FORGE_KEY "\"", "", "TOKEN_CLAIMS" },
	{ "keys.verify", "keys.everything", "TOKEN_CLAIMS" },
	{ "\"api_keys.manage keys.verify\"", "[\"api_keys.manage\"]", "TOKEN_CLAIMS" },
	{ "api_keys.manage keys", "api_keys.manage  keys", "TOKEN_CLAIMS" },
	{ "[1,2,3,0]", "[1,2,3]", "TOKEN_CLAIMS" },
	{ "[1,2,3,0]", "[1,2,3,0,0]", "TOKEN_CLAIMS" },
	{ "[1,2,3,0]", "[1,-2,3,0]", "TOKEN_CLAIMS" },
	{ "[1,2,3,0]", "[1,2.0,3,0]", "TOKEN_CLAIMS" },
	{ "[1,2,3,0]", "\"1,2,3,0\"", "TOKEN_CLAIMS" },
	{ ",\"gen\":[1,2,3,0]", "", "TOKEN_CLAIMS" },
	{ "[\"" FORGE_WORKGROUP "\"]", "\"all\"", "TOKEN_CLAIMS" },
	{ "[\"" FORGE_WORKGROUP "\"]", "[\"ALL\"]", "TOKEN_CLAIMS" },
	{ "[\"" FORGE_WORKGROUP "\"]", "{}", "TOKEN_CLAIMS" },
	{ "[\"" FORGE_WORKGROUP "\"]", "[null]", "TOKEN_CLAIMS" },
	{ "{", "[{", "TOKEN_CLAIMS" },
	{ "{", "{\"x\":\"\xff\",", "TOKEN_CLAIMS" },
	{ "{", "{\"x\":NaN,", "TOKEN_CLAIMS" },
	{ "0]}", "0]},", "TOKEN_CLAIMS" },
	{ "0]}", "0]} {}", "TOKEN_CLAIMS" },
	{ "0]}", "0]", "TOKEN_CLAIMS" },
};

static void
every_claim_of_a_wrong_type_or_range_is_refused(void **state)
{
	struct forge *f = *state;

	for (size_t i = 0; i < LK_ARRAY_LEN(bad_claims); i++) {
		print_message("%s -> %s\n", bad_claims[i].from, bad_claims[i].to);
		forge_sign(f, forge_header(f), forge_claims(bad_claims[i].from, bad_claims[i].to));
		expect_token_refused(f, bad_claims[i].reason);
	}
}

static void
sixty_four_workgroups_pass_and_one_more_does_not(void **state)
{
	struct forge *f = *state;

	for (int count = LK_TOKEN_WORKGROUPS_MAX; count <= LK_TOKEN_WORKGROUPS_MAX + 1; count++) {
		char list[8192];
		size_t len = 0;
		for (int i = 0; i < count; i++)
			len += (size_t)snprintf(list + len, sizeof list - len,
			    "%s\"" FORGE_WORKGROUP "\"", i == 0 ? "" : ",");
		forge_sign(f, forge_header(f), forge_claims("\"" FORGE_WORKGROUP "\"", list));
		if (count == LK_TOKEN_WORKGROUPS_MAX)
			expect_ok(forge_verify(f), &f->err);
		else
			expect_token_refused(f, "TOKEN_CLAIMS");
	}
}

/* ---- Shapes ---- */

static void
only_three_nonempty_parts_are_a_token(void **state)
{
	static const char *const shapes[] = { "", ".", "..", "...", "a", "a.b", "a..b", ".a.b",
		"a.b.", "AAAA.AAAA", "AAAA.AAAA.AAAA.AAAA", "....", " . . " };
	struct forge *f = *state;
	char good[FORGE_TEXT_MAX];

	for (size_t i = 0; i < LK_ARRAY_LEN(shapes); i++) {
		snprintf(f->token, sizeof f->token, "%s", shapes[i]);
		expect_token_refused(f, "TOKEN_MALFORMED");
	}
	forge_sign(f, forge_header(f), forge_claims("", ""));
	memcpy(good, f->token, sizeof good);
	snprintf(f->token, sizeof f->token, "%.8000s.AAAA", good);
	expect_token_refused(f, "TOKEN_MALFORMED");
	*strrchr(good, '.') = '\0';
	snprintf(f->token, sizeof f->token, "%.8000s", good);
	expect_token_refused(f, "TOKEN_MALFORMED");
	expect_fail(forge_verify_bytes(f, NULL, 0), &f->err, LK_UNAUTHENTICATED, "TOKEN_MALFORMED");
}

static void
every_other_spelling_of_the_same_bytes_is_refused(void **state)
{
	static const char *const endings[] = { "=", "==", " ", "\n", "+", "/", "%", "A" };
	struct forge *f = *state;
	char good[FORGE_TEXT_MAX];

	forge_sign(f, forge_header(f), forge_claims("", ""));
	memcpy(good, f->token, sizeof good);
	for (size_t i = 0; i < LK_ARRAY_LEN(endings); i++) {
		snprintf(f->token, sizeof f->token, "%.8000s%s", good, endings[i]);
		assert_int_not_equal(forge_verify(f), LK_OK);
		snprintf(f->token, sizeof f->token, "%s%.8000s", endings[i], good);
		assert_int_not_equal(forge_verify(f), LK_OK);
	}
}

/* 64 bytes leave four bits over in the last character: only one of its 16 spellings is canonical.
 */
static void
loose_trailing_bits_are_refused(void **state)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	struct forge *f = *state;

	forge_sign(f, forge_header(f), forge_claims("", ""));
	char *last = &f->token[strlen(f->token) - 1];
	const char good = *last;
	const size_t value = (size_t)(strchr(alphabet, good) - alphabet);
	for (size_t bits = 0; bits < 16; bits++) {
		*last = alphabet[(value & ~(size_t)15) | bits];
		if (*last == good)
			expect_ok(forge_verify(f), &f->err);
		else
			expect_token_refused(f, "TOKEN_MALFORMED");
	}
}

static void
the_alphabet_of_plain_base64_is_refused(void **state)
{
	struct forge *f = *state;
	size_t changed = 0;

	for (int i = 0; i < 64 && changed == 0; i++) {
		forge_sign(f, forge_header(f), forge_claims("", ""));
		for (char *c = f->token; *c != '\0'; c++) {
			changed += *c == '-' || *c == '_';
			*c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
		}
	}
	assert_true(changed > 0);
	expect_token_refused(f, "TOKEN_MALFORMED");
}

static void
a_nul_or_other_byte_inside_is_refused(void **state)
{
	struct forge *f = *state;

	forge_sign(f, forge_header(f), forge_claims("", ""));
	const size_t len = strlen(f->token);
	for (int byte = 0; byte < 256; byte++) {
		const char before = f->token[len / 2];
		f->token[len / 2] = (char)byte;
		if ((char)byte != before)
			expect_fail(forge_verify_bytes(f, f->token, len), &f->err,
			    LK_UNAUTHENTICATED, NULL);
		f->token[len / 2] = before;
	}
}

static void
a_token_of_a_megabyte_is_refused_unread(void **state)
{
	struct forge *f = *state;
	const size_t len = 1024 * 1024;
	char *huge = malloc(len);

	assert_non_null(huge);
	memset(huge, 'A', len);
	expect_fail(
	    forge_verify_bytes(f, huge, len), &f->err, LK_UNAUTHENTICATED, "TOKEN_MALFORMED");
	huge[100] = huge[200] = '.';
	expect_fail(
	    forge_verify_bytes(f, huge, len), &f->err, LK_UNAUTHENTICATED, "TOKEN_MALFORMED");
	expect_fail(forge_verify_bytes(f, huge, LK_TOKEN_MAX + 1), &f->err, LK_UNAUTHENTICATED,
	    "TOKEN_MALFORMED");
	free(huge);
}

static void
no_mutation_of_a_good_token_is_accepted(void **state)
{
	struct forge *f = *state;
	struct lk_test_rng rng = lk_test_rng();
	uint8_t copy[FORGE_TEXT_MAX];

	forge_sign(f, forge_header(f), forge_claims("", ""));
	const size_t len = strlen(f->token);
	for (size_t i = lk_test_repeat("mutations", 200000, 3000); i > 0; i--) {
		memcpy(copy, f->token, len);
		const size_t changed = lk_test_rng_mutate(&rng, copy, len, sizeof copy);
		if (changed == len && memcmp(copy, f->token, len) == 0)
			continue;
		expect_fail(
		    forge_verify_bytes(f, copy, changed), &f->err, LK_UNAUTHENTICATED, NULL);
	}
}

/* Behind the signature too: whoever holds the key may still write nonsense. */
static void
mutated_claims_never_crash_the_reader(void **state)
{
	struct lk_test_rng rng = lk_test_rng();
	struct lk_claims claims;
	uint8_t copy[FORGE_TEXT_MAX];

	(void)state;
	const char *good = forge_claims("", "");
	const size_t len = strlen(good);
	for (size_t i = lk_test_repeat("claim_mutations", 200000, 5000); i > 0; i--) {
		memcpy(copy, good, len);
		const size_t changed = lk_test_rng_mutate(&rng, copy, len, sizeof copy);
		if (lk_claims_read((const char *)copy, changed, &claims, NULL) == LK_OK)
			assert_true(claims.workgroups_count <= LK_TOKEN_WORKGROUPS_MAX &&
				    strlen(claims.subject) == LK_ID_LEN);
	}
}

LK_TESTS(LK_CASE_WITH(the_token_that_forgeries_start_from_is_accepted, forge_setup, forge_teardown),
    LK_CASE_WITH(unknown_claims_are_ignored, forge_setup, forge_teardown),
    LK_CASE_WITH(typ_jwt_is_accepted_where_the_installation_says_so, forge_setup, forge_teardown),
    LK_CASE_WITH(
	every_header_but_ours_is_refused_though_the_signature_is_good, forge_setup, forge_teardown),
    LK_CASE_WITH(a_kid_of_another_key_is_unknown, forge_setup, forge_teardown),
    LK_CASE_WITH(a_signature_of_another_key_under_our_kid_is_refused, forge_setup, forge_teardown),
    LK_CASE_WITH(a_stripped_signature_is_refused, forge_setup, forge_teardown),
    LK_CASE_WITH(an_unsigned_token_of_alg_none_is_refused, forge_setup, forge_teardown),
    LK_CASE_WITH(hs256_keyed_with_our_public_key_is_refused, forge_setup, forge_teardown),
    LK_CASE_WITH(a_der_signature_is_refused, forge_setup, forge_teardown),
    LK_CASE_WITH(r_or_s_of_zero_or_the_group_order_is_refused, forge_setup, forge_teardown),
    LK_CASE_WITH(a_signature_of_another_length_is_refused, forge_setup, forge_teardown),
    LK_CASE_WITH(claims_swapped_under_a_good_signature_are_refused, forge_setup, forge_teardown),
    LK_CASE_WITH(every_claim_of_a_wrong_type_or_range_is_refused, forge_setup, forge_teardown),
    LK_CASE_WITH(sixty_four_workgroups_pass_and_one_more_does_not, forge_setup, forge_teardown),
    LK_CASE_WITH(only_three_nonempty_parts_are_a_token, forge_setup, forge_teardown),
    LK_CASE_WITH(every_other_spelling_of_the_same_bytes_is_refused, forge_setup, forge_teardown),
    LK_CASE_WITH(loose_trailing_bits_are_refused, forge_setup, forge_teardown),
    LK_CASE_WITH(the_alphabet_of_plain_base64_is_refused, forge_setup, forge_teardown),
    LK_CASE_WITH(a_nul_or_other_byte_inside_is_refused, forge_setup, forge_teardown),
    LK_CASE_WITH(a_token_of_a_megabyte_is_refused_unread, forge_setup, forge_teardown),
    LK_CASE_WITH(no_mutation_of_a_good_token_is_accepted, forge_setup, forge_teardown),
    LK_CASE_WITH(mutated_claims_never_crash_the_reader, forge_setup, forge_teardown))
