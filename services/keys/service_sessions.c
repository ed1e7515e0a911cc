/* Coming in by a ticket and leaving: RedeemTicket, EndSession, GetMe; and ListSessions. */
#include <string.h>

#include "access.h"
#include "arrival.h"
#include "crypto/key_format.h"
#include "encode.h"
#include "handlers.h"
#include "issue.h"
#include "password.h"
#include "password_store.h"
#include "row_seal.h"
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
	char hash[LK_PASSWORD_HASH_SIZE]; /* of the password that comes with it; "": none does */
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
	struct lk_error why = { 0 };

	*ticket = (struct ticket){ 0 };
	LK_TRY(ticket_find(tx, redeem->shown.id, ticket, &redeem->known, err));
	const bool matches = secret_matches(redeem->op.keys, ticket->tenant, redeem->shown.id,
	    &redeem->shown.secret, ticket->pepper_version, ticket->digest);
	*out_opens = redeem->known && matches && ticket_is_open(ticket, redeem->op.now_ms);
	return *out_opens
		   ? row_or_none(row_check(tx, ROW_TICKET, ticket->id, &why), &why, out_opens, err)
		   : LK_OK;
}

/* Whoever gets their account back by a ticket puts out who is in it. */
static lk_status
save_password(struct redeem *redeem, struct lk_tx *tx, const struct tenant *tenant,
    const struct user *user, struct lk_error *err)
{
	struct policy policy;

	if (!*redeem->hash)
		return LK_OK;
	LK_TRY(policy_load(tx, tenant, &policy, err));
	LK_TRY(password_allowed(&policy, err));
	LK_TRY(password_save(tx, user->id, redeem->hash, redeem->op.now_ms, err));
	return arrival_end_sessions(&redeem->op, tx, user, "", err);
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
	LK_TRY(arrival_find(
	    tx, redeem->ticket.tenant, redeem->ticket.user, &tenant, &user, &may, err));
	if (!may)
		return ticket_refused(err);
	LK_TRY(ticket_redeem(tx, redeem->ticket.id, op->now_ms, &won, err));
	if (!won)
		return ticket_refused(err);
	LK_TRY(save_password(redeem, tx, &tenant, &user, err));
	LK_TRY(arrival_audit(op, tx, &user, "",
	    &(struct lk_audit_event){ .action = "ticket.redeemed",
		.tenant = user.tenant,
		.object = redeem->ticket.id,
		.owner = user.id },
	    err));
	return arrival_complete(op, tx, &tenant, &user, 0, "ticket", rep, err);
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

static lk_status
look_at_ticket(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct redeem *redeem = arg;
	bool opens;

	LK_TRY(find_ticket(redeem, tx, &opens, err));
	return opens ? LK_OK : ticket_refused(err);
}

/* Before the transaction, which nobody else should wait for; and only for a ticket that opens. */
static lk_status
hash_password(struct redeem *redeem, const char *password, struct lk_error *err)
{
	if (!*password)
		return LK_OK;
	LK_TRY(password_check("secret_password", password, err));
	if (op_read(&redeem->op, look_at_ticket) != LK_OK)
		return LK_OK; /* redeem_ticket says why */
	return password_make(
	    redeem->op.keys, redeem->shown.id, password, redeem->op.now_ms, redeem->hash, err);
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
	LK_TRY(hash_password(&redeem, req->secret_password, err));
	const lk_status status = op_write(&redeem.op, redeem_ticket);
	return status == LK_UNAUTHENTICATED ? audit_refused_ticket(&redeem, status) : status;
}

static lk_status
session_absent(struct lk_error *err)
{
	return lk_fail(err, LK_NOT_FOUND, "SESSION_NOT_FOUND", "there is no such session");
}

/* It begins sessions for tokens that are asked for with a password, and ends those that came to
 * nothing. */
static bool
is_tokens(const struct lk_caller *caller)
{
	return caller->kind == LK_CALLER_SERVICE && lk_text_is(caller->id, "tokens");
}

static bool
may_end(const struct lk_caller *caller, const struct session *session)
{
	if (caller_is(caller, session->user) || is_tokens(caller))
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

/* ---- Sessions ---- */

static lk_status
encode_session(
    const struct op *op, const struct session *session, SessionMsg **out, struct lk_error *err)
{
	SessionMsg *message = LK_ARENA_NEW(op->arena, SessionMsg);

	if (!message)
		return lk_fail_oom(err);
	latchkey__accounts__v1__session__init(message);
	LK_TRY(lk_field_copy(op->arena, session->id, &message->id, err));
	LK_TRY(lk_field_copy(op->arena, session->user, &message->user, err));
	message->created_at_ms = session->created_at_ms;
	message->expires_at_ms = session->expires_at_ms;
	message->last_used_at_ms = session->last_used_at_ms;
	message->current = lk_text_is(op->caller->session, session->id);
	*out = message;
	return LK_OK;
}

/* Whose sessions: one's own, or those of somebody whom one may look after. */
static lk_status
sessions_of(struct op *op, struct lk_tx *tx, const ListSessionsRequest *req, struct user *out_user,
    struct lk_error *err)
{
	const char *name = *req->user ? req->user : op->caller->id;
	struct tenant tenant;

	LK_TRY(access_user(op, tx, req->tenant, name, &tenant, out_user, err));
	return caller_is(op->caller, out_user->id)
		   ? LK_OK
		   : lk_caller_require(op->caller, LK_PERM_SESSIONS_MANAGE_ANY, err);
}

static lk_status
list_sessions(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const ListSessionsRequest *req = op->req;
	ListSessionsResponse *rep = op->rep;
	struct user user;
	struct lk_page page;
	struct session_page found;

	LK_TRY(lk_page_read(LK_ID_SESSION, req->page, &page, err));
	LK_TRY(sessions_of(op, tx, req, &user, err));
	const struct session_wish wish = { user.id, op->now_ms, op->keys->setup.session_idle_ms };
	LK_TRY(session_list(tx, &wish, &page, op->arena, &found, err));
	rep->sessions = lk_arena_array(op->arena, found.count, sizeof *rep->sessions);
	if (!rep->sessions)
		return lk_fail_oom(err);
	for (; rep->n_sessions < found.count; rep->n_sessions++)
		LK_TRY(encode_session(
		    op, &found.items[rep->n_sessions], &rep->sessions[rep->n_sessions], err));
	return lk_page_reply(
	    op->arena, found.more ? found.items[found.count - 1].id : NULL, &rep->page, err);
}

lk_status
accounts_list_sessions(
    struct lk_call *call, const ListSessionsRequest *req, ListSessionsResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_read(&op, list_sessions);
}

/* ---- Who am I ---- */

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
