/* Three levels: the root key wraps the tenant's key, which seals a fresh data key with each record.
 */
#include "vault.h"

#include "crypto/private_file.h"
#include "tenant_key_store.h"

lk_status
vault_open(struct vault *out_vault, const char *kek_file, struct lk_error *err)
{
	LK_AUTO(lk_keyring_freep) struct lk_keyring *ring = NULL;
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 kek = { 0 };

	LK_TRY(lk_secret_file_load32(kek_file, "key-encryption key", &kek, err));
	LK_TRY(lk_keyring_new(&ring, err));
	LK_TRY(lk_keyring_add(ring, "kek-1", &kek, err));
	out_vault->ring = LK_TAKE(ring);
	return LK_OK;
}

void
vault_close(struct vault *vault)
{
	lk_keyring_free(vault->ring);
	vault->ring = NULL;
}

static struct lk_wrap_context
tenant_context(const char *tenant)
{
	return (struct lk_wrap_context){ .purpose = "tenant-key", .subject = tenant };
}

static lk_status
make_tenant_key(const struct vault *vault, struct lk_tx *tx, const struct credential *credential,
    struct lk_arena *arena, struct lk_secret32 *out_key, struct lk_error *err)
{
	const struct lk_wrap_context context = tenant_context(credential->tenant);
	struct lk_bytes wrapped;

	lk_secret32_random(out_key);
	LK_TRY(lk_wrap_key(vault->ring, &context, lk_bytes(out_key->bytes, sizeof out_key->bytes),
	    arena, &wrapped, err));
	return tenant_key_insert(tx, credential->tenant, wrapped, lk_keyring_active(vault->ring),
	    credential->created_at_ms, err);
}

lk_status
vault_seal(const struct vault *vault, struct lk_tx *tx, const struct credential *credential,
    struct lk_bytes plain, struct lk_arena *arena, struct lk_bytes *out_sealed,
    struct lk_error *err)
{
	const struct lk_wrap_context wrap = tenant_context(credential->tenant);
	const struct lk_seal_context seal = credential_seal_context(credential);
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 key = { 0 };
	struct lk_bytes wrapped;
	bool has;

	LK_TRY(tenant_key_load(tx, credential->tenant, arena, &has, &wrapped, err));
	if (has)
		LK_TRY(lk_unwrap_key32(vault->ring, &wrap, wrapped, &key, err));
	else
		LK_TRY(make_tenant_key(vault, tx, credential, arena, &key, err));
	return lk_seal_record(&key, &seal, plain, arena, out_sealed, err);
}

lk_status
vault_unseal(const struct vault *vault, struct lk_tx *tx, const struct credential *credential,
    struct lk_bytes sealed, struct lk_arena *arena, struct lk_bytes *out_plain,
    struct lk_error *err)
{
	const struct lk_wrap_context wrap = tenant_context(credential->tenant);
	const struct lk_seal_context seal = credential_seal_context(credential);
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 key = { 0 };
	struct lk_bytes wrapped;
	bool has;

	LK_TRY(tenant_key_load(tx, credential->tenant, arena, &has, &wrapped, err));
	if (!has)
		return lk_fail(err, LK_DATA_LOSS, "TENANT_KEY_MISSING",
		    "the key of this credential's tenant was destroyed");
	LK_TRY(lk_unwrap_key32(vault->ring, &wrap, wrapped, &key, err));
	return lk_open_record(&key, &seal, sealed, arena, out_plain, err);
}
