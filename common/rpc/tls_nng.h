/* TLS as nng wants it; inside this folder only. */
#ifndef LK_RPC_TLS_NNG_H
#define LK_RPC_TLS_NNG_H

#include <nng/nng.h>

#include "rpc/tls.h"

/* Before the start of a listener or dialer of tls+tcp://. `tls` may be NULL: FAILED_PRECONDITION
 * TLS_FILES_MISSING. A dialer's `url` names its host: INVALID_ARGUMENT URL_INVALID for an IP
 * address, which no certificate of ours names. */
lk_status lk_tls_listener(const struct lk_tls *tls, nng_listener listener, struct lk_error *err);
lk_status lk_tls_dialer(
    const struct lk_tls *tls, const char *url, nng_dialer dialer, struct lk_error *err);

#endif
