/* The only SQL about signing keys. */
#include "signing_key_store.h"

static const char Q_VERSION[] = "SELECT version FROM signing_key_version";
static const char Q_RAISE_VERSION[] = "UPDATE signing_key_version SET version = version + 1";
static const char Q_INSERT_KEY[] =
    "INSERT INTO signing_key"
    " (kid, state, public_x, public_y, wrapped, created_at_ms, changed_at_ms, activate_at_ms)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
#define COLUMNS                                                                                    \
	"SELECT kid, state, public_x, public_y, wrapped, created_at_ms, changed_at_ms,"            \
	" activate_at_ms FROM signing_key"
static const char Q_PUBLISHED_KEYS[] =
    COLUMNS " WHERE state <> 'withdrawn' ORDER BY created_at_ms, kid";
static const char Q_WITHDRAWN_KEYS[] =
    COLUMNS " WHERE state = 'withdrawn' ORDER BY changed_at_ms DESC, kid LIMIT $1";
static const char Q_UPDATE[] =
    "UPDATE signing_key SET state = $2, changed_at_ms = $3, activate_at_ms = $4 WHERE kid = $1";
static const char Q_DESTROY_PRIVATE[] = "UPDATE signing_key SET wrapped = NULL WHERE kid = $1";
static const char Q_DELETE[] = "DELETE FROM signing_key WHERE kid = $1";
static const char Q_EXISTS[] = "SELECT 1 FROM signing_key WHERE kid = $1";

void
signing_key_list_clear(struct signing_key_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		lk_es256_unref(list->keys[i].key);
	list->count = 0;
}

static struct lk_wrap_context
wrap_context(const char *kid)
{
	return (struct lk_wrap_context){ .purpose = "signing-key", .subject = kid };
}

/* The private half, and the proof that it is the one its row speaks of. */
static lk_status
open_private(const struct lk_keyring *ring, const char *kid, struct lk_bytes wrapped,
    struct lk_arena *arena, struct lk_es256 **out, struct lk_error *err)
{
	const struct lk_wrap_context context = wrap_context(kid);
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *key = NULL;
	char thumbprint[LK_ES256_THUMBPRINT_SIZE];
	struct lk_bytes pkcs8;

	LK_TRY(lk_unwrap_key(ring, &context, wrapped, arena, &pkcs8, err));
	LK_TRY(lk_es256_import(pkcs8, &key, err));
	lk_es256_thumbprint(key, thumbprint);
	if (!lk_text_is(thumbprint, kid))
		return lk_fail(
		    err, LK_DATA_LOSS, "SEAL_BROKEN", "a signing key is not the one its row names");
	*out = LK_TAKE(key);
	return LK_OK;
}

static lk_status
read_public(struct lk_rows *rows, struct lk_es256 **out, struct lk_error *err)
{
	uint8_t x[LK_ES256_COORDINATE_LEN], y[LK_ES256_COORDINATE_LEN];

	LK_TRY(lk_col_fixed(rows, 2, x, sizeof x, err));
	LK_TRY(lk_col_fixed(rows, 3, y, sizeof y, err));
	return lk_es256_from_public(x, y, out, err);
}

static lk_status
read_key(struct lk_rows *rows, const struct lk_keyring *ring, struct lk_arena *arena,
    struct signing_key *out, struct lk_error *err)
{
	struct signing_key key = {
		.created_at_ms = lk_col_int(rows, 5),
		.changed_at_ms = lk_col_int(rows, 6),
		.activate_at_ms = lk_col_int(rows, 7),
	};

	if (!lk_text_copy(key.kid, sizeof key.kid, lk_col_text(rows, 0)) ||
	    !signing_key_state_parse(lk_col_text(rows, 1), &key.state))
		return lk_fail(
		    err, LK_DATA_LOSS, "STORE_CORRUPT", "a signing key's row is not readable");
	if (ring && key.state == SIGNING_KEY_ACTIVE)
		LK_TRY(open_private(ring, key.kid, lk_col_blob(rows, 4), arena, &key.key, err));
	else
		LK_TRY(read_public(rows, &key.key, err));
	*out = key;
	return LK_OK;
}

static lk_status
read_keys(struct lk_rows *rows, bool has, const struct lk_keyring *ring, struct lk_arena *arena,
    struct signing_key_list *out_list, struct lk_error *err)
{
	LK_AUTO(signing_key_list_clear) struct signing_key_list list = { .count = 0 };

	while (has) {
		if (list.count == SIGNING_KEYS_MAX)
			return lk_fail(err, LK_RESOURCE_EXHAUSTED, "SIGNING_KEYS_MANY",
			    "more than %d signing keys are published", SIGNING_KEYS_MAX);
		LK_TRY(read_key(rows, ring, arena, &list.keys[list.count], err));
		list.count++;
		LK_TRY(lk_rows_next(rows, &has, err));
	}
	*out_list = list;
	list.count = 0; /* the references moved */
	return LK_OK;
}

lk_status
signing_keys_load(struct lk_tx *tx, const struct lk_keyring *ring, struct lk_arena *arena,
    struct signing_key_list *out_list, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_PUBLISHED_KEYS, LK_NO_ARGS, &rows, &has, err));
	return read_keys(&rows, has, ring, arena, out_list, err);
}

lk_status
signing_keys_load_withdrawn(
    struct lk_tx *tx, struct signing_key_list *out_list, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(
	    tx, Q_WITHDRAWN_KEYS, LK_ARGS(lk_int(SIGNING_KEYS_MAX)), &rows, &has, err));
	return read_keys(&rows, has, NULL, NULL, out_list, err);
}

lk_status
signing_keys_version(struct lk_tx *tx, int64_t *out_version, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_VERSION, LK_NO_ARGS, &rows, &has, err));
	if (!has)
		return lk_fail(
		    err, LK_DATA_LOSS, "STORE_CORRUPT", "the version of the signing keys is gone");
	*out_version = lk_col_int(&rows, 0);
	return LK_OK;
}

lk_status
signing_keys_lock(struct lk_tx *tx, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_RAISE_VERSION, LK_NO_ARGS, NULL, err);
}

lk_status
signing_key_update(struct lk_tx *tx, const struct signing_key *key, struct lk_error *err)
{
	LK_TRY(lk_tx_exec(tx, Q_UPDATE,
	    LK_ARGS(lk_text(key->kid), lk_text(signing_key_state_name(key->state)),
		lk_int(key->changed_at_ms), lk_int(key->activate_at_ms)),
	    NULL, err));
	if (signing_key_may_sign(key->state))
		return LK_OK;
	return lk_tx_exec(tx, Q_DESTROY_PRIVATE, LK_ARGS(lk_text(key->kid)), NULL, err);
}

lk_status
signing_key_delete(struct lk_tx *tx, const char *kid, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_DELETE, LK_ARGS(lk_text(kid)), NULL, err);
}

lk_status
signing_key_exists(struct lk_tx *tx, const char *kid, bool *out_exists, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	return lk_tx_query_first(tx, Q_EXISTS, LK_ARGS(lk_text(kid)), &rows, out_exists, err);
}

lk_status
signing_key_insert(struct lk_tx *tx, const struct signing_key *key, const struct lk_keyring *ring,
    struct lk_arena *arena, struct lk_error *err)
{
	const struct lk_wrap_context context = wrap_context(key->kid);
	LK_AUTO(lk_es256_private_wipe) struct lk_es256_private der = { 0 };
	struct lk_bytes wrapped;

	LK_TRY(lk_es256_export(key->key, &der, err));
	LK_TRY(lk_wrap_key(ring, &context, lk_bytes(der.pkcs8, der.len), arena, &wrapped, err));
	return lk_tx_exec(tx, Q_INSERT_KEY,
	    LK_ARGS(lk_text(key->kid), lk_text(signing_key_state_name(key->state)),
		lk_blob(lk_bytes(lk_es256_x(key->key), LK_ES256_COORDINATE_LEN)),
		lk_blob(lk_bytes(lk_es256_y(key->key), LK_ES256_COORDINATE_LEN)), lk_blob(wrapped),
		lk_int(key->created_at_ms), lk_int(key->changed_at_ms),
		lk_int(key->activate_at_ms)),
	    NULL, err);
}
