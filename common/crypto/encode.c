/* base64url and hex. */
#include "crypto/encode.h"

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char hex[] = "0123456789abcdef";

enum { NO_DIGIT = 0xff };

static uint8_t base64url_value[256], hex_value[256];

static void
values_fill(uint8_t values[256], const char *digits)
{
	for (int i = 0; i < 256; i++)
		values[i] = NO_DIGIT;
	for (uint8_t i = 0; digits[i]; i++)
		values[(uint8_t)digits[i]] = i;
}

/* Before main and so before any thread. */
__attribute__((constructor)) static void
tables_fill(void)
{
	values_fill(base64url_value, base64url);
	values_fill(hex_value, hex);
}

size_t
lk_base64url_encode(struct lk_bytes data, char *out)
{
	const uint8_t *p = data.data;
	char *at = out;
	size_t left = data.len;

	for (; left >= 3; left -= 3, p += 3) {
		const uint32_t group = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		*at++ = base64url[group >> 18];
		*at++ = base64url[group >> 12 & 63];
		*at++ = base64url[group >> 6 & 63];
		*at++ = base64url[group & 63];
	}
	if (left > 0) {
		const uint32_t group = (uint32_t)p[0] << 16 | (left == 2 ? (uint32_t)p[1] << 8 : 0);
		*at++ = base64url[group >> 18];
		*at++ = base64url[group >> 12 & 63];
		if (left == 2)
			*at++ = base64url[group >> 6 & 63];
	}
	*at = '\0';
	return (size_t)(at - out);
}

/* The last 2 or 3 characters: 1 or 2 bytes, and no bit left over. */
static bool
base64url_decode_tail(const uint8_t *p, size_t chars, uint8_t *out)
{
	const uint8_t a = base64url_value[p[0]], b = base64url_value[p[1]];
	const uint8_t c = chars == 3 ? base64url_value[p[2]] : 0;

	if ((a | b | c) > 63)
		return false;
	out[0] = (uint8_t)(a << 2 | b >> 4);
	if (chars == 2)
		return (b & 15) == 0;
	out[1] = (uint8_t)(b << 4 | c >> 2);
	return (c & 3) == 0;
}

bool
lk_base64url_decode(struct lk_bytes text, uint8_t *out, size_t out_cap, size_t *out_len)
{
	const size_t tail = text.len % 4;
	const size_t len = text.len / 4 * 3 + (tail ? tail - 1 : 0);
	const uint8_t *p = text.data;
	uint8_t *at = out;

	if (tail == 1 || len > out_cap)
		return false;
	for (size_t groups = text.len / 4; groups > 0; groups--, p += 4) {
		const uint8_t a = base64url_value[p[0]], b = base64url_value[p[1]];
		const uint8_t c = base64url_value[p[2]], d = base64url_value[p[3]];
		if ((a | b | c | d) > 63)
			return false;
		*at++ = (uint8_t)(a << 2 | b >> 4);
		*at++ = (uint8_t)(b << 4 | c >> 2);
		*at++ = (uint8_t)(c << 6 | d);
	}
	if (tail && !base64url_decode_tail(p, tail, at))
		return false;
	*out_len = len;
	return true;
}

void
lk_hex_encode(struct lk_bytes data, char *out)
{
	for (size_t i = 0; i < data.len; i++) {
		*out++ = hex[data.data[i] >> 4];
		*out++ = hex[data.data[i] & 15];
	}
	*out = '\0';
}

bool
lk_hex_decode(struct lk_bytes text, uint8_t *out, size_t out_cap, size_t *out_len)
{
	if (text.len % 2 || text.len / 2 > out_cap)
		return false;
	for (size_t i = 0; i < text.len / 2; i++) {
		const uint8_t high = hex_value[text.data[2 * i]],
			      low = hex_value[text.data[2 * i + 1]];
		if ((high | low) > 15)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	*out_len = text.len / 2;
	return true;
}
