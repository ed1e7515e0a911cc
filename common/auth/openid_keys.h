/* Inside auth: a key of another issuer, and what it does. */
#ifndef LK_AUTH_OPENID_KEYS_H
#define LK_AUTH_OPENID_KEYS_H

#include "auth/openid.h"

struct openid_key;

/* By kid; with kid NULL the only one. NULL: there is none. Borrowed. */
const struct openid_key *openid_key_find(const struct lk_openid_keys *keys, const char *kid);
const char *openid_key_alg(const struct openid_key *key); /* "ES256", "RS256" */
bool openid_key_verify(
    const struct openid_key *key, struct lk_bytes message, struct lk_bytes signature);

#endif
