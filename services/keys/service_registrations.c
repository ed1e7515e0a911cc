/* Accounts that people ask for themselves: RequestAccount, ListRegistrations, AdmitRegistration,
 * RejectRegistration. */
#include <string.h>

#include "access.h"
#include "encode.h"
#include "enrol.h"
#include "handlers.h"
#include "rate.h"
#include "registration_store.h"
#include "tenant_store.h"
#include "user_store.h"

static lk_status
registration_audit(struct op *op, struct lk_tx *tx, const char *action,
    const struct registration *registration, struct lk_error *err)
{
	return op_audit(op, tx,
	    &(struct lk_audit_event){ .action = action,
		.tenant = registration->tenant,
		.object = registration->id,
		.owner = registration->id,
		.detail = registration->email },
	    err);
}

/* ---- RequestAccount ---- */

/* Does the tenant let people ask, and is the address nobody's yet? */
static lk_status
may_ask(struct lk_tx *tx, const char *tenant_name, const char *email, struct tenant *tenant,
    bool *out_may, struct lk_error *err)
{
	struct policy policy;
	struct user user;
	bool found;

	*out_may = false;
	LK_TRY(tenant_find(tx, tenant_name, tenant, &found, err));
	if (!found || tenant->state != TENANT_ACTIVE)
		return LK_OK;
	LK_TRY(policy_load(tx, tenant, &policy, err));
	if (policy.values[POLICY_SELF_REGISTRATION] != POLICY_YES)
		return LK_OK;
	LK_TRY(user_find_by_email(tx, tenant->id, email, &user, &found, err));
	*out_may = !found;
	return LK_OK;
}

/* Nobody learns from the answer what came of it; and something is always written, so that the time
 * it takes tells little more. */
static lk_status
request_account(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const RequestAccountRequest *req = op->req;
	struct registration registration = { .created_at_ms = op->now_ms };
	struct tenant tenant;
	bool may, kept;

	LK_TRY(registration_count_ask(tx, err));
	LK_TRY(email_normalise("email", req->email, registration.email, err));
	LK_TRY(may_ask(tx, req->tenant, registration.email, &tenant, &may, err));
	if (!may)
		return LK_OK;
	lk_id_make(LK_ID_USER, op->keys->setup.clock, op->keys->setup.random, registration.id);
	memcpy(registration.tenant, tenant.id, sizeof registration.tenant);
	lk_text_copy(
	    registration.display_name, sizeof registration.display_name, req->display_name);
	LK_TRY(registration_insert(tx, &registration, &kept, err));
	return kept ? registration_audit(op, tx, "registration.requested", &registration, err)
		    : LK_OK;
}

lk_status
accounts_request_account(
    struct lk_call *call, const RequestAccountRequest *req, RequestAccountResponse *rep)
{
	struct op op = op_of(call, req, rep);
	struct lk_error *err = lk_call_error(call);
	char email[EMAIL_SIZE];

	if (!*req->tenant || strlen(req->tenant) >= DOMAIN_SIZE)
		return lk_fail_field(
		    err, "tenant", "TENANT_REQUIRED", "say the tenant's domain or name");
	LK_TRY(email_normalise("email", req->email, email, err));
	LK_TRY(user_display_name_check(req->display_name, err));
	LK_TRY(rate_take(op.keys->rate, RATE_REQUESTS, req->tenant, op.now_ms, err));
	LK_TRY(rate_take(op.keys->rate, RATE_ALL_REQUESTS, "", op.now_ms, err));
	return op_write(&op, request_account);
}

/* ---- ListRegistrations ---- */

static lk_status
encode_registration(struct lk_arena *arena, const struct registration *registration,
    RegistrationMsg **out, struct lk_error *err)
{
	RegistrationMsg *message = LK_ARENA_NEW(arena, RegistrationMsg);

	if (!message)
		return lk_fail_oom(err);
	latchkey__accounts__v1__registration__init(message);
	LK_TRY(lk_field_copy(arena, registration->id, &message->id, err));
	LK_TRY(lk_field_copy(arena, registration->tenant, &message->tenant, err));
	LK_TRY(lk_field_copy(arena, registration->email, &message->email, err));
	LK_TRY(lk_field_copy(arena, registration->display_name, &message->display_name, err));
	message->created_at_ms = registration->created_at_ms;
	*out = message;
	return LK_OK;
}

static lk_status
list_registrations(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const ListRegistrationsRequest *req = op->req;
	ListRegistrationsResponse *rep = op->rep;
	struct tenant tenant;
	struct lk_page page;
	struct registration_page found;

	LK_TRY(lk_page_read(LK_ID_USER, req->page, &page, err));
	LK_TRY(access_tenant(op, tx, req->tenant, &tenant, err));
	LK_TRY(registration_list(tx, tenant.id, &page, op->arena, &found, err));
	rep->registrations = lk_arena_array(op->arena, found.count, sizeof *rep->registrations);
	if (!rep->registrations)
		return lk_fail_oom(err);
	for (; rep->n_registrations < found.count; rep->n_registrations++)
		LK_TRY(encode_registration(op->arena, &found.items[rep->n_registrations],
		    &rep->registrations[rep->n_registrations], err));
	return lk_page_reply(
	    op->arena, found.more ? found.items[found.count - 1].id : NULL, &rep->page, err);
}

lk_status
accounts_list_registrations(
    struct lk_call *call, const ListRegistrationsRequest *req, ListRegistrationsResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_read(&op, list_registrations);
}

/* ---- AdmitRegistration, RejectRegistration ---- */

static lk_status
find_registration(struct op *op, struct lk_tx *tx, const char *tenant_name, const char *name,
    struct tenant *tenant, struct registration *out, struct lk_error *err)
{
	char email[EMAIL_SIZE];
	bool found = false;

	LK_TRY(access_tenant(op, tx, tenant_name, tenant, err));
	if (lk_id_ok(LK_ID_USER, name))
		LK_TRY(registration_find(tx, tenant->id, name, out, &found, err));
	else if (email_normalise("registration", name, email, NULL) == LK_OK)
		LK_TRY(registration_find(tx, tenant->id, email, out, &found, err));
	return found ? LK_OK
		     : lk_fail(err, LK_NOT_FOUND, "REGISTRATION_NOT_FOUND",
			   "nobody of this id or address awaits to be admitted");
}

static struct user
user_of(const struct registration *registration, int64_t now_ms)
{
	struct user user = { .kind = USER_HUMAN,
		.state = user_first_state(USER_HUMAN),
		.generation = 1,
		.created_at_ms = now_ms };

	memcpy(user.id, registration->id, sizeof user.id);
	memcpy(user.tenant, registration->tenant, sizeof user.tenant);
	memcpy(user.email, registration->email, sizeof user.email);
	memcpy(user.display_name, registration->display_name, sizeof user.display_name);
	return user;
}

static lk_status
admit_registration(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const AdmitRegistrationRequest *req = op->req;
	AdmitRegistrationResponse *rep = op->rep;
	struct registration registration;
	struct tenant tenant;

	LK_TRY(
	    find_registration(op, tx, req->tenant, req->registration, &tenant, &registration, err));
	struct user user = user_of(&registration, op->now_ms);
	LK_TRY(roles_to_give(op, tx, &tenant, req->roles, req->n_roles, &user.roles, err));
	LK_TRY(user_insert(tx, &user, err));
	LK_TRY(op_forget(op, tx, user.id, err));
	LK_TRY(registration_delete(tx, registration.id, err));
	LK_TRY(registration_audit(op, tx, "registration.admitted", &registration, err));
	LK_TRY(ticket_issue(op, tx, &user, &rep->secret_ticket, &rep->ticket_expires_at_ms, err));
	return encode_user(op->arena, &user, &rep->user, err);
}

lk_status
accounts_admit_registration(
    struct lk_call *call, const AdmitRegistrationRequest *req, AdmitRegistrationResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, admit_registration);
}

static lk_status
reject_registration(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const RejectRegistrationRequest *req = op->req;
	struct registration registration;
	struct tenant tenant;

	LK_TRY(
	    find_registration(op, tx, req->tenant, req->registration, &tenant, &registration, err));
	LK_TRY(registration_delete(tx, registration.id, err));
	return registration_audit(op, tx, "registration.rejected", &registration, err);
}

lk_status
accounts_reject_registration(
    struct lk_call *call, const RejectRegistrationRequest *req, RejectRegistrationResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, reject_registration);
}
