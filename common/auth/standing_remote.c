/* Standing over RPC: what keys says of a subject now. */
#include <stdint.h>
#include <string.h>

#include "auth/authenticator.h"
#include "auth/peer_call.h"
#include "latchkey/accounts/v1/accounts.pb-c.h"
#include "rpc/field.h"

typedef Latchkey__Accounts__V1__GetStandingRequest GetStandingRequest;
typedef Latchkey__Accounts__V1__GetStandingResponse GetStandingResponse;
typedef Latchkey__Accounts__V1__StandingQuery StandingQuery;
typedef Latchkey__Accounts__V1__Standing StandingMsg;
typedef Latchkey__Common__V1__Identity IdentityMsg;

static const char METHOD[] = "latchkey.accounts.v1.AccountService/GetStanding";

struct lk_standing_remote {
	struct lk_channel *keys;
	struct lk_assertion_maker *maker;
	const struct lk_clock *clock;
};

lk_status
lk_standing_remote_new(struct lk_standing_remote **out, struct lk_channel *keys,
    struct lk_assertion_maker *maker, const struct lk_clock *clock, struct lk_error *err)
{
	struct lk_standing_remote *remote = LK_ALLOC(struct lk_standing_remote);

	if (remote == NULL)
		return lk_fail_oom(err);
	*remote = (struct lk_standing_remote){ keys, maker, clock };
	*out = remote;
	return LK_OK;
}

void
lk_standing_remote_free(struct lk_standing_remote *remote)
{
	lk_free(remote);
}

/* A name this build does not know grants nothing. */
static lk_permissions
permissions_of(const IdentityMsg *identity)
{
	lk_permissions set = 0;
	enum lk_permission permission;

	for (size_t i = 0; i < identity->n_permissions; i++) {
		if (lk_permission_parse(identity->permissions[i], &permission))
			set |= lk_permission_bit(permission);
	}
	return set;
}

static bool
names_copy(struct lk_standing *out, const IdentityMsg *identity)
{
	struct lk_caller *caller = &out->caller;

	return lk_text_copy(caller->id, sizeof caller->id, identity->subject) &&
	       lk_text_copy(caller->tenant, sizeof caller->tenant, identity->tenant) &&
	       lk_text_copy(caller->key, sizeof caller->key, identity->key) &&
	       lk_text_copy(caller->session, sizeof caller->session, identity->session) &&
	       lk_text_copy(out->name, sizeof out->name, identity->name) &&
	       lk_text_copy(out->tenant_name, sizeof out->tenant_name, identity->tenant_name);
}

/* The lists stay where the reply lies: in the arena of the call. */
static lk_status
standing_read(const IdentityMsg *identity, struct lk_standing *out, struct lk_error *err)
{
	if (identity == NULL || !names_copy(out, identity))
		return lk_fail(
		    err, LK_INTERNAL, "STANDING_INVALID", "keys answered something unexpected");
	struct lk_caller *caller = &out->caller;
	caller->kind = lk_id_ok(LK_ID_PRINCIPAL, caller->id) ? LK_CALLER_PRINCIPAL : LK_CALLER_USER;
	caller->permissions = permissions_of(identity);
	caller->all_tenants = identity->all_tenants;
	caller->tenants = (const char *const *)identity->tenants;
	caller->tenants_count = identity->n_tenants;
	caller->all_workgroups = identity->all_workgroups;
	caller->workgroups = (const char *const *)identity->workgroups;
	caller->workgroups_count = identity->n_workgroups;
	out->expires_at_ms = identity->expires_at_ms;
	if (identity->generations != NULL) {
		out->tenant_generation = identity->generations->tenant;
		out->user_generation = identity->generations->user;
		out->key_generation = identity->generations->key;
		out->session_generation = identity->generations->session;
	}
	out->active = true;
	return LK_OK;
}

static lk_status
keys_ask(struct lk_standing_remote *remote, StandingQuery *query, int64_t deadline_steady_ms,
    struct lk_arena *arena, const StandingMsg **out, struct lk_error *err)
{
	StandingQuery *queries[] = { query };
	GetStandingRequest body = LATCHKEY__ACCOUNTS__V1__GET_STANDING_REQUEST__INIT;
	ProtobufCMessage *message;

	body.n_queries = LK_ARRAY_LEN(queries);
	body.queries = queries;
	const struct lk_peer_question question = {
		.callee = "keys",
		.method = METHOD,
		.body = &body.base,
		.effect = LK_READ,
		.deadline_steady_ms = deadline_steady_ms,
	};
	LK_TRY(lk_peer_ask(remote->keys, remote->maker, remote->clock, &question,
	    &latchkey__accounts__v1__get_standing_response__descriptor, arena, &message, err));
	const GetStandingResponse *reply = (const void *)message;
	if (reply->n_standings != body.n_queries)
		return lk_fail(
		    err, LK_INTERNAL, "STANDING_INVALID", "keys answered another question");
	*out = reply->standings[0];
	return LK_OK;
}

static lk_status
remote_get(void *user, const char *subject, const char *key, const char *session, bool may_block,
    int64_t deadline_steady_ms, struct lk_arena *arena, struct lk_standing *out,
    struct lk_error *err)
{
	StandingQuery query = LATCHKEY__ACCOUNTS__V1__STANDING_QUERY__INIT;
	const StandingMsg *answer = NULL;

	if (!may_block)
		return lk_fail(err, LK_ABORTED, "WOULD_BLOCK", "keys has to be asked");
	query.subject = lk_field_borrow(subject);
	query.key = lk_field_borrow(key);
	query.session = lk_field_borrow(session);
	LK_TRY(keys_ask(user, &query, deadline_steady_ms, arena, &answer, err));
	memset(out, 0, sizeof *out);
	return answer->active ? standing_read(answer->identity, out, err) : LK_OK;
}

struct lk_standing_source
lk_standing_remote_source(struct lk_standing_remote *remote)
{
	return (struct lk_standing_source){ remote_get, remote };
}
