/* The key set reader: a set it accepts is small, and every key in it is one to verify with. */
#include <stdlib.h>

#include "auth/token.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct lk_jwks *jwks = NULL;

	if (lk_jwks_parse(&jwks, (const char *)data, len, NULL) != LK_OK)
		return 0;
	if (lk_jwks_count(jwks) > 64 || !lk_jwks_covers(jwks, jwks) ||
	    lk_jwks_find(jwks, "no thumbprint") != NULL)
		abort();
	lk_jwks_unref(jwks);
	return 0;
}
