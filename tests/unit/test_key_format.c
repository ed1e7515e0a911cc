/*
 * The text of keys: one spelling for each secret, typos told from strangers, nothing left after
 * a failure.
 */
#include <string.h>

#include "base/base.h"
#include "crypto/crc32.h"
#include "crypto/encode.h"
#include "crypto/key_format.h"
#include "test.h"

#define ULID "01jd6x3v8q9r0s1t2v3w4x5y6z"

static struct lk_key_text
make(const char *prefix, const char *id, const struct lk_secret32 *secret)
{
	struct lk_error err = { 0 };
	struct lk_key_text text;

	expect_ok(lk_key_text_make(prefix, id, secret, &text, &err), &err);
	return text;
}

static struct lk_key_text
a_key_of(struct lk_test_rng *rng)
{
	struct lk_secret32 secret;

	lk_test_rng_fill(rng, secret.bytes, sizeof secret.bytes);
	return make("lk", "key_" ULID, &secret);
}

static struct lk_key_text
a_key(void)
{
	struct lk_test_rng rng = lk_test_rng();

	return a_key_of(&rng);
}

/* Put the right checksum behind a body, as somebody would who knows the format. */
static struct lk_bytes
with_checksum(char *text, size_t body_len)
{
	lk_base62_encode_u32(lk_crc32(lk_bytes(text, body_len)), text + body_len);
	return lk_bytes(text, body_len + LK_BASE62_CRC_LEN);
}

static void
expect_refused(struct lk_bytes text, const char *reason)
{
	static const struct lk_key_parts zero;
	struct lk_error err = { 0 };
	struct lk_key_parts key;

	memset(&key, 1, sizeof key);
	expect_fail(lk_key_text_parse("lk", text, &key, &err), &err, LK_INVALID_ARGUMENT, reason);
	assert_memory_equal(&key, &zero, sizeof key);
}

static void
every_use_reads_back(void **state)
{
	(void)state;
	static const struct {
		const char *prefix, *id, *head;
		enum lk_key_use use;
	} rows[] = {
		{ "lk", "key_" ULID, "lk_" ULID "_", LK_KEY_USE_API },
		{ "lk", "ses_" ULID, "lks_" ULID "_", LK_KEY_USE_SESSION },
		{ "lk", "tkt_" ULID, "lkt_" ULID "_", LK_KEY_USE_TICKET },
		{ "a", "key_" ULID, "a_" ULID "_", LK_KEY_USE_API },
		{ "genomics01", "ses_" ULID, "genomics01s_" ULID "_", LK_KEY_USE_SESSION },
		{ "lks", "key_" ULID, "lks_" ULID "_", LK_KEY_USE_API },
	};

	for (size_t i = 0; i < LK_ARRAY_LEN(rows); i++) {
		struct lk_error err = { 0 };
		struct lk_secret32 secret;
		struct lk_key_parts key;

		lk_secret32_random(&secret);
		const struct lk_key_text text = make(rows[i].prefix, rows[i].id, &secret);
		assert_memory_equal(text.text, rows[i].head, strlen(rows[i].head));
		assert_int_equal(strlen(text.text), strlen(rows[i].head) + 49);
		expect_ok(
		    lk_key_text_parse(rows[i].prefix, lk_bytes_of(text.text), &key, &err), &err);
		assert_int_equal(key.use, rows[i].use);
		assert_string_equal(key.id, rows[i].id);
		assert_memory_equal(&key.secret, &secret, sizeof secret);
	}
}

static void
a_prefix_is_a_letter_and_up_to_nine_letters_or_digits(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "1k", "Lk", "lK", "l_k", "l-k", "abcdefghijk", "l k",
		"\xc3\xa9" };
	struct lk_error err = { 0 };
	struct lk_secret32 secret = { 0 };
	struct lk_key_text text;

	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++) {
		assert_false(lk_key_prefix_ok(bad[i]));
		expect_fail(lk_key_text_make(bad[i], "key_" ULID, &secret, &text, &err), &err,
		    LK_INVALID_ARGUMENT, "KEY_PREFIX_INVALID");
	}
	assert_false(lk_key_prefix_ok(NULL));
	assert_true(lk_key_prefix_ok("abcdefghi9"));
	assert_true(lk_key_prefix_ok(LK_KEY_PREFIX_DEFAULT));
}

static void
only_ids_of_keys_sessions_and_tickets_make_keys(void **state)
{
	(void)state;
	static const char *const bad[] = { "usr_" ULID, "key_", "key_01JD6X3V8Q9R0S1T2V3W4X5Y6Z",
		"", NULL };
	struct lk_error err = { 0 };
	struct lk_secret32 secret = { 0 };
	struct lk_key_text text;

	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++)
		expect_fail(lk_key_text_make("lk", bad[i], &secret, &text, &err), &err,
		    LK_INVALID_ARGUMENT, "KEY_ID_INVALID");
}

static void
every_single_mistyped_character_is_refused(void **state)
{
	(void)state;
	static const char typed[] =
	    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-+/ \n";
	const struct lk_key_text good = a_key();

	for (size_t at = 0; at < strlen(good.text); at++) {
		for (size_t c = 0; c < sizeof typed; c++) {
			struct lk_key_text text = good;

			text.text[at] = typed[c];
			if (typed[c] != good.text[at])
				expect_refused(lk_bytes(text.text, strlen(good.text)), NULL);
		}
	}
}

static void
a_mistyped_secret_is_a_wrong_checksum_and_two_swapped_characters_too(void **state)
{
	(void)state;
	const struct lk_key_text good = a_key();
	const size_t start = strlen("lk_" ULID "_");

	for (size_t at = start; at + 1 < strlen(good.text); at++) {
		struct lk_key_text text = good;

		if (text.text[at] == text.text[at + 1])
			continue;
		text.text[at] = good.text[at + 1];
		text.text[at + 1] = good.text[at];
		expect_refused(lk_bytes_of(text.text), "KEY_CHECKSUM");
	}
}

static void
a_cut_or_lengthened_key_is_refused(void **state)
{
	(void)state;
	const struct lk_key_text good = a_key();
	const size_t len = strlen(good.text);
	char longer[sizeof good.text + 1];

	for (size_t n = 0; n < len; n++) {
		expect_refused(lk_bytes(good.text, n), "KEY_MALFORMED");
		if (n > 0)
			expect_refused(lk_bytes(good.text + n, len - n), "KEY_MALFORMED");
	}
	memcpy(longer, good.text, len);
	longer[len] = '0';
	expect_refused(lk_bytes(longer, len + 1), "KEY_MALFORMED");
	expect_refused(lk_bytes(NULL, 0), "KEY_MALFORMED");
}

static void
a_very_long_text_is_refused(void **state)
{
	(void)state;
	static char text[1024 * 1024];

	memset(text, 'a', sizeof text);
	memcpy(text, "lk_", 3);
	expect_refused(lk_bytes(text, sizeof text), "KEY_MALFORMED");
}

static void
a_secret_from_two_to_the_256th_on_is_refused_even_with_the_right_checksum(void **state)
{
	(void)state;
	char text[] = "lk_" ULID "_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1000000";
	const size_t body = sizeof text - 1 - LK_BASE62_CRC_LEN;
	struct lk_error err = { 0 };
	struct lk_key_parts key;

	expect_ok(lk_key_text_parse("lk", with_checksum(text, body), &key, &err), &err);
	text[body - 1] = '2';
	expect_refused(with_checksum(text, body), "KEY_MALFORMED");
}

static void
a_ulid_of_another_spelling_is_refused_even_with_the_right_checksum(void **state)
{
	(void)state;
	static const char *const bad[] = { "01JD6X3V8Q9R0S1T2V3W4X5Y6Z",
		"81jd6x3v8q9r0s1t2v3w4x5y6z", "01jd6x3v8q9r0s1t2v3w4x5y6u",
		"01jd6x3v8q9r0s1t2v3w4x5y6l", "01jd6x3v8q9r0s1t2v3w4x5y6_" };

	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++) {
		struct lk_key_text text = a_key();
		const size_t body = strlen(text.text) - LK_BASE62_CRC_LEN;

		memcpy(text.text + 3, bad[i], 26);
		expect_refused(with_checksum(text.text, body), "KEY_MALFORMED");
	}
}

static void
a_key_of_another_installation_or_use_we_do_not_know_is_refused(void **state)
{
	(void)state;
	struct lk_secret32 secret = { 0 };
	static const char *const prefixes[] = { "lx", "l", "lkx", "lksx", "lkst", "acme" };

	for (size_t i = 0; i < LK_ARRAY_LEN(prefixes); i++) {
		const struct lk_key_text text = make(prefixes[i], "key_" ULID, &secret);
		expect_refused(lk_bytes_of(text.text), "KEY_MALFORMED");
	}
}

static void
a_nul_in_the_place_of_the_use_is_refused_even_with_the_right_checksum(void **state)
{
	(void)state;
	const struct lk_key_text good = a_key();
	const size_t body = strlen(good.text) - LK_BASE62_CRC_LEN;
	char text[sizeof good.text + 1];

	memcpy(text, "lk\0", 3);
	memcpy(text + 3, good.text + 2, body - 2);
	expect_refused(with_checksum(text, body + 1), "KEY_MALFORMED");
}

static void
whatever_is_accepted_is_what_we_would_write(void **state)
{
	(void)state;
	struct lk_test_rng rng = lk_test_rng();

	for (size_t i = lk_test_repeat("mutations", 1000000, 50000); i > 0; i--) {
		const struct lk_key_text good = a_key_of(&rng);
		struct lk_error err = { 0 };
		struct lk_key_parts key;
		uint8_t text[LK_KEY_TEXT_SIZE + 8];
		const size_t len = strlen(good.text);

		memcpy(text, good.text, len);
		size_t cut = lk_test_rng_mutate(&rng, text, len, sizeof text);
		if (i % 2 && cut > LK_BASE62_CRC_LEN) /* get past the checksum */
			with_checksum((char *)text, cut - LK_BASE62_CRC_LEN);
		const lk_status status = lk_key_text_parse("lk", lk_bytes(text, cut), &key, &err);
		if (status == LK_OK) {
			const struct lk_key_text again = make("lk", key.id, &key.secret);
			assert_int_equal(strlen(again.text), cut);
			assert_memory_equal(again.text, text, cut);
		}
	}
}

static void
the_hint_shows_prefix_id_and_the_last_four(void **state)
{
	(void)state;
	struct lk_secret32 secret = { 0 };
	const struct lk_key_text text = make("lk", "ses_" ULID, &secret);
	char last4[LK_KEY_LAST4_SIZE], hint[LK_KEY_HINT_SIZE];

	lk_key_text_last4(&text, last4);
	assert_string_equal(last4, text.text + strlen(text.text) - 4);
	lk_key_hint("lk", "ses_" ULID, "Ab3x", hint);
	assert_string_equal(hint, "lks_" ULID "_…Ab3x");
	lk_key_hint("genomics01", "ses_" ULID, "Ab3xTooLong", hint);
	assert_string_equal(hint, "genomics01s_" ULID "_…Ab3x");
	lk_key_hint("lk", "usr_" ULID, "Ab3x", hint);
	assert_string_equal(hint, "");
}

LK_TESTS(LK_CASE(every_use_reads_back),
    LK_CASE(a_prefix_is_a_letter_and_up_to_nine_letters_or_digits),
    LK_CASE(only_ids_of_keys_sessions_and_tickets_make_keys),
    LK_CASE(every_single_mistyped_character_is_refused),
    LK_CASE(a_mistyped_secret_is_a_wrong_checksum_and_two_swapped_characters_too),
    LK_CASE(a_cut_or_lengthened_key_is_refused), LK_CASE(a_very_long_text_is_refused),
    LK_CASE(a_secret_from_two_to_the_256th_on_is_refused_even_with_the_right_checksum),
    LK_CASE(a_ulid_of_another_spelling_is_refused_even_with_the_right_checksum),
    LK_CASE(a_key_of_another_installation_or_use_we_do_not_know_is_refused),
    LK_CASE(a_nul_in_the_place_of_the_use_is_refused_even_with_the_right_checksum),
    LK_CASE(whatever_is_accepted_is_what_we_would_write),
    LK_CASE(the_hint_shows_prefix_id_and_the_last_four))
