/* An operator's or worker's private key as a file: one line, `ed25519-private <base64url of the
 * seed> <name>`, so that it says whose it is. */
#ifndef LK_CRYPTO_NAMED_KEY_H
#define LK_CRYPTO_NAMED_KEY_H

#include "base/status.h"
#include "crypto/sign.h"

/* As lk_private_file_read; FAILED_PRECONDITION SECRET_FILE_CONTENT when it is no such line. The key
 * is yours. */
lk_status lk_named_key_load(const char *path, struct lk_sign_key **out_key,
    char out_name[LK_PEER_NAME_SIZE], struct lk_error *err);

/* What stands in peers/ of it. INVALID_ARGUMENT PEER_KEY_INVALID: the name could not. */
lk_status lk_named_key_peer(const struct lk_sign_key *key, const char *role, const char *name,
    struct lk_peer_key *out_peer, struct lk_error *err);

#endif
