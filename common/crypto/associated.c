/* Associated data; see associated.h. Numbers are big-endian, lengths 32 bits. */
#include "crypto/associated.h"

#include <string.h>

static void
put_number(struct lk_associated *data, uint64_t value, size_t size)
{
	if (data->broken || size > sizeof data->bytes - data->len) {
		data->broken = true;
		return;
	}
	for (size_t i = 0; i < size; i++)
		data->bytes[data->len++] = (uint8_t)(value >> 8 * (size - 1 - i));
}

void
lk_associated_u64(struct lk_associated *data, uint64_t value)
{
	put_number(data, value, sizeof value);
}

void
lk_associated_text(struct lk_associated *data, const char *text, size_t max_len)
{
	const size_t len = text ? strnlen(text, max_len + 1) : max_len + 1;

	if (len > max_len)
		data->broken = true;
	put_number(data, len, sizeof(uint32_t));
	if (data->broken || len > sizeof data->bytes - data->len) {
		data->broken = true;
		return;
	}
	memcpy(data->bytes + data->len, text, len);
	data->len += len;
}
