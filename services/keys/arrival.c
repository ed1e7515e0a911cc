/* See arrival.h. */
#include "arrival.h"

#include <string.h>

#include "encode.h"
#include "issue.h"
#include "row_seal.h"
#include "rpc/field.h"
#include "session_store.h"
#include "tenant_store.h"
#include "user_store.h"

lk_status
arrival_find(struct lk_tx *tx, const char *tenant_id, const char *user_id,
    struct tenant *out_tenant, struct user *out_user, bool *out_may, struct lk_error *err)
{
	struct lk_error why = { 0 };
	bool user_found, tenant_found;

	LK_TRY(row_or_none(
	    user_find(tx, user_id, out_user, &user_found, &why), &why, &user_found, err));
	LK_TRY(row_or_none(
	    tenant_find(tx, tenant_id, out_tenant, &tenant_found, &why), &why, &tenant_found, err));
	*out_may = user_found && tenant_found && out_tenant->state == TENANT_ACTIVE &&
		   out_user->state != USER_DISABLED;
	return LK_OK;
}

lk_status
arrival_audit(struct op *op, struct lk_tx *tx, const struct user *user, const char *session,
    const struct lk_audit_event *event, struct lk_error *err)
{
	struct lk_caller actor = { .kind = LK_CALLER_USER };

	memcpy(actor.id, user->id, sizeof user->id);
	memcpy(actor.tenant, user->tenant, sizeof user->tenant);
	lk_text_copy(actor.session, sizeof actor.session, session);
	return lk_audit_write_as(tx, &actor, lk_call_request_id(op->call), op->now_ms, event, err);
}

/* Who puts out others on arriving is nobody yet. */
static lk_status
end_session(
    struct op *op, struct lk_tx *tx, const struct user *user, const char *id, struct lk_error *err)
{
	const struct lk_audit_event event = {
		.action = "session.ended", .tenant = user->tenant, .object = id, .owner = user->id
	};

	LK_TRY(session_end(tx, id, op->now_ms, err));
	LK_TRY(op_forget(op, tx, id, err));
	return op->caller->kind == LK_CALLER_ANONYMOUS
		   ? arrival_audit(op, tx, user, "", &event, err)
		   : op_audit(op, tx, &event, err);
}

lk_status
arrival_end_sessions(struct op *op, struct lk_tx *tx, const struct user *user, const char *keep,
    struct lk_error *err)
{
	const struct session_wish wish = { user->id, op->now_ms, 0 };
	char id[LK_ID_SIZE] = "";
	bool found;

	LK_TRY(session_next(tx, &wish, id, &found, err));
	while (found) {
		if (!lk_text_is(id, keep))
			LK_TRY(end_session(op, tx, user, id, err));
		LK_TRY(session_next(tx, &wish, id, &found, err));
	}
	return LK_OK;
}

static lk_status
enter(struct op *op, struct lk_tx *tx, struct user *user, struct lk_error *err)
{
	if (user->state == USER_INVITED) {
		user->state = USER_ACTIVE;
		LK_TRY(user_save_state(tx, user->id, user->state, err));
	}
	user->last_sign_in_at_ms = op->now_ms;
	LK_TRY(user_signed_in(tx, user->id, op->now_ms, err));
	return op_forget(op, tx, user->id, err);
}

static int64_t
session_ttl(const struct op *op, int64_t asked_ms)
{
	const int64_t most_ms = op->keys->setup.session_ttl_ms;

	return asked_ms > 0 && asked_ms < most_ms ? asked_ms : most_ms;
}

static lk_status
start_session(struct op *op, struct lk_tx *tx, const struct user *user, int64_t ttl_ms,
    const char *by, RedeemTicketResponse *rep, struct lk_error *err)
{
	LK_AUTO(issued_wipe) struct issued issued = { 0 };
	struct session session = { .generation = 1,
		.created_at_ms = op->now_ms,
		.expires_at_ms = op->now_ms + session_ttl(op, ttl_ms),
		.last_used_at_ms = op->now_ms };

	LK_TRY(issue(op->keys, LK_ID_SESSION, user->tenant, &issued, err));
	memcpy(session.id, issued.id, sizeof session.id);
	memcpy(session.tenant, user->tenant, sizeof session.tenant);
	memcpy(session.user, user->id, sizeof session.user);
	memcpy(session.digest, issued.digest, sizeof session.digest);
	session.pepper_version = issued.pepper_version;
	LK_TRY(session_insert(tx, &session, err));
	LK_TRY(arrival_audit(op, tx, user, session.id,
	    &(struct lk_audit_event){ .action = "session.started",
		.tenant = user->tenant,
		.object = session.id,
		.owner = user->id,
		.detail = by },
	    err));
	rep->expires_at_ms = session.expires_at_ms;
	LK_TRY(lk_field_copy(op->arena, session.id, &rep->session_id, err));
	return lk_field_copy(op->arena, issued.text.text, &rep->secret_session, err);
}

lk_status
arrival_complete(struct op *op, struct lk_tx *tx, const struct tenant *tenant, struct user *user,
    int64_t ttl_ms, const char *by, RedeemTicketResponse *rep, struct lk_error *err)
{
	LK_TRY(enter(op, tx, user, err));
	LK_TRY(start_session(op, tx, user, ttl_ms, by, rep, err));
	LK_TRY(encode_tenant(op->arena, tenant, &rep->tenant, err));
	return encode_user(op->arena, user, &rep->user, err);
}
