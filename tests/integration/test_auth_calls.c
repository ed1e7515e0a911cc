/* Tokens, assertions, writes and audit over real sockets: one process plays keys and tokens, asks
 * itself for key set and standing, and a client calls it. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "audit_migrations.h"
#include "auth/authenticator.h"
#include "auth/peer_call.h"
#include "crypto/box.h"
#include "daemon/health.h"
#include "daemon/write.h"
#include "forge.h"
#include "idempotency_migrations.h"
#include "latchkey/accounts/v1/accounts.pb-c.h"
#include "latchkey/audit/v1/audit.pb-c.h"
#include "latchkey/keys/v1/keys.pb-c.h"
#include "latchkey/tokens/v1/tokens.pb-c.h"
#include "peers_world.h"

typedef Latchkey__Tokens__V1__GetJwksRequest GetJwksRequest;
typedef Latchkey__Tokens__V1__GetJwksResponse GetJwksResponse;
typedef Latchkey__Accounts__V1__GetStandingRequest GetStandingRequest;
typedef Latchkey__Accounts__V1__GetStandingResponse GetStandingResponse;
typedef Latchkey__Keys__V1__CreateKeyRequest CreateKeyRequest;
typedef Latchkey__Keys__V1__CreateKeyResponse CreateKeyResponse;
typedef Latchkey__Audit__V1__ListEventsRequest ListEventsRequest;
typedef Latchkey__Audit__V1__ListEventsResponse ListEventsResponse;

#define CREATE "latchkey.keys.v1.KeyService/CreateKey"
#define STANDING "latchkey.accounts.v1.AccountService/GetStanding"

struct world {
	struct forge *f;
	struct peers_world identity;
	struct lk_store *store;
	struct lk_audit_sealer *sealer;
	struct lk_channel *channel;
	struct lk_assertion_maker *maker, *operator_;
	struct lk_jwks_source *jwks;
	struct lk_standing_remote *remote;
	struct lk_auth *auth;
	struct lk_health health;
	struct lk_server *server;
	struct lk_arena *arena;
	atomic_bool suspended; /* what GetStanding answers */
	atomic_int created, jwks_asked;
	struct lk_error err;
};

/* ---- The services ---- */

static lk_status
get_jwks(struct lk_call *call, const GetJwksRequest *req, GetJwksResponse *rep)
{
	struct world *w = lk_call_user(call);
	struct lk_arena *arena = lk_call_arena(call);
	char jwk[512];

	(void)req;
	atomic_fetch_add(&w->jwks_asked, 1);
	forge_jwk(w->f->key, jwk, sizeof jwk);
	rep->jwks = lk_arena_format(arena, "{\"keys\":[%s]}", jwk);
	rep->service = lk_arena_text(arena, "tokens");
	rep->issuer = lk_arena_text(arena, FORGE_ISSUER);
	rep->platform_audience = lk_arena_text(arena, "https://p.example");
	rep->signed_at_ms = w->f->clock.now_ms;
	rep->signature =
	    (ProtobufCBinaryData){ LK_SIGNATURE_LEN, lk_arena_alloc(arena, LK_SIGNATURE_LEN) };
	rep->token_typ = lk_arena_text(arena, "at+jwt");
	const struct lk_jwks_statement says = { rep->service, rep->jwks, rep->issuer,
		rep->platform_audience, rep->token_typ, rep->signed_at_ms };
	lk_jwks_sign(w->identity.keys[WORLD_TOKENS], "test", &says, rep->signature.data);
	return LK_OK;
}

static lk_status
get_standing(struct lk_call *call, const GetStandingRequest *req, GetStandingResponse *rep)
{
	struct world *w = lk_call_user(call);
	struct lk_arena *arena = lk_call_arena(call);
	Latchkey__Accounts__V1__Standing *standing =
	    LK_ARENA_NEW(arena, Latchkey__Accounts__V1__Standing);
	Latchkey__Common__V1__Identity *identity =
	    LK_ARENA_NEW(arena, Latchkey__Common__V1__Identity);
	static char *permissions[] = { (char *)(uintptr_t) "api_keys.manage",
		(char *)(uintptr_t) "not.known.yet" };

	latchkey__accounts__v1__standing__init(standing);
	latchkey__common__v1__identity__init(identity);
	identity->subject = req->queries[0]->subject;
	identity->key = req->queries[0]->key;
	identity->tenant = lk_arena_text(arena, FORGE_TENANT);
	identity->permissions = permissions;
	identity->n_permissions = LK_ARRAY_LEN(permissions);
	identity->all_workgroups = true;
	standing->active = !atomic_load(&w->suspended);
	standing->identity = standing->active ? identity : NULL;
	rep->standings = lk_arena_copy(arena, &standing, sizeof(void *));
	rep->n_standings = 1;
	return LK_OK;
}

struct creation {
	struct lk_call *call;
	CreateKeyResponse *rep;
	struct world *w;
};

static lk_status
create_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct creation *c = arg;
	struct lk_arena *arena = lk_call_arena(c->call);
	const struct lk_audit_event event = { .action = "key.created", .object = FORGE_KEY };

	atomic_fetch_add(&c->w->created, 1);
	c->rep->key = LK_ARENA_NEW(arena, Latchkey__Keys__V1__Key);
	latchkey__keys__v1__key__init(c->rep->key);
	c->rep->key->id = lk_arena_text(arena, FORGE_KEY);
	c->rep->secret_key = lk_arena_text(arena, "lk_SECRET");
	return lk_audit_write(tx, c->call, &event, err);
}

static lk_status
create_key(struct lk_call *call, const CreateKeyRequest *req, CreateKeyResponse *rep)
{
	struct creation creation = { call, rep, lk_call_user(call) };

	(void)req;
	return lk_call_write(
	    call, creation.w->store, create_in, &creation, &rep->base, lk_call_error(call));
}

/* A service of one method, under its real name. */
#define ONE_METHOD(                                                                                \
    var, service, package_, rpc, fn, Req, Rep, req_type, rep_type, perm, effect, where)            \
	LK_METHOD_THUNK(rpc, fn, Req, Rep, perm, effect, where, 65536)                             \
	static const struct lk_method var##_rows[] = { LK_METHOD_ROW(                              \
	    rpc, fn, Req, Rep, perm, effect, where, 65536) };                                      \
	static const ProtobufCMethodDescriptor var##_methods[] = { { #rpc, &req_type,              \
	    &rep_type } };                                                                         \
	static const unsigned var##_names[] = { 0 };                                               \
	static const ProtobufCServiceDescriptor var##_descriptor = {                               \
		.magic = PROTOBUF_C__SERVICE_DESCRIPTOR_MAGIC,                                     \
		.name = package_ "." #service,                                                     \
		.short_name = #service,                                                            \
		.c_name = #service,                                                                \
		.package = package_,                                                               \
		.n_methods = 1,                                                                    \
		.methods = var##_methods,                                                          \
		.method_indices_by_name = var##_names,                                             \
	};                                                                                         \
	static const struct lk_method_table var##_table = { &var##_descriptor, var##_rows, 1 };

ONE_METHOD(tokens, TokenService, "latchkey.tokens.v1", GetJwks, get_jwks, GetJwksRequest,
    GetJwksResponse, latchkey__tokens__v1__get_jwks_request__descriptor,
    latchkey__tokens__v1__get_jwks_response__descriptor, LK_PERM_PUBLIC, LK_READ, LK_INLINE)
ONE_METHOD(accounts, AccountService, "latchkey.accounts.v1", GetStanding, get_standing,
    GetStandingRequest, GetStandingResponse,
    latchkey__accounts__v1__get_standing_request__descriptor,
    latchkey__accounts__v1__get_standing_response__descriptor, LK_PERM_SERVICE, LK_READ, LK_INLINE)
ONE_METHOD(keys, KeyService, "latchkey.keys.v1", CreateKey, create_key, CreateKeyRequest,
    CreateKeyResponse, latchkey__keys__v1__create_key_request__descriptor,
    latchkey__keys__v1__create_key_response__descriptor, LK_PERM_API_KEYS_MANAGE, LK_WRITE_ONCE,
    LK_WORKER)

/* ---- The world ---- */

static void
on_finished(void *user, const struct lk_finished *finished)
{
	lk_audit_finished(((struct world *)user)->sealer, finished);
}

static void
open_identity(struct world *w, const char *url)
{
	struct lk_error *err = &w->err;
	const struct lk_clock *clock = &w->f->clock.clock;

	expect_ok(lk_channel_open(&w->channel, url, NULL, err), err);
	expect_ok(lk_assertion_maker_new(
		      &w->maker, "keys", "test", w->identity.keys[WORLD_KEYS], clock, err),
	    err);
	expect_ok(lk_assertion_maker_new(
		      &w->operator_, "ops", "test", w->identity.keys[WORLD_OPS], clock, err),
	    err);
	expect_ok(
	    lk_jwks_source_new(&w->jwks, w->channel, w->identity.peers, "test", clock, err), err);
	expect_ok(
	    lk_standing_remote_new(&w->remote, w->channel, w->maker, lk_clock_system(), err), err);
	const struct lk_auth_config config = { .service = "keys",
		.instance = "test",
		.peers = w->identity.peers,
		.jwks = w->jwks,
		.standing = lk_standing_remote_source(w->remote),
		.clock = clock };
	expect_ok(lk_auth_new(&w->auth, &config, err), err);
}

static void
open_server(struct world *w, const char *url)
{
	const struct lk_service services[] = {
		{ &tokens_table, w },
		{ &accounts_table, w },
		{ &keys_table, w },
		{ lk_audit_method_table(), w->sealer },
		{ lk_health_method_table(), &w->health },
	};
	const struct lk_server_config config = { .url = url,
		.services = services,
		.service_count = LK_ARRAY_LEN(services),
		.authenticator = lk_auth_authenticator(w->auth),
		.on_finished = on_finished,
		.hook_user = w };

	expect_ok(lk_server_new(&w->server, &config, &w->err), &w->err);
	expect_ok(lk_server_start(w->server, &w->err), &w->err);
}

static int
setup(void **state)
{
	static struct world w;
	char url[160];

	memset(&w, 0, sizeof w);
	forge_setup((void **)&w.f);
	peers_world_open(&w.identity);
	snprintf(url, sizeof url, "ipc://%s/s", lk_test_tmpdir());
	expect_ok(
	    lk_store_open("sqlite://:memory:",
		LK_MIGRATIONS(&audit_migrations, &idempotency_migrations), NULL, &w.store, &w.err),
	    &w.err);
	const struct lk_audit_config audit = { .service = "keys",
		.instance = "test",
		.signing_key = w.identity.keys[WORLD_KEYS],
		.clock = &w.f->clock.clock };
	expect_ok(lk_audit_sealer_start(&w.sealer, w.store, &audit, &w.err), &w.err);
	lk_health_init(&w.health, "keys", "0", "test", lk_clock_system());
	open_identity(&w, url);
	open_server(&w, url);
	w.arena = lk_arena_new(1 << 20);
	forge_sign(w.f, forge_header(w.f), forge_claims("", ""));
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;
	void *f = w->f;

	lk_server_free(w->server);
	lk_auth_free(w->auth);
	lk_standing_remote_free(w->remote);
	lk_jwks_source_free(w->jwks);
	lk_channel_close(w->channel);
	lk_assertion_maker_free(w->maker);
	lk_assertion_maker_free(w->operator_);
	lk_audit_sealer_stop(w->sealer);
	lk_store_close(w->store);
	lk_arena_free(w->arena);
	peers_world_close(&w->identity);
	return forge_teardown(&f);
}

static lk_status
open_sealed(void *user, struct lk_bytes sealed, struct lk_arena *arena, struct lk_bytes *out_plain,
    struct lk_error *err)
{
	return lk_box_open(user, sealed, arena, out_plain, err);
}

static lk_status
create(struct world *w, const char *token, const char *key, struct lk_box_pair *pair,
    const CreateKeyResponse **out)
{
	CreateKeyRequest body = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	ProtobufCMessage *reply = NULL;
	const struct lk_rpc_request request = { .method = CREATE,
		.body = &body.base,
		.effect = LK_WRITE_ONCE,
		.authorization = token,
		.idempotency_key = key,
		.reply_public_key = pair == NULL ? lk_bytes(NULL, 0)
						 : lk_bytes(pair->public_key, LK_BOX_PUBLIC_LEN),
		.open_sealed = pair == NULL ? NULL : open_sealed,
		.open_user = pair };

	lk_error_clear(&w->err);
	const lk_status status = lk_channel_call(w->channel, &request,
	    &latchkey__keys__v1__create_key_response__descriptor, w->arena, &reply, &w->err);
	*out = (const void *)reply;
	return status;
}

static size_t
count_events(struct world *w, const char *action)
{
	ListEventsRequest body = LATCHKEY__AUDIT__V1__LIST_EVENTS_REQUEST__INIT;
	ProtobufCMessage *reply = NULL;
	const struct lk_peer_question question = { .callee = "keys",
		.method = "latchkey.audit.v1.AuditService/ListEvents",
		.body = &body.base,
		.effect = LK_READ,
		.deadline_steady_ms = INT64_MAX };

	body.action = (char *)(uintptr_t)action;
	expect_ok(
	    lk_peer_ask(w->channel, w->operator_, lk_clock_system(), &question,
		&latchkey__audit__v1__list_events_response__descriptor, w->arena, &reply, &w->err),
	    &w->err);
	return ((const ListEventsResponse *)(const void *)reply)->n_events;
}

/* ---- Cases ---- */

static void
a_token_reaches_its_method_and_leaves_a_row(void **state)
{
	struct world *w = *state;
	const CreateKeyResponse *rep;

	for (int i = 0; i < 3; i++) {
		expect_ok(create(w, w->f->token, NULL, NULL, &rep), &w->err);
		assert_string_equal(rep->secret_key, "lk_SECRET");
	}
	assert_int_equal(atomic_load(&w->jwks_asked), 1);
	assert_int_equal(count_events(w, "key.created"), 3);
}

static void
a_suspended_owner_is_refused_by_the_very_next_call(void **state)
{
	struct world *w = *state;
	const CreateKeyResponse *rep;

	expect_ok(create(w, w->f->token, NULL, NULL, &rep), &w->err);
	atomic_store(&w->suspended, true);
	expect_fail(
	    create(w, w->f->token, NULL, NULL, &rep), &w->err, LK_UNAUTHENTICATED, "TOKEN_REFUSED");
}

static void
nobody_and_forgers_are_refused(void **state)
{
	struct world *w = *state;
	const CreateKeyResponse *rep;

	expect_fail(
	    create(w, NULL, NULL, NULL, &rep), &w->err, LK_UNAUTHENTICATED, "CREDENTIALS_MISSING");
	w->f->token[strlen(w->f->token) - 5] ^= 1;
	expect_fail(
	    create(w, w->f->token, NULL, NULL, &rep), &w->err, LK_UNAUTHENTICATED, "TOKEN_REFUSED");
	assert_int_equal(atomic_load(&w->created), 0);
}

static void
a_denied_call_is_in_the_trail(void **state)
{
	struct world *w = *state;
	const CreateKeyResponse *rep;

	forge_sign(w->f, forge_header(w->f), forge_claims("api_keys.manage keys", "keys"));
	expect_fail(create(w, w->f->token, NULL, NULL, &rep), &w->err, LK_PERMISSION_DENIED,
	    "PERMISSION_MISSING");
	forge_sign(w->f, forge_header(w->f), forge_claims("", ""));
	expect_ok(create(w, w->f->token, NULL, NULL, &rep), &w->err); /* in order behind it */
	assert_int_equal(count_events(w, "call.refused"), 1);
}

static void
a_write_sent_twice_happens_once_and_gives_the_secret_again(void **state)
{
	struct world *w = *state;
	LK_AUTO(lk_box_pair_wipe) struct lk_box_pair pair = { 0 };
	const CreateKeyResponse *rep;

	lk_box_pair_make(&pair);
	for (int i = 0; i < 3; i++) {
		expect_ok(create(w, w->f->token, "once", &pair, &rep), &w->err);
		assert_string_equal(rep->secret_key, "lk_SECRET");
	}
	assert_int_equal(atomic_load(&w->created), 1);
	assert_int_equal(count_events(w, "key.created"), 1);
}

static void
without_a_reply_key_the_secret_comes_once(void **state)
{
	struct world *w = *state;
	const CreateKeyResponse *rep;

	expect_ok(create(w, w->f->token, "once", NULL, &rep), &w->err);
	expect_fail(create(w, w->f->token, "once", NULL, &rep), &w->err, LK_ALREADY_EXISTS,
	    "ALREADY_CREATED");
	assert_string_equal(w->err.message, FORGE_KEY);
}

static void
users_do_not_ask_for_standing(void **state)
{
	struct world *w = *state;
	GetStandingRequest body = LATCHKEY__ACCOUNTS__V1__GET_STANDING_REQUEST__INIT;
	ProtobufCMessage *reply = NULL;
	const struct lk_rpc_request request = {
		.method = STANDING, .body = &body.base, .authorization = w->f->token
	};

	expect_fail(lk_channel_call(w->channel, &request,
			&latchkey__accounts__v1__get_standing_response__descriptor, w->arena,
			&reply, &w->err),
	    &w->err, LK_PERMISSION_DENIED, "SERVICES_ONLY");
}

/* The caller would wait a minute; a worker of ours does not stand still that long. */
static void
a_peer_that_is_away_is_given_up_before_the_callers_time(void **state)
{
	struct world *w = *state;
	const int64_t started_ms = lk_clock_steady_ms(lk_clock_system());
	GetStandingRequest body = LATCHKEY__ACCOUNTS__V1__GET_STANDING_REQUEST__INIT;
	LK_AUTO(lk_channel_closep) struct lk_channel *nobody = NULL;
	ProtobufCMessage *reply = NULL;
	char url[256];
	const struct lk_peer_question question = { .callee = "keys",
		.method = STANDING,
		.body = &body.base,
		.effect = LK_READ,
		.deadline_steady_ms = started_ms + 60000 };

	snprintf(url, sizeof url, "ipc://%s/nobody.sock", lk_test_tmpdir());
	expect_ok(lk_channel_open(&nobody, url, NULL, &w->err), &w->err);
	expect_fail(lk_peer_ask(nobody, w->maker, lk_clock_system(), &question,
			&latchkey__accounts__v1__get_standing_response__descriptor, w->arena,
			&reply, &w->err),
	    &w->err, LK_UNAVAILABLE, NULL);
	assert_true(lk_clock_steady_ms(lk_clock_system()) - started_ms < 30000);
}

LK_TESTS(LK_CASE_WITH(a_peer_that_is_away_is_given_up_before_the_callers_time, setup, teardown),
    LK_CASE_WITH(a_token_reaches_its_method_and_leaves_a_row, setup, teardown),
    LK_CASE_WITH(a_suspended_owner_is_refused_by_the_very_next_call, setup, teardown),
    LK_CASE_WITH(nobody_and_forgers_are_refused, setup, teardown),
    LK_CASE_WITH(a_denied_call_is_in_the_trail, setup, teardown),
    LK_CASE_WITH(a_write_sent_twice_happens_once_and_gives_the_secret_again, setup, teardown),
    LK_CASE_WITH(without_a_reply_key_the_secret_comes_once, setup, teardown),
    LK_CASE_WITH(users_do_not_ask_for_standing, setup, teardown))
