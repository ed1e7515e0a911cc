/*
 * A whole latchkey-keys on a socket in a temporary directory, with SQLite and a clock that can be
 * moved; callers are believed: "operator", "service", or a subject with its key or session, whose
 * standing is the real one. Helpers end the case when what they do fails.
 */
#ifndef LK_TESTS_KEYS_WORLD_H
#define LK_TESTS_KEYS_WORLD_H

#include <stdio.h>
#include <string.h>

#include "audit_migrations.h"
#include "auth/authenticator.h"
#include "base/base.h"
#include "idempotency_migrations.h"
#include "keys/keys.h"
#include "keys/service.h"
#include "keys/wire.h"
#include "keys_migrations.h"
#include "latchkey/common/v1/frame.pb-c.h"
#include "postgres.h"
#include "rpc/channel.h"
#include "rpc/server.h"
#include "test.h"

#define OPERATOR "operator"
#define SERVICE "service"

struct world_clock {
	struct lk_clock clock; /* first */
	_Atomic int64_t ahead_ms;
};

struct world {
	char store_url[256];
	struct world_clock clock;
	struct lk_pepper *pepper;
	struct lk_store *store;
	struct keys *keys;
	struct lk_server *server;
	struct lk_channel *channel;
	struct lk_arena *arena; /* replies live here until the case ends */
	struct lk_error err;
	const char *url;
};

static inline int64_t
world_wall_ms(const struct lk_clock *clock)
{
	const struct world_clock *mine = (const struct world_clock *)(const void *)clock;

	return lk_clock_wall_ms(lk_clock_system()) + mine->ahead_ms;
}

static inline int64_t
world_steady_ms(const struct lk_clock *clock)
{
	(void)clock;
	return lk_clock_steady_ms(lk_clock_system());
}

/* ---- Who calls ---- */

static inline lk_status
world_peer(
    const char *name, enum lk_caller_kind kind, lk_permissions permissions, struct lk_caller *out)
{
	out->kind = kind;
	lk_text_copy(out->id, sizeof out->id, name);
	out->permissions = permissions;
	out->all_tenants = true;
	out->all_workgroups = true;
	return LK_OK;
}

/* "<subject> [<key or session>]"; with a + before it the caller came with a token narrowed to
 * audit.read. */
static inline lk_status
world_subject(struct world *w, struct lk_call *call, const char *who, bool may_block,
    struct lk_caller *out, struct lk_error *err)
{
	const struct lk_standing_source source = keys_standing_source(w->keys);
	char subject[LK_ID_SIZE] = "", with[LK_ID_SIZE] = "";
	const bool narrowed = *who == '+';
	struct lk_standing standing;

	if (sscanf(who + narrowed, "%30s %30s", subject, with) < 1)
		return lk_fail(err, LK_INTERNAL, "TEST", "who is %s?", who);
	const bool session = lk_id_ok(LK_ID_SESSION, with);
	LK_TRY(source.get(source.user, subject, session ? "" : with, session ? with : "", may_block,
	    lk_call_deadline_steady_ms(call), lk_call_arena(call), &standing, err));
	if (!standing.active)
		return lk_fail(err, LK_UNAUTHENTICATED, "TOKEN_REFUSED", "not active");
	*out = standing.caller;
	if (narrowed)
		out->permissions &= lk_permission_bit(LK_PERM_AUDIT_READ);
	return LK_OK;
}

static inline lk_status
world_authenticate(void *user, struct lk_call *call,
    const Latchkey__Common__V1__RequestHeader *header, bool may_block,
    const struct lk_caller **out_caller, struct lk_error *err)
{
	struct lk_caller *caller = LK_ARENA_NEW(lk_call_arena(call), struct lk_caller);
	const char *who = header->authorization;

	if (!caller)
		return lk_fail_oom(err);
	*out_caller = caller;
	caller->kind = LK_CALLER_ANONYMOUS;
	if (*who == '\0')
		return LK_OK;
	if (lk_text_is(who, OPERATOR))
		return world_peer(who, LK_CALLER_OPERATOR, LK_PERMISSIONS_ALL, caller);
	if (lk_text_is(who, SERVICE))
		return world_peer(
		    who, LK_CALLER_SERVICE, lk_permission_bit(LK_PERM_KEYS_VERIFY), caller);
	return world_subject(user, call, who, may_block, caller, err);
}

/* ---- The world begins and ends ---- */

static inline void
world_serve(struct world *w, const char *dir)
{
	const struct lk_service services[] = { { &keys_account_service, w->keys },
		{ &keys_key_service, w->keys } };
	const struct lk_server_config config = {
		.url = w->url = lk_test_path("ipc://", lk_test_path(dir, "keys.sock") + 1),
		.services = services,
		.service_count = 2,
		.authenticator = { w, world_authenticate, lk_auth_authenticator(NULL).authorize },
		.clock = &w->clock.clock,
	};

	expect_ok(lk_server_new(&w->server, &config, &w->err), &w->err);
	expect_ok(lk_server_start(w->server, &w->err), &w->err);
	expect_ok(lk_channel_open(&w->channel, w->url, NULL, &w->err), &w->err);
}

/* Limits of the next world; 0: none. */
static uint32_t world_creations, world_failures;

static inline void
world_choose_store(struct world *w, const char *dir)
{
	if (lk_test_on_postgres())
		lk_text_copy(w->store_url, sizeof w->store_url, lk_test_store_url());
	else
		snprintf(w->store_url, sizeof w->store_url, "sqlite://%s/keys.db", dir);
}

static inline void
world_open_keys(struct world *w, size_t cache_keys)
{
	const struct lk_secret32 pepper = { { 7 } };

	expect_ok(lk_pepper_new(1, &pepper, "test", &w->pepper, &w->err), &w->err);
	expect_ok(lk_store_open(w->store_url,
		      LK_MIGRATIONS(&audit_migrations, &idempotency_migrations, &keys_migrations),
		      NULL, &w->store, &w->err),
	    &w->err);
	const struct keys_setup setup = { .store = w->store,
		.clock = &w->clock.clock,
		.random = lk_random_system(),
		.pepper = w->pepper,
		.prefix = "lk",
		.ticket_ttl_ms = INT64_C(86400000),
		.session_ttl_ms = INT64_C(43200000),
		.session_idle_ms = INT64_C(7200000),
		.creations_per_minute = world_creations,
		.failures_per_minute = world_failures,
		.cache_keys = cache_keys };
	expect_ok(keys_new(&setup, &w->keys, &w->err), &w->err);
}

static inline struct world *
world_new(size_t cache_keys)
{
	struct world *w = LK_ALLOC(struct world);
	const char *dir = lk_test_tmpdir();

	assert_non_null(w);
	w->clock.clock = (struct lk_clock){ world_wall_ms, world_steady_ms };
	w->arena = lk_arena_new(64u << 20);
	assert_non_null(w->arena);
	world_choose_store(w, dir);
	world_open_keys(w, cache_keys);
	world_serve(w, dir);
	return w;
}

static inline int
world_setup(void **state)
{
	*state = world_new(4096);
	return 0;
}

static inline int
world_teardown(void **state)
{
	struct world *w = *state;

	lk_channel_close(w->channel);
	lk_server_free(w->server);
	keys_stop(w->keys);
	keys_free(w->keys);
	lk_store_close(w->store);
	lk_pepper_free(w->pepper);
	lk_arena_free(w->arena);
	lk_free(w);
	return 0;
}

#define KEYS_CASE(fn) LK_CASE_WITH(fn, world_setup, world_teardown)

/* ---- Asking ---- */

static inline const ProtobufCMethodDescriptor *
world_method(const char *method, const ProtobufCServiceDescriptor **out_service)
{
	const ProtobufCServiceDescriptor *services[] = { keys_account_service.service,
		keys_key_service.service };

	for (size_t i = 0; i < LK_ARRAY_LEN(services); i++) {
		*out_service = services[i];
		for (unsigned m = 0; m < services[i]->n_methods; m++) {
			if (strcmp(services[i]->methods[m].name, method) == 0)
				return &services[i]->methods[m];
		}
	}
	fail_msg("no method %s", method);
	return NULL;
}

/* Thread-safe but for `arena` and `err`, which are the caller's. */
static inline lk_status
world_ask_in(struct world *w, const char *who, const char *method, const char *idempotency_key,
    const void *request, struct lk_arena *arena, void *out_reply, struct lk_error *err)
{
	const ProtobufCServiceDescriptor *service;
	const ProtobufCMethodDescriptor *found = world_method(method, &service);
	char name[128];
	ProtobufCMessage *reply = NULL;

	snprintf(name, sizeof name, "%s/%s", service->name, method);
	const struct lk_rpc_request ask = { .method = name,
		.body = request,
		.effect = LK_WRITE_ONCE,
		.timeout_ms = 10000,
		.authorization = who,
		.idempotency_key = idempotency_key };
	const lk_status status =
	    lk_channel_call(w->channel, &ask, found->output, arena, &reply, err);
	if (out_reply) /* NULL when it failed */
		memcpy(out_reply, &reply, sizeof reply);
	return status;
}

static inline lk_status
world_ask(
    struct world *w, const char *who, const char *method, const void *request, void *out_reply)
{
	return world_ask_in(w, who, method, NULL, request, w->arena, out_reply, &w->err);
}

#define ask_ok(w, who, method, request, out_reply)                                                 \
	expect_ok(world_ask((w), (who), (method), (request), (out_reply)), &(w)->err)
#define ask_fails(w, who, method, request, status, reason)                                         \
	expect_fail(world_ask((w), (who), (method), (request), NULL), &(w)->err, (status), (reason))
#define ask_field(w, who, method, request, field, reason)                                          \
	expect_field(world_ask((w), (who), (method), (request), NULL), &(w)->err, (field), (reason))

/* Texts of requests are char *; nothing writes through them. */
static inline char *
text(const char *constant)
{
	return (char *)(uintptr_t)constant;
}

/* ---- What most cases begin with ---- */

struct world_tenant {
	char *id, *admin, *ticket;
};

static inline struct world_tenant
world_tenant(struct world *w, const char *name, const char *profile)
{
	CreateTenantRequest req = LATCHKEY__ACCOUNTS__V1__CREATE_TENANT_REQUEST__INIT;
	CreateTenantResponse *rep;

	req.name = text(name);
	req.domain = lk_arena_format(w->arena, "%s.example", name);
	req.profile = text(profile);
	req.admin_email = lk_arena_format(w->arena, "ada@%s.example", name);
	ask_ok(w, OPERATOR, "CreateTenant", &req, &rep);
	return (struct world_tenant){ rep->tenant->id, rep->admin->id, rep->secret_ticket };
}

/* "usr_… ses_…": who comes with the session that the ticket gave. */
static inline char *
world_redeem_as(struct world *w, const char *ticket, char **out_secret)
{
	RedeemTicketRequest req = LATCHKEY__ACCOUNTS__V1__REDEEM_TICKET_REQUEST__INIT;
	RedeemTicketResponse *rep;

	req.secret_ticket = text(ticket);
	ask_ok(w, NULL, "RedeemTicket", &req, &rep);
	if (out_secret)
		*out_secret = rep->secret_session;
	return lk_arena_format(w->arena, "%s %s", rep->user->id, rep->session_id);
}

static inline char *
world_redeem(struct world *w, const char *ticket)
{
	return world_redeem_as(w, ticket, NULL);
}

/* A user made by `admin` with one role (NULL: the default), signed in. */
static inline char *
world_user(struct world *w, const char *admin, const char *email, const char *role)
{
	CreateUserRequest req = LATCHKEY__ACCOUNTS__V1__CREATE_USER_REQUEST__INIT;
	CreateUserResponse *rep;
	char *roles[] = { text(role) };

	req.email = text(email);
	req.roles = roles;
	req.n_roles = role ? 1 : 0;
	ask_ok(w, admin, "CreateUser", &req, &rep);
	return world_redeem(w, rep->secret_ticket);
}

/* The id at the beginning of "usr_… ses_…". */
static inline char *
world_id(struct world *w, const char *who)
{
	return lk_arena_text_n(w->arena, who, LK_ID_LEN);
}

struct world_key {
	char *id, *secret;
};

static inline struct world_key
world_key(struct world *w, const char *who, const char *name)
{
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	CreateKeyResponse *rep;

	req.name = text(name);
	ask_ok(w, who, "CreateKey", &req, &rep);
	return (struct world_key){ rep->key->id, rep->secret_key };
}

static inline VerifyKeyResponse *
world_verify(struct world *w, const char *who, const char *secret)
{
	VerifyKeyRequest req = LATCHKEY__KEYS__V1__VERIFY_KEY_REQUEST__INIT;
	VerifyKeyResponse *rep;

	req.secret_key = text(secret);
	ask_ok(w, who, "VerifyKey", &req, &rep);
	return rep;
}

#define expect_active(w, who, secret) assert_true(world_verify((w), (who), (secret))->active)
#define expect_refused(w, who, secret, why)                                                        \
	do {                                                                                       \
		const VerifyKeyResponse *const refused_ = world_verify((w), (who), (secret));      \
		assert_false(refused_->active);                                                    \
		assert_string_equal(refused_->reason, (why));                                      \
		assert_null(refused_->identity);                                                   \
	} while (0)

static inline const KeyMsg *
world_key_now(struct world *w, const char *who, const char *id)
{
	GetKeyRequest req = LATCHKEY__KEYS__V1__GET_KEY_REQUEST__INIT;
	GetKeyResponse *rep;

	req.id = text(id);
	ask_ok(w, who, "GetKey", &req, &rep);
	return rep->key;
}

static inline const char *
world_reason_at(struct world *w, const char *secret, const char *address)
{
	VerifyKeyRequest req = LATCHKEY__KEYS__V1__VERIFY_KEY_REQUEST__INIT;
	VerifyKeyResponse *rep;

	req.secret_key = text(secret);
	req.source_address = text(address);
	ask_ok(w, SERVICE, "VerifyKey", &req, &rep);
	assert_true(rep->active == (*rep->reason == '\0'));
	return rep->reason;
}

static inline void
world_revoke(struct world *w, const char *who, const char *id)
{
	RevokeKeysRequest req = LATCHKEY__KEYS__V1__REVOKE_KEYS_REQUEST__INIT;
	char *ids[] = { text(id) };

	req.ids = ids;
	req.n_ids = 1;
	ask_ok(w, who, "RevokeKeys", &req, NULL);
}

static inline void
world_set_policy(
    struct world *w, const char *who, const char *tenant, const char *name, const char *value)
{
	SetPolicyRequest req = LATCHKEY__ACCOUNTS__V1__SET_POLICY_REQUEST__INIT;
	PolicyValueMsg one = LATCHKEY__ACCOUNTS__V1__POLICY_VALUE__INIT, *values[] = { &one };

	one.name = text(name);
	one.value = text(value);
	req.tenant = text(tenant);
	req.values = values;
	req.n_values = 1;
	ask_ok(w, who, "SetPolicy", &req, NULL);
}

/* A principal with one permission for one tenant, or with tenant NULL for all: "prn_… key_…". */
static inline char *
world_principal(struct world *w, const char *name, const char *permission, const char *tenant,
    struct world_key *out_key)
{
	CreatePrincipalRequest req = LATCHKEY__ACCOUNTS__V1__CREATE_PRINCIPAL_REQUEST__INIT;
	CreatePrincipalResponse *rep;
	char *permissions[] = { text(permission) }, *tenants[] = { text(tenant) };

	req.name = text(name);
	req.permissions = permissions;
	req.n_permissions = 1;
	req.tenants = tenants;
	req.n_tenants = tenant ? 1 : 0;
	req.all_tenants = tenant == NULL;
	ask_ok(w, OPERATOR, "CreatePrincipal", &req, &rep);
	if (out_key)
		*out_key = (struct world_key){ rep->key_id, rep->secret_key };
	return lk_arena_format(w->arena, "%s %s", rep->principal->id, rep->key_id);
}

#endif
