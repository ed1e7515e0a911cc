/* The parser of presented keys: whatever it accepts, it would have written itself. */
#include <stdlib.h>
#include <string.h>

#include "crypto/key_format.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct lk_error err;
	struct lk_key_parts key;
	struct lk_key_text again;

	if (lk_key_text_parse("lk", lk_bytes(data, len), &key, &err) != LK_OK)
		return 0;
	if (lk_key_text_make("lk", key.id, &key.secret, &again, &err) != LK_OK ||
	    strlen(again.text) != len || memcmp(again.text, data, len) != 0)
		abort();
	return 0;
}
