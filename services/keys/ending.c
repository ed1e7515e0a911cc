/* See ending.h. */
#include "ending.h"

#include <string.h>

static const enum lk_id_kind id_kinds[ROW_KINDS] = { LK_ID_TENANT, LK_ID_USER, LK_ID_ROLE,
	LK_ID_WORKGROUP, LK_ID_PRINCIPAL, LK_ID_SESSION, LK_ID_TICKET };

static lk_status
as_it_was(lk_status status, const struct lk_error *why, struct lk_error *err)
{
	if (status != LK_OK && err)
		*err = *why;
	return status;
}

/* Administrators may not: that the row is one of their tenant's may be what was forged. */
lk_status
ending_allow(struct op *op, struct lk_tx *tx, enum row_kind kind, const char *name,
    lk_status status, const struct lk_error *why, struct ending *out_ending, struct lk_error *err)
{
	struct row_look look;

	*out_ending = (struct ending){ 0 };
	if ((status != LK_DATA_LOSS && status != LK_NOT_FOUND) ||
	    op->caller->kind != LK_CALLER_OPERATOR || !lk_id_ok(id_kinds[kind], name))
		return as_it_was(status, why, err);
	LK_TRY(row_look(tx, kind, name, &look, err));
	if (!look.there || (look.intact && status == LK_NOT_FOUND))
		return as_it_was(status, why, err);
	*out_ending = (struct ending){ .blind = true, .intact = look.intact };
	memcpy(out_ending->tenant, look.tenant, sizeof out_ending->tenant);
	return LK_OK;
}

lk_status
ending_user(struct op *op, struct lk_tx *tx, const char *tenant_name, const char *name,
    struct user *out_user, struct ending *out_ending, struct lk_error *err)
{
	struct lk_error why = { 0 };
	struct tenant tenant;
	const lk_status status = access_user(op, tx, tenant_name, name, &tenant, out_user, &why);

	LK_TRY(ending_allow(op, tx, ROW_USER, name, status, &why, out_ending, err));
	if (!out_ending->blind) {
		LK_TRY(access_covers(op, tx, &tenant, out_user, err));
		return access_keeps_admin(op, tx, out_user, err);
	}
	*out_user = (struct user){ 0 };
	lk_text_copy(out_user->id, sizeof out_user->id, name);
	memcpy(out_user->tenant, out_ending->tenant, sizeof out_user->tenant);
	return LK_OK;
}

const char *
ending_detail(struct lk_arena *arena, const char *detail)
{
	return *detail ? lk_arena_format(arena, "damaged: %s", detail) : "damaged";
}
