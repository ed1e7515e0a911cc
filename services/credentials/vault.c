/* Three levels: the root key wraps the tenant's key, which seals a fresh data key with each record.
 */
#include "vault.h"

#include "kek_store.h"
#include "keks.h"
#include "tenant_key_store.h"

lk_status
vault_open(struct vault *out_vault, const struct lk_kek_config *config, struct lk_error *err)
{
	return lk_kek_load(config, &out_vault->ring, err);
}

void
vault_close(struct vault *vault)
{
	lk_keyring_free(vault->ring);
	vault->ring = NULL;
}

struct settling {
	const struct vault *vault;
	struct lk_arena *arena;
	int64_t now_ms;
};

static lk_status
settle_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct settling *s = arg;

	lk_arena_reset(s->arena);
	return keks_settle(tx, s->vault, s->now_ms, s->arena, err);
}

lk_status
vault_settle(
    const struct vault *vault, struct lk_store *store, int64_t now_ms, struct lk_error *err)
{
	enum { ARENA = 64 * 1024 };
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(ARENA);
	struct settling settling = { vault, arena, now_ms };

	return arena ? lk_store_write(store, LK_NO_DEADLINE, settle_in, &settling, err)
		     : lk_fail_oom(err);
}

struct lk_wrap_context
vault_tenant_context(const char *tenant)
{
	return (struct lk_wrap_context){ .purpose = "tenant-key", .subject = tenant };
}

static lk_status
make_tenant_key(const struct vault *vault, struct lk_tx *tx, const struct credential *credential,
    struct lk_arena *arena, struct lk_secret32 *out_key, struct lk_error *err)
{
	const struct lk_wrap_context context = vault_tenant_context(credential->tenant);
	char kek[LK_KEK_ID_SIZE];
	struct lk_bytes wrapped;

	LK_TRY(kek_load_active(tx, kek, err));
	lk_secret32_random(out_key);
	LK_TRY(lk_wrap_key_under(vault->ring, kek, &context,
	    lk_bytes(out_key->bytes, sizeof out_key->bytes), arena, &wrapped, err));
	return tenant_key_insert(
	    tx, credential->tenant, wrapped, kek, credential->created_at_ms, err);
}

lk_status
vault_seal(const struct vault *vault, struct lk_tx *tx, const struct credential *credential,
    struct lk_bytes plain, struct lk_arena *arena, struct lk_bytes *out_sealed,
    struct lk_error *err)
{
	const struct lk_wrap_context wrap = vault_tenant_context(credential->tenant);
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
	const struct lk_wrap_context wrap = vault_tenant_context(credential->tenant);
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
