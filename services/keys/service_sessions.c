/* Coming in and leaving: RedeemTicket, EndSession, GetMe. */
#include <string.h>

#include "access.h"
#include "crypto/key_format.h"
#include "encode.h"
#include "handlers.h"
#include "issue.h"
#include "session_store.h"
#include "standing.h"
#include "tenant_store.h"
#include "user_store.h"

/* op is first, so that the same pointer serves both. */
struct redeem {
	struct op op;
	struct lk_key_parts shown;
	struct ticket ticket; /* the one that was shown, when there is one */
	bool known;
};

static void
redeem_wipe(struct redeem *redeem)
{
	lk_key_parts_wipe(&redeem->shown);
}

/* One answer for every ticket that does not open: unknown, wrong, used, replaced, late, or its user
 * may not come in. */
static lk_status
ticket_refused(struct lk_error *err)
{
	return lk_fail(err, LK_UNAUTHENTICATED, "TICKET_REFUSED", "the ticket was not accepted");
}

/* The digest is computed for every ticket, known or not. */
static lk_status
find_ticket(struct redeem *redeem, struct lk_tx *tx, bool *out_opens, struct lk_error *err)
{
	struct ticket *ticket = &redeem->ticket;

	*ticket = (struct ticket){ 0 };
	LK_TRY(ticket_find(tx, redeem->shown.id, ticket, &redeem->known, err));
	const bool matches = secret_matches(redeem->op.keys, ticket->tenant, redeem->shown.id,
	    &redeem->shown.secret, ticket->pepper_version, ticket->digest);
	*out_opens = redeem->known && matches && ticket_is_open(ticket, redeem->op.now_ms);
	return LK_OK;
}

static lk_status
find_who_enters(struct lk_tx *tx, const struct ticket *ticket, struct tenant *tenant,
    struct user *user, bool *out_may, struct lk_error *err)
{
	bool user_found, tenant_found;

	LK_TRY(user_find(tx, ticket->user, user, &user_found, err));
	LK_TRY(tenant_find(tx, ticket->tenant, tenant, &tenant_found, err));
	*out_may = user_found && tenant_found && tenant->state == TENANT_ACTIVE &&
		   user->state != USER_DISABLED;
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

/* Whoever shows a ticket is nobody yet: the trail names whom it lets in. */
static lk_status
audit_as_user(struct op *op, struct lk_tx *tx, const struct user *user, const char *session,
    const struct lk_audit_event *event, struct lk_error *err)
{
	struct lk_caller actor = { .kind = LK_CALLER_USER };

	memcpy(actor.id, user->id, sizeof user->id);
	memcpy(actor.tenant, user->tenant, sizeof user->tenant);
	lk_text_copy(actor.session, sizeof actor.session, session);
	return lk_audit_write_as(tx, &actor, lk_call_request_id(op->call), op->now_ms, event, err);
}

static lk_status
start_session(struct op *op, struct lk_tx *tx, const struct user *user, RedeemTicketResponse *rep,
    struct lk_error *err)
{
	LK_AUTO(issued_wipe) struct issued issued = { 0 };
	struct session session = { .generation = 1,
		.created_at_ms = op->now_ms,
		.expires_at_ms = op->now_ms + op->keys->setup.session_ttl_ms,
		.last_used_at_ms = op->now_ms };

	LK_TRY(issue(op->keys, LK_ID_SESSION, user->tenant, &issued, err));
	memcpy(session.id, issued.id, sizeof session.id);
	memcpy(session.tenant, user->tenant, sizeof session.tenant);
	memcpy(session.user, user->id, sizeof session.user);
	memcpy(session.digest, issued.digest, sizeof session.digest);
	session.pepper_version = issued.pepper_version;
	LK_TRY(session_insert(tx, &session, err));
	LK_TRY(audit_as_user(op, tx, user, session.id,
	    &(struct lk_audit_event){ .action = "session.started",
		.tenant = user->tenant,
		.object = session.id,
		.owner = user->id },
	    err));
	rep->expires_at_ms = session.expires_at_ms;
	LK_TRY(lk_field_copy(op->arena, session.id, &rep->session_id, err));
	return lk_field_copy(op->arena, issued.text.text, &rep->secret_session, err);
}

static lk_status
redeem_ticket(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct redeem *redeem = arg;
	struct op *op = &redeem->op;
	RedeemTicketResponse *rep = op->rep;
	struct tenant tenant;
	struct user user;
	bool opens, may, won;

	LK_TRY(find_ticket(redeem, tx, &opens, err));
	if (!opens)
		return ticket_refused(err);
	LK_TRY(find_who_enters(tx, &redeem->ticket, &tenant, &user, &may, err));
	if (!may)
		return ticket_refused(err);
	LK_TRY(ticket_redeem(tx, redeem->ticket.id, op->now_ms, &won, err));
	if (!won)
		return ticket_refused(err);
	LK_TRY(enter(op, tx, &user, err));
	LK_TRY(audit_as_user(op, tx, &user, "",
	    &(struct lk_audit_event){ .action = "ticket.redeemed",
		.tenant = user.tenant,
		.object = redeem->ticket.id,
		.owner = user.id },
	    err));
	LK_TRY(start_session(op, tx, &user, rep, err));
	LK_TRY(encode_tenant(op->arena, &tenant, &rep->tenant, err));
	return encode_user(op->arena, &user, &rep->user, err);
}

/* Only tickets that exist leave a trace: strangers cannot fill the trail with ids they made up. */
static lk_status
audit_refused_ticket(const struct redeem *redeem, lk_status refused)
{
	const struct lk_audit_event event = { .action = "ticket.redeemed",
		.outcome = "TICKET_REFUSED",
		.tenant = redeem->ticket.tenant,
		.object = redeem->ticket.id,
		.owner = redeem->ticket.user };
	struct lk_error err = { 0 };

	if (!redeem->known)
		return refused;
	const lk_status written =
	    lk_audit_refusal(redeem->op.keys->setup.store, redeem->op.call, &event, &err);
	if (written == LK_OK)
		return refused;
	*lk_call_error(redeem->op.call) = err;
	return written;
}

lk_status
accounts_redeem_ticket(
    struct lk_call *call, const RedeemTicketRequest *req, RedeemTicketResponse *rep)
{
	LK_AUTO(redeem_wipe) struct redeem redeem = { .op = op_of(call, req, rep) };
	const struct keys *keys = redeem.op.keys;
	struct lk_error *err = lk_call_error(call);

	if (lk_key_text_parse(keys->setup.prefix, lk_bytes_of(req->secret_ticket), &redeem.shown,
		NULL) != LK_OK ||
	    redeem.shown.use != LK_KEY_USE_TICKET)
		return ticket_refused(err);
	const lk_status status = op_write(&redeem.op, redeem_ticket);
	return status == LK_UNAUTHENTICATED ? audit_refused_ticket(&redeem, status) : status;
}

static lk_status
session_absent(struct lk_error *err)
{
	return lk_fail(err, LK_NOT_FOUND, "SESSION_NOT_FOUND", "there is no such session");
}

static bool
may_end(const struct lk_caller *caller, const struct session *session)
{
	if (caller_is(caller, session->user))
		return true;
	return lk_caller_has(caller, LK_PERM_SESSIONS_MANAGE_ANY) &&
	       lk_caller_reaches_tenant(caller, session->tenant);
}

static lk_status
end_session(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const EndSessionRequest *req = op->req;
	const char *id = *req->session ? req->session : op->caller->session;
	struct session session;
	bool found;

	if (*id == '\0')
		return lk_fail_field(err, "session", "SESSION_REQUIRED",
		    "you did not come with a session: say which to end");
	LK_TRY(session_find(tx, id, &session, &found, err));
	if (!found || !may_end(op->caller, &session))
		return session_absent(err);
	if (session.ended_at_ms != 0)
		return lk_fail(
		    err, LK_FAILED_PRECONDITION, "SESSION_ENDED", "the session has ended already");
	LK_TRY(session_end(tx, session.id, op->now_ms, err));
	LK_TRY(op_forget(op, tx, session.id, err));
	return op_audit(op, tx,
	    &(struct lk_audit_event){ .action = "session.ended",
		.tenant = session.tenant,
		.object = session.id,
		.owner = session.user },
	    err);
}

lk_status
accounts_end_session(struct lk_call *call, const EndSessionRequest *req, EndSessionResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, end_session);
}

/* Operators and services have no row of their own: the name of their key is who they are. */
static lk_status
describe_peer(const struct op *op, GetMeResponse *rep, struct lk_error *err)
{
	struct identity identity = { .kind = OWNER_SERVICE,
		.name = op->caller->id,
		.tenant_name = "",
		.permissions = op->caller->permissions,
		.all_workgroups = true,
		.all_tenants = true };

	LK_TRY(encode_identity(op->arena, &identity, &rep->identity, err));
	rep->identity->kind = LATCHKEY__COMMON__V1__SUBJECT_KIND__SUBJECT_KIND_UNSPECIFIED;
	return lk_field_copy(op->arena, op->caller->id, &rep->identity->name, err);
}

/* What the caller is now, narrowed to what the token they came with allows. */
static lk_status
describe_subject(struct op *op, GetMeResponse *rep, struct lk_error *err)
{
	const struct patience patience = { lk_call_may_block(op->call),
		lk_call_deadline_steady_ms(op->call), op->arena };
	const struct lk_caller *caller = op->caller;
	struct identity identity;
	bool active;

	LK_TRY(standing_get(op->keys, caller->id, caller->key, caller->session, &patience,
	    &identity, &active, err));
	if (!active)
		return lk_fail(
		    err, LK_UNAUTHENTICATED, "TOKEN_REFUSED", "the token was not accepted");
	identity.permissions &= caller->permissions;
	return encode_identity(op->arena, &identity, &rep->identity, err);
}

lk_status
accounts_get_me(struct lk_call *call, const GetMeRequest *req, GetMeResponse *rep)
{
	struct op op = op_of(call, req, rep);
	struct lk_error *err = lk_call_error(call);
	const enum lk_caller_kind kind = op.caller->kind;

	LK_TRY(lk_field_copy(op.arena, lk_caller_kind_name(kind), &rep->caller_kind, err));
	return kind == LK_CALLER_USER || kind == LK_CALLER_PRINCIPAL
		   ? describe_subject(&op, rep, err)
		   : describe_peer(&op, rep, err);
}
