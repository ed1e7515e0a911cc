/*
 * CRC-32 eight bytes at a time ("slicing by 8": Kounavis and Berry, 2005); it is on the way of
 * every presented key.
 */
#include "crypto/crc32.h"

enum { SLICES = 8 };

static uint32_t table[SLICES][256];

/*
 * Before main and so before any thread. table[k][b] is the CRC of byte b followed by k zero
 * bytes.
 */
__attribute__((constructor)) static void
table_fill(void)
{
	const uint32_t polynomial = 0xedb88320; /* IEEE 802.3, bits reversed */

	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
		table[0][byte] = crc;
	}
	for (int k = 1; k < SLICES; k++)
		for (uint32_t byte = 0; byte < 256; byte++)
			table[k][byte] =
			    table[k - 1][byte] >> 8 ^ table[0][table[k - 1][byte] & 0xff];
}

static uint32_t
little_endian(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t
lk_crc32(struct lk_bytes data)
{
	const uint8_t *p = data.data;
	size_t left = data.len;
	uint32_t crc = UINT32_MAX;

	for (; left >= SLICES; left -= SLICES, p += SLICES) {
		const uint32_t low = crc ^ little_endian(p), high = little_endian(p + 4);
		crc = table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^
		      table[5][low >> 16 & 0xff] ^ table[4][low >> 24] ^ table[3][high & 0xff] ^
		      table[2][high >> 8 & 0xff] ^ table[1][high >> 16 & 0xff] ^
		      table[0][high >> 24];
	}
	for (; left > 0; left--, p++)
		crc = crc >> 8 ^ table[0][(crc ^ *p) & 0xff];
	return ~crc;
}
