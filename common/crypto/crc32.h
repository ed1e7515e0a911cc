/* CRC-32 of IEEE 802.3 (reflected, as in zlib). Finds typing errors; protects nothing. */
#ifndef LK_CRYPTO_CRC32_H
#define LK_CRYPTO_CRC32_H

#include <stdint.h>

#include "base/bytes.h"

/* "123456789" gives cbf43926. Thread-safe. */
uint32_t lk_crc32(struct lk_bytes data);

#endif
