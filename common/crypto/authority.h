/* The installation's own certificate authority, for TLS between hosts: ECDSA P-256, X.509 v3
 * (RFC 5280). */
#ifndef LK_CRYPTO_AUTHORITY_H
#define LK_CRYPTO_AUTHORITY_H

#include <stdint.h>

#include "base/status.h"

enum { LK_CERTIFICATE_PEM_SIZE = 2048, LK_CERTIFICATE_NAME_MAX = 64 };

/* A certificate and its private key (PKCS#8) as texts in PEM: LK_AUTO(lk_certificate_wipe). */
struct lk_certificate {
	char cert[LK_CERTIFICATE_PEM_SIZE], key[LK_CERTIFICATE_PEM_SIZE];
};
void lk_certificate_wipe(struct lk_certificate *certificate);

/* Signed by itself; may sign others, and no other authority. `now_ms` is wall time; good from a day
 * before it, for clocks that are late, until `days` after it. RESOURCE_EXHAUSTED OUT_OF_MEMORY. */
lk_status lk_authority_make(const char *name, int64_t now_ms, unsigned days,
    struct lk_certificate *out, struct lk_error *err);

/*
 * One for a host or a client of this name ([A-Za-z0-9._-], at most 64): it shows itself as either,
 * and its name is its subject's and its alternative name (RFC 6125). Not good beyond the
 * authority's own end. Besides: INVALID_ARGUMENT CERTIFICATE_NAME, and what lk_tls_pair_check says
 * of the authority's own pair.
 */
lk_status lk_authority_issue(const struct lk_certificate *authority, const char *name,
    int64_t now_ms, unsigned days, struct lk_certificate *out, struct lk_error *err);

/* The instant, in milliseconds, after which the certificate is good no more. FAILED_PRECONDITION
 * TLS_CERTIFICATE_INVALID. */
lk_status lk_certificate_end(const char *cert_pem, int64_t *out_end_ms, struct lk_error *err);

#endif
