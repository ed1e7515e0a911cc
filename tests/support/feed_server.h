/* A publisher behind a real socket, and readers over real channels. */
#ifndef LK_TESTS_FEED_SERVER_H
#define LK_TESTS_FEED_SERVER_H

#include <stdatomic.h>
#include <time.h>

#include "feed_world.h"
#include "latchkey/common/v1/frame.pb-c.h"
#include "rpc/channel.h"
#include "rpc/server.h"

/* Who asks is the service "tokens", for which changes wait, when its authorization says so; else
 * nobody in particular. */
static inline lk_status
feed_server_authenticate(void *user, struct lk_call *call,
    const struct Latchkey__Common__V1__RequestHeader *header, bool may_block,
    const struct lk_caller **out_caller, struct lk_error *err)
{
	static const struct lk_caller service = { .kind = LK_CALLER_SERVICE, .id = "tokens" };

	(void)user;
	(void)call;
	(void)may_block;
	(void)err;
	*out_caller = lk_text_is(header->authorization, "a service") ? &service : NULL;
	return LK_OK;
}

static inline lk_status
feed_server_authorize(void *user, struct lk_call *call, const struct lk_caller *caller,
    int permission, struct lk_error *err)
{
	(void)user;
	(void)call;
	(void)caller;
	(void)permission;
	(void)err;
	return LK_OK;
}

struct feed_server {
	struct feed_world world;
	struct lk_server *server;
	char url[LK_URL_SIZE];
};

static inline void
feed_server_start(struct feed_server *s)
{
	struct lk_error *err = &s->world.err;
	const struct lk_service service = { lk_feed_method_table(), s->world.feed };
	const struct lk_server_config config = {
		.url = s->url,
		.services = &service,
		.service_count = 1,
		.authenticator = { NULL, feed_server_authenticate, feed_server_authorize },
	};

	expect_ok(lk_server_new(&s->server, &config, err), err);
	expect_ok(lk_server_start(s->server, err), err);
	expect_ok(lk_feed_listen(s->world.feed, s->url, err), err);
}

static inline void
feed_server_open(struct feed_server *s)
{
	feed_world_open(&s->world, true);
	snprintf(s->url, sizeof s->url, "ipc://%s/keys.sock", lk_test_tmpdir());
	feed_server_start(s);
}

static inline void
feed_server_close(struct feed_server *s)
{
	lk_feed_drain(s->world.feed);
	lk_server_free(s->server);
	feed_world_close(&s->world);
}

struct feed_reader_setup {
	int64_t max_staleness_ms;
	bool hints;
	bool acknowledge;      /* as a service, for which changes wait */
	bool publisher_is_old; /* it knows nothing of wait_ms */
};

/* A reader and what it was told. */
struct feed_reader {
	struct feed_reader_setup setup;
	struct lk_channel *channel;
	struct lk_feed_subscriber *subscriber;
	atomic_uint events, flushes;
	atomic_uint_fast64_t last_generation;
	atomic_int_fast64_t told_at_us;
};

static inline int64_t
feed_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static inline lk_status
feed_reader_ask(void *user, const ReadFeedRequest *request, uint32_t timeout_ms,
    struct lk_arena *arena, const ReadFeedResponse **out, struct lk_error *err)
{
	struct feed_reader *r = user;
	ReadFeedRequest as_sent = *request;
	const struct lk_rpc_request call = {
		.method = "latchkey.common.v1.FeedService/ReadFeed",
		.body = &as_sent.base,
		.timeout_ms = timeout_ms,
		.authorization = r->setup.acknowledge ? "a service" : NULL,
	};
	ProtobufCMessage *answer;

	if (r->setup.publisher_is_old)
		as_sent.wait_ms = 0;
	LK_TRY(lk_channel_call(r->channel, &call,
	    &latchkey__common__v1__read_feed_response__descriptor, arena, &answer, err));
	*out = (const ReadFeedResponse *)(const void *)answer;
	return LK_OK;
}

static inline void
feed_reader_event(void *user, const struct lk_feed_event *event)
{
	struct feed_reader *r = user;

	atomic_fetch_add(&r->events, 1);
	if (event->generation <= atomic_load(&r->last_generation))
		return; /* told again */
	atomic_store(&r->told_at_us, feed_now_us());
	atomic_store(&r->last_generation, event->generation);
}

static inline void
feed_reader_flush(void *user)
{
	struct feed_reader *r = user;

	atomic_fetch_add(&r->flushes, 1);
}

static inline void
feed_reader_open_as(
    struct feed_reader *r, const struct feed_server *s, const struct feed_reader_setup *setup)
{
	struct lk_error err;
	const struct lk_feed_subscriber_config config = {
		.service = "keys",
		.instance = "i1",
		.public_key = lk_sign_key_public(s->world.key),
		.service_urls = setup->hints ? s->url : NULL,
		.max_staleness_ms = setup->max_staleness_ms,
		.acknowledge = setup->acknowledge,
		.clock = lk_clock_boot(),
		.random = lk_random_system(),
		.user = r,
		.ask = feed_reader_ask,
		.on_event = feed_reader_event,
		.on_flush = feed_reader_flush,
	};

	r->setup = *setup;
	expect_ok(lk_channel_open(&r->channel, s->url, NULL, &err), &err);
	expect_ok(lk_feed_subscribe(&r->subscriber, &config, &err), &err);
}

static inline void
feed_reader_open(
    struct feed_reader *r, const struct feed_server *s, int64_t max_staleness_ms, bool hints)
{
	feed_reader_open_as(r, s,
	    &(struct feed_reader_setup){ .max_staleness_ms = max_staleness_ms, .hints = hints });
}

static inline void
feed_reader_close(struct feed_reader *r)
{
	lk_feed_unsubscribe(r->subscriber);
	lk_channel_close(r->channel);
}

static inline bool
feed_reader_trusts(const struct feed_reader *r)
{
	return lk_clock_steady_ms(lk_clock_boot()) < lk_feed_lease_ends_ms(r->subscriber);
}

static inline void
feed_pause_ms(unsigned ms)
{
	const struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000L };

	nanosleep(&t, NULL);
}

/* Until the condition holds, at most ten seconds; says whether it does. */
#define feed_wait_until(condition)                                                                 \
	(__extension__({                                                                           \
		const int64_t feed_until_ = feed_now_us() + 10000000;                              \
		while (!(condition) && feed_now_us() < feed_until_)                                \
			feed_pause_ms(1);                                                          \
		(condition);                                                                       \
	}))

#endif
