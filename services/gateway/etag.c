/* See etag.h. */
#include "etag.h"

#include <string.h>

#include "crypto/encode.h"
#include "crypto/short_hash.h"

void
etag_make(struct lk_bytes body, char out[ETAG_SIZE])
{
	/* no secret: all instances make the same tags */
	static const uint8_t key[LK_SHORT_HASH_KEY_LEN + 1] = "latchkey etag v1";
	uint8_t hash[LK_SHORT_HASH_LEN];

	lk_short_hash(key, body, hash);
	out[0] = '"';
	lk_hex_encode(lk_bytes(hash, sizeof hash), out + 1);
	out[ETAG_SIZE - 2] = '"';
	out[ETAG_SIZE - 1] = '\0';
}

static bool
is_any(const char *list)
{
	return strcmp(list, "*") == 0;
}

bool
etag_matches(const char *list, const char *etag)
{
	for (const char *at = strstr(list, etag); at; at = strstr(at + 1, etag))
		if (at == list || at[-1] != '/')
			return true;
	return is_any(list);
}

bool
etag_matches_weakly(const char *list, const char *etag)
{
	return is_any(list) || strstr(list, etag) != NULL;
}
