/* What a caller wants to know of one credential, checked before anybody is bothered with it. */
#ifndef LATCHKEY_VALIDATOR_WISH_H
#define LATCHKEY_VALIDATOR_WISH_H

#include <latchkey/keys.h>

#include "auth/permission.h"
#include "base/base.h"

/* Every text is there, if empty; borrowed from the caller. */
struct wish {
	const char *credential, *audience, *source_address, *workgroup;
	const char *asked_by;                 /* on whose behalf, in counts of uses; or "" */
	const char *request_id, *traceparent; /* of a question that is asked for it; NULL: none */
	size_t len;
	lk_permissions needed;
};

/* Lengths and permission: all that a look into memory needs. INVALID_ARGUMENT TEXT_INVALID,
 * PERMISSION_UNKNOWN, with the field at fault. */
lk_status wish_read(const char *credential, const latchkey_requirements *requirements,
    struct wish *out_wish, struct lk_error *err);

/* Before asking: audience and source address are UTF-8, else INVALID_ARGUMENT TEXT_INVALID. */
lk_status wish_check(const struct wish *wish, struct lk_error *err);

/* A credential that no service would take, and that would spoil the message for others that travel
 * with it. */
bool wish_is_unspeakable(const struct wish *wish);
bool wish_is_token(const struct wish *wish); /* by its shape */

#endif
