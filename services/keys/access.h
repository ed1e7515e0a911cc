/*
 * What a caller may reach. A tenant, user or key that is not theirs is NOT_FOUND, exactly as one
 * that is absent; operators name the tenant. Every function reads inside the transaction it is
 * given.
 */
#ifndef LK_KEYS_ACCESS_H
#define LK_KEYS_ACCESS_H

#include "key.h"
#include "op.h"
#include "tenant.h"
#include "user.h"
#include "workgroup.h"

/* The tenant that a request's `tenant` names, "" for the caller's own. NOT_FOUND TENANT_NOT_FOUND;
 * INVALID_ARGUMENT TENANT_REQUIRED for callers without one of their own. */
lk_status access_tenant(struct op *op, struct lk_tx *tx, const char *name,
    struct tenant *out_tenant, struct lk_error *err);

/* The user that `name`, an id or an e-mail, is in this tenant. NOT_FOUND USER_NOT_FOUND. */
lk_status access_user_in(struct lk_tx *tx, const char *tenant, const char *name,
    struct user *out_user, struct lk_error *err);

/* Both from one request. Whoever may reach any tenant need not name it beside a user's id. */
lk_status access_user(struct op *op, struct lk_tx *tx, const char *tenant_name, const char *name,
    struct tenant *out_tenant, struct user *out_user, struct lk_error *err);

/* PERMISSION_DENIED PERMISSION_EXCEEDS when the user has a permission that the caller does not:
 * nobody acts on those above. */
lk_status access_covers(struct op *op, struct lk_tx *tx, const struct tenant *tenant,
    const struct user *user, struct lk_error *err);

/*
 * Before `user` stops being an active administrator: FAILED_PRECONDITION LAST_ADMIN when the tenant
 * has no other, for everybody but operators. Locks the tenant, so that two do not remove each
 * other.
 */
lk_status access_keeps_admin(
    struct op *op, struct lk_tx *tx, const struct user *user, struct lk_error *err);

/* As workgroup_manage_check, by what the database says now of who its administrators are: DATA_LOSS
 * ROW_DAMAGED when a membership of the caller's was changed there by hand. */
lk_status access_manages_workgroup(
    struct op *op, struct lk_tx *tx, const struct workgroup *workgroup, struct lk_error *err);

bool caller_is(const struct lk_caller *caller, const char *id);

/* One's own keys, and with api_keys.manage_any those of the tenants one reaches. NOT_FOUND
 * KEY_NOT_FOUND; DATA_LOSS ROW_DAMAGED (key_seal.h), but for operators, who may look at the key and
 * revoke it. */
lk_status access_key(
    struct op *op, struct lk_tx *tx, const char *id, struct key *out_key, struct lk_error *err);

#endif
