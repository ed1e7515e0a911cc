/* The library against a process that plays all three services: tokens are traded once and renewed,
 * assertions signed, answers that make no sense are refused. */
#include <latchkey/latchkey.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "crypto/transport.h"
#include "latchkey/accounts/v1/accounts.pb-c.h"
#include "latchkey/common/v1/frame.pb-c.h"
#include "latchkey/credentials/v1/credentials.pb-c.h"
#include "latchkey/health/v1/health.pb-c.h"
#include "latchkey/tokens/v1/tokens.pb-c.h"
#include "rpc/server.h"
#include "test.h"

#define KEY "lk_01jz0000000000000000000000_secret"
enum { THREADS = 8, CALLS_EACH = 50 };

typedef Latchkey__Health__V1__CheckRequest CheckRequest;
typedef Latchkey__Health__V1__CheckResponse CheckResponse;
typedef Latchkey__Tokens__V1__IssueTokenRequest IssueTokenRequest;
typedef Latchkey__Tokens__V1__IssueTokenResponse IssueTokenResponse;
typedef Latchkey__Accounts__V1__GetMeRequest GetMeRequest;
typedef Latchkey__Accounts__V1__GetMeResponse GetMeResponse;
typedef Latchkey__Accounts__V1__CreateWorkgroupRequest CreateWorkgroupRequest;
typedef Latchkey__Accounts__V1__CreateWorkgroupResponse CreateWorkgroupResponse;
typedef Latchkey__Credentials__V1__AgreeTransportRequest AgreeTransportRequest;
typedef Latchkey__Credentials__V1__AgreeTransportResponse AgreeTransportResponse;
typedef Latchkey__Credentials__V1__FetchCredentialRequest FetchCredentialRequest;
typedef Latchkey__Credentials__V1__FetchCredentialResponse FetchCredentialResponse;

struct world {
	struct lk_server *server;
	char run[96];
	atomic_int issued, asked, agreed, token_ttl_ms;
	atomic_int refuse_tokens_below; /* tokens with a smaller number are refused */
	atomic_int aborts;              /* writes that are answered ABORTED first */
	atomic_bool forget_transport, leave_out;
	char write_keys[4][72]; /* the idempotency keys of writes, in order */
	atomic_int writes;
	_Atomic bool signed_call;
	struct lk_transport transport;
	struct lk_error err;
};

/* ---- what the services answer ---- */

static lk_status
check(struct lk_call *call, const CheckRequest *req, CheckResponse *rep)
{
	(void)req;
	rep->service = lk_arena_text(lk_call_arena(call), "all");
	rep->instance = lk_arena_text(lk_call_arena(call), "here");
	return LK_OK;
}

static lk_status
issue(struct lk_call *call, const IssueTokenRequest *req, IssueTokenResponse *rep)
{
	struct world *w = lk_call_user(call);

	assert_string_equal(KEY, req->secret_key);
	assert_string_equal("latchkey:here", req->audience);
	const int number = atomic_fetch_add(&w->issued, 1) + 1;
	rep->secret_token = lk_arena_format(lk_call_arena(call), "token-%d", number);
	rep->expires_at_ms = lk_clock_wall_ms(lk_call_clock(call)) + atomic_load(&w->token_ttl_ms);
	return LK_OK;
}

static lk_status
get_me(struct lk_call *call, const GetMeRequest *req, GetMeResponse *rep)
{
	struct world *w = lk_call_user(call);

	(void)req;
	atomic_fetch_add(&w->asked, 1);
	rep->caller_kind = lk_arena_text(lk_call_arena(call), "user");
	return LK_OK;
}

static lk_status
create_workgroup(
    struct lk_call *call, const CreateWorkgroupRequest *req, CreateWorkgroupResponse *rep)
{
	struct world *w = lk_call_user(call);
	const int n = atomic_fetch_add(&w->writes, 1);

	(void)req;
	lk_text_copy(w->write_keys[n % 4], sizeof w->write_keys[0], lk_call_idempotency_key(call));
	if (atomic_fetch_sub(&w->aborts, 1) > 0)
		return lk_fail(lk_call_error(call), LK_ABORTED, "STILL_RUNNING",
		    "the first try is still running");
	if (atomic_load(&w->leave_out))
		return LK_OK;
	rep->workgroup = LK_ARENA_NEW(lk_call_arena(call), Latchkey__Accounts__V1__Workgroup);
	latchkey__accounts__v1__workgroup__init(rep->workgroup);
	rep->workgroup->name = lk_arena_text(lk_call_arena(call), req->name);
	return LK_OK;
}

static lk_status
agree(struct lk_call *call, const AgreeTransportRequest *req, AgreeTransportResponse *rep)
{
	struct world *w = lk_call_user(call);
	struct lk_arena *arena = lk_call_arena(call);
	LK_AUTO(lk_box_pair_wipe) struct lk_box_pair own = { 0 };

	lk_box_pair_make(&own);
	LK_TRY(lk_transport_init_server(
	    &own, req->client_public_key.data, &w->transport, lk_call_error(call)));
	rep->server_public_key.data = lk_arena_copy(arena, own.public_key, sizeof own.public_key);
	rep->server_public_key.len = sizeof own.public_key;
	rep->transport_id =
	    lk_arena_format(arena, "transport-%d", atomic_fetch_add(&w->agreed, 1) + 1);
	rep->expires_at_ms = lk_clock_wall_ms(lk_call_clock(call)) + 3600000;
	return LK_OK;
}

static lk_status
fetch(struct lk_call *call, const FetchCredentialRequest *req, FetchCredentialResponse *rep)
{
	struct world *w = lk_call_user(call);
	struct lk_arena *arena = lk_call_arena(call);
	const struct lk_transport_call bound = { lk_call_request_id(call), lk_call_method(call) };
	Latchkey__Credentials__V1__DnanexusSecret token =
	    LATCHKEY__CREDENTIALS__V1__DNANEXUS_SECRET__INIT;
	Latchkey__Credentials__V1__ProviderSecret secret =
	    LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__INIT;
	uint8_t packed[128];
	struct lk_bytes sealed;

	(void)req;
	if (atomic_exchange(&w->forget_transport, false))
		return lk_fail(lk_call_error(call), LK_INVALID_ARGUMENT, "TRANSPORT_UNKNOWN",
		    "agree on new keys");
	token.secret_token = lk_arena_text(arena, "dx-token");
	secret.provider_case = LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__PROVIDER_DNANEXUS;
	secret.dnanexus = &token;
	const size_t len = protobuf_c_message_pack(&secret.base, packed);
	LK_TRY(lk_transport_seal(
	    &w->transport, &bound, lk_bytes(packed, len), arena, &sealed, lk_call_error(call)));
	rep->credential = LK_ARENA_NEW(arena, Latchkey__Credentials__V1__Credential);
	latchkey__credentials__v1__credential__init(rep->credential);
	rep->secret = LK_ARENA_NEW(arena, Latchkey__Credentials__V1__SealedSecret);
	latchkey__credentials__v1__sealed_secret__init(rep->secret);
	rep->secret->sealed.data = lk_arena_copy(arena, sealed.data, sealed.len);
	rep->secret->sealed.len = sealed.len;
	return LK_OK;
}

/* ---- tables: only the methods that are asked here ---- */

#define CHECK_METHODS(M) M(Check, check, CheckRequest, CheckResponse, 0, LK_READ, LK_INLINE, 64)
#define TOKEN_METHODS(M)                                                                           \
	M(IssueToken, issue, IssueTokenRequest, IssueTokenResponse, 0, LK_WRITE_ONCE, LK_INLINE,   \
	    4096)
#define ACCOUNT_METHODS(M)                                                                         \
	M(CreateWorkgroup, create_workgroup, CreateWorkgroupRequest, CreateWorkgroupResponse, 1,   \
	    LK_WRITE_ONCE, LK_INLINE, 4096)                                                        \
	M(GetMe, get_me, GetMeRequest, GetMeResponse, 1, LK_READ, LK_INLINE, 64)
#define CREDENTIAL_METHODS(M)                                                                      \
	M(AgreeTransport, agree, AgreeTransportRequest, AgreeTransportResponse, 1, LK_READ,        \
	    LK_INLINE, 64)                                                                         \
	M(FetchCredential, fetch, FetchCredentialRequest, FetchCredentialResponse, 1, LK_READ,     \
	    LK_INLINE, 4096)
CHECK_METHODS(LK_METHOD_THUNK)
TOKEN_METHODS(LK_METHOD_THUNK)
ACCOUNT_METHODS(LK_METHOD_THUNK)
CREDENTIAL_METHODS(LK_METHOD_THUNK)

/* The service blocks of the contract, cut down to these methods. */
static const struct lk_method health_rows[] = { CHECK_METHODS(LK_METHOD_ROW) };
static const struct lk_method token_rows[] = { TOKEN_METHODS(LK_METHOD_ROW) };
static const struct lk_method account_rows[] = { ACCOUNT_METHODS(LK_METHOD_ROW) };
static const struct lk_method credential_rows[] = { CREDENTIAL_METHODS(LK_METHOD_ROW) };

static const unsigned by_name[] = { 0, 1 };
#define SERVICE(var, full, methods_array)                                                          \
	static const ProtobufCServiceDescriptor var = { .magic =                                   \
							    PROTOBUF_C__SERVICE_DESCRIPTOR_MAGIC,  \
		.name = full,                                                                      \
		.n_methods = LK_ARRAY_LEN(methods_array),                                          \
		.methods = methods_array,                                                          \
		.method_indices_by_name = by_name }
static const ProtobufCMethodDescriptor health_methods[] = { { "Check",
    &latchkey__health__v1__check_request__descriptor,
    &latchkey__health__v1__check_response__descriptor } };
static const ProtobufCMethodDescriptor token_methods[] = { { "IssueToken",
    &latchkey__tokens__v1__issue_token_request__descriptor,
    &latchkey__tokens__v1__issue_token_response__descriptor } };
static const ProtobufCMethodDescriptor account_methods[] = {
	{ "CreateWorkgroup", &latchkey__accounts__v1__create_workgroup_request__descriptor,
	    &latchkey__accounts__v1__create_workgroup_response__descriptor },
	{ "GetMe", &latchkey__accounts__v1__get_me_request__descriptor,
	    &latchkey__accounts__v1__get_me_response__descriptor }
};
static const ProtobufCMethodDescriptor credential_methods[] = {
	{ "AgreeTransport", &latchkey__credentials__v1__agree_transport_request__descriptor,
	    &latchkey__credentials__v1__agree_transport_response__descriptor },
	{ "FetchCredential", &latchkey__credentials__v1__fetch_credential_request__descriptor,
	    &latchkey__credentials__v1__fetch_credential_response__descriptor }
};
SERVICE(health_service, "latchkey.health.v1.HealthService", health_methods);
SERVICE(token_service, "latchkey.tokens.v1.TokenService", token_methods);
SERVICE(account_service, "latchkey.accounts.v1.AccountService", account_methods);
SERVICE(credential_service, "latchkey.credentials.v1.CredentialService", credential_methods);
static const struct lk_method_table tables[] = { { &health_service, health_rows,
						     LK_ARRAY_LEN(health_rows) },
	{ &token_service, token_rows, LK_ARRAY_LEN(token_rows) },
	{ &account_service, account_rows, LK_ARRAY_LEN(account_rows) },
	{ &credential_service, credential_rows, LK_ARRAY_LEN(credential_rows) } };

/* A token of ours whose number is not below the limit, or any assertion of operator for this
 * installation. */
static lk_status
authenticate(void *user, struct lk_call *call, const Latchkey__Common__V1__RequestHeader *header,
    bool may_block, const struct lk_caller **out_caller, struct lk_error *err)
{
	struct world *w = user;
	int number = 0;

	(void)may_block;
	*out_caller = lk_arena_alloc(lk_call_arena(call), 64);
	if (!lk_call_row(call) || lk_call_row(call)->permission == 0)
		return LK_OK;
	if (header->assertion) {
		atomic_store(&w->signed_call, lk_text_is(header->assertion->caller, "olga") &&
						  lk_text_is(header->assertion->callee, "keys") &&
						  lk_text_is(header->assertion->instance, "here") &&
						  header->assertion->signature.len == 64);
		return LK_OK;
	}
	if (sscanf(header->authorization, "token-%d", &number) != 1 ||
	    number < atomic_load(&w->refuse_tokens_below))
		return lk_fail(err, LK_UNAUTHENTICATED, "TOKEN_REFUSED", "the token was refused");
	return LK_OK;
}

static lk_status
authorize(void *user, struct lk_call *call, const struct lk_caller *caller, int permission,
    struct lk_error *err)
{
	(void)user, (void)call, (void)caller, (void)permission, (void)err;
	return LK_OK;
}

static int
world_open(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct lk_service services[LK_ARRAY_LEN(tables)];
	char url[128];

	assert_non_null(w);
	for (size_t i = 0; i < LK_ARRAY_LEN(tables); i++)
		services[i] = (struct lk_service){ &tables[i], w };
	atomic_store(&w->token_ttl_ms, 900000);
	snprintf(w->run, sizeof w->run, "%s", lk_test_tmpdir());
	snprintf(url, sizeof url, "ipc://%s/all.sock", w->run);
	const struct lk_server_config config = { .url = url,
		.services = services,
		.service_count = LK_ARRAY_LEN(tables),
		.authenticator = {
		    .user = w, .authenticate = authenticate, .authorize = authorize } };
	expect_ok(lk_server_new(&w->server, &config, &w->err), &w->err);
	expect_ok(lk_server_start(w->server, &w->err), &w->err);
	*state = w;
	return 0;
}

static int
world_close(void **state)
{
	struct world *w = *state;

	lk_server_free(w->server);
	free(w);
	return 0;
}

static latchkey_client *
client_open(struct world *w, latchkey_options options)
{
	char url[128];
	latchkey_client *client = NULL;
	latchkey_error err;

	snprintf(url, sizeof url, "ipc://%s/all.sock", w->run);
	options.keys_url = options.tokens_url = options.credentials_url = url;
	options.ignore_environment = true;
	options.timeout_ms = 10000;
	if (latchkey_client_open(&options, &client, &err) != LATCHKEY_OK)
		fail_msg("%s: %s", err.reason, err.message);
	return client;
}

static void
expect_me(latchkey_client *client)
{
	latchkey_me *me = NULL;
	latchkey_error err;

	if (latchkey_me_get(client, NULL, &me, &err) != LATCHKEY_OK)
		fail_msg("%s: %s", err.reason, err.message);
	assert_string_equal("user", latchkey_me_caller_kind(me));
	latchkey_me_free(me);
}

/* ---- cases ---- */

static void *
call_often(void *client)
{
	for (int i = 0; i < CALLS_EACH; i++) {
		latchkey_me *me = NULL;
		latchkey_error err;
		if (latchkey_me_get(client, NULL, &me, &err) != LATCHKEY_OK) {
			fprintf(stderr, "%s: %s\n", err.reason, err.message);
			return client;
		}
		latchkey_me_free(me);
	}
	return NULL;
}

static void
L2_the_key_is_an_argument_and_many_threads_share_its_token(void **state)
{
	struct world *w = *state;
	latchkey_client *client = client_open(w, (latchkey_options){ .secret = KEY });
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(0, pthread_create(&threads[i], NULL, call_often, client));
	for (int i = 0; i < THREADS; i++) {
		void *failed = NULL;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(1, atomic_load(&w->issued));
	assert_int_equal(THREADS * CALLS_EACH, atomic_load(&w->asked));
	latchkey_client_close(client);
}

static void
a_refused_token_is_renewed_once(void **state)
{
	struct world *w = *state;
	latchkey_client *client = client_open(w, (latchkey_options){ .secret = KEY });
	latchkey_me *me = NULL;
	latchkey_error err;

	expect_me(client);
	atomic_store(&w->refuse_tokens_below, 2);
	expect_me(client);
	assert_int_equal(2, atomic_load(&w->issued));
	atomic_store(&w->refuse_tokens_below, 1000);
	assert_int_equal(LATCHKEY_UNAUTHENTICATED, latchkey_me_get(client, NULL, &me, &err));
	assert_string_equal("TOKEN_REFUSED", err.reason);
	assert_int_equal(3, atomic_load(&w->issued));
	latchkey_client_close(client);
}

static void
a_token_is_renewed_before_it_ends(void **state)
{
	struct world *w = *state;
	latchkey_client *client = client_open(w, (latchkey_options){ .secret = KEY });

	atomic_store(&w->token_ttl_ms, 1000);
	const int64_t until = lk_clock_steady_ms(lk_clock_system()) + 2500;
	while (lk_clock_steady_ms(lk_clock_system()) < until)
		expect_me(client);
	assert_in_range(atomic_load(&w->issued), 3, 6);
	latchkey_client_close(client);
}

static void
an_operator_signs_instead(void **state)
{
	struct world *w = *state;
	const char *path = lk_test_path(w->run, "olga.ed25519");
	latchkey_error err;

	assert_int_equal(LATCHKEY_OK,
	    latchkey_operator_key_create(path, lk_test_path(w->run, "olga.pub"), "olga", &err));
	latchkey_client *client = client_open(w, (latchkey_options){ .operator_key_file = path });
	expect_me(client);
	assert_true(atomic_load(&w->signed_call));
	assert_int_equal(0, atomic_load(&w->issued));
	latchkey_client_close(client);
}

static void
an_anonymous_client_shows_nothing(void **state)
{
	struct world *w = *state;
	latchkey_client *client = client_open(w, (latchkey_options){ .anonymous = true });
	latchkey_health *health = NULL;
	latchkey_me *me = NULL;
	latchkey_error err;

	assert_int_equal(
	    LATCHKEY_OK, latchkey_health_check(client, LATCHKEY_TOKENS, NULL, &health, &err));
	assert_string_equal("here", latchkey_health_instance(health));
	latchkey_health_free(health);
	assert_int_equal(LATCHKEY_UNAUTHENTICATED, latchkey_me_get(client, NULL, &me, &err));
	assert_int_equal(LATCHKEY_FAILED_PRECONDITION,
	    latchkey_token_issue(client, NULL, NULL, NULL, NULL, &err));
	assert_string_equal("NO_KEY", err.reason);
	latchkey_client_close(client);
}

static void
a_write_that_is_still_running_is_asked_for_again_under_its_key(void **state)
{
	struct world *w = *state;
	latchkey_client *client = client_open(w, (latchkey_options){ .secret = KEY });
	latchkey_workgroup *group = NULL;
	latchkey_error err;

	atomic_store(&w->aborts, 2);
	assert_int_equal(
	    LATCHKEY_OK, latchkey_workgroup_create(client, "readers", NULL, NULL, &group, &err));
	assert_string_equal("readers", latchkey_workgroup_name(group));
	assert_int_equal(3, atomic_load(&w->writes));
	assert_true(*w->write_keys[0]);
	assert_string_equal(w->write_keys[0], w->write_keys[1]);
	assert_string_equal(w->write_keys[0], w->write_keys[2]);
	latchkey_workgroup_free(group);

	const latchkey_call mine = { .idempotency_key = "mine" };
	assert_int_equal(
	    LATCHKEY_OK, latchkey_workgroup_create(client, "others", NULL, &mine, &group, &err));
	assert_string_equal("mine", w->write_keys[3]);
	latchkey_workgroup_free(group);
	latchkey_client_close(client);
}

static void
an_answer_without_its_object_is_no_answer(void **state)
{
	struct world *w = *state;
	latchkey_client *client = client_open(w, (latchkey_options){ .secret = KEY });
	latchkey_workgroup *group = NULL;
	latchkey_error err;

	atomic_store(&w->leave_out, true);
	assert_int_equal(LATCHKEY_INTERNAL,
	    latchkey_workgroup_create(client, "readers", NULL, NULL, &group, &err));
	assert_string_equal("REPLY_INCOMPLETE", err.reason);
	assert_null(group);
	latchkey_client_close(client);
}

static void
expect_fetched(latchkey_client *client)
{
	const latchkey_fetch_request request = {
		.owner = "ben", .provider = "dnanexus", .purpose = "job"
	};
	latchkey_fetched *fetched = NULL;
	latchkey_error err;

	if (latchkey_credential_fetch(client, &request, NULL, &fetched, &err) != LATCHKEY_OK)
		fail_msg("%s: %s", err.reason, err.message);
	assert_string_equal("dx-token", latchkey_fetched_field(fetched, "token"));
	assert_null(latchkey_fetched_field(fetched, "region"));
	latchkey_fetched_free(fetched);
}

static void
transport_keys_are_agreed_once_and_again_when_they_are_forgotten(void **state)
{
	struct world *w = *state;
	latchkey_client *client = client_open(w, (latchkey_options){ .secret = KEY });

	expect_fetched(client);
	expect_fetched(client);
	assert_int_equal(1, atomic_load(&w->agreed));
	atomic_store(&w->forget_transport, true);
	expect_fetched(client);
	assert_int_equal(2, atomic_load(&w->agreed));
	latchkey_client_close(client);
}

static void
a_service_that_is_not_there_is_unavailable_by_the_deadline(void **state)
{
	struct world *w = *state;
	latchkey_client *client = client_open(w, (latchkey_options){ .secret = KEY });
	const latchkey_call soon = { .timeout_ms = 300 };
	latchkey_me *me = NULL;
	latchkey_error err;

	lk_server_free(LK_TAKE(w->server));
	const int64_t began = lk_clock_steady_ms(lk_clock_system());
	const latchkey_status status = latchkey_me_get(client, &soon, &me, &err);
	assert_true(status == LATCHKEY_UNAVAILABLE || status == LATCHKEY_DEADLINE_EXCEEDED);
	assert_true(lk_clock_steady_ms(lk_clock_system()) - began < 3000);
	latchkey_client_close(client);
}

#define CASE(fn) LK_CASE_WITH(fn, world_open, world_close)
LK_TESTS(CASE(L2_the_key_is_an_argument_and_many_threads_share_its_token),
    CASE(a_refused_token_is_renewed_once), CASE(a_token_is_renewed_before_it_ends),
    CASE(an_operator_signs_instead), CASE(an_anonymous_client_shows_nothing),
    CASE(a_write_that_is_still_running_is_asked_for_again_under_its_key),
    CASE(an_answer_without_its_object_is_no_answer),
    CASE(transport_keys_are_agreed_once_and_again_when_they_are_forgotten),
    CASE(a_service_that_is_not_there_is_unavailable_by_the_deadline))
