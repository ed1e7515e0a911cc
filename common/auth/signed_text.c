/* Injective encoding of what is signed; see signed_text.h. */
#include "auth/signed_text.h"

#include <string.h>

void
lk_signed_text_begin(struct lk_signed_text *text, const char *label)
{
	text->len = 0;
	text->failed = false;
	lk_signed_text_add_text(text, label);
}

void
lk_signed_text_add(struct lk_signed_text *text, struct lk_bytes field)
{
	if (text->failed || field.len > sizeof text->data - text->len ||
	    sizeof text->data - text->len - field.len < 4) {
		text->failed = true;
		return;
	}
	uint8_t *at = text->data + text->len;
	at[0] = (uint8_t)(field.len >> 24);
	at[1] = (uint8_t)(field.len >> 16);
	at[2] = (uint8_t)(field.len >> 8);
	at[3] = (uint8_t)field.len;
	if (field.len > 0)
		memcpy(at + 4, field.data, field.len);
	text->len += 4 + field.len;
}

void
lk_signed_text_add_text(struct lk_signed_text *text, const char *field)
{
	lk_signed_text_add(text, lk_bytes_of(field));
}

void
lk_signed_text_add_int(struct lk_signed_text *text, int64_t field)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)((uint64_t)field >> (56 - 8 * i));
	lk_signed_text_add(text, lk_bytes(bytes, sizeof bytes));
}

struct lk_bytes
lk_signed_text_bytes(const struct lk_signed_text *text)
{
	return text->failed ? lk_bytes(NULL, 0) : lk_bytes(text->data, text->len);
}
