/* A server's certificate chain and its private key, looked at before a listener is given them: what
 * is wrong is said at the start, not by each client. */
#ifndef LK_CRYPTO_TLS_PAIR_H
#define LK_CRYPTO_TLS_PAIR_H

#include <stdint.h>

#include "base/status.h"

/*
 * Texts in PEM; the chain begins with the server's own certificate. `now_ms` is wall time.
 * FAILED_PRECONDITION: TLS_CERTIFICATE_INVALID (no certificate, or one in the chain that is none),
 * TLS_KEY_INVALID (no private key, or one behind a passphrase), TLS_KEY_MISMATCH (of another
 * certificate), TLS_CERTIFICATE_NOT_YET, TLS_CERTIFICATE_EXPIRED.
 */
lk_status lk_tls_pair_check(
    const char *chain_pem, const char *key_pem, int64_t now_ms, struct lk_error *err);

/* When the first certificate of a chain in PEM ends, in wall time; 0 when it is none. */
int64_t lk_tls_chain_ends_at_ms(const char *chain_pem);

#endif
