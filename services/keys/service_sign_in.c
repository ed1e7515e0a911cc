/* SignIn, by password or (assertion_sign_in.h) by another issuer; ChangePassword; and ChangeName,
 * the other thing that people change of themselves. */
#include <stdio.h>
#include <string.h>

#include "arrival.h"
#include "assertion_sign_in.h"
#include "encode.h"
#include "handlers.h"
#include "password.h"
#include "password_store.h"
#include "rate.h"
#include "row_seal.h"
#include "tenant_store.h"
#include "user_store.h"

enum { ACCOUNT_SIZE = DOMAIN_SIZE + EMAIL_SIZE + 3 };

/* op is first, so that the same pointer serves both. */
struct sign_in {
	struct op op;
	struct tenant tenant;
	struct user user;
	bool tenant_known, known; /* there is such a tenant, and such a user in it */
	bool allowed;             /* who may come in by password now */
	char hash[LK_PASSWORD_HASH_SIZE], rehashed[LK_PASSWORD_HASH_SIZE];
};

/* One answer whatever is wrong: tenant, e-mail, password, state or policy. */
static lk_status
sign_in_refused(struct lk_error *err)
{
	return lk_fail(err, LK_UNAUTHENTICATED, "SIGN_IN_REFUSED",
	    "the e-mail or the password is not right, or passwords are off");
}

/* ---- SignIn ---- */

static lk_status
find_account(struct sign_in *in, struct lk_tx *tx, struct lk_error *err)
{
	const SignInRequest *req = in->op.req;
	struct lk_error why = { 0 };
	char email[EMAIL_SIZE];

	in->known = false;
	LK_TRY(row_or_none(tenant_find(tx, req->tenant, &in->tenant, &in->tenant_known, &why), &why,
	    &in->tenant_known, err));
	if (!in->tenant_known || email_normalise("email", req->email, email, NULL) != LK_OK)
		return LK_OK;
	return row_or_none(
	    user_find_by_email(tx, in->tenant.id, email, &in->user, &in->known, &why), &why,
	    &in->known, err);
}

static lk_status
look(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct sign_in *in = arg;
	struct policy policy;
	bool may, has;

	in->allowed = false;
	in->hash[0] = '\0';
	LK_TRY(find_account(in, tx, err));
	if (!in->known)
		return LK_OK;
	LK_TRY(arrival_find(tx, in->tenant.id, in->user.id, &in->tenant, &in->user, &may, err));
	LK_TRY(policy_load(tx, &in->tenant, &policy, err));
	LK_TRY(password_find(tx, in->user.id, in->hash, &has, err));
	in->allowed = may && has && password_allowed(&policy, NULL) == LK_OK;
	return LK_OK;
}

/* Between the check and this transaction the password may have been changed, or the user disabled.
 */
static lk_status
come_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct sign_in *in = arg;
	const SignInRequest *req = in->op.req;
	char checked[LK_PASSWORD_HASH_SIZE];

	memcpy(checked, in->hash, sizeof checked);
	LK_TRY(look(tx, in, err));
	if (!in->allowed || strcmp(checked, in->hash) != 0)
		return sign_in_refused(err);
	if (*in->rehashed)
		LK_TRY(password_save(tx, in->user.id, in->rehashed, in->op.now_ms, err));
	return arrival_complete(&in->op, tx, &in->tenant, &in->user, (int64_t)req->session_ttl_ms,
	    "password", in->op.rep, err);
}

/* What stands for the account where tries are counted: one text for all spellings of it, whether or
 * not there is such a user, so that nobody learns from the delay which there are. Its group is the
 * tenant; all that there are not are one. */
static void
account_name(const struct sign_in *in, char out[ACCOUNT_SIZE])
{
	const SignInRequest *req = in->op.req;
	char email[EMAIL_SIZE];
	const bool is_address = email_normalise("email", req->email, email, NULL) == LK_OK;

	snprintf(out, ACCOUNT_SIZE, "%s%s %s", in->tenant_known ? "" : "- ",
	    in->tenant_known ? in->tenant.id : req->tenant, is_address ? email : req->email);
}

/* Only accounts that exist leave a trace: strangers cannot fill the trail with what they made up.
 * It is written later, so that the time of the answer is the same for those that do not. */
static lk_status
refuse(const struct sign_in *in, struct lk_error *err)
{
	const struct lk_audit_event event = { .action = "session.started",
		.outcome = "SIGN_IN_REFUSED",
		.tenant = in->user.tenant,
		.object = in->user.id,
		.owner = in->user.id,
		.detail = "password" };

	if (in->known)
		lk_audit_refusal_later(
		    in->op.keys->setup.store, in->op.keys->setup.sealer, in->op.call, &event);
	return sign_in_refused(err);
}

static lk_status
check_words(const SignInRequest *req, struct lk_error *err)
{
	if (!*req->tenant || strlen(req->tenant) >= DOMAIN_SIZE)
		return lk_fail_field(
		    err, "tenant", "TENANT_REQUIRED", "say the tenant's domain or name");
	if (!*req->email || strlen(req->email) >= EMAIL_SIZE)
		return lk_fail_field(err, "email", "EMAIL_INVALID", "say the e-mail address");
	if (!*req->secret_password || strlen(req->secret_password) > LK_PASSWORD_MAX)
		return lk_fail_field(err, "secret_password", "PASSWORD_LENGTH", "say the password");
	return LK_OK;
}

lk_status
accounts_sign_in(struct lk_call *call, const SignInRequest *req, RedeemTicketResponse *rep)
{
	struct sign_in in = { .op = op_of(call, req, rep) };
	struct lk_error *err = lk_call_error(call);
	char account[ACCOUNT_SIZE], source[RATE_SOURCE_SIZE] = "";
	bool right;

	if (*req->secret_assertion)
		return assertion_sign_in(&in.op, err);
	LK_TRY(check_words(req, err));
	LK_TRY(op_read(&in.op, look));
	account_name(&in, account);
	rate_source(req->source_address, source);
	LK_TRY(password_try(in.op.keys, account, source, in.allowed ? in.hash : "",
	    req->secret_password, in.op.now_ms, &right, in.rehashed, err));
	return right && in.allowed ? op_write(&in.op, come_in) : refuse(&in, err);
}

/* ---- ChangePassword ---- */

struct change {
	struct op op;
	struct user user;
	struct tenant tenant;
	struct policy policy;
	char old_hash[LK_PASSWORD_HASH_SIZE], new_hash[LK_PASSWORD_HASH_SIZE];
	bool has;
};

/* People change their own, having signed in: a key in a program's hands does not. */
static lk_status
check_changer(const struct lk_caller *caller, struct lk_error *err)
{
	if (caller->kind != LK_CALLER_USER || !*caller->session)
		return lk_fail(err, LK_PERMISSION_DENIED, "SESSION_REQUIRED",
		    "sign in to change what is your own");
	return LK_OK;
}

static lk_status
look_at_own(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct change *change = arg;
	const struct lk_caller *caller = change->op.caller;
	bool may;

	LK_TRY(arrival_find(
	    tx, caller->tenant, caller->id, &change->tenant, &change->user, &may, err));
	if (!may)
		return lk_fail(
		    err, LK_UNAUTHENTICATED, "TOKEN_REFUSED", "the token was not accepted");
	LK_TRY(policy_load(tx, &change->tenant, &change->policy, err));
	LK_TRY(password_allowed(&change->policy, err));
	return password_find(tx, change->user.id, change->old_hash, &change->has, err);
}

static lk_status
check_current(struct change *change, const ChangePasswordRequest *req, struct lk_error *err)
{
	char ignored[LK_PASSWORD_HASH_SIZE];
	bool right = true;

	if (!change->has)
		return LK_OK; /* who came by a ticket and has none yet */
	if (*req->secret_current)
		LK_TRY(password_try(change->op.keys, change->user.id, "", change->old_hash,
		    req->secret_current, change->op.now_ms, &right, ignored, err));
	if (!*req->secret_current || !right)
		return lk_fail_field(
		    err, "secret_current", "PASSWORD_WRONG", "that is not your present password");
	return LK_OK;
}

static lk_status
change_password(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct change *change = arg;
	struct op *op = &change->op;
	char checked[LK_PASSWORD_HASH_SIZE];

	memcpy(checked, change->old_hash, sizeof checked);
	LK_TRY(look_at_own(tx, change, err));
	if (strcmp(checked, change->old_hash) != 0)
		return lk_fail(err, LK_ABORTED, "PASSWORD_CHANGED",
		    "it was changed at this moment by somebody else");
	LK_TRY(password_save(tx, change->user.id, change->new_hash, op->now_ms, err));
	LK_TRY(arrival_end_sessions(op, tx, &change->user, op->caller->session, err));
	return op_audit(op, tx,
	    &(struct lk_audit_event){ .action = "password.changed",
		.tenant = change->user.tenant,
		.object = change->user.id,
		.owner = change->user.id },
	    err);
}

lk_status
accounts_change_password(
    struct lk_call *call, const ChangePasswordRequest *req, ChangePasswordResponse *rep)
{
	struct change change = { .op = op_of(call, req, rep) };
	struct lk_error *err = lk_call_error(call);

	LK_TRY(check_changer(change.op.caller, err));
	LK_TRY(password_check("secret_new", req->secret_new, err));
	LK_TRY(op_read(&change.op, look_at_own));
	LK_TRY(check_current(&change, req, err));
	LK_TRY(password_make(change.op.keys, change.op.caller->session, req->secret_new,
	    change.op.now_ms, change.new_hash, err));
	return op_write(&change.op, change_password);
}

/* ---- ChangeName ---- */

static lk_status
change_name(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const ChangeNameRequest *req = op->req;
	ChangeNameResponse *rep = op->rep;
	struct user user;
	bool found;

	LK_TRY(user_find(tx, op->caller->id, &user, &found, err));
	if (!found)
		return lk_fail(err, LK_NOT_FOUND, "USER_NOT_FOUND", "there is no such user");
	LK_TRY(user_save_display_name(tx, user.id, req->display_name, err));
	lk_text_copy(user.display_name, sizeof user.display_name, req->display_name);
	LK_TRY(op_audit(op, tx,
	    &(struct lk_audit_event){ .action = "user.renamed",
		.tenant = user.tenant,
		.object = user.id,
		.owner = user.id },
	    err));
	return encode_user(op->arena, &user, &rep->user, err);
}

lk_status
accounts_change_name(struct lk_call *call, const ChangeNameRequest *req, ChangeNameResponse *rep)
{
	struct op op = op_of(call, req, rep);
	struct lk_error *err = lk_call_error(call);

	LK_TRY(check_changer(op.caller, err));
	LK_TRY(user_display_name_check(req->display_name, err));
	return op_write(&op, change_name);
}
