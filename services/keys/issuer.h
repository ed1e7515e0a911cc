/* OpenID issuers that a tenant trusts. Rules only; rows are issuer_store's. */
#ifndef LK_KEYS_ISSUER_H
#define LK_KEYS_ISSUER_H

#include "auth/openid.h"
#include "id/id.h"

enum { ISSUER_SIZE = 256, AUDIENCE_SIZE = 256, ISSUERS_PER_TENANT = 16 };

struct issuer {
	char tenant[LK_ID_SIZE];
	char issuer[ISSUER_SIZE];
	char audience[AUDIENCE_SIZE];
	const char *jwks; /* in the arena of whoever read it */
	int64_t created_at_ms;
};

/* https://, a host, no query and no fragment (OpenID Connect Discovery 1.0 3). INVALID_ARGUMENT
 * ISSUER_INVALID. */
lk_status issuer_check(const char *issuer, struct lk_error *err);
/* 1 to 255 printable characters. INVALID_ARGUMENT AUDIENCE_INVALID. */
lk_status issuer_audience_check(const char *audience, struct lk_error *err);
/* 1 to 255 printable characters. INVALID_ARGUMENT SUBJECT_INVALID. */
lk_status issuer_subject_check(const char *subject, struct lk_error *err);

#endif
