/* The claim reader: what it accepts is whole, bounded and agrees with itself. */
#include <stdlib.h>
#include <string.h>

#include "auth/token.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct lk_claims claims;

	if (lk_claims_read((const char *)data, len, &claims, NULL) != LK_OK)
		return 0;
	if (!lk_id_ok(LK_ID_TOKEN, claims.token) ||
	    (lk_id_ok(LK_ID_USER, claims.subject) != lk_id_ok(LK_ID_TENANT, claims.tenant)) ||
	    claims.expires_at_s <= claims.issued_at_s ||
	    (claims.scope & ~LK_PERMISSIONS_ALL) != 0 ||
	    claims.workgroups_count > LK_TOKEN_WORKGROUPS_MAX ||
	    (claims.all_workgroups && claims.workgroups_count != 0))
		abort();
	for (size_t i = 0; i < claims.workgroups_count; i++)
		if (!lk_id_ok(LK_ID_WORKGROUP, claims.workgroups[i]))
			abort();
	return 0;
}
