/*
 * A root key from a passphrase by argon2id (RFC 9106); its salt and costs are kept in a file. For
 * this folder only.
 */
#ifndef LK_CRYPTO_PASSPHRASE_H
#define LK_CRYPTO_PASSPHRASE_H

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/secret.h"

enum { LK_PASSPHRASE_MIN = 12, LK_PASSPHRASE_MAX = 1024 /* bytes */ };

/*
 * `parameters` is the path of the file, one line: argon2id m=KIB t=PASSES salt=BASE64URL. Where it
 * is not there it is made with a new salt, 256 MiB and 3 passes, and losing it loses the key. Takes
 * about a second. INVALID_ARGUMENT KEK_PASSPHRASE_SHORT; FAILED_PRECONDITION
 * KEK_PARAMETERS_INVALID; RESOURCE_EXHAUSTED OUT_OF_MEMORY; as lk_private_file_read and
 * lk_private_file_create.
 */
lk_status lk_passphrase_key(const char *parameters, struct lk_bytes passphrase,
    struct lk_secret32 *out_key, struct lk_error *err);

/* Ask for it on the terminal of this process, without echo. FAILED_PRECONDITION
 * KEK_NO_TERMINAL. */
lk_status lk_passphrase_ask(uint8_t *out, size_t out_cap, size_t *out_len, struct lk_error *err);

#endif
