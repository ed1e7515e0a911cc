/* What an enrolled worker signs with its Ed25519 key when it fetches a credential. */
#ifndef LK_AUTH_FETCH_SIGNATURE_H
#define LK_AUTH_FETCH_SIGNATURE_H

#include <stdbool.h>

#include "auth/signed_text.h"
#include "crypto/sign.h"
#include "crypto/transport.h"

enum { LK_FETCH_NONCE_LEN = 16, LK_FETCH_SIGNATURE_TTL_MS = 60000 };

/*
 * A fetch as it is asked for. `binding` is that of the transport keys (crypto/transport.h), so that
 * the answer can be opened by nobody but the signer: who passes a signed fetch on, under keys of
 * their own, changes it.
 */
struct lk_fetch_claim {
	const char *instance, *worker;                           /* usr_… or prn_… */
	const char *owner, *tenant, *provider, *purpose, *lease; /* as the request says them */
	int64_t signed_at_ms;
	struct lk_bytes nonce;
	uint8_t binding[LK_TRANSPORT_BINDING_LEN];
};

void lk_fetch_sign(const struct lk_sign_key *key, const struct lk_fetch_claim *claim,
    uint8_t out_signature[LK_SIGNATURE_LEN]);
bool lk_fetch_signature_ok(const uint8_t public_key[LK_SIGN_PUBLIC_LEN],
    const struct lk_fetch_claim *claim, struct lk_bytes signature);

#endif
