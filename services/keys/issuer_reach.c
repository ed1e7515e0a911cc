/* See issuer_reach.h. */
#include "issuer_reach.h"

#include "access.h"
#include "arrival.h"
#include "issuer_store.h"
#include "user_store.h"

typedef lk_status linked_fn(struct op *op, struct lk_tx *tx, const struct tenant *tenant,
    const struct user *user, struct lk_error *err);

static lk_status
with_user(struct op *op, struct lk_tx *tx, const struct tenant *tenant, const char *id,
    linked_fn *fn, struct lk_error *err)
{
	struct user user;
	bool found;

	LK_TRY(user_find(tx, id, &user, &found, err));
	return found ? fn(op, tx, tenant, &user, err) : LK_OK;
}

static lk_status
for_each_linked(struct op *op, struct lk_tx *tx, const struct tenant *tenant, const char *issuer,
    linked_fn *fn, struct lk_error *err)
{
	struct linked_users *linked = LK_ARENA_NEW(op->arena, struct linked_users);
	char after[LK_ID_SIZE] = "";

	if (!linked)
		return lk_fail_oom(err);
	do {
		LK_TRY(subject_users(tx, tenant->id, issuer, after, linked, err));
		for (size_t i = 0; i < linked->count; i++)
			LK_TRY(with_user(op, tx, tenant, linked->users[i], fn, err));
		if (linked->count > 0)
			lk_text_copy(after, sizeof after, linked->users[linked->count - 1]);
	} while (linked->count == LK_PAGE_ROWS_MAX);
	return LK_OK;
}

lk_status
issuer_covers(struct op *op, struct lk_tx *tx, const struct tenant *tenant, const char *issuer,
    struct lk_error *err)
{
	return for_each_linked(op, tx, tenant, issuer, access_covers, err);
}

static lk_status
end_sessions(struct op *op, struct lk_tx *tx, const struct tenant *tenant, const struct user *user,
    struct lk_error *err)
{
	(void)tenant;
	return arrival_end_sessions(op, tx, user, "", err);
}

lk_status
issuer_end_sessions(struct op *op, struct lk_tx *tx, const struct tenant *tenant,
    const char *issuer, struct lk_error *err)
{
	return for_each_linked(op, tx, tenant, issuer, end_sessions, err);
}
