/* Any bytes as another issuer's key set and as its token: refused, or a set of use; and no token of
 * theirs is good without its signature. */
#include <stdlib.h>
#include <string.h>

#include "auth/openid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* RFC 7517 A.1 */
static const char known[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"1\","
			    "\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\","
			    "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}]}";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	LK_AUTO(lk_openid_keys_freep) struct lk_openid_keys *any = NULL;
	LK_AUTO(lk_openid_keys_freep) struct lk_openid_keys *theirs = NULL;
	const struct lk_openid_rules rules = { "https://idp.example", "us", lk_clock_system() };
	char subject[LK_OPENID_SUBJECT_SIZE], issuer[64];

	if (lk_openid_keys_parse(lk_bytes(data, len), &any, NULL) == LK_OK &&
	    (lk_openid_keys_count(any) == 0 || lk_openid_keys_count(any) > LK_OPENID_KEYS_MAX))
		abort();
	if (lk_openid_keys_parse(lk_bytes_of(known), &theirs, NULL) != LK_OK)
		abort();
	if (lk_openid_verify(theirs, lk_bytes(data, len), &rules, subject, NULL) == LK_OK)
		abort();
	if (lk_openid_issuer(lk_bytes(data, len), issuer, sizeof issuer) &&
	    strlen(issuer) >= sizeof issuer)
		abort();
	return 0;
}
