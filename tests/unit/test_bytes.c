/* Views, small text helpers, and UTF-8 against a second decoder that works another way. */
#include <string.h>

#include "base/base.h"
#include "test.h"

#define BYTES(literal) lk_bytes(literal, sizeof(literal) - 1)

static void
views_compare_by_content(void **state)
{
	(void)state;
	assert_true(lk_bytes_equal(lk_bytes_of("abc"), BYTES("abc")));
	assert_false(lk_bytes_equal(lk_bytes_of("abc"), BYTES("abd")));
	assert_false(lk_bytes_equal(lk_bytes_of("abc"), BYTES("ab")));
	assert_true(lk_bytes_equal(lk_bytes_of(NULL), lk_bytes_of("")));
	assert_true(lk_text_is(NULL, ""));
	assert_true(lk_text_is(NULL, NULL));
	assert_false(lk_text_is(NULL, "a"));
	assert_true(lk_text_is("a", "a"));
}

static void
a_text_that_does_not_fit_leaves_an_empty_field(void **state)
{
	char field[4] = "old";

	(void)state;
	assert_true(lk_text_copy(field, sizeof field, "abc"));
	assert_string_equal(field, "abc");
	assert_false(lk_text_copy(field, sizeof field, "abcd"));
	assert_string_equal(field, "");
	assert_true(lk_text_copy(field, sizeof field, NULL));
	assert_string_equal(field, "");
	assert_false(lk_text_copy(field, 0, ""));
}

static void
well_formed_text_is_told_from_malformed(void **state)
{
	const struct {
		struct lk_bytes text;
		bool ok, printable;
		size_t count;
	} cases[] = {
		{ BYTES(""), true, true, 0 },
		{ BYTES("plain"), true, true, 5 },
		{ BYTES("na\xC3\xAFve"), true, true, 5 },
		{ BYTES("\xE2\x82\xAC"), true, true, 1 },
		{ BYTES("\xF0\x9F\x94\x91"), true, true, 1 },
		{ BYTES("\xED\x9F\xBF\xEE\x80\x80"), true, true, 2 },
		{ BYTES("\xF4\x8F\xBF\xBF"), true, true, 1 },
		{ BYTES("\xC2\xA0"), true, true, 1 },
		{ BYTES("tab\t"), true, false, 4 },
		{ BYTES("line\n"), true, false, 5 },
		{ BYTES("\x7F"), true, false, 1 },
		{ BYTES("\xC2\x80"), true, false, 1 },
		{ BYTES("\xC2\x9F"), true, false, 1 },
		{ BYTES("a\0b"), false, false, 0 },
		{ BYTES("\x80"), false, false, 0 },
		{ BYTES("\xC0\x80"), false, false, 0 }, /* NUL the long way */
		{ BYTES("\xC1\xBF"), false, false, 0 },
		{ BYTES("\xE0\x9F\xBF"), false, false, 0 },
		{ BYTES("\xED\xA0\x80"), false, false, 0 }, /* a surrogate */
		{ BYTES("\xF0\x8F\xBF\xBF"), false, false, 0 },
		{ BYTES("\xF4\x90\x80\x80"), false, false, 0 }, /* above U+10FFFF */
		{ BYTES("\xF5\x80\x80\x80"), false, false, 0 },
		{ BYTES("\xC3"), false, false, 0 },
		{ BYTES("\xE2\x82"), false, false, 0 },
		{ BYTES("\xF0\x9F\x94"), false, false, 0 },
		{ BYTES("\xE2\x28\xA1"), false, false, 0 },
		{ BYTES("\xFE"), false, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(cases); i++) {
		assert_int_equal(lk_utf8_ok(cases[i].text), cases[i].ok);
		assert_int_equal(lk_text_printable(cases[i].text), cases[i].printable);
		if (cases[i].ok)
			assert_int_equal(lk_utf8_count(cases[i].text), cases[i].count);
	}
}

/* RFC 3629 by arithmetic: collect the bits, then ask whether this code point needed that many
 * bytes. */
static size_t
step_by_arithmetic(const uint8_t *p, size_t left)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const size_t len = p[0] < 0x80       ? 1
			   : p[0] >> 5 == 6  ? 2
			   : p[0] >> 4 == 14 ? 3
			   : p[0] >> 3 == 30 ? 4
					     : 0;
	uint32_t point = len == 1 ? p[0] : p[0] & (0x7FU >> len);

	if (len == 0 || len > left)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		point = point << 6 | (p[i] & 0x3F);
	}
	if (point < least[len] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
		return 0;
	return len;
}

static void
both_decoders_agree_on_every_two_bytes_and_on_mutations(void **state)
{
	static const char corpus[] =
	    "na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x94\x91 \xED\x9F\xBF \xF4\x8F\xBF\xBF \xC2\x80";
	const size_t rounds = lk_test_repeat("utf8 mutations", 2000000, 100000);
	struct lk_test_rng rng = lk_test_rng();
	uint8_t text[64];

	(void)state;
	for (unsigned pair = 0; pair < 65536; pair++) {
		const uint8_t two[4] = { (uint8_t)(pair >> 8), (uint8_t)pair, 0x80, 0xBF };
		for (size_t len = 1; len <= 4; len++)
			assert_int_equal(
			    lk_utf8_step(lk_bytes(two, len)), step_by_arithmetic(two, len));
	}
	for (size_t i = 0; i < rounds; i++) {
		memcpy(text, corpus, sizeof corpus - 1);
		const size_t len = lk_test_rng_mutate(&rng, text, sizeof corpus - 1, sizeof text);
		bool ok = true;
		for (size_t at = 0; ok && at < len;) {
			const size_t step = step_by_arithmetic(text + at, len - at);
			ok = step > 0 && text[at] != 0;
			at += step;
		}
		assert_int_equal(lk_utf8_ok(lk_bytes(text, len)), ok);
	}
}

/* Text is looked at by whole words first: what spoils it must be seen wherever it lies. */
static void
what_spoils_a_text_is_found_at_every_place(void **state)
{
	enum { LEN = 27 };
	static const uint8_t spoilers[] = { 0x00, 0x80, 0xBF, 0xC3, 0xFF };
	uint8_t text[LEN];

	(void)state;
	for (size_t at = 0; at < LEN; at++) {
		for (size_t i = 0; i < LK_ARRAY_LEN(spoilers); i++) {
			memset(text, 0x01, sizeof text); /* the least that is allowed */
			assert_true(lk_utf8_ok(lk_bytes(text, at)));
			assert_true(lk_utf8_ok(lk_bytes(text, sizeof text)));
			text[at] = spoilers[i];
			assert_false(lk_utf8_ok(lk_bytes(text, sizeof text)));
			assert_false(lk_utf8_ok(lk_bytes(text, at + 1)));
		}
	}
}

LK_TESTS(LK_CASE(views_compare_by_content), LK_CASE(a_text_that_does_not_fit_leaves_an_empty_field),
    LK_CASE(well_formed_text_is_told_from_malformed),
    LK_CASE(both_decoders_agree_on_every_two_bytes_and_on_mutations),
    LK_CASE(what_spoils_a_text_is_found_at_every_place))
