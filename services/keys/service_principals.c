/* Platform principals: CreatePrincipal, ListPrincipals, SetPrincipalState. Operators only. */
#include <string.h>

#include "access.h"
#include "daemon/page.h"
#include "encode.h"
#include "ending.h"
#include "handlers.h"
#include "key_make.h"
#include "principal_store.h"

enum { TENANTS_MAX = 1000 };

static lk_status
tenants_of_request(struct op *op, struct lk_tx *tx, const CreatePrincipalRequest *req,
    struct principal *principal, struct lk_error *err)
{
	struct tenant tenant;

	if (req->n_tenants > TENANTS_MAX)
		return lk_fail_field(err, "tenants", "TENANTS_INVALID",
		    "at most %d tenants, or all of them", TENANTS_MAX);
	for (size_t i = 0; i < req->n_tenants; i++) {
		LK_TRY(access_tenant(op, tx, req->tenants[i], &tenant, err));
		if (!id_list_has(&principal->tenants, tenant.id))
			LK_TRY(id_list_add(&principal->tenants, op->arena, tenant.id, err));
	}
	return LK_OK;
}

/* A principal's key has what the principal has, and no end: it is revoked, or its principal is
 * disabled. */
static lk_status
make_principal_key(struct op *op, struct lk_tx *tx, const struct principal *principal,
    CreatePrincipalResponse *rep, struct lk_error *err)
{
	struct key key = { .all_permissions = true, .all_workgroups = true };

	memcpy(key.owner, principal->id, sizeof key.owner);
	lk_text_copy(key.name, sizeof key.name, principal->name);
	LK_TRY(key_make(op, tx, &key, &rep->secret_key, err));
	return lk_field_copy(op->arena, key.id, &rep->key_id, err);
}

static lk_status
create_principal(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const CreatePrincipalRequest *req = op->req;
	CreatePrincipalResponse *rep = op->rep;
	struct principal principal = { .all_tenants = req->all_tenants,
		.state = PRINCIPAL_ACTIVE,
		.generation = 1,
		.created_at_ms = op->now_ms };

	LK_TRY(principal_check(req->name, req->permissions, req->n_permissions, req->all_tenants,
	    req->n_tenants, &principal.permissions, err));
	LK_TRY(tenants_of_request(op, tx, req, &principal, err));
	lk_text_copy(principal.name, sizeof principal.name, req->name);
	lk_id_make(LK_ID_PRINCIPAL, op->keys->setup.clock, op->keys->setup.random, principal.id);
	LK_TRY(principal_insert(tx, &principal, err));
	LK_TRY(op_audit(op, tx,
	    &(struct lk_audit_event){ .action = "principal.created",
		.object = principal.id,
		.owner = principal.id,
		.detail = principal.name },
	    err));
	LK_TRY(make_principal_key(op, tx, &principal, rep, err));
	return encode_principal(op->arena, &principal, &rep->principal, err);
}

lk_status
accounts_create_principal(
    struct lk_call *call, const CreatePrincipalRequest *req, CreatePrincipalResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, create_principal);
}

static lk_status
list_principals(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const ListPrincipalsRequest *req = op->req;
	ListPrincipalsResponse *rep = op->rep;
	struct lk_page page;
	struct principal_page found;

	LK_TRY(lk_page_read(LK_ID_PRINCIPAL, req->page, &page, err));
	LK_TRY(principal_list(tx, &page, op->arena, &found, err));
	rep->principals = lk_arena_array(op->arena, found.count, sizeof *rep->principals);
	if (!rep->principals)
		return lk_fail_oom(err);
	for (; rep->n_principals < found.count; rep->n_principals++)
		LK_TRY(encode_principal(op->arena, &found.items[rep->n_principals],
		    &rep->principals[rep->n_principals], err));
	return lk_page_reply(
	    op->arena, found.more ? found.items[found.count - 1].id : NULL, &rep->page, err);
}

lk_status
accounts_list_principals(
    struct lk_call *call, const ListPrincipalsRequest *req, ListPrincipalsResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_read(&op, list_principals);
}

/* A damaged one is not enabled. */
static lk_status
find_principal(struct op *op, struct lk_tx *tx, const SetPrincipalStateRequest *req,
    struct principal *out, struct ending *out_ending, struct lk_error *err)
{
	struct lk_error why = { 0 };
	bool found = true;
	const lk_status status = principal_find(tx, req->principal, op->arena, out, &found, &why);
	const bool disables = lk_text_is(req->state, principal_state_name(PRINCIPAL_DISABLED));

	if (status == LK_OK && !found)
		return lk_fail(
		    err, LK_NOT_FOUND, "PRINCIPAL_NOT_FOUND", "there is no such principal");
	if (!disables && status != LK_OK && err)
		*err = why;
	return disables ? ending_allow(
			      op, tx, ROW_PRINCIPAL, req->principal, status, &why, out_ending, err)
			: status;
}

static lk_status
disable_damaged(struct op *op, struct lk_tx *tx, struct principal *principal, struct lk_error *err)
{
	const SetPrincipalStateRequest *req = op->req;
	SetPrincipalStateResponse *rep = op->rep;

	*principal = (struct principal){ .state = PRINCIPAL_DISABLED };
	lk_text_copy(principal->id, sizeof principal->id, req->principal);
	lk_text_copy(principal->name, sizeof principal->name, req->principal);
	LK_TRY(principal_empty(tx, principal->id, op->now_ms, err));
	LK_TRY(op_forget(op, tx, principal->id, err));
	LK_TRY(op_audit(op, tx,
	    &(struct lk_audit_event){ .action = "principal.disabled",
		.object = principal->id,
		.owner = principal->id,
		.detail = ending_detail(op->arena, "") },
	    err));
	return encode_principal(op->arena, principal, &rep->principal, err);
}

static lk_status
set_principal_state(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const SetPrincipalStateRequest *req = op->req;
	SetPrincipalStateResponse *rep = op->rep;
	struct principal principal;
	enum principal_state state;
	struct ending ending = { 0 };

	LK_TRY(find_principal(op, tx, req, &principal, &ending, err));
	if (ending.blind)
		return disable_damaged(op, tx, &principal, err);
	LK_TRY(principal_state_asked(&principal, req->state, &state, err));
	LK_TRY(principal_save_state(tx, principal.id, state, err));
	LK_TRY(op_forget(op, tx, principal.id, err));
	principal.state = state;
	LK_TRY(op_audit(op, tx,
	    &(struct lk_audit_event){
		.action = state == PRINCIPAL_DISABLED ? "principal.disabled" : "principal.enabled",
		.object = principal.id,
		.owner = principal.id },
	    err));
	return encode_principal(op->arena, &principal, &rep->principal, err);
}

lk_status
accounts_set_principal_state(
    struct lk_call *call, const SetPrincipalStateRequest *req, SetPrincipalStateResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, set_principal_state);
}
