/* What assertions, key sets and audit heads sign: a label, then each field behind its length, so
 * that no two lists of fields give the same bytes. */
#ifndef LK_AUTH_SIGNED_TEXT_H
#define LK_AUTH_SIGNED_TEXT_H

#include "base/base.h"

/* Fixed storage; adding beyond it marks it failed, and nothing is ever signed or accepted then. */
enum { LK_SIGNED_TEXT_MAX = 24576 };
struct lk_signed_text {
	size_t len;
	bool failed;
	uint8_t data[LK_SIGNED_TEXT_MAX];
};

void lk_signed_text_begin(struct lk_signed_text *text, const char *label);
void lk_signed_text_add(struct lk_signed_text *text, struct lk_bytes field);
void lk_signed_text_add_text(struct lk_signed_text *text, const char *field);
void lk_signed_text_add_int(struct lk_signed_text *text, int64_t field); /* 8 bytes, big-endian */
struct lk_bytes lk_signed_text_bytes(const struct lk_signed_text *text); /* empty when it failed */

#endif
