/* The SQL of API keys; see key_store.h. */
#include "key_store.h"

#include <string.h>

#include "row_seal_store.h"

#define KEY_COLUMNS                                                                                \
	"id, tenant, owner, name, last4, digest, pepper_version, all_permissions, permissions, "   \
	"all_workgroups, generation, created_at_ms, expires_at_ms, last_used_at_ms, "              \
	"last_sign_in_at_ms, revoked_at_ms, revoke_reason, not_before_ms, source_networks, "       \
	"suspended_at_ms, suspended_by, replaced_by, mac, imported_from"
/* Column 24; ids of users and principals differ in their prefix, so one of the two is there. */
#define KEY_OWNER_NAME                                                                             \
	", coalesce((SELECT email FROM users WHERE users.id = api_keys.owner), "                   \
	"(SELECT name FROM principals WHERE principals.id = api_keys.owner), '')"

static const char Q_INSERT_KEY[] =
    "INSERT INTO api_keys (" KEY_COLUMNS
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, 0, 0, '', "
    "$14, $15, 0, '', '', $16, $17)";
static const char Q_INSERT_KEY_WORKGROUP[] =
    "INSERT INTO api_key_workgroups (key_id, workgroup) VALUES ($1, $2) ON CONFLICT DO NOTHING";
static const char Q_KEY_BY_ID[] =
    "SELECT " KEY_COLUMNS KEY_OWNER_NAME " FROM api_keys WHERE id = $1";
static const char Q_KEY_WORKGROUPS[] =
    "SELECT workgroup FROM api_key_workgroups WHERE key_id = $1 ORDER BY workgroup";
static const char Q_COUNT_ACTIVE_KEYS[] =
    "SELECT count(*) FROM api_keys WHERE owner = $1 AND revoked_at_ms = 0 "
    "AND (expires_at_ms = 0 OR expires_at_ms > $2) AND replaced_by = ''";
static const char Q_OWNER_HAS_KEY[] = "SELECT 1 FROM api_keys WHERE owner = $1 LIMIT 1";
/* $1 whose, $2 after which id, $3 revoked too, $4 how many, then the filter in its order. */
#define KEY_MATCHES                                                                                \
	"AND id < $2 AND ($3 = 1 OR revoked_at_ms = 0) "                                           \
	"AND ($5 = '' OR $5 = CASE WHEN revoked_at_ms <> 0 THEN 'revoked' "                        \
	"WHEN expires_at_ms <> 0 AND expires_at_ms <= $7 THEN 'expired' "                          \
	"WHEN suspended_at_ms <> 0 THEN 'suspended' WHEN not_before_ms > $7 THEN 'pending' "       \
	"ELSE 'active' END) "                                                                      \
	"AND ($6 = '' OR substr(name, 1, length($6)) = $6) "                                       \
	"AND ($8 = 0 OR (expires_at_ms <> 0 AND expires_at_ms < $8)) "                             \
	"AND ($9 = 0 OR (created_at_ms < $9 AND last_used_at_ms < $9)) "                           \
	"ORDER BY id DESC LIMIT $4"
static const char Q_LIST_OWNER_KEYS[] =
    "SELECT " KEY_COLUMNS KEY_OWNER_NAME " FROM api_keys WHERE owner = $1 " KEY_MATCHES;
static const char Q_LIST_TENANT_KEYS[] =
    "SELECT " KEY_COLUMNS KEY_OWNER_NAME " FROM api_keys WHERE tenant = $1 " KEY_MATCHES;
static const char Q_LIST_ALL_KEYS[] =
    "SELECT " KEY_COLUMNS KEY_OWNER_NAME " FROM api_keys WHERE $1 = '' " KEY_MATCHES;
/* Column 25. */
#define KEY_LAST_SOURCE                                                                            \
	", coalesce((SELECT source_address FROM key_use WHERE key_use.key_id = api_keys.id "       \
	"AND source_address <> '' ORDER BY key_use.last_used_at_ms DESC LIMIT 1), '')"
/* $1 whose, $2 after which id, $3 how many, $4 now, then the three. */
#define KEY_WANTS_ATTENTION                                                                        \
	"AND id < $2 AND revoked_at_ms = 0 AND replaced_by = '' "                                  \
	"AND (expires_at_ms = 0 OR expires_at_ms > $4) "                                           \
	"AND ((expires_at_ms <> 0 AND expires_at_ms < $5) "                                        \
	"OR (created_at_ms < $6 AND last_used_at_ms < $6) OR created_at_ms < $7) "                 \
	"ORDER BY id DESC LIMIT $3"
static const char Q_REPORT_OWNER_KEYS[] = "SELECT " KEY_COLUMNS KEY_OWNER_NAME KEY_LAST_SOURCE
					  " FROM api_keys WHERE owner = $1 " KEY_WANTS_ATTENTION;
static const char Q_REPORT_TENANT_KEYS[] = "SELECT " KEY_COLUMNS KEY_OWNER_NAME KEY_LAST_SOURCE
					   " FROM api_keys WHERE tenant = $1 " KEY_WANTS_ATTENTION;
static const char Q_REVOKE_KEY[] =
    "UPDATE api_keys SET digest = NULL, revoked_at_ms = $2, revoke_reason = $3, "
    "generation = generation + 1 WHERE id = $1 AND revoked_at_ms = 0";
/* Nothing is left of what it gave, or of what it was called. */
static const char Q_EMPTY_KEY[] =
    "UPDATE api_keys SET name = id, last4 = '', all_permissions = 0, permissions = '', "
    "all_workgroups = 0, source_networks = '', not_before_ms = 0, expires_at_ms = 0, "
    "suspended_at_ms = 0, suspended_by = '', replaced_by = '', imported_from = '', "
    "digest = NULL, revoked_at_ms = $2, revoke_reason = $3, generation = $2, "
    "pepper_version = $4 WHERE id = $1";
static const char Q_EMPTY_KEY_WORKGROUPS[] = "DELETE FROM api_key_workgroups WHERE key_id = $1";
static const char Q_INSERT_IMPORTED[] =
    "INSERT INTO imported_keys (tag, key_id) VALUES ($1, $2) ON CONFLICT (tag) DO NOTHING";
static const char Q_IMPORTED_BY_TAG[] = "SELECT key_id FROM imported_keys WHERE tag = $1";
static const char Q_IMPORTED_ANY[] = "SELECT key_id FROM imported_keys LIMIT $1";
static const char Q_SAVE_DIGEST[] =
    "UPDATE api_keys SET digest = $2, pepper_version = $3, mac = $4 WHERE id = $1";
static const char Q_SAVE_TAG[] = "UPDATE imported_keys SET tag = $2 WHERE key_id = $1";
static const char Q_SAVE_MAC[] = "UPDATE api_keys SET mac = $2, pepper_version = $3 WHERE id = $1";
static const char Q_UNSEALED[] = "SELECT id FROM api_keys WHERE mac IS NULL ORDER BY id LIMIT $1";
static const char Q_ARE_SEALED[] = "SELECT 1 FROM key_seals WHERE id = $1";
static const char Q_SET_SEALED[] = "INSERT INTO key_seals (id, sealed_at_ms) VALUES (1, $1)";
static const char Q_SUSPEND_KEY[] =
    "UPDATE api_keys SET suspended_at_ms = $2, suspended_by = $3, generation = generation + 1 "
    "WHERE id = $1 AND suspended_at_ms = 0";
static const char Q_RESUME_KEY[] =
    "UPDATE api_keys SET suspended_at_ms = 0, suspended_by = '' WHERE id = $1";
static const char Q_ROTATE_KEY[] =
    "UPDATE api_keys SET replaced_by = $2, expires_at_ms = $3 WHERE id = $1";
/* The key that this one replaces, while it goes on. */
static const char Q_PREDECESSOR[] =
    "SELECT id FROM api_keys WHERE owner = $1 AND replaced_by = $2 AND revoked_at_ms = 0 "
    "AND expires_at_ms > $3 LIMIT 1";
static const char Q_KEY_USED[] =
    "UPDATE api_keys SET last_used_at_ms = $2 WHERE id = $1 AND last_used_at_ms < $2";
static const char Q_KEY_SIGNED_IN[] =
    "UPDATE api_keys SET last_sign_in_at_ms = $2 WHERE id = $1 AND last_sign_in_at_ms < $2";
static const char Q_OWNER_SIGNED_IN[] =
    "UPDATE users SET last_sign_in_at_ms = $2 WHERE last_sign_in_at_ms < $2 "
    "AND id = (SELECT owner FROM api_keys WHERE api_keys.id = $1)";

/* Above every id: the first page begins here. */
static const char first_page[] = "key_~";

lk_status
key_insert(struct lk_tx *tx, const struct key *k, struct lk_error *err)
{
	char scope[LK_SCOPE_SIZE], networks[LK_NETWORKS_TEXT_SIZE];

	lk_scope_format(k->permissions, scope, sizeof scope);
	lk_networks_text(&k->networks, networks);
	LK_TRY(lk_tx_exec(tx, Q_INSERT_KEY,
	    LK_ARGS(lk_text(k->id), lk_text(k->tenant), lk_text(k->owner), lk_text(k->name),
		lk_text(k->last4), lk_blob(lk_bytes(k->digest, sizeof k->digest)),
		lk_int(k->pepper_version), lk_bool(k->all_permissions), lk_text(scope),
		lk_bool(k->all_workgroups), lk_int((int64_t)k->generation),
		lk_int(k->created_at_ms), lk_int(k->expires_at_ms), lk_int(k->not_before_ms),
		lk_text(networks), lk_blob(lk_bytes(k->mac, sizeof k->mac)),
		lk_text(k->imported_from)),
	    NULL, err));
	for (size_t i = 0; i < k->workgroups.count; i++)
		LK_TRY(lk_tx_exec(tx, Q_INSERT_KEY_WORKGROUP,
		    LK_ARGS(lk_text(k->id), lk_text(k->workgroups.ids[i])), NULL, err));
	return LK_OK;
}

static bool
key_read_texts(struct lk_rows *rows, struct key *k)
{
	return lk_text_copy(k->id, sizeof k->id, lk_col_text(rows, 0)) &&
	       lk_text_copy(k->tenant, sizeof k->tenant, lk_col_text(rows, 1)) &&
	       lk_text_copy(k->owner, sizeof k->owner, lk_col_text(rows, 2)) &&
	       lk_text_copy(k->name, sizeof k->name, lk_col_text(rows, 3)) &&
	       lk_text_copy(k->last4, sizeof k->last4, lk_col_text(rows, 4)) &&
	       lk_scope_parse(lk_col_text(rows, 8), &k->permissions, NULL) == LK_OK &&
	       lk_text_copy(k->revoke_reason, sizeof k->revoke_reason, lk_col_text(rows, 16)) &&
	       lk_networks_read(lk_col_text(rows, 18), &k->networks) &&
	       lk_text_copy(k->suspended_by, sizeof k->suspended_by, lk_col_text(rows, 20)) &&
	       lk_text_copy(k->replaced_by, sizeof k->replaced_by, lk_col_text(rows, 21)) &&
	       lk_text_copy(k->owner_name, sizeof k->owner_name, lk_col_text(rows, 24)) &&
	       lk_text_copy(k->imported_from, sizeof k->imported_from, lk_col_text(rows, 23));
}

static lk_status
key_read(struct lk_rows *rows, struct key *out, struct lk_error *err)
{
	struct key k = { .pepper_version = (uint32_t)lk_col_int(rows, 6),
		.all_permissions = lk_col_bool(rows, 7),
		.all_workgroups = lk_col_bool(rows, 9),
		.generation = (uint64_t)lk_col_int(rows, 10),
		.created_at_ms = lk_col_int(rows, 11),
		.expires_at_ms = lk_col_int(rows, 12),
		.last_used_at_ms = lk_col_int(rows, 13),
		.last_sign_in_at_ms = lk_col_int(rows, 14),
		.revoked_at_ms = lk_col_int(rows, 15),
		.not_before_ms = lk_col_int(rows, 17),
		.suspended_at_ms = lk_col_int(rows, 19) };

	if (!key_read_texts(rows, &k))
		return lk_fail(err, LK_DATA_LOSS, "STORE_CORRUPT", "a stored key is not readable");
	if (!lk_col_is_null(rows, 5))
		LK_TRY(lk_col_fixed(rows, 5, k.digest, sizeof k.digest, err));
	const struct lk_bytes mac = lk_col_blob(rows, 22);
	k.has_mac = mac.len == sizeof k.mac;
	if (k.has_mac)
		memcpy(k.mac, mac.data, sizeof k.mac);
	*out = k;
	return LK_OK;
}

static lk_status
workgroups_load(struct lk_tx *tx, struct lk_arena *arena, struct key *key, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	if (key->all_workgroups)
		return LK_OK;
	LK_TRY(
	    lk_tx_query_first(tx, Q_KEY_WORKGROUPS, LK_ARGS(lk_text(key->id)), &rows, &has, err));
	while (has) {
		LK_TRY(id_list_add(&key->workgroups, arena, lk_col_text(&rows, 0), err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	return LK_OK;
}

lk_status
key_find(struct lk_tx *tx, const char *id, struct lk_arena *arena, struct key *out_key,
    bool *out_found, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	LK_TRY(lk_tx_query_first(tx, Q_KEY_BY_ID, LK_ARGS(lk_text(id)), &rows, out_found, err));
	if (!*out_found)
		return LK_OK;
	LK_TRY(key_read(&rows, out_key, err));
	return workgroups_load(tx, arena, out_key, err);
}

lk_status
key_count_active(
    struct lk_tx *tx, const char *owner, int64_t now_ms, int64_t *out_count, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(
	    tx, Q_COUNT_ACTIVE_KEYS, LK_ARGS(lk_text(owner), lk_int(now_ms)), &rows, &has, err));
	*out_count = has ? lk_col_int(&rows, 0) : 0;
	return LK_OK;
}

lk_status
key_owner_has_any(struct lk_tx *tx, const char *owner, bool *out_has, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	return lk_tx_query_first(tx, Q_OWNER_HAS_KEY, LK_ARGS(lk_text(owner)), &rows, out_has, err);
}

static const char *
list_query(const struct key_filter *filter, const char **out_whose)
{
	*out_whose = filter->owner ? filter->owner : filter->tenant ? filter->tenant : "";
	if (filter->owner)
		return Q_LIST_OWNER_KEYS;
	return filter->tenant ? Q_LIST_TENANT_KEYS : Q_LIST_ALL_KEYS;
}

lk_status
key_list(struct lk_tx *tx, const struct key_filter *filter, const struct lk_page *page,
    struct lk_arena *arena, struct key_page *out_page, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct key_page result = { lk_arena_array(arena, page->size, sizeof(struct key)), 0,
		false };
	const char *whose;
	const char *sql = list_query(filter, &whose);
	bool has;

	if (!result.items)
		return lk_fail_oom(err);
	LK_TRY(lk_tx_query_first(tx, sql,
	    LK_ARGS(lk_text(whose), lk_text(page->after[0] ? page->after : first_page),
		lk_bool(filter->include_revoked), lk_int(page->size + 1), lk_text(filter->state),
		lk_text(filter->name), lk_int(filter->now_ms), lk_int(filter->expiring_before_ms),
		lk_int(filter->unused_since_ms)),
	    &rows, &has, err));
	for (; has && result.count < page->size; result.count++) {
		LK_TRY(key_read(&rows, &result.items[result.count], err));
		LK_TRY(workgroups_load(tx, arena, &result.items[result.count], err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	result.more = has;
	*out_page = result;
	return LK_OK;
}

lk_status
key_list_attention(struct lk_tx *tx, const struct key_filter *filter,
    const struct key_attention *attention, const struct lk_page *page, struct lk_arena *arena,
    struct key_found_page *out_page, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct key_found_page result = {
		lk_arena_array(arena, page->size, sizeof(struct key_found)), 0, false
	};
	bool has;

	if (!result.items)
		return lk_fail_oom(err);
	LK_TRY(lk_tx_query_first(tx, filter->owner ? Q_REPORT_OWNER_KEYS : Q_REPORT_TENANT_KEYS,
	    LK_ARGS(lk_text(filter->owner ? filter->owner : filter->tenant),
		lk_text(page->after[0] ? page->after : first_page), lk_int(page->size + 1),
		lk_int(attention->now_ms), lk_int(attention->ends_before_ms),
		lk_int(attention->unused_since_ms), lk_int(attention->made_before_ms)),
	    &rows, &has, err));
	for (; has && result.count < page->size; result.count++) {
		struct key_found *found = &result.items[result.count];
		LK_TRY(key_read(&rows, &found->key, err));
		lk_text_copy(found->last_source_address, sizeof found->last_source_address,
		    lk_col_text(&rows, 25));
		LK_TRY(workgroups_load(tx, arena, &found->key, err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	result.more = has;
	*out_page = result;
	return LK_OK;
}

lk_status
key_save_revoked(
    struct lk_tx *tx, const char *id, int64_t now_ms, const char *reason, struct lk_error *err)
{
	return lk_tx_exec(
	    tx, Q_REVOKE_KEY, LK_ARGS(lk_text(id), lk_int(now_ms), lk_text(reason)), NULL, err);
}

lk_status
key_save_emptied(struct lk_tx *tx, const char *id, uint32_t pepper_version, int64_t now_ms,
    const char *reason, struct lk_error *err)
{
	LK_TRY(lk_tx_exec(tx, Q_EMPTY_KEY_WORKGROUPS, LK_ARGS(lk_text(id)), NULL, err));
	return lk_tx_exec(tx, Q_EMPTY_KEY,
	    LK_ARGS(lk_text(id), lk_int(now_ms), lk_text(reason), lk_int(pepper_version)), NULL,
	    err);
}

lk_status
key_save_mac(struct lk_tx *tx, const struct key *key, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_SAVE_MAC,
	    LK_ARGS(lk_text(key->id), lk_blob(lk_bytes(key->mac, sizeof key->mac)),
		lk_int(key->pepper_version)),
	    NULL, err);
}

lk_status
key_save_digest(struct lk_tx *tx, const struct key *key, struct lk_error *err)
{
	const struct lk_bytes digest = lk_bytes(key->digest, sizeof key->digest);

	LK_TRY(lk_tx_exec(tx, Q_SAVE_DIGEST,
	    LK_ARGS(lk_text(key->id), lk_blob(digest), lk_int(key->pepper_version),
		lk_blob(lk_bytes(key->mac, sizeof key->mac))),
	    NULL, err));
	if (key->imported_from[0] == '\0')
		return LK_OK;
	return lk_tx_exec(tx, Q_SAVE_TAG, LK_ARGS(lk_text(key->id), lk_blob(digest)), NULL, err);
}

lk_status
key_list_unsealed(struct lk_tx *tx, size_t max, struct lk_arena *arena, struct id_list *out_ids,
    struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_UNSEALED, LK_ARGS(lk_int((int64_t)max)), &rows, &has, err));
	while (has) {
		LK_TRY(id_list_add(out_ids, arena, lk_col_text(&rows, 0), err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	return LK_OK;
}

lk_status
key_rows_are_sealed(struct lk_tx *tx, bool *out_are, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	LK_TRY(lk_tx_query_first(tx, Q_ARE_SEALED, LK_ARGS(lk_int(1)), &rows, out_are, err));
	return *out_are ? LK_OK : seals_not_in_trail(tx, "keys.sealed", err);
}

lk_status
key_rows_set_sealed(struct lk_tx *tx, int64_t now_ms, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_SET_SEALED, LK_ARGS(lk_int(now_ms)), NULL, err);
}

lk_status
key_save_suspended(
    struct lk_tx *tx, const char *id, int64_t now_ms, const char *actor, struct lk_error *err)
{
	return lk_tx_exec(
	    tx, Q_SUSPEND_KEY, LK_ARGS(lk_text(id), lk_int(now_ms), lk_text(actor)), NULL, err);
}

lk_status
key_save_resumed(struct lk_tx *tx, const char *id, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_RESUME_KEY, LK_ARGS(lk_text(id)), NULL, err);
}

lk_status
key_save_rotated(struct lk_tx *tx, const char *id, const char *replaced_by, int64_t ends_at_ms,
    struct lk_error *err)
{
	return lk_tx_exec(tx, Q_ROTATE_KEY,
	    LK_ARGS(lk_text(id), lk_text(replaced_by), lk_int(ends_at_ms)), NULL, err);
}

lk_status
key_has_predecessor(
    struct lk_tx *tx, const struct key *key, int64_t now_ms, bool *out_has, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	return lk_tx_query_first(tx, Q_PREDECESSOR,
	    LK_ARGS(lk_text(key->owner), lk_text(key->id), lk_int(now_ms)), &rows, out_has, err);
}

lk_status
key_used(struct lk_tx *tx, const char *id, int64_t at_ms, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_KEY_USED, LK_ARGS(lk_text(id), lk_int(at_ms)), NULL, err);
}

lk_status
key_signed_in(struct lk_tx *tx, const char *id, int64_t at_ms, struct lk_error *err)
{
	LK_TRY(lk_tx_exec(tx, Q_KEY_SIGNED_IN, LK_ARGS(lk_text(id), lk_int(at_ms)), NULL, err));
	return lk_tx_exec(tx, Q_OWNER_SIGNED_IN, LK_ARGS(lk_text(id), lk_int(at_ms)), NULL, err);
}

lk_status
imported_insert(struct lk_tx *tx, const uint8_t tag[LK_DIGEST_LEN], const char *key, bool *out_new,
    struct lk_error *err)
{
	int64_t rows;

	LK_TRY(lk_tx_exec(tx, Q_INSERT_IMPORTED,
	    LK_ARGS(lk_blob(lk_bytes(tag, LK_DIGEST_LEN)), lk_text(key)), &rows, err));
	*out_new = rows == 1;
	return LK_OK;
}

lk_status
imported_find(struct lk_tx *tx, const uint8_t tag[LK_DIGEST_LEN], char out_key[LK_ID_SIZE],
    bool *out_found, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	LK_TRY(lk_tx_query_first(tx, Q_IMPORTED_BY_TAG,
	    LK_ARGS(lk_blob(lk_bytes(tag, LK_DIGEST_LEN))), &rows, out_found, err));
	if (*out_found && !lk_text_copy(out_key, LK_ID_SIZE, lk_col_text(&rows, 0)))
		return lk_fail(err, LK_DATA_LOSS, "STORE_CORRUPT", "a stored key is not readable");
	return LK_OK;
}

lk_status
imported_any(struct lk_tx *tx, bool *out_any, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	return lk_tx_query_first(tx, Q_IMPORTED_ANY, LK_ARGS(lk_int(1)), &rows, out_any, err);
}
