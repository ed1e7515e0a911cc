/* What other services ask: GetStanding, ResolveUser, FindDeletedTenants. */
#include "access.h"
#include "encode.h"
#include "handlers.h"
#include "standing.h"
#include "tenant_store.h"
#include "user_store.h"
#include "workgroup_store.h"

enum { QUERIES_MAX = 64 };

static struct patience
patience_of(struct lk_call *call)
{
	return (struct patience){ lk_call_may_block(call), lk_call_deadline_steady_ms(call),
		lk_call_arena(call) };
}

static lk_status
answer_query(
    struct lk_call *call, const StandingQueryMsg *query, StandingMsg **out, struct lk_error *err)
{
	const struct patience patience = patience_of(call);
	StandingMsg *msg = LK_ARENA_NEW(patience.arena, StandingMsg);
	struct identity identity;
	bool active;

	if (!msg)
		return lk_fail_oom(err);
	*msg = (StandingMsg)LATCHKEY__ACCOUNTS__V1__STANDING__INIT;
	LK_TRY(standing_get(lk_call_user(call), query->subject, query->key, query->session,
	    &patience, &identity, &active, err));
	if (active)
		LK_TRY(encode_identity(patience.arena, &identity, &msg->identity, err));
	msg->active = active;
	*out = msg;
	return LK_OK;
}

lk_status
accounts_get_standing(struct lk_call *call, const GetStandingRequest *req, GetStandingResponse *rep)
{
	struct lk_error *err = lk_call_error(call);

	if (req->n_queries == 0 || req->n_queries > QUERIES_MAX)
		return lk_fail_field(err, "queries", "QUERIES_INVALID",
		    "ask between 1 and %d questions", QUERIES_MAX);
	rep->standings =
	    lk_arena_array(lk_call_arena(call), req->n_queries, sizeof *rep->standings);
	if (!rep->standings)
		return lk_fail_oom(err);
	for (; rep->n_standings < req->n_queries; rep->n_standings++)
		LK_TRY(answer_query(
		    call, req->queries[rep->n_standings], &rep->standings[rep->n_standings], err));
	return LK_OK;
}

/* ---- FindDeletedTenants ---- */

static lk_status
find_deleted(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct op *op = arg;
	const FindDeletedTenantsRequest *req = op->req;
	FindDeletedTenantsResponse *rep = op->rep;

	rep->ids = lk_arena_array(op->arena, req->n_ids, sizeof *rep->ids);
	if (!rep->ids)
		return lk_fail_oom(err);
	for (size_t i = 0; i < req->n_ids; i++) {
		bool deleted;
		LK_TRY(tenant_is_deleted(tx, req->ids[i], &deleted, err));
		if (deleted)
			rep->ids[rep->n_ids++] = req->ids[i];
	}
	return LK_OK;
}

lk_status
accounts_find_deleted_tenants(
    struct lk_call *call, const FindDeletedTenantsRequest *req, FindDeletedTenantsResponse *rep)
{
	struct lk_error *err = lk_call_error(call);
	struct op op = op_of(call, req, rep);

	if (req->n_ids == 0 || req->n_ids > QUERIES_MAX)
		return lk_fail_field(
		    err, "ids", "IDS_INVALID", "1 to %d ids may be given", QUERIES_MAX);
	return op_read(&op, find_deleted);
}

/* ---- ResolveUser ---- */

/* On whose behalf a service asks, and as whom the tenant is looked up. */
struct resolve {
	struct op op;
	struct identity subject;
	struct lk_caller eyes;
};

static lk_status
user_absent(struct lk_error *err)
{
	return lk_fail(err, LK_NOT_FOUND, "USER_NOT_FOUND", "there is no such user");
}

/* A fleet of one tenant need not name it. */
static const char *
tenant_name(const struct resolve *resolve, const ResolveUserRequest *req)
{
	const struct lk_caller *eyes = &resolve->eyes;

	return *req->tenant == '\0' && !eyes->all_tenants && eyes->tenants_count == 1
		   ? eyes->tenants[0]
		   : req->tenant;
}

static bool
shares_workgroup(const struct id_list *mine, const struct id_list *theirs)
{
	for (size_t i = 0; i < mine->count; i++) {
		if (id_list_has(theirs, mine->ids[i]))
			return true;
	}
	return false;
}

/* A user reaches themselves, who shares a workgroup with them, and with credentials.manage_any the
 * tenant. */
static bool
eyes_see(const struct resolve *resolve, const char *user, const struct id_list *workgroups)
{
	if (resolve->eyes.kind != LK_CALLER_USER)
		return true;
	return caller_is(&resolve->eyes, user) ||
	       lk_caller_has(&resolve->eyes, LK_PERM_CREDENTIALS_MANAGE_ANY) ||
	       shares_workgroup(&resolve->subject.workgroups, workgroups);
}

static lk_status
find_resolved(struct resolve *resolve, struct lk_tx *tx, struct tenant *tenant, struct user *user,
    struct lk_error *err)
{
	const ResolveUserRequest *req = resolve->op.req;
	struct op as_subject = resolve->op;

	as_subject.caller = &resolve->eyes;
	const lk_status status =
	    access_user(&as_subject, tx, tenant_name(resolve, req), req->user, tenant, user, err);
	return status == LK_NOT_FOUND ? user_absent(err) : status;
}

static lk_status
resolve_user(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct resolve *resolve = arg;
	ResolveUserResponse *rep = resolve->op.rep;
	struct lk_arena *arena = resolve->op.arena;
	struct id_list workgroups = { 0 };
	struct policy policy;
	struct tenant tenant;
	struct user user;

	LK_TRY(find_resolved(resolve, tx, &tenant, &user, err));
	LK_TRY(workgroups_of_user(tx, user.id, arena, &workgroups, err));
	if (!eyes_see(resolve, user.id, &workgroups))
		return user_absent(err);
	LK_TRY(policy_load(tx, &tenant, &policy, err));
	if (tenant.state != TENANT_ACTIVE)
		user.state = USER_DISABLED; /* nobody acts in a tenant that is suspended */
	LK_TRY(encode_user(arena, &user, &rep->user, err));
	LK_TRY(encode_ids(arena, &workgroups, &rep->workgroups, &rep->n_workgroups, err));
	return encode_policy(arena, &policy, &rep->policy, &rep->n_policy, err);
}

static bool
is_operator(const struct lk_peers *peers, const char *name)
{
	const struct lk_known_peer *peer = peers ? lk_peers_find(peers, name) : NULL;

	return peer && peer->role == LK_PEER_OPERATOR;
}

/* Fills `eyes`: an operator sees everything, anybody else what their standing says now. */
static lk_status
open_eyes(struct resolve *resolve, const ResolveUserRequest *req, struct lk_error *err)
{
	const struct patience patience = patience_of(resolve->op.call);
	struct lk_standing standing;
	bool active;

	if (is_operator(resolve->op.keys->setup.peers, req->for_subject)) {
		resolve->eyes = (struct lk_caller){ .kind = LK_CALLER_OPERATOR,
			.all_tenants = true,
			.permissions = LK_PERMISSIONS_ALL };
		return LK_OK;
	}
	LK_TRY(standing_get(resolve->op.keys, req->for_subject, req->for_key, req->for_session,
	    &patience, &resolve->subject, &active, err));
	if (!active)
		return user_absent(err);
	LK_TRY(identity_standing(&resolve->subject, &standing, err));
	resolve->eyes = standing.caller;
	return LK_OK;
}

lk_status
accounts_resolve_user(struct lk_call *call, const ResolveUserRequest *req, ResolveUserResponse *rep)
{
	struct resolve resolve = { .op = op_of(call, req, rep) };

	LK_TRY(open_eyes(&resolve, req, lk_call_error(call)));
	return op_read(&resolve.op, resolve_user);
}
