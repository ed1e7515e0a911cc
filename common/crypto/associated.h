/*
 * Associated data: texts behind their lengths and numbers, encoded injectively. For this folder
 * only.
 */
#ifndef LK_CRYPTO_ASSOCIATED_H
#define LK_CRYPTO_ASSOCIATED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LK_ASSOCIATED_MAX = 1024 };

/* Start with len 0. `broken`: a text was NULL or too long, and the bytes must not be used. */
struct lk_associated {
	uint8_t bytes[LK_ASSOCIATED_MAX];
	size_t len;
	bool broken;
};

void lk_associated_text(struct lk_associated *data, const char *text, size_t max_len);
void lk_associated_u64(struct lk_associated *data, uint64_t value);

#endif
