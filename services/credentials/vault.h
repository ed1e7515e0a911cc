/* Sealing and opening: root key → tenant key → data key (crypto/seal.h). The only part of this
 * service that sees key-encryption keys. */
#ifndef LK_CREDENTIALS_VAULT_H
#define LK_CREDENTIALS_VAULT_H

#include "credential.h"
#include "crypto/keyring.h"
#include "store/store.h"

struct vault {
	struct lk_keyring *ring; /* its own */
};

lk_status vault_open(struct vault *out_vault, const char *kek_file, struct lk_error *err);
void vault_close(struct vault *vault);

/* Inside a write: makes the tenant's key where there is none. The blob lies in the arena. */
lk_status vault_seal(const struct vault *vault, struct lk_tx *tx,
    const struct credential *credential, struct lk_bytes plain, struct lk_arena *arena,
    struct lk_bytes *out_sealed, struct lk_error *err);

/* DATA_LOSS SEAL_BROKEN when the row, its secret or the tenant's key is not as it was when it was
 * sealed. */
lk_status vault_unseal(const struct vault *vault, struct lk_tx *tx,
    const struct credential *credential, struct lk_bytes sealed, struct lk_arena *arena,
    struct lk_bytes *out_plain, struct lk_error *err);

#endif
