/* What the rpc tests share: a service of eight methods, an authenticator that believes what it
 * reads, a server in a temporary directory. */
#ifndef LK_TESTS_RPC_WORLD_H
#define LK_TESTS_RPC_WORLD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "latchkey/common/v1/frame.pb-c.h"
#include "latchkey/common/v1/types.pb-c.h"
#include "rpc/channel.h"
#include "rpc/channel_impl.h"
#include "rpc/server.h"
#include "rpc/url.h"
#include "test.h"

typedef Latchkey__Common__V1__PageRequest Question;
typedef Latchkey__Common__V1__PageReply Answer;

enum { WORLD_PERM_PUBLIC = 100, WORLD_PERM_DENIED = 7 };

/* Shared with child processes through an anonymous mapping where a test forks; otherwise plain. */
struct world_counts {
	atomic_uint reads, writes, deferred, waiting, resumed;
};

struct world {
	struct lk_server *server;
	struct lk_channel *channel;
	struct world_counts *counts;
	struct world_counts own_counts;
	char url[LK_URL_SIZE];
	struct lk_arena *arena;
	struct lk_error err;
};

/* One directory for all sockets of the program. */
static inline const char *
world_dir(void)
{
	static const char *dir;

	if (dir == NULL)
		dir = lk_test_tmpdir();
	return dir;
}

static inline void
world_sleep_ms(unsigned ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000L };

	nanosleep(&t, NULL);
}

static inline int64_t
world_now_ms(void)
{
	return lk_clock_steady_ms(lk_clock_system());
}

/* Until the condition holds, at most ten seconds; says whether it does. */
#define world_wait_until(condition)                                                                \
	(__extension__({                                                                           \
		const int64_t world_until_ = world_now_ms() + 10000;                               \
		while (!(condition) && world_now_ms() < world_until_)                              \
			world_sleep_ms(2);                                                         \
		(condition);                                                                       \
	}))

static inline lk_status
world_reply(struct lk_call *call, const char *text, Answer *rep)
{
	rep->next_cursor = lk_arena_text(lk_call_arena(call), text);
	return rep->next_cursor == NULL ? lk_fail_oom(lk_call_error(call)) : LK_OK;
}

static inline lk_status
world_echo(struct lk_call *call, const Question *req, Answer *rep)
{
	struct world_counts *counts = lk_call_user(call);

	atomic_fetch_add(&counts->reads, 1);
	return world_reply(call, req->cursor, rep);
}

static inline lk_status
world_defer(struct lk_call *call, const Question *req, Answer *rep)
{
	struct world_counts *counts = lk_call_user(call);

	if (!lk_call_may_block(call))
		return lk_call_defer(call);
	atomic_fetch_add(&counts->deferred, 1);
	return world_reply(call, req->cursor, rep);
}

static inline lk_status
world_wait(struct lk_call *call, const Question *req, Answer *rep)
{
	struct world_counts *counts = lk_call_user(call);

	atomic_fetch_add(&counts->reads, 1);
	world_sleep_ms(req->size);
	return world_reply(call, req->cursor, rep);
}

static inline lk_status
world_write(struct lk_call *call, const Question *req, Answer *rep)
{
	struct world_counts *counts = lk_call_user(call);

	atomic_fetch_add(&counts->writes, 1);
	world_sleep_ms(req->size);
	return world_reply(call, req->cursor, rep);
}

struct world_resume {
	struct lk_call *call;
	struct world_counts *counts;
	unsigned ms;
};

static inline void *
world_resume_later(void *arg)
{
	const struct world_resume resume = *(struct world_resume *)arg; /* the call goes with it */

	world_sleep_ms(resume.ms);
	atomic_fetch_add(&resume.counts->resumed, 1);
	lk_call_resume(resume.call);
	return NULL;
}

/* Goes on `size` ms later, 0: before it has returned; about "worker" on a worker. */
static inline lk_status
world_later(struct lk_call *call, const Question *req, Answer *rep)
{
	struct world_resume *resume = lk_call_kept(call);
	pthread_t thread;

	if (resume && lk_text_is(req->cursor, "worker") && !lk_call_may_block(call))
		return lk_call_defer(call);
	if (resume)
		return world_reply(call, lk_call_may_block(call) ? "blocks" : req->cursor, rep);
	LK_TRY(lk_call_may_wait(call, lk_call_error(call)));
	resume = LK_ARENA_NEW(lk_call_arena(call), struct world_resume);
	if (!resume)
		return lk_fail_oom(lk_call_error(call));
	*resume = (struct world_resume){ call, lk_call_user(call), req->size };
	atomic_fetch_add(&resume->counts->waiting, 1);
	lk_call_keep(call, resume);
	if (resume->ms == 0)
		world_resume_later(resume);
	else if (pthread_create(&thread, NULL, world_resume_later, resume) == 0)
		pthread_detach(thread);
	return lk_call_later(call);
}

static inline lk_status
world_fail(struct lk_call *call, const Question *req, Answer *rep)
{
	(void)rep;
	if (req->size == 1)
		return LK_NOT_FOUND; /* without a word */
	return lk_fail_field(
	    lk_call_error(call), "cursor", "CURSOR_INVALID", "the cursor is %s", req->cursor);
}

static inline lk_status
world_big(struct lk_call *call, const Question *req, Answer *rep)
{
	rep->next_cursor = lk_arena_alloc(lk_call_arena(call), (size_t)req->size + 1);
	if (rep->next_cursor == NULL)
		return lk_fail_oom(lk_call_error(call));
	memset(rep->next_cursor, 'x', req->size);
	return LK_OK;
}

#define WORLD_METHODS(LK_METHOD)                                                                   \
	LK_METHOD(Big, world_big, Question, Answer, 0, LK_READ, LK_INLINE, 1024)                   \
	LK_METHOD(Defer, world_defer, Question, Answer, 0, LK_READ, LK_INLINE, 1024)               \
	LK_METHOD(Echo, world_echo, Question, Answer, 0, LK_READ, LK_INLINE, 65536)                \
	LK_METHOD(Fail, world_fail, Question, Answer, 0, LK_READ, LK_INLINE, 1024)                 \
	LK_METHOD(Forbidden, world_echo_forbidden, Question, Answer, WORLD_PERM_DENIED, LK_READ,   \
	    LK_INLINE, 1024)                                                                       \
	LK_METHOD(Later, world_later, Question, Answer, 0, LK_READ, LK_INLINE, 1024)               \
	LK_METHOD(Wait, world_wait, Question, Answer, 0, LK_READ, LK_WORKER, 1024)                 \
	LK_METHOD(Write, world_write, Question, Answer, 0, LK_WRITE_ONCE, LK_WORKER, 1024)

static inline lk_status
world_echo_forbidden(struct lk_call *call, const Question *req, Answer *rep)
{
	return world_echo(call, req, rep);
}

WORLD_METHODS(LK_METHOD_THUNK)
static const struct lk_method world_methods[] = { WORLD_METHODS(LK_METHOD_ROW) };

#define WORLD_DESCRIPTOR(rpc, fn, Req, Rep, permission, effect, where, max)                        \
	{ #rpc, &latchkey__common__v1__page_request__descriptor,                                   \
		&latchkey__common__v1__page_reply__descriptor },
static const ProtobufCMethodDescriptor world_method_descriptors[] = { WORLD_METHODS(
    WORLD_DESCRIPTOR) };
static const unsigned world_by_name[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
static const ProtobufCServiceDescriptor world_descriptor = {
	.magic = PROTOBUF_C__SERVICE_DESCRIPTOR_MAGIC,
	.name = "test.v1.TestService",
	.short_name = "TestService",
	.c_name = "Test__V1__TestService",
	.package = "test.v1",
	.n_methods = LK_ARRAY_LEN(world_method_descriptors),
	.methods = world_method_descriptors,
	.method_indices_by_name = world_by_name,
};
static const struct lk_method_table world_table = { &world_descriptor, world_methods,
	LK_ARRAY_LEN(world_methods) };

static inline lk_status
world_authenticate(void *user, struct lk_call *call,
    const Latchkey__Common__V1__RequestHeader *header, bool may_block,
    const struct lk_caller **out_caller, struct lk_error *err)
{
	(void)user;
	if (lk_text_is(header->authorization, "bad"))
		return lk_fail(err, LK_UNAUTHENTICATED, "TOKEN_REFUSED", "the token was refused");
	if (lk_text_is(header->authorization, "slow") && !may_block)
		return lk_call_defer(call);
	*out_caller = lk_arena_alloc(lk_call_arena(call), 64);
	return *out_caller == NULL ? lk_fail_oom(err) : LK_OK;
}

static inline lk_status
world_authorize(void *user, struct lk_call *call, const struct lk_caller *caller, int permission,
    struct lk_error *err)
{
	(void)user;
	(void)call;
	(void)caller;
	if (permission == WORLD_PERM_DENIED)
		return lk_fail(
		    err, LK_PERMISSION_DENIED, "PERMISSION_MISSING", "this needs a permission");
	return LK_OK;
}

static const struct lk_authenticator world_authenticator = { .authenticate = world_authenticate,
	.authorize = world_authorize };

/* `name` is the socket's; `tweak` may be NULL. */
static inline lk_status
world_start_server(
    struct world *w, const char *name, void (*tweak)(struct lk_server_config *config))
{
	const struct lk_service service = { &world_table, w->counts };
	struct lk_server_config config = {
		.url = w->url,
		.services = &service,
		.service_count = 1,
		.authenticator = world_authenticator,
	};

	snprintf(w->url, sizeof w->url, "ipc://%s/%s", world_dir(), name);
	if (tweak != NULL)
		tweak(&config);
	LK_TRY(lk_server_new(&w->server, &config, &w->err));
	return lk_server_start(w->server, &w->err);
}

/* Connected: nng 1.5 loses the memory of a connection that is still greeting when its socket is
 * closed, and not every case asks something. */
static inline bool
world_is_connected(struct world *w)
{
	const struct timespec a_while = { .tv_nsec = 1000000 };

	for (int i = 0; i < 5000; i++) {
		if (atomic_load(&w->channel->addresses[0].pipe) != 0)
			return true;
		nanosleep(&a_while, NULL);
	}
	return false;
}

static inline int
world_up_tweaked(void **state, void (*tweak)(struct lk_server_config *config))
{
	static struct world w;

	w = (struct world){ .counts = &w.own_counts, .arena = lk_arena_new(8 << 20) };
	*state = &w;
	if (world_start_server(&w, "t.sock", tweak) != LK_OK ||
	    lk_channel_open(&w.channel, w.url, NULL, &w.err) != LK_OK) {
		fprintf(stderr, "%s: %s\n", w.err.reason, w.err.message);
		return -1;
	}
	return world_is_connected(&w) ? 0 : -1;
}

static inline int
world_up(void **state)
{
	return world_up_tweaked(state, NULL);
}

/* One worker, and two that may wait. */
static inline void
world_few_places(struct lk_server_config *config)
{
	config->contexts = 16;
	config->workers = 1;
	config->queue_max = 2;
}

static inline int
world_up_with_few_places(void **state)
{
	return world_up_tweaked(state, world_few_places);
}

static inline int
world_down(void **state)
{
	struct world *w = *state;

	lk_channel_close(w->channel);
	lk_server_free(w->server);
	lk_arena_free(w->arena);
	return 0;
}

/* Ask `method` ("Echo") of the channel; the answer's text goes to `out` (may be NULL). */
static inline lk_status
world_ask_on(struct lk_channel *channel, const struct lk_rpc_request *like, const char *method,
    unsigned size, const char *cursor, char *out, size_t out_size, struct lk_error *err)
{
	Question body = LATCHKEY__COMMON__V1__PAGE_REQUEST__INIT;
	struct lk_rpc_request request = like == NULL ? (struct lk_rpc_request){ 0 } : *like;
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(8 << 20);
	ProtobufCMessage *reply = NULL;
	char name[96];

	snprintf(name, sizeof name, "test.v1.TestService/%s", method);
	body.size = size;
	body.cursor = (char *)(uintptr_t)cursor;
	request.method = name;
	request.body = &body.base;
	LK_TRY(lk_channel_call(
	    channel, &request, &latchkey__common__v1__page_reply__descriptor, arena, &reply, err));
	if (out != NULL && !lk_text_copy(out, out_size, ((Answer *)(void *)reply)->next_cursor))
		return lk_fail(err, LK_INTERNAL, "TOO_LONG", "the answer does not fit");
	return LK_OK;
}

static inline lk_status
world_ask(struct world *w, const char *method, unsigned size, const char *cursor)
{
	return world_ask_on(w->channel, NULL, method, size, cursor, NULL, 0, &w->err);
}

static inline lk_status
world_ask_within(struct world *w, uint32_t timeout_ms, enum lk_effect effect, const char *method,
    unsigned size, const char *cursor)
{
	const struct lk_rpc_request like = { .timeout_ms = timeout_ms, .effect = effect };

	return world_ask_on(w->channel, &like, method, size, cursor, NULL, 0, &w->err);
}

#endif
