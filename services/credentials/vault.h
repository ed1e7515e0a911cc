/* Sealing and opening: root key → tenant key → data key (crypto/seal.h). The only part of this
 * service that sees key-encryption keys. */
#ifndef LK_CREDENTIALS_VAULT_H
#define LK_CREDENTIALS_VAULT_H

#include "credential.h"
#include "crypto/kek_source.h"
#include "store/store.h"

struct vault {
	struct lk_keyring *ring; /* its own */
};

/* Loads the root keys; FAILED_PRECONDITION as lk_kek_load. */
lk_status vault_open(
    struct vault *out_vault, const struct lk_kek_config *config, struct lk_error *err);
void vault_close(struct vault *vault);

/* Before the first call: what is loaded meets what is stored (keks.h). */
lk_status vault_settle(
    const struct vault *vault, struct lk_store *store, int64_t now_ms, struct lk_error *err);

/* What the key of this tenant is wrapped for; borrows `tenant`. */
struct lk_wrap_context vault_tenant_context(const char *tenant);

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
