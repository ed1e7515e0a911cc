/* The secret that a call brings: opened with the key agreed with its caller, decoded, of the shape
 * it should have. */
#ifndef LK_CREDENTIALS_SECRET_H
#define LK_CREDENTIALS_SECRET_H

#include "service.h"
#include "wire.h"

/* Both outputs lie in the call's arena; `out_packed` is what is sealed and stored. INVALID_ARGUMENT
 * SECRET_MISSING, TRANSPORT_UNKNOWN, TRANSPORT_BROKEN, MESSAGE_INVALID. */
lk_status secret_take(struct credentials *credentials, struct lk_call *call,
    const SealedSecretMsg *sealed, const ProviderSecret **out_secret, struct lk_bytes *out_packed,
    struct lk_error *err);

#endif
