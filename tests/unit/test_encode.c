/* base64url, hex, base62, CRC-32: known answers, every length, and one spelling for each value. */
#include <string.h>

#include "crypto/crc32.h"
#include "crypto/encode.h"
#include "test.h"

static void
base64url_gives_the_answers_of_rfc_4648(void **state)
{
	(void)state;
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg" }, { "fo", "Zm8" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy" }, { "\xfb\xff", "-_8" } };

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		char text[16];
		uint8_t data[16];
		size_t len = 99;

		assert_int_equal(
		    lk_base64url_encode(lk_bytes_of(pairs[i][0]), text), strlen(pairs[i][1]));
		assert_string_equal(text, pairs[i][1]);
		assert_true(lk_base64url_decode(lk_bytes_of(text), data, sizeof data, &len));
		assert_int_equal(len, strlen(pairs[i][0]));
		assert_memory_equal(data, pairs[i][0], len);
	}
}

static void
base64url_refuses_every_other_spelling(void **state)
{
	(void)state;
	static const char *const bad[] = { "Zg==", "Zg=", "Z", "Zm9vY", "Zh", "Zm9", "Zm+v", "Zm/v",
		"Zm v", " Zm9v", "Zm9v\n", "Zm9v=", "Zm\xc3\xa9", "....", "AB" };
	uint8_t data[16];
	size_t len;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(lk_base64url_decode(lk_bytes_of(bad[i]), data, sizeof data, &len));
	assert_false(lk_base64url_decode(lk_bytes("AA\0A", 4), data, sizeof data, &len));
	assert_false(lk_base64url_decode(lk_bytes_of("Zm9v"), data, 2, &len));
	assert_true(lk_base64url_decode(lk_bytes_of("Zm9v"), data, 3, &len));
}

static void
base64url_of_every_length_reads_back_and_the_length_is_the_stated_one(void **state)
{
	(void)state;
	struct lk_test_rng rng = lk_test_rng();

	for (size_t n = 0; n < 200; n++) {
		uint8_t data[200], back[200];
		char text[LK_BASE64URL_LEN(200) + 1];
		size_t len = 0;

		lk_test_rng_fill(&rng, data, n);
		assert_int_equal(lk_base64url_encode(lk_bytes(data, n), text), LK_BASE64URL_LEN(n));
		assert_true(lk_base64url_decode(lk_bytes_of(text), back, n, &len));
		assert_int_equal(len, n);
		assert_int_equal(LK_BASE64URL_DECODED_MAX(strlen(text)), n);
		assert_memory_equal(back, data, n);
	}
}

/* What a decoder accepts, its encoder must write again. */
static void
whatever_base64url_and_hex_accept_is_canonical(void **state)
{
	(void)state;
	struct lk_test_rng rng = lk_test_rng();

	for (size_t i = lk_test_repeat("mutations", 1000000, 50000); i > 0; i--) {
		uint8_t text[64] = "Zm9vYmFyZm9vYmFyZm9vYg";
		uint8_t data[64];
		char again[200];
		size_t len = 0;
		const size_t text_len = lk_test_rng_mutate(&rng, text, 22, sizeof text);

		if (lk_base64url_decode(lk_bytes(text, text_len), data, sizeof data, &len)) {
			assert_int_equal(lk_base64url_encode(lk_bytes(data, len), again), text_len);
			assert_memory_equal(again, text, text_len);
		}
		if (lk_hex_decode(lk_bytes(text, text_len), data, sizeof data, &len)) {
			lk_hex_encode(lk_bytes(data, len), again);
			assert_int_equal(strlen(again), text_len);
			assert_memory_equal(again, text, text_len);
		}
	}
}

static void
hex_is_lower_case_and_even(void **state)
{
	(void)state;
	char text[7];
	uint8_t data[4];
	size_t len = 0;

	lk_hex_encode(lk_bytes("\x00\xaf\x19", 3), text);
	assert_string_equal(text, "00af19");
	assert_true(lk_hex_decode(lk_bytes_of("00af19"), data, 3, &len));
	assert_int_equal(len, 3);
	assert_memory_equal(data, "\x00\xaf\x19", 3);
	assert_false(lk_hex_decode(lk_bytes_of("00AF19"), data, 3, &len));
	assert_false(lk_hex_decode(lk_bytes_of("00af1"), data, 3, &len));
	assert_false(lk_hex_decode(lk_bytes_of("0g"), data, 3, &len));
	assert_false(lk_hex_decode(lk_bytes_of("00af19"), data, 2, &len));
}

static void
base62_ends_at_two_to_the_256th(void **state)
{
	(void)state;
	uint8_t data[32], ones[32], zeros[32] = { 0 };
	char text[LK_BASE62_LEN];
	/* 2^256 - 1, worked out with Python's integers; the last digit one higher is 2^256 */
	static const char last[] = "yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1";
	static const char first_outside[] = "yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp2";

	memset(ones, 0xff, sizeof ones);
	lk_base62_encode(ones, text);
	assert_memory_equal(text, last, LK_BASE62_LEN);
	assert_true(lk_base62_decode(last, data));
	assert_memory_equal(data, ones, sizeof ones);
	assert_false(lk_base62_decode(first_outside, data));
	assert_memory_equal(data, zeros, sizeof zeros);
	assert_false(lk_base62_decode("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", data));
	assert_true(lk_base62_decode("0000000000000000000000000000000000000000000", data));
	assert_memory_equal(data, zeros, sizeof zeros);
}

static void
base62_reads_back_and_refuses_other_characters_anywhere(void **state)
{
	(void)state;
	struct lk_test_rng rng = lk_test_rng();

	for (size_t i = lk_test_repeat("values", 200000, 5000); i > 0; i--) {
		uint8_t data[32], back[32];
		char text[LK_BASE62_LEN];

		lk_test_rng_fill(&rng, data, sizeof data);
		lk_base62_encode(data, text);
		assert_true(lk_base62_decode(text, back));
		assert_memory_equal(back, data, sizeof data);
		text[lk_test_rng_below(&rng, LK_BASE62_LEN)] = "_-./:@[`{ \n\x80\xff"[i % 13];
		assert_false(lk_base62_decode(text, back));
	}
}

static void
crc_32_gives_the_known_answers(void **state)
{
	(void)state;

	assert_int_equal(lk_crc32(lk_bytes_of("123456789")), 0xcbf43926);
	assert_int_equal(lk_crc32(lk_bytes_of("")), 0);
	assert_int_equal(lk_crc32(lk_bytes_of("a")), 0xe8b7be43);
	assert_int_equal(
	    lk_crc32(lk_bytes_of("The quick brown fox jumps over the lazy dog")), 0x414fa339);
}

static void
a_checksum_has_six_digits(void **state)
{
	(void)state;
	char text[LK_BASE62_CRC_LEN];

	lk_base62_encode_u32(UINT32_MAX, text);
	assert_memory_equal(text, "4gfFC3", 6);
	lk_base62_encode_u32(0, text);
	assert_memory_equal(text, "000000", 6);
}

LK_TESTS(LK_CASE(base64url_gives_the_answers_of_rfc_4648),
    LK_CASE(base64url_refuses_every_other_spelling),
    LK_CASE(base64url_of_every_length_reads_back_and_the_length_is_the_stated_one),
    LK_CASE(whatever_base64url_and_hex_accept_is_canonical), LK_CASE(hex_is_lower_case_and_even),
    LK_CASE(base62_ends_at_two_to_the_256th),
    LK_CASE(base62_reads_back_and_refuses_other_characters_anywhere),
    LK_CASE(crc_32_gives_the_known_answers), LK_CASE(a_checksum_has_six_digits))
