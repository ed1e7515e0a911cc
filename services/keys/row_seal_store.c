/* The SQL of seals; see row_seal_store.h. */
#include "row_seal_store.h"

static const char Q_SEALED_TENANT[] =
    "SELECT 1, id, name, domain, profile, state, generation, created_at_ms, deleted_at_ms, "
    "mac_pepper, mac_version, mac FROM tenants WHERE id = $1 "
    "UNION ALL SELECT 2, name, value, '', '', '', 0, 0, 0, 0, 0, NULL FROM tenant_policy "
    "WHERE tenant = $1 "
    "UNION ALL SELECT 3, issuer, audience, jwks, '', '', created_at_ms, 0, 0, 0, 0, NULL "
    "FROM trusted_issuers WHERE tenant = $1 ORDER BY 1, 2";
static const char Q_SEALED_USER[] =
    "SELECT 1, id, tenant, email, display_name, kind, state, generation, created_at_ms, "
    "deleted_at_ms, mac_pepper, mac_version, mac FROM users WHERE id = $1 "
    "UNION ALL SELECT 2, role, '', '', '', '', '', 0, 0, 0, 0, 0, NULL FROM user_roles "
    "WHERE user_id = $1 "
    "UNION ALL SELECT 3, role, '', '', '', '', '', 0, 0, 0, 0, 0, NULL FROM user_own_roles "
    "WHERE user_id = $1 "
    "UNION ALL SELECT 4, workgroup, '', '', '', '', '', is_admin, 0, 0, 0, 0, NULL "
    "FROM workgroup_members WHERE user_id = $1 "
    "UNION ALL SELECT 5, issuer, subject, tenant, '', '', '', 0, 0, 0, 0, 0, NULL "
    "FROM linked_subjects WHERE user_id = $1 "
    "UNION ALL SELECT 6, hash, '', '', '', '', '', 0, 0, 0, 0, 0, NULL FROM user_passwords "
    "WHERE user_id = $1 ORDER BY 1, 2, 3, 4";
static const char Q_SEALED_PRINCIPAL[] =
    "SELECT 1, id, name, permissions, state, all_tenants, generation, created_at_ms, "
    "mac_pepper, mac_version, mac FROM principals WHERE id = $1 "
    "UNION ALL SELECT 2, tenant, '', '', '', 0, 0, 0, 0, 0, NULL FROM principal_tenants "
    "WHERE principal = $1 ORDER BY 1, 2";

#define ROLE_COLUMNS "1, id, tenant, name, permissions, created_at_ms, mac_pepper, mac_version, mac"
#define WORKGROUP_COLUMNS                                                                          \
	"1, id, tenant, name, permissions, created_at_ms, deleted_at_ms, mac_pepper, "             \
	"mac_version, "                                                                            \
	"mac"
static const char Q_SEALED_ROLE[] = "SELECT " ROLE_COLUMNS " FROM roles WHERE id = $1";
static const char Q_SEALED_WORKGROUP[] =
    "SELECT " WORKGROUP_COLUMNS " FROM workgroups WHERE id = $1";
const char Q_SEALED_ROLES_OF_USER[] =
    "SELECT " ROLE_COLUMNS " FROM user_own_roles, roles WHERE user_id = $1 AND roles.id = role";
const char Q_SEALED_WORKGROUPS_OF_USER[] =
    "SELECT " WORKGROUP_COLUMNS " FROM workgroup_members, workgroups WHERE user_id = $1 "
    "AND workgroups.id = workgroup";

/* When a session was last used is not part of it. */
static const char Q_SEALED_SESSION[] =
    "SELECT 1, id, tenant, user_id, pepper_version, generation, created_at_ms, expires_at_ms, "
    "ended_at_ms, digest, mac_pepper, mac_version, mac FROM sessions WHERE id = $1";
static const char Q_SEALED_TICKET[] =
    "SELECT 1, id, tenant, user_id, pepper_version, created_at_ms, expires_at_ms, "
    "redeemed_at_ms, digest, mac_pepper, mac_version, mac FROM tickets WHERE id = $1";

static const struct row_shape shapes[ROW_KINDS] = {
	[ROW_TENANT] = { "tenant", Q_SEALED_TENANT, 5, 3, false, 1 },
	[ROW_USER] = { "user", Q_SEALED_USER, 6, 3, false, 2 },
	[ROW_ROLE] = { "role", Q_SEALED_ROLE, 4, 1, false, 2 },
	[ROW_WORKGROUP] = { "workgroup", Q_SEALED_WORKGROUP, 4, 2, false, 2 },
	[ROW_PRINCIPAL] = { "principal", Q_SEALED_PRINCIPAL, 4, 3, false, 0 },
	[ROW_SESSION] = { "session", Q_SEALED_SESSION, 3, 5, true, 2 },
	[ROW_TICKET] = { "ticket", Q_SEALED_TICKET, 3, 4, true, 2 },
};

const struct row_shape *
row_shape(enum row_kind kind)
{
	return &shapes[kind];
}

/* ---- Where it stands ---- */

static const char Q_SEAL_TENANT[] =
    "UPDATE tenants SET mac_pepper = $2, mac_version = $3, mac = $4 WHERE id = $1";
static const char Q_SEAL_USER[] =
    "UPDATE users SET mac_pepper = $2, mac_version = $3, mac = $4 WHERE id = $1";
static const char Q_SEAL_ROLE[] =
    "UPDATE roles SET mac_pepper = $2, mac_version = $3, mac = $4 WHERE id = $1";
static const char Q_SEAL_WORKGROUP[] =
    "UPDATE workgroups SET mac_pepper = $2, mac_version = $3, mac = $4 WHERE id = $1";
static const char Q_SEAL_PRINCIPAL[] =
    "UPDATE principals SET mac_pepper = $2, mac_version = $3, mac = $4 WHERE id = $1";
static const char Q_SEAL_SESSION[] =
    "UPDATE sessions SET mac_pepper = $2, mac_version = $3, mac = $4 WHERE id = $1";
static const char Q_SEAL_TICKET[] =
    "UPDATE tickets SET mac_pepper = $2, mac_version = $3, mac = $4 WHERE id = $1";

static const char Q_TENANTS_NOT_UNDER[] =
    "SELECT id FROM tenants WHERE id > $1 AND mac_pepper <> $2 ORDER BY id LIMIT $3";
static const char Q_USERS_NOT_UNDER[] =
    "SELECT id FROM users WHERE id > $1 AND mac_pepper <> $2 ORDER BY id LIMIT $3";
static const char Q_ROLES_NOT_UNDER[] =
    "SELECT id FROM roles WHERE id > $1 AND mac_pepper <> $2 ORDER BY id LIMIT $3";
static const char Q_WORKGROUPS_NOT_UNDER[] =
    "SELECT id FROM workgroups WHERE id > $1 AND mac_pepper <> $2 ORDER BY id LIMIT $3";
static const char Q_PRINCIPALS_NOT_UNDER[] =
    "SELECT id FROM principals WHERE id > $1 AND mac_pepper <> $2 ORDER BY id LIMIT $3";
static const char Q_SESSIONS_NOT_UNDER[] =
    "SELECT id FROM sessions WHERE id > $1 AND mac_pepper <> $2 AND digest IS NOT NULL "
    "ORDER BY id LIMIT $3";
static const char Q_TICKETS_NOT_UNDER[] =
    "SELECT id FROM tickets WHERE id > $1 AND mac_pepper <> $2 AND digest IS NOT NULL "
    "ORDER BY id LIMIT $3";

static const char *const seal_queries[ROW_KINDS] = { Q_SEAL_TENANT, Q_SEAL_USER, Q_SEAL_ROLE,
	Q_SEAL_WORKGROUP, Q_SEAL_PRINCIPAL, Q_SEAL_SESSION, Q_SEAL_TICKET };
static const char *const not_under_queries[ROW_KINDS] = { Q_TENANTS_NOT_UNDER, Q_USERS_NOT_UNDER,
	Q_ROLES_NOT_UNDER, Q_WORKGROUPS_NOT_UNDER, Q_PRINCIPALS_NOT_UNDER, Q_SESSIONS_NOT_UNDER,
	Q_TICKETS_NOT_UNDER };

lk_status
row_seal_save(struct lk_tx *tx, enum row_kind kind, const char *id,
    const struct row_seal_value *value, struct lk_error *err)
{
	return lk_tx_exec(tx, seal_queries[kind],
	    LK_ARGS(lk_text(id), lk_int(value->pepper_version), lk_int((int64_t)value->version),
		lk_blob(lk_bytes(value->mac, sizeof value->mac))),
	    NULL, err);
}

lk_status
row_list_not_under(struct lk_tx *tx, enum row_kind kind, uint32_t pepper_version, const char *after,
    struct lk_arena *arena, struct id_list *out_ids, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, not_under_queries[kind],
	    LK_ARGS(lk_text(after), lk_int(pepper_version), lk_int(ROWS_AT_ONCE)), &rows, &has,
	    err));
	while (has) {
		LK_TRY(id_list_add(out_ids, arena, lk_col_text(&rows, 0), err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	return LK_OK;
}

/* ---- Once in the life of a database ---- */

static const char Q_ROWS_ARE_SEALED[] = "SELECT 1 FROM row_seals WHERE id = $1";
static const char Q_ROWS_ARE_THERE[] = "SELECT id FROM tenants UNION ALL SELECT id FROM principals "
				       "UNION ALL SELECT id FROM api_keys LIMIT $1";
static const char Q_ROWS_SET_SEALED[] = "INSERT INTO row_seals (id, sealed_at_ms) VALUES (1, $1)";
static const char Q_TRAIL_SAYS[] = "SELECT 1 FROM audit_event WHERE action = $1 LIMIT 1";

lk_status
seals_not_in_trail(struct lk_tx *tx, const char *action, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool said;

	LK_TRY(lk_tx_query_first(tx, Q_TRAIL_SAYS, LK_ARGS(lk_text(action)), &rows, &said, err));
	return said ? lk_fail(err, LK_DATA_LOSS, "SEALS_MISSING",
			  "the trail says %s and the database knows nothing of it: it was changed "
			  "from outside",
			  action)
		    : LK_OK;
}

lk_status
rows_are_there(struct lk_tx *tx, bool *out_are, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	return lk_tx_query_first(tx, Q_ROWS_ARE_THERE, LK_ARGS(lk_int(1)), &rows, out_are, err);
}

lk_status
rows_are_sealed(struct lk_tx *tx, bool *out_are, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	LK_TRY(lk_tx_query_first(tx, Q_ROWS_ARE_SEALED, LK_ARGS(lk_int(1)), &rows, out_are, err));
	return *out_are ? LK_OK : seals_not_in_trail(tx, "rows.sealed", err);
}

lk_status
rows_set_sealed(struct lk_tx *tx, int64_t now_ms, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_ROWS_SET_SEALED, LK_ARGS(lk_int(now_ms)), NULL, err);
}
