/*
 * TLS between hosts: both sides show a certificate, and believe only those of the installation's
 * own authority. A client checks the name of the server it dials, too: without that any certificate
 * of the authority would do.
 */
#ifndef LK_RPC_TLS_H
#define LK_RPC_TLS_H

#include "base/base.h"
#include "time/clock.h"

struct lk_tls;

/* PEM files: our certificate and what is between it and the authority; its private key, a secret
 * file; certificates of the authority. */
struct lk_tls_files {
	const char *cert_file, *key_file, *ca_file; /* all, or none */
	const struct lk_clock *clock;               /* NULL: the system's */
};

/*
 * Reads the files; *out is NULL, and nothing is read, when none is named. Immutable, thread-safe,
 * yours. INVALID_ARGUMENT CONFIG_INVALID when some are named and others are not; those of
 * lk_private_file_read for the key, of lk_mounted_file_read for the others and of
 * lk_tls_pair_check for the pair, an expired certificate among them; FAILED_PRECONDITION
 * TLS_FILE_INVALID when a file cannot be used.
 */
lk_status lk_tls_open(struct lk_tls **out, const struct lk_tls_files *files, struct lk_error *err);
void lk_tls_close(struct lk_tls *tls);
/* When our certificate ends, in wall time; 0 for NULL. */
int64_t lk_tls_ends_at_ms(const struct lk_tls *tls);
LK_DEFINE_FREEP(lk_tls_closep, struct lk_tls *, lk_tls_close)

#endif
