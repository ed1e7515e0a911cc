/* Base62 of 256 bits, ten digits at a time in 64-bit limbs; and of a checksum. */
#include "crypto/encode.h"

#include <string.h>

__extension__ typedef unsigned __int128 wide;

enum { LIMBS = 4, CHUNK = 10, HEAD = LK_BASE62_LEN % CHUNK };

static const uint64_t chunk_base = UINT64_C(839299365868340224); /* 62^10 */
static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static uint8_t digit_value[256]; /* 255 where there is no digit */

/* Before main and so before any thread. */
__attribute__((constructor)) static void
digit_value_fill(void)
{
	memset(digit_value, 0xff, sizeof digit_value);
	for (uint8_t i = 0; digits[i]; i++)
		digit_value[(uint8_t)digits[i]] = i;
}

static void
put_digits(uint64_t value, char *out, int count)
{
	for (int i = count - 1; i >= 0; i--, value /= 62)
		out[i] = digits[value % 62];
}

void
lk_base62_encode_u32(uint32_t value, char out[LK_BASE62_CRC_LEN])
{
	put_digits(value, out, LK_BASE62_CRC_LEN);
}

/* Limbs are most significant first. Divides the number in place and returns the remainder. */
static uint64_t
divide(uint64_t limbs[LIMBS])
{
	uint64_t rest = 0;

	for (int i = 0; i < LIMBS; i++) {
		const wide part = (wide)rest << 64 | limbs[i];
		limbs[i] = (uint64_t)(part / chunk_base);
		rest = (uint64_t)(part % chunk_base);
	}
	return rest;
}

/* limbs = limbs × base + add; false when that has more than 256 bits. */
static bool
multiply_add(uint64_t limbs[LIMBS], uint64_t base, uint64_t add)
{
	uint64_t carry = add;

	for (int i = LIMBS - 1; i >= 0; i--) {
		const wide part = (wide)limbs[i] * base + carry;
		limbs[i] = (uint64_t)part;
		carry = (uint64_t)(part >> 64);
	}
	return carry == 0;
}

void
lk_base62_encode(const uint8_t data[32], char out[LK_BASE62_LEN])
{
	uint64_t limbs[LIMBS] = { 0 };

	for (int i = 0; i < 32; i++)
		limbs[i / 8] = limbs[i / 8] << 8 | data[i];
	for (int at = LK_BASE62_LEN - CHUNK; at >= HEAD; at -= CHUNK)
		put_digits(divide(limbs), out + at, CHUNK);
	put_digits(limbs[LIMBS - 1], out, HEAD);
	explicit_bzero(limbs, sizeof limbs);
}

/* The value of `count` digits; *bad gets bits above 63 when one is none. */
static uint64_t
get_digits(const char *text, int count, uint8_t *bad)
{
	uint64_t value = 0;

	for (int i = 0; i < count; i++) {
		const uint8_t digit = digit_value[(uint8_t)text[i]];
		*bad |= digit;
		value = value * 62 + digit;
	}
	return value;
}

bool
lk_base62_decode(const char text[LK_BASE62_LEN], uint8_t out[32])
{
	uint8_t bad = 0;
	uint64_t limbs[LIMBS] = { 0, 0, 0, get_digits(text, HEAD, &bad) };
	bool fits = true;

	for (int at = HEAD; at < LK_BASE62_LEN; at += CHUNK)
		fits &= multiply_add(limbs, chunk_base, get_digits(text + at, CHUNK, &bad));
	const bool ok = fits && bad <= 63;
	for (int i = 0; i < 32; i++)
		out[i] = ok ? (uint8_t)(limbs[i / 8] >> (56 - 8 * (i % 8))) : 0;
	explicit_bzero(limbs, sizeof limbs);
	return ok;
}
