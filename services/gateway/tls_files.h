/* The certificate and key of the gateway's own TLS, read and judged before anything else starts. */
#ifndef LK_GATEWAY_TLS_FILES_H
#define LK_GATEWAY_TLS_FILES_H

#include "base/base.h"

struct tls_files {
	char *chain, *key; /* PEM; NULL: no TLS */
};

/*
 * Reads both, or none where `key_file` is NULL. Errors of lk_mounted_file_read for the chain, of
 * lk_private_file_read for the key and of lk_tls_pair_check for both. To be wiped also then.
 */
lk_status tls_files_read(
    const char *chain_file, const char *key_file, struct tls_files *out, struct lk_error *err);
void tls_files_wipe(struct tls_files *files);

#endif
