/* The SQL that ends a tenant, children first; see tenant_end_store.h. */
#include "tenant_end_store.h"

#include "base/base.h"
#include "row_seal.h"

static const char Q_END_KEY_WORKGROUPS[] =
    "DELETE FROM api_key_workgroups WHERE key_id IN "
    "(SELECT id FROM api_keys WHERE tenant = $1) "
    "OR workgroup IN (SELECT id FROM workgroups WHERE tenant = $1)";
static const char Q_END_KEY_USE[] =
    "DELETE FROM key_use WHERE key_id IN (SELECT id FROM api_keys WHERE tenant = $1)";
static const char Q_END_IMPORTED_KEYS[] =
    "DELETE FROM imported_keys WHERE key_id IN (SELECT id FROM api_keys WHERE tenant = $1)";
static const char Q_END_KEYS[] = "DELETE FROM api_keys WHERE tenant = $1";
/* Where somebody wrote by hand, what is of a user may say another tenant than they do. */
static const char Q_END_SESSIONS[] = "DELETE FROM sessions WHERE tenant = $1 "
				     "OR user_id IN (SELECT id FROM users WHERE tenant = $1)";
static const char Q_END_TICKETS[] = "DELETE FROM tickets WHERE tenant = $1 "
				    "OR user_id IN (SELECT id FROM users WHERE tenant = $1)";
static const char Q_END_SUBJECTS[] = "DELETE FROM linked_subjects WHERE tenant = $1 "
				     "OR user_id IN (SELECT id FROM users WHERE tenant = $1)";
static const char Q_END_ISSUERS[] = "DELETE FROM trusted_issuers WHERE tenant = $1";
static const char Q_END_PASSWORDS[] =
    "DELETE FROM user_passwords WHERE user_id IN (SELECT id FROM users WHERE tenant = $1)";
static const char Q_END_USER_ROLES[] =
    "DELETE FROM user_roles WHERE user_id IN (SELECT id FROM users WHERE tenant = $1)";
static const char Q_END_USER_OWN_ROLES_OF_TENANT[] =
    "DELETE FROM user_own_roles WHERE role IN (SELECT id FROM roles WHERE tenant = $1) "
    "OR user_id IN (SELECT id FROM users WHERE tenant = $1)";
static const char Q_END_ROLES[] = "DELETE FROM roles WHERE tenant = $1";
static const char Q_END_REGISTRATIONS[] = "DELETE FROM registrations WHERE tenant = $1";
static const char Q_END_MEMBERS[] = "DELETE FROM workgroup_members WHERE workgroup IN "
				    "(SELECT id FROM workgroups WHERE tenant = $1) "
				    "OR user_id IN (SELECT id FROM users WHERE tenant = $1)";
static const char Q_END_WORKGROUPS[] = "DELETE FROM workgroups WHERE tenant = $1";
static const char Q_END_USERS[] = "DELETE FROM users WHERE tenant = $1";
static const char Q_END_POLICY[] = "DELETE FROM tenant_policy WHERE tenant = $1";
static const char Q_NEXT_REACHING[] =
    "SELECT principal FROM principal_tenants WHERE tenant = $1 LIMIT 1";
static const char Q_END_REACH[] =
    "DELETE FROM principal_tenants WHERE tenant = $1 AND principal = $2";
static const char Q_END_TENANT[] =
    "UPDATE tenants SET name = id, domain = id, state = 'suspended', deleted_at_ms = $2, "
    "generation = CASE WHEN generation < $2 THEN generation + 1 ELSE $2 END WHERE id = $1";

static const char *const children_first[] = { Q_END_KEY_WORKGROUPS, Q_END_KEY_USE,
	Q_END_IMPORTED_KEYS, Q_END_KEYS, Q_END_SESSIONS, Q_END_TICKETS, Q_END_SUBJECTS,
	Q_END_ISSUERS, Q_END_PASSWORDS, Q_END_USER_ROLES, Q_END_USER_OWN_ROLES_OF_TENANT,
	Q_END_ROLES, Q_END_REGISTRATIONS, Q_END_MEMBERS, Q_END_WORKGROUPS, Q_END_USERS,
	Q_END_POLICY };

/* Each principal has its tenants under its own seal. */
static lk_status
end_reach(struct lk_tx *tx, const char *tenant, bool *out_more, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	char principal[LK_ID_SIZE];

	LK_TRY(
	    lk_tx_query_first(tx, Q_NEXT_REACHING, LK_ARGS(lk_text(tenant)), &rows, out_more, err));
	if (!*out_more)
		return LK_OK;
	lk_text_copy(principal, sizeof principal, lk_col_text(&rows, 0));
	lk_rows_end(&rows);
	return row_write(tx, ROW_PRINCIPAL, principal, Q_END_REACH,
	    LK_ARGS(lk_text(tenant), lk_text(principal)), err);
}

lk_status
tenant_end(struct lk_tx *tx, const char *id, int64_t now_ms, struct lk_error *err)
{
	bool more = true;

	for (size_t i = 0; i < LK_ARRAY_LEN(children_first); i++)
		LK_TRY(lk_tx_exec(tx, children_first[i], LK_ARGS(lk_text(id)), NULL, err));
	while (more)
		LK_TRY(end_reach(tx, id, &more, err));
	LK_TRY(lk_tx_exec(tx, Q_END_TENANT, LK_ARGS(lk_text(id), lk_int(now_ms)), NULL, err));
	return row_seal(tx, ROW_TENANT, id, err);
}
