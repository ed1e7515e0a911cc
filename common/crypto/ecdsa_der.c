/* See ecdsa_der.h. A SEQUENCE of two INTEGERs, all of them short enough for one length byte. */
#include "crypto/ecdsa_der.h"

#include <string.h>

enum { SEQUENCE = 0x30, INTEGER = 0x02, HALF = LK_ECDSA_RAW_LEN / 2 };

/* The order of the base point (SEC 2, 2.4.2). */
static const uint8_t order[HALF] = { 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3,
	0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 };

static bool
in_range(const uint8_t value[HALF])
{
	static const uint8_t zero[HALF];

	return memcmp(value, zero, HALF) != 0 && memcmp(value, order, HALF) < 0;
}

/* X.690 8.3.2: the shortest form, with a zero before a set top bit. Returns the bytes written. */
static size_t
put_integer(const uint8_t value[HALF], uint8_t *out)
{
	size_t skip = 0;

	while (skip < HALF - 1 && value[skip] == 0)
		skip++;
	const size_t zero = value[skip] >> 7, len = HALF - skip;
	out[0] = INTEGER;
	out[1] = (uint8_t)(zero + len);
	out[2] = 0;
	memcpy(out + 2 + zero, value + skip, len);
	return 2 + zero + len;
}

bool
lk_ecdsa_raw_to_der(
    const uint8_t raw[LK_ECDSA_RAW_LEN], uint8_t out_der[LK_ECDSA_DER_MAX], size_t *out_len)
{
	if (!in_range(raw) || !in_range(raw + HALF))
		return false;
	size_t len = 2;
	len += put_integer(raw, out_der + len);
	len += put_integer(raw + HALF, out_der + len);
	out_der[0] = SEQUENCE;
	out_der[1] = (uint8_t)(len - 2);
	*out_len = len;
	return true;
}

/* One INTEGER at *at, right-aligned into 32 bytes. */
static bool
get_integer(const uint8_t *der, size_t len, size_t *at, uint8_t out[HALF])
{
	if (len - *at < 3 || der[*at] != INTEGER)
		return false;
	size_t size = der[*at + 1];
	const uint8_t *value = der + *at + 2;

	if (size == 0 || size > len - *at - 2)
		return false;
	*at += 2 + size;
	if (value[0] == 0 && size > 1) {
		value++;
		size--;
	}
	if (size > HALF)
		return false;
	memset(out, 0, HALF - size);
	memcpy(out + HALF - size, value, size);
	return true;
}

bool
lk_ecdsa_der_to_raw(const uint8_t *der, size_t len, uint8_t out_raw[LK_ECDSA_RAW_LEN])
{
	size_t at = 2;

	return len >= 2 && len <= LK_ECDSA_DER_MAX && der[0] == SEQUENCE && der[1] == len - 2 &&
	       get_integer(der, len, &at, out_raw) && get_integer(der, len, &at, out_raw + HALF) &&
	       at == len;
}
