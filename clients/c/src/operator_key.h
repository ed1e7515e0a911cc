/* An operator's or worker's private key as a file: one line, `ed25519-private <base64url of the
 * seed> <name>`, so that it says whose it is. */
#ifndef LATCHKEY_OPERATOR_KEY_H
#define LATCHKEY_OPERATOR_KEY_H

#include "base/base.h"
#include "crypto/sign.h"

/* As lk_private_file_read; FAILED_PRECONDITION SECRET_FILE_CONTENT when it is no such line. */
lk_status operator_key_load(const char *path, struct lk_sign_key **out_key,
    char out_name[LK_PEER_NAME_SIZE], struct lk_error *err);

#endif
