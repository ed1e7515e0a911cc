/* What the feed's tests share: a publisher over a database in memory, changes that emit, and
 * questions without a server. */
#ifndef LK_TESTS_FEED_WORLD_H
#define LK_TESTS_FEED_WORLD_H

#include <stdio.h>
#include <string.h>

#include "auth/caller.h"
#include "base/base.h"
#include "feed/feed.h"
#include "feed/subscriber.h"
#include "latchkey/common/v1/feed.pb-c.h"
#include "postgres.h"
#include "rpc/call.h"
#include "test.h"

extern const struct lk_migrations feed_migrations; /* generated */

typedef Latchkey__Common__V1__ReadFeedRequest ReadFeedRequest;
typedef Latchkey__Common__V1__ReadFeedResponse ReadFeedResponse;

struct feed_world {
	struct lk_store *store;
	struct lk_sign_key *key;
	struct lk_feed_config config;
	struct lk_feed *feed;
	struct lk_arena *arena;         /* of changes */
	struct lk_call *call;           /* of the last question */
	const struct lk_caller *caller; /* who asks; NULL: nobody in particular */
	ReadFeedResponse answer;
	struct lk_error err;
};

static inline void
feed_world_open(struct feed_world *w, bool only_writer)
{
	memset(w, 0, sizeof *w);
	expect_ok(lk_store_open(lk_test_store_url(), LK_MIGRATIONS(&feed_migrations), NULL,
		      &w->store, &w->err),
	    &w->err);
	expect_ok(lk_sign_key_generate(&w->key, &w->err), &w->err);
	w->config = (struct lk_feed_config){ .service = "keys",
		.instance = "i1",
		.signing_key = w->key,
		.clock = lk_clock_system(),
		.random = lk_random_system(),
		.only_writer = only_writer };
	expect_ok(lk_feed_open(&w->feed, w->store, &w->config, &w->err), &w->err);
	w->arena = lk_arena_new(1 << 20);
	assert_non_null(w->arena);
}

static inline void
feed_world_close(struct feed_world *w)
{
	lk_call_free(w->call);
	lk_feed_close(w->feed);
	lk_store_close(w->store);
	lk_sign_key_free(w->key);
	lk_arena_free(w->arena);
}

/* The process ends and another begins on the same database. */
static inline void
feed_world_restart(struct feed_world *w)
{
	lk_feed_close(w->feed);
	expect_ok(lk_feed_open(&w->feed, w->store, &w->config, &w->err), &w->err);
}

struct feed_change {
	struct feed_world *world;
	const char *id;
	uint64_t generation;
	lk_status end;    /* what the transaction answers */
	uint64_t further; /* generations, in the same transaction */
};

static inline lk_status
feed_change_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct feed_change *c = arg;

	for (uint64_t i = 0; i <= c->further; i++)
		LK_TRY(lk_feed_emit(c->world->feed, tx, c->world->arena, LK_FEED_GENERATION, c->id,
		    c->generation + i, err));
	return c->end;
}

/* Many at once. */
static inline void
feed_world_changes(struct feed_world *w, const char *id, uint64_t generation, uint64_t count)
{
	struct feed_change change = { w, id, generation, LK_OK, count - 1 };

	lk_arena_reset(w->arena);
	expect_ok(
	    lk_store_write(w->store, LK_NO_DEADLINE, feed_change_in, &change, &w->err), &w->err);
}

static inline void
feed_world_change(struct feed_world *w, const char *id, uint64_t generation)
{
	feed_world_changes(w, id, generation, 1);
}

/* Ask the handler as a server would, inline first; the answer lives until the next question. */
static inline lk_status
feed_world_ask(struct feed_world *w, const ReadFeedRequest *request)
{
	const struct lk_method_table *table = lk_feed_method_table();
	lk_status status = LK_ABORTED;

	for (int may_block = 0; may_block < 2 && status == LK_ABORTED; may_block++) {
		const struct lk_call_setup setup = { .method = "ReadFeed",
			.caller = w->caller,
			.user = w->feed,
			.deadline_steady_ms = INT64_MAX,
			.may_block = may_block };
		lk_call_free(w->call);
		w->call = lk_call_new(&setup);
		assert_non_null(w->call);
		latchkey__common__v1__read_feed_response__init(&w->answer);
		status = table->methods[0].invoke(w->call, &request->base, &w->answer.base);
	}
	return status;
}

static uint8_t feed_world_nonce[LK_FEED_NONCE_LEN];

static inline ReadFeedRequest
feed_world_request(char *epoch, uint64_t since, uint32_t max)
{
	ReadFeedRequest request = LATCHKEY__COMMON__V1__READ_FEED_REQUEST__INIT;

	request.epoch = epoch;
	request.since = since;
	request.max_events = max;
	request.nonce.data = feed_world_nonce;
	request.nonce.len = sizeof feed_world_nonce;
	return request;
}

static inline void
feed_world_read(struct feed_world *w, const char *epoch, uint64_t since, uint32_t max)
{
	char copy[LK_FEED_EPOCH_SIZE];

	snprintf(copy, sizeof copy, "%s", epoch);
	const ReadFeedRequest request = feed_world_request(copy, since, max);
	assert_int_equal(feed_world_ask(w, &request), LK_OK);
}

#endif
