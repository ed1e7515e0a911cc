/* Users: CreateUser, GetUser, ListUsers, SetUserRoles, SetUserState, IssueTicket. */
#include <string.h>

#include "access.h"
#include "arrival.h"
#include "daemon/page.h"
#include "encode.h"
#include "ending.h"
#include "enrol.h"
#include "handlers.h"
#include "role_store.h"
#include "user_store.h"

static struct lk_audit_event
user_event(const char *action, const struct user *user, const char *detail)
{
	return (struct lk_audit_event){ .action = action,
		.tenant = user->tenant,
		.object = user->id,
		.owner = user->id,
		.detail = detail };
}

static lk_status
kind_of_request(const CreateUserRequest *req, enum user_kind *out, struct lk_error *err)
{
	switch (req->kind) {
	case LATCHKEY__COMMON__V1__SUBJECT_KIND__SUBJECT_KIND_UNSPECIFIED:
	case LATCHKEY__COMMON__V1__SUBJECT_KIND__SUBJECT_KIND_HUMAN:
		*out = USER_HUMAN;
		return LK_OK;
	case LATCHKEY__COMMON__V1__SUBJECT_KIND__SUBJECT_KIND_SERVICE:
		*out = USER_SERVICE;
		return LK_OK;
	case LATCHKEY__COMMON__V1__SUBJECT_KIND__SUBJECT_KIND_PRINCIPAL:
	case _LATCHKEY__COMMON__V1__SUBJECT_KIND_IS_INT_SIZE:
		break;
	}
	return lk_fail_field(err, "kind", "KIND_INVALID", "a user is human or service");
}

static lk_status
user_from_request(
    struct op *op, const CreateUserRequest *req, struct user *out, struct lk_error *err)
{
	struct user user = { .generation = 1, .created_at_ms = op->now_ms };

	LK_TRY(email_normalise("email", req->email, user.email, err));
	LK_TRY(user_display_name_check(req->display_name, err));
	LK_TRY(kind_of_request(req, &user.kind, err));
	user.state = user_first_state(user.kind);
	lk_text_copy(user.display_name, sizeof user.display_name, req->display_name);
	lk_id_make(LK_ID_USER, op->keys->setup.clock, op->keys->setup.random, user.id);
	*out = user;
	return LK_OK;
}

static lk_status
create_user(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const CreateUserRequest *req = op->req;
	CreateUserResponse *rep = op->rep;
	struct tenant tenant;
	struct user user;

	LK_TRY(user_from_request(op, req, &user, err));
	LK_TRY(access_tenant(op, tx, req->tenant, &tenant, err));
	LK_TRY(roles_to_give(op, tx, &tenant, req->roles, req->n_roles, &user.roles, err));
	memcpy(user.tenant, tenant.id, sizeof user.tenant);
	LK_TRY(user_insert(tx, &user, err));
	const struct lk_audit_event event = user_event("user.created", &user, user.email);
	LK_TRY(op_audit(op, tx, &event, err));
	LK_TRY(ticket_issue(op, tx, &user, &rep->secret_ticket, &rep->ticket_expires_at_ms, err));
	return encode_user(op->arena, &user, &rep->user, err);
}

lk_status
accounts_create_user(struct lk_call *call, const CreateUserRequest *req, CreateUserResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, create_user);
}

static bool
is_self(const struct op *op, const char *user)
{
	return *user == '\0' || caller_is(op->caller, user);
}

static lk_status
get_user(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const GetUserRequest *req = op->req;
	GetUserResponse *rep = op->rep;
	struct tenant tenant;
	struct user user;

	if (!is_self(op, req->user))
		LK_TRY(lk_caller_require(op->caller, LK_PERM_USERS_MANAGE, err));
	LK_TRY(access_user(
	    op, tx, req->tenant, *req->user ? req->user : op->caller->id, &tenant, &user, err));
	return encode_user(op->arena, &user, &rep->user, err);
}

lk_status
accounts_get_user(struct lk_call *call, const GetUserRequest *req, GetUserResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_read(&op, get_user);
}

static lk_status
list_users(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const ListUsersRequest *req = op->req;
	ListUsersResponse *rep = op->rep;
	struct tenant tenant;
	struct lk_page page;
	struct user_page found;

	LK_TRY(lk_page_read(LK_ID_USER, req->page, &page, err));
	LK_TRY(access_tenant(op, tx, req->tenant, &tenant, err));
	LK_TRY(user_list(tx, tenant.id, &page, op->arena, &found, err));
	rep->users = lk_arena_array(op->arena, found.count, sizeof *rep->users);
	if (!rep->users)
		return lk_fail_oom(err);
	for (; rep->n_users < found.count; rep->n_users++)
		LK_TRY(encode_user(
		    op->arena, &found.items[rep->n_users], &rep->users[rep->n_users], err));
	return lk_page_reply(
	    op->arena, found.more ? found.items[found.count - 1].id : NULL, &rep->page, err);
}

lk_status
accounts_list_users(struct lk_call *call, const ListUsersRequest *req, ListUsersResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_read(&op, list_users);
}

static lk_status
audit_roles(struct op *op, struct lk_tx *tx, const struct user *user, const UserMsg *told,
    struct lk_error *err)
{
	const char *detail = told->n_roles > 0 ? told->roles[0] : "";

	for (size_t i = 1; i < told->n_roles && detail; i++)
		detail = lk_arena_format(op->arena, "%s %s", detail, told->roles[i]);
	const struct lk_audit_event event = user_event("user.roles_set", user, detail);
	return op_audit(op, tx, &event, err);
}

static lk_status
set_user_roles(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const SetUserRolesRequest *req = op->req;
	SetUserRolesResponse *rep = op->rep;
	struct tenant tenant;
	struct user user;
	struct roles roles;

	LK_TRY(access_user(op, tx, req->tenant, req->user, &tenant, &user, err));
	LK_TRY(roles_of_names(tx, tenant.id, req->roles, req->n_roles, &roles, err));
	LK_TRY(role_change_check(op->caller->permissions, &user.roles, &roles, err));
	if (!(roles.built_in & role_bit(ROLE_TENANT_ADMIN)))
		LK_TRY(access_keeps_admin(op, tx, &user, err));
	LK_TRY(user_save_roles(tx, user.id, &roles, err));
	if (roles_narrow(&user.roles, &roles))
		LK_TRY(user_raise_generation(tx, user.id, err));
	LK_TRY(op_forget(op, tx, user.id, err));
	user.roles = roles;
	LK_TRY(encode_user(op->arena, &user, &rep->user, err));
	return audit_roles(op, tx, &user, rep->user, err);
}

lk_status
accounts_set_user_roles(
    struct lk_call *call, const SetUserRolesRequest *req, SetUserRolesResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, set_user_roles);
}

static lk_status
state_saved(struct op *op, struct lk_tx *tx, struct user *user, enum user_state state,
    const char *detail, struct lk_error *err)
{
	SetUserStateResponse *rep = op->rep;

	LK_TRY(op_forget(op, tx, user->id, err));
	user->state = state;
	const struct lk_audit_event event =
	    user_event(state == USER_DISABLED ? "user.disabled" : "user.enabled", user, detail);
	LK_TRY(op_audit(op, tx, &event, err));
	return encode_user(op->arena, user, &rep->user, err);
}

static lk_status
enable_user(struct op *op, struct lk_tx *tx, const SetUserStateRequest *req, struct lk_error *err)
{
	struct tenant tenant;
	struct user user;
	enum user_state state;

	LK_TRY(access_user(op, tx, req->tenant, req->user, &tenant, &user, err));
	LK_TRY(access_covers(op, tx, &tenant, &user, err));
	LK_TRY(user_state_asked(&user, req->state, &state, err));
	LK_TRY(user_save_state(tx, user.id, state, err));
	return state_saved(op, tx, &user, state, NULL, err);
}

/* What a damaged user had is gone: who makes them active again gives them what they are to have. */
static lk_status
disable_blind(struct op *op, struct lk_tx *tx, struct user *user, const struct ending *ending,
    struct lk_error *err)
{
	LK_TRY(arrival_end_sessions(op, tx, user, "", err));
	if (ending->intact) {
		LK_TRY(user_save_state(tx, user->id, USER_DISABLED, err));
		LK_TRY(user_raise_generation(tx, user->id, err));
	} else {
		LK_TRY(user_empty(tx, user->id, op->now_ms, err));
	}
	return state_saved(op, tx, user, USER_DISABLED, ending_detail(op->arena, ""), err);
}

static lk_status
disable_user(struct op *op, struct lk_tx *tx, const SetUserStateRequest *req, struct lk_error *err)
{
	struct ending ending;
	struct user user;
	enum user_state state;

	LK_TRY(ending_user(op, tx, req->tenant, req->user, &user, &ending, err));
	if (ending.blind)
		return disable_blind(op, tx, &user, &ending, err);
	LK_TRY(user_state_asked(&user, req->state, &state, err));
	LK_TRY(user_save_state(tx, user.id, state, err));
	LK_TRY(user_raise_generation(tx, user.id, err));
	return state_saved(op, tx, &user, state, NULL, err);
}

static lk_status
set_user_state(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const SetUserStateRequest *req = op->req;

	return lk_text_is(req->state, user_state_name(USER_DISABLED))
		   ? disable_user(op, tx, req, err)
		   : enable_user(op, tx, req, err);
}

lk_status
accounts_set_user_state(
    struct lk_call *call, const SetUserStateRequest *req, SetUserStateResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, set_user_state);
}

/* A ticket is a way to act as the user: nobody makes one for somebody who may do more. */
static lk_status
issue_ticket(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const IssueTicketRequest *req = op->req;
	IssueTicketResponse *rep = op->rep;
	struct tenant tenant;
	struct user user;

	LK_TRY(access_user(op, tx, req->tenant, req->user, &tenant, &user, err));
	LK_TRY(access_covers(op, tx, &tenant, &user, err));
	if (user.state == USER_DISABLED)
		return lk_fail(err, LK_FAILED_PRECONDITION, "USER_STATE", "the user is disabled");
	LK_TRY(ticket_issue(op, tx, &user, &rep->secret_ticket, &rep->ticket_expires_at_ms, err));
	return encode_user(op->arena, &user, &rep->user, err);
}

lk_status
accounts_issue_ticket(struct lk_call *call, const IssueTicketRequest *req, IssueTicketResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, issue_ticket);
}
