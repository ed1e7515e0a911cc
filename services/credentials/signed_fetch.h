/* Whether a fetch is signed as it must be. */
#ifndef LK_CREDENTIALS_SIGNED_FETCH_H
#define LK_CREDENTIALS_SIGNED_FETCH_H

#include "crypto/transport.h"
#include "service.h"
#include "wire.h"

/*
 * Inside the fetch's transaction: the signature of a worker with an enrolled key is always looked
 * at, whatever policy says; `needs_signature` refuses workers without one. A good one is used up.
 * FAILED_PRECONDITION SIGNATURE_REQUIRED; PERMISSION_DENIED SIGNATURE_REFUSED, SIGNATURE_REPLAYED.
 */
lk_status signed_fetch_check(struct credentials *credentials, struct lk_tx *tx,
    struct lk_call *call, const FetchCredentialRequest *req, const struct lk_transport *transport,
    bool needs_signature, struct lk_error *err);

#endif
