/* The parser of signing keys: whatever it accepts, it would have written itself. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "crypto/es256.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct lk_error err;
	struct lk_es256_private again = { 0 };
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *key = NULL;

	if (lk_es256_import(lk_bytes(data, len), &key, &err) != LK_OK)
		return 0;
	if (lk_es256_export(key, &again, &err) != LK_OK || again.len != len ||
	    memcmp(again.pkcs8, data, len) != 0)
		abort();
	return 0;
}
