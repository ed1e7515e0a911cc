/* What an administrator does to a user for good or by name: UpdateUser, DeleteUser. */
#include "access.h"
#include "arrival.h"
#include "encode.h"
#include "ending.h"
#include "handlers.h"
#include "key_end.h"
#include "key_store.h"
#include "user_store.h"

static lk_status
user_audit(struct op *op, struct lk_tx *tx, const char *action, const struct user *user,
    const char *detail, struct lk_error *err)
{
	return op_audit(op, tx,
	    &(struct lk_audit_event){ .action = action,
		.tenant = user->tenant,
		.object = user->id,
		.owner = user->id,
		.detail = detail },
	    err);
}

/* ---- UpdateUser ---- */

static lk_status
change_email(struct op *op, struct lk_tx *tx, const UpdateUserRequest *req, struct user *user,
    struct lk_error *err)
{
	char email[EMAIL_SIZE];

	if (!*req->email)
		return LK_OK;
	LK_TRY(email_normalise("email", req->email, email, err));
	LK_TRY(user_save_email(tx, user, email, err));
	lk_text_copy(user->email, sizeof user->email, email);
	LK_TRY(op_forget(op, tx, user->id, err));
	return user_audit(op, tx, "user.email_changed", user, email, err);
}

static lk_status
change_display_name(struct op *op, struct lk_tx *tx, const UpdateUserRequest *req,
    struct user *user, struct lk_error *err)
{
	if (!*req->display_name)
		return LK_OK;
	LK_TRY(user_display_name_check(req->display_name, err));
	LK_TRY(user_save_display_name(tx, user->id, req->display_name, err));
	lk_text_copy(user->display_name, sizeof user->display_name, req->display_name);
	return user_audit(op, tx, "user.renamed", user, NULL, err);
}

/* By an address somebody signs in: nobody changes that of users above them. */
static lk_status
update_user(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const UpdateUserRequest *req = op->req;
	UpdateUserResponse *rep = op->rep;
	struct tenant tenant;
	struct user user;

	LK_TRY(access_user(op, tx, req->tenant, req->user, &tenant, &user, err));
	LK_TRY(access_covers(op, tx, &tenant, &user, err));
	LK_TRY(change_email(op, tx, req, &user, err));
	LK_TRY(change_display_name(op, tx, req, &user, err));
	return encode_user(op->arena, &user, &rep->user, err);
}

lk_status
accounts_update_user(struct lk_call *call, const UpdateUserRequest *req, UpdateUserResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, update_user);
}

/* ---- DeleteUser ---- */

enum { KEYS_AT_ONCE = 20, KEYS_MEMORY = 256 * 1024 }; /* however many there are */

static lk_status
revoke_keys(
    struct op *op, struct lk_tx *tx, const char *owner, uint32_t *out_revoked, struct lk_error *err)
{
	const struct key_filter filter = {
		.owner = owner, .state = "", .name = "", .now_ms = op->now_ms
	};
	const struct lk_page page = { .size = KEYS_AT_ONCE };
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(KEYS_MEMORY);
	struct key_page found = { .more = true };
	uint32_t revoked = 0;

	if (!arena)
		return lk_fail_oom(err);
	while (found.more) {
		lk_arena_reset(arena);
		LK_TRY(key_list(tx, &filter, &page, arena, &found, err));
		for (size_t i = 0; i < found.count; i++, revoked++)
			LK_TRY(key_end(op, tx, arena, &found.items[i], "owner deleted", err));
	}
	*out_revoked = revoked;
	return LK_OK;
}

static lk_status
delete_user(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const DeleteUserRequest *req = op->req;
	DeleteUserResponse *rep = op->rep;
	struct user user;
	struct ending ending;

	LK_TRY(ending_user(op, tx, req->tenant, req->user, &user, &ending, err));
	LK_TRY(revoke_keys(op, tx, user.id, &rep->keys_revoked, err));
	LK_TRY(arrival_end_sessions(op, tx, &user, "", err));
	LK_TRY(user_end(tx, user.id, op->now_ms, err));
	LK_TRY(op_forget(op, tx, user.id, err));
	LK_TRY(op_tell(op, tx, LK_FEED_USER_DELETED, user.id, err));
	const char *detail = ending.blind ? ending_detail(op->arena, "") : user.email;
	return user_audit(op, tx, "user.deleted", &user, detail, err);
}

lk_status
accounts_delete_user(struct lk_call *call, const DeleteUserRequest *req, DeleteUserResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, delete_user);
}
