/* FeedService over RPC: from the ring inline, from the outbox on a worker, or "start over". */
#include <string.h>

#include "auth/caller.h"
#include "feed/outbox.h"
#include "feed/publisher.h"
#include "rpc/call.h"

static char *
wire_text(const char *text)
{
	return (char *)(uintptr_t)text; /* generated types know no const */
}

struct behind {
	uint64_t since;
	size_t max;
	struct feed_cut *cut;
	bool whole;
};

static lk_status
read_behind(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct behind *b = arg;

	return outbox_read(tx, b->since, b->max, b->cut->events, &b->cut->count, &b->whole, err);
}

/* A reader that is further behind than the ring. Rows after the cut's head may come along; that is
 * fine. */
static lk_status
read_outbox(struct lk_feed *feed, struct lk_call *call, uint64_t since, size_t max,
    struct feed_cut *cut, bool *out_whole, struct lk_error *err)
{
	struct behind b = { since, max, cut, false };

	if (!lk_call_may_block(call))
		return lk_call_defer(call);
	LK_TRY(lk_store_read(feed->store, lk_call_deadline_steady_ms(call), read_behind, &b, err));
	*out_whole = b.whole && cut->count > 0;
	return LK_OK;
}

static lk_status
check_request(const ReadFeedRequest *req, size_t *out_max, struct lk_error *err)
{
	if (req->nonce.len != LK_FEED_NONCE_LEN)
		return lk_fail_field(
		    err, "nonce", "NONCE_INVALID", "nonce must have %d bytes", LK_FEED_NONCE_LEN);
	if (req->max_events > FEED_EVENTS_MAX)
		return lk_fail_field(err, "max_events", "PAGE_SIZE_INVALID",
		    "max_events must be 1 to %d", FEED_EVENTS_MAX);
	if (req->reader.len != 0 && req->reader.len != FEED_READER_LEN)
		return lk_fail_field(
		    err, "reader", "READER_INVALID", "reader must have %d bytes", FEED_READER_LEN);
	*out_max = req->max_events == 0 ? FEED_EVENTS_MAX : req->max_events;
	return LK_OK;
}

static bool
is_waited_for(const struct lk_caller *caller)
{
	return caller && (caller->kind == LK_CALLER_SERVICE || caller->kind == LK_CALLER_GATEWAY);
}

/* Changes wait for services and gateways only: nobody else can hold them up. False for one that
 * must not decide from memory. */
static bool
reader_note(struct lk_feed *feed, const struct lk_call *call, const ReadFeedRequest *req,
    const struct feed_cut *cut)
{
	const struct lk_caller *caller = lk_call_caller(call);
	const struct lk_bytes id = lk_bytes(req->reader.data, req->reader.len);
	bool known = true;

	if (id.len == 0 || !is_waited_for(caller))
		return true;
	pthread_mutex_lock(&feed->lock);
	if (req->leaving)
		feed_readers_left(&feed->readers, id);
	else
		known = feed_readers_heard(&feed->readers, caller->id, id,
		    cut->same_epoch ? req->forgot : 0, lk_clock_steady_ms(feed->config.clock));
	pthread_mutex_unlock(&feed->lock);
	return known;
}

/* After the cut: what was published before it is in the page or in those that follow. */
static lk_status
open_answer(struct lk_feed *feed, struct lk_arena *arena, const ReadFeedRequest *req,
    ReadFeedResponse *rep, struct lk_error *err)
{
	uint64_t cursor = rep->truncated ? 0 : req->open_cursor;

	if (!req->want_open || !feed->open_page)
		return LK_OK;
	struct lk_feed_event *open = lk_arena_array(arena, FEED_OPEN_MAX, sizeof *open);
	if (!open)
		return lk_fail_oom(err);
	rep->n_open = feed->open_page(feed->open_user, &cursor, FEED_OPEN_MAX, open);
	rep->open_next = cursor;
	return feed_events_encode(arena, open, rep->n_open, &rep->open, err);
}

/* Only an answer that leaves nothing out renews the reader's trust. */
static bool
is_up_to_date(const struct feed_cut *cut, bool truncated, uint64_t since)
{
	const uint64_t last = cut->count > 0 ? cut->events[cut->count - 1].sequence : since;

	return truncated || last >= cut->head;
}

static lk_status
feed_read(struct lk_call *call, const ReadFeedRequest *req, ReadFeedResponse *rep)
{
	struct lk_feed *feed = lk_call_user(call);
	struct lk_arena *arena = lk_call_arena(call);
	struct lk_error *err = lk_call_error(call);
	struct feed_cut *cut = LK_ARENA_NEW(arena, struct feed_cut);
	bool whole = false;
	size_t max = 0;

	if (!cut)
		return lk_fail_oom(err);
	LK_TRY(check_request(req, &max, err));
	feed_cut(feed, req->epoch, req->since, max, cut);
	if (cut->same_epoch && !cut->in_ring)
		LK_TRY(read_outbox(feed, call, req->since, max, cut, &whole, err));
	rep->truncated = !cut->in_ring && !whole;
	if (rep->truncated)
		cut->count = 0;
	if (reader_note(feed, call, req, cut) && feed->config.only_writer &&
	    is_up_to_date(cut, rep->truncated, req->since))
		rep->lease_ttl_ms = LK_FEED_LEASE_MS;
	rep->epoch = cut->epoch;
	rep->head = cut->head;
	rep->service = wire_text(feed->config.service);
	rep->n_events = cut->count;
	LK_TRY(feed_events_encode(arena, cut->events, cut->count, &rep->events, err));
	LK_TRY(open_answer(feed, arena, req, rep, err));
	rep->signature.data = lk_arena_alloc(arena, LK_SIGNATURE_LEN);
	rep->signature.len = LK_SIGNATURE_LEN;
	if (!rep->signature.data)
		return lk_fail_oom(err);
	feed_answer_sign(feed->config.signing_key, feed->config.instance,
	    lk_bytes(req->nonce.data, req->nonce.len), rep, rep->signature.data);
	return LK_OK;
}

#define LK_METHOD LK_METHOD_THUNK
#include "feed/methods.def"
#undef LK_METHOD

static const struct lk_method feed_methods[] = {
#define LK_METHOD LK_METHOD_ROW
#include "feed/methods.def"
#undef LK_METHOD
};
LK_METHODS_COMPLETE(Latchkey__Common__V1__FeedService_Service, feed_methods);

const struct lk_method_table *
lk_feed_method_table(void)
{
	static const struct lk_method_table table = {
		&latchkey__common__v1__feed_service__descriptor,
		feed_methods,
		LK_ARRAY_LEN(feed_methods),
	};

	return &table;
}
