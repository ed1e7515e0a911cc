/* A validator beside services that a test makes up: one process answers questions about keys and
 * tokens and has both feeds. */
#ifndef LK_TESTS_VALIDATOR_WORLD_H
#define LK_TESTS_VALIDATOR_WORLD_H

#include <latchkey/validator.h>

#include <sys/stat.h>

#include "daemon/health.h"
#include "feed_server.h"
#include "latchkey/tokens/v1/tokens.pb-c.h"

typedef Latchkey__Tokens__V1__ValidateTokensRequest ValidateTokensRequest;
typedef Latchkey__Tokens__V1__ValidateTokensResponse ValidateTokensResponse;
typedef Latchkey__Tokens__V1__ValidateTokenResponse ValidateTokenResponse;

enum { VALIDATOR_WORLD_METHODS = 16, VALIDATOR_WORLD_OWNERS = 1000 };

struct validator_world {
	struct feed_world feeds[2]; /* of keys, of tokens */
	struct lk_server *servers[2];
	struct lk_health health;
	struct lk_method methods[VALIDATOR_WORLD_METHODS];
	struct lk_method_table table;
	char folder_url[LK_URL_SIZE];
	latchkey_validator *validator;

	/* What the service answers. */
	atomic_uint asked, messages;
	atomic_int answer_takes_ms;
	atomic_bool revoked;
	atomic_int_fast64_t expires_at_ms, not_before_ms;
};

static inline lk_status
validator_world_unanswered(struct lk_call *call, const ProtobufCMessage *req, ProtobufCMessage *rep)
{
	(void)req;
	(void)rep;
	return lk_fail(lk_call_error(call), LK_UNIMPLEMENTED, "UNIMPLEMENTED", "not in this test");
}

/* "bad…" is refused; all else is active, of the owner and key that its text gives. */
static inline lk_status
validator_world_answer(struct validator_world *w, struct lk_arena *arena, const char *shown,
    ValidateTokenResponse *rep)
{
	Latchkey__Common__V1__Identity *identity =
	    LK_ARENA_NEW(arena, Latchkey__Common__V1__Identity);
	static char *permissions[] = { (char *)(uintptr_t) "audit.read" };
	static char *workgroups[] = { (char *)(uintptr_t) "wkg_a" };
	unsigned number = 0;

	rep->active = strncmp(shown, "bad", 3) != 0 && !atomic_load(&w->revoked);
	rep->reason = lk_arena_text(arena, rep->active ? "" : "KEY_REFUSED");
	if (!rep->active)
		return LK_OK;
	(void)!sscanf(shown, "%*[a-z]%u", &number);
	latchkey__common__v1__identity__init(identity);
	identity->subject = lk_arena_format(arena, "usr_%026u", number % VALIDATOR_WORLD_OWNERS);
	identity->tenant = lk_arena_format(arena, "tnt_%026u", 1);
	identity->key = lk_arena_format(arena, "key_%026u", number);
	identity->permissions = permissions;
	identity->n_permissions = 1;
	identity->workgroups = workgroups;
	identity->n_workgroups = 1;
	identity->expires_at_ms = atomic_load(&w->expires_at_ms);
	rep->not_before_ms = atomic_load(&w->not_before_ms);
	rep->credential_kind = lk_arena_text(arena, "key");
	rep->identity = identity;
	return LK_OK;
}

static inline lk_status
validator_world_validate(
    struct lk_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply)
{
	const ValidateTokensRequest *req = (const void *)request;
	ValidateTokensResponse *rep = (void *)reply;
	struct validator_world *w = lk_call_user(call);
	struct lk_arena *arena = lk_call_arena(call);

	atomic_fetch_add(&w->messages, 1);
	feed_pause_ms((unsigned)atomic_load(&w->answer_takes_ms));
	rep->n_responses = req->n_requests;
	rep->responses = lk_arena_array(arena, req->n_requests, sizeof *rep->responses);
	for (size_t i = 0; i < req->n_requests; i++) {
		rep->responses[i] = LK_ARENA_NEW(arena, ValidateTokenResponse);
		latchkey__tokens__v1__validate_token_response__init(rep->responses[i]);
		LK_TRY(validator_world_answer(
		    w, arena, req->requests[i]->secret_credential, rep->responses[i]));
		atomic_fetch_add(&w->asked, 1);
	}
	return LK_OK;
}

/* A row for every rpc of the descriptor, of which one has an answer. */
static inline void
validator_world_table(struct validator_world *w)
{
	const ProtobufCServiceDescriptor *service =
	    &latchkey__tokens__v1__token_service__descriptor;

	for (unsigned i = 0; i < service->n_methods; i++) {
		const ProtobufCMethodDescriptor *rpc = &service->methods[i];
		w->methods[i] = (struct lk_method){ rpc->name,
			strcmp(rpc->name, "ValidateTokens") == 0 ? validator_world_validate
								 : validator_world_unanswered,
			rpc->input->sizeof_message, rpc->output->sizeof_message, 0, LK_READ,
			LK_WORKER, LK_ARRAY_LEN(w->methods) * 40000 };
	}
	w->table = (struct lk_method_table){ service, w->methods, service->n_methods };
}

static inline void
validator_world_serve(struct validator_world *w, size_t i)
{
	static const char *const names[] = { "keys", "tokens" };
	struct lk_error err;
	char url[LK_URL_SIZE];
	const struct lk_service services[] = {
		{ lk_feed_method_table(), w->feeds[i].feed },
		{ lk_health_method_table(), &w->health },
		{ &w->table, w },
	};
	const struct lk_server_config config = {
		.url = url,
		.services = services,
		.service_count = LK_ARRAY_LEN(services),
		.authenticator = { NULL, feed_server_authenticate, feed_server_authorize },
	};

	assert_true(
	    (size_t)snprintf(url, sizeof url, "%s/%s.sock", w->folder_url, names[i]) < sizeof url);
	expect_ok(lk_server_new(&w->servers[i], &config, &err), &err);
	expect_ok(lk_server_start(w->servers[i], &err), &err);
	expect_ok(lk_feed_listen(w->feeds[i].feed, url, &err), &err);
}

static inline void
validator_world_open(struct validator_world *w)
{
	memset(w, 0, sizeof *w);
	snprintf(w->folder_url, sizeof w->folder_url, "ipc://%s/run", lk_test_tmpdir());
	mkdir(w->folder_url + strlen("ipc://"), 0700);
	lk_health_init(&w->health, "test", "0", "i1", lk_clock_system());
	validator_world_table(w);
	for (size_t i = 0; i < 2; i++) {
		feed_world_open(&w->feeds[i], true);
		w->feeds[i].config.service = i == 0 ? "keys" : "tokens";
		feed_world_restart(&w->feeds[i]);
		validator_world_serve(w, i);
	}
}

static inline void
validator_world_validator(struct validator_world *w, latchkey_validator_options options)
{
	const latchkey_options client = {
		.url = w->folder_url, .anonymous = true, .ignore_environment = true
	};
	latchkey_validator_counts counts;
	latchkey_error err;

	options.client = &client;
	assert_int_equal(latchkey_validator_open(&options, &w->validator, &err), LATCHKEY_OK);
	assert_true(feed_wait_until((latchkey_validator_count(w->validator, &counts),
	    counts.lease_left_ms[0] > 0 && counts.lease_left_ms[1] > 0)));
}

static inline void
validator_world_stop_services(struct validator_world *w)
{
	for (size_t i = 0; i < 2; i++)
		lk_server_free(LK_TAKE(w->servers[i]));
}

static inline void
validator_world_close(struct validator_world *w)
{
	latchkey_validator_close(w->validator);
	validator_world_stop_services(w);
	for (size_t i = 0; i < 2; i++)
		feed_world_close(&w->feeds[i]);
}

#endif
