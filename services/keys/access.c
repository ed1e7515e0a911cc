/* Finding things with the caller's eyes; see access.h. */
#include "access.h"

#include <string.h>

#include "key_seal.h"
#include "key_store.h"
#include "row_seal.h"
#include "tenant_store.h"
#include "user_store.h"

static lk_status
tenant_absent(struct lk_error *err)
{
	return lk_fail(err, LK_NOT_FOUND, "TENANT_NOT_FOUND", "there is no such tenant");
}

static lk_status
user_absent(struct lk_error *err)
{
	return lk_fail(err, LK_NOT_FOUND, "USER_NOT_FOUND", "there is no such user");
}

/* A damaged row is told to those whom it concerns; for others it is not there. */
static lk_status
told(const struct op *op, const char *tenant, lk_status status, const struct lk_error *why,
    bool *found, struct lk_error *err)
{
	if (status == LK_OK || !*found || !lk_caller_reaches_tenant(op->caller, tenant))
		return row_or_none(status, why, found, err);
	if (err)
		*err = *why;
	return status;
}

lk_status
access_tenant(struct op *op, struct lk_tx *tx, const char *name, struct tenant *out_tenant,
    struct lk_error *err)
{
	struct lk_error why = { 0 };
	bool found = false;

	if (*name == '\0')
		name = op->caller->tenant;
	if (*name == '\0')
		return lk_fail_field(
		    err, "tenant", "TENANT_REQUIRED", "say which tenant: its id, name or domain");
	const lk_status status = tenant_find(tx, name, out_tenant, &found, &why);
	LK_TRY(told(op, out_tenant->id, status, &why, &found, err));
	if (!found || !lk_caller_reaches_tenant(op->caller, out_tenant->id))
		return tenant_absent(err);
	return LK_OK;
}

/* One of another tenant is not there, damaged or not. */
static lk_status
find_user_by_id(struct lk_tx *tx, const char *tenant, const char *id, struct user *out,
    bool *out_found, struct lk_error *err)
{
	struct lk_error why = { 0 };
	const lk_status status = user_find(tx, id, out, out_found, &why);
	const bool is_theirs = *out_found && strcmp(out->tenant, tenant) == 0;

	if (status == LK_OK || !is_theirs) {
		LK_TRY(row_or_none(status, &why, out_found, err));
		*out_found = is_theirs;
		return LK_OK;
	}
	if (err)
		*err = why;
	return status;
}

/* An address that is none names nobody. */
static lk_status
find_user(struct lk_tx *tx, const char *tenant, const char *name, struct user *out, bool *out_found,
    struct lk_error *err)
{
	char email[EMAIL_SIZE];

	*out_found = false;
	if (lk_id_ok(LK_ID_USER, name))
		return find_user_by_id(tx, tenant, name, out, out_found, err);
	if (email_normalise("user", name, email, NULL) != LK_OK)
		return LK_OK;
	return user_find_by_email(tx, tenant, email, out, out_found, err);
}

lk_status
access_user_in(struct lk_tx *tx, const char *tenant, const char *name, struct user *out_user,
    struct lk_error *err)
{
	bool found;

	if (*name == '\0')
		return lk_fail_field(
		    err, "user", "USER_REQUIRED", "say which user: an id or an e-mail address");
	LK_TRY(find_user(tx, tenant, name, out_user, &found, err));
	return found ? LK_OK : user_absent(err);
}

/* An id alone is enough for those who have no tenant of their own. */
static lk_status
tenant_of_user(struct op *op, struct lk_tx *tx, const char *id, struct tenant *out_tenant,
    struct lk_error *err)
{
	struct lk_error why = { 0 };
	struct user user;
	bool found = false;

	const lk_status status = user_find(tx, id, &user, &found, &why);
	LK_TRY(told(op, user.tenant, status, &why, &found, err));
	if (!found || !lk_caller_reaches_tenant(op->caller, user.tenant))
		return user_absent(err);
	return access_tenant(op, tx, user.tenant, out_tenant, err);
}

lk_status
access_user(struct op *op, struct lk_tx *tx, const char *tenant_name, const char *name,
    struct tenant *out_tenant, struct user *out_user, struct lk_error *err)
{
	if (*tenant_name == '\0' && op->caller->tenant[0] == '\0' && lk_id_ok(LK_ID_USER, name))
		LK_TRY(tenant_of_user(op, tx, name, out_tenant, err));
	else
		LK_TRY(access_tenant(op, tx, tenant_name, out_tenant, err));
	return access_user_in(tx, out_tenant->id, name, out_user, err);
}

lk_status
access_covers(struct op *op, struct lk_tx *tx, const struct tenant *tenant, const struct user *user,
    struct lk_error *err)
{
	const char *names[LK_PERM_COUNT];
	struct policy policy;

	LK_TRY(policy_load(tx, tenant, &policy, err));
	const lk_permissions more = user_permissions(user, &policy) & ~op->caller->permissions;
	if (lk_permissions_names(more, names) > 0)
		return lk_fail(err, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS",
		    "the user has %s and you do not", names[0]);
	return LK_OK;
}

lk_status
access_keeps_admin(struct op *op, struct lk_tx *tx, const struct user *user, struct lk_error *err)
{
	bool other;

	if (op->caller->kind == LK_CALLER_OPERATOR ||
	    !(user->roles.built_in & role_bit(ROLE_TENANT_ADMIN)))
		return LK_OK;
	LK_TRY(tenant_lock(tx, user->tenant, err));
	LK_TRY(user_other_admin(tx, user, &other, err));
	return other ? LK_OK
		     : lk_fail(err, LK_FAILED_PRECONDITION, "LAST_ADMIN",
			   "the tenant would have no administrator: make another one first");
}

lk_status
access_manages_workgroup(
    struct op *op, struct lk_tx *tx, const struct workgroup *workgroup, struct lk_error *err)
{
	if (op->caller->kind == LK_CALLER_USER)
		LK_TRY(row_check(tx, ROW_USER, op->caller->id, err));
	return workgroup_manage_check(workgroup, op->caller, err);
}

bool
caller_is(const struct lk_caller *caller, const char *id)
{
	return (caller->kind == LK_CALLER_USER || caller->kind == LK_CALLER_PRINCIPAL) &&
	       strcmp(caller->id, id) == 0;
}

static bool
may_see_key(const struct lk_caller *caller, const struct key *key)
{
	if (caller_is(caller, key->owner) || caller->kind == LK_CALLER_OPERATOR)
		return true;
	return key->tenant[0] != '\0' && lk_caller_has(caller, LK_PERM_API_KEYS_MANAGE_ANY) &&
	       lk_caller_reaches_tenant(caller, key->tenant);
}

/* What was sent in place of an id may be a secret: only an id is repeated. */
static lk_status
key_absent(const char *id, struct lk_error *err)
{
	return lk_fail(err, LK_NOT_FOUND, "KEY_NOT_FOUND", "there is no such key%s%s",
	    lk_id_ok(LK_ID_KEY, id) ? ": " : "", lk_id_ok(LK_ID_KEY, id) ? id : "");
}

lk_status
access_key(
    struct op *op, struct lk_tx *tx, const char *id, struct key *out_key, struct lk_error *err)
{
	bool found;

	LK_TRY(key_find(tx, id, op->arena, out_key, &found, err));
	if (!found || !may_see_key(op->caller, out_key))
		return key_absent(id, err);
	return op->caller->kind == LK_CALLER_OPERATOR ? LK_OK
						      : key_seal_check(op->keys, out_key, err);
}
