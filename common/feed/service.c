/* FeedService over RPC: from the ring inline or later, from the outbox on a worker, or "start
 * over".
 */
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

enum { ANSWER_MS = 100 };

/* A call's, kept while it waits. */
struct question {
	bool waited; /* and was noted before */
	size_t max;
	struct feed_cut cut;
};

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
 * must not decide from memory. The lock is held. */
static bool
waited_for_note(struct lk_feed *feed, const struct lk_caller *caller, const ReadFeedRequest *req,
    const struct question *q)
{
	const struct lk_bytes id = lk_bytes(req->reader.data, req->reader.len);

	if (q->waited)
		return feed_readers_know(&feed->readers, id);
	if (!req->leaving)
		return feed_readers_heard(&feed->readers, caller->id, id,
		    q->cut.same_epoch ? req->forgot : 0, lk_clock_steady_ms(feed->config.clock));
	feed_readers_left(&feed->readers, id);
	return true;
}

/* Who asks has got its last answer, or does not wait for it any more. False for one that must not
 * decide from memory. */
static bool
reader_note(struct lk_feed *feed, const struct lk_call *call, const ReadFeedRequest *req,
    const struct question *q)
{
	const struct lk_caller *caller = lk_call_caller(call);
	bool known = true;

	if (req->reader.len == 0)
		return true;
	pthread_mutex_lock(&feed->lock);
	if (!q->waited)
		feed_waits_end(&feed->waits, lk_bytes(req->reader.data, req->reader.len));
	if (is_waited_for(caller))
		known = waited_for_note(feed, caller, req, q);
	pthread_mutex_unlock(&feed->lock);
	return known;
}

/* There is time for the answer to come back. */
static int64_t
wait_until_ms(const struct lk_feed *feed, const struct lk_call *call, uint32_t wait_ms)
{
	const int64_t most_ms =
	    is_waited_for(lk_call_caller(call)) ? FEED_WAIT_AWAITED_MS : FEED_WAIT_MS;
	const int64_t until_ms =
	    lk_clock_steady_ms(feed->config.clock) + (wait_ms < most_ms ? wait_ms : most_ms);
	const int64_t latest_ms = lk_call_deadline_steady_ms(call) - ANSWER_MS;

	return until_ms < latest_ms ? until_ms : latest_ms;
}

/* Nothing to tell, to one who has a lease to gain from waiting and says who it is. */
static bool
may_wait(const struct lk_feed *feed, const ReadFeedRequest *req, const struct question *q)
{
	return req->wait_ms > 0 && req->reader.len > 0 && !req->leaving && !req->want_open &&
	       !q->waited && feed->config.only_writer && q->cut.in_ring &&
	       req->since == q->cut.head;
}

/* True: the call is resumed later, and its handler runs again. */
static bool
wait_begin(
    struct lk_feed *feed, struct lk_call *call, const ReadFeedRequest *req, struct question *q)
{
	struct feed_wait wait = { .call = call, .head = q->cut.head };

	if (!may_wait(feed, req, q))
		return false;
	memcpy(wait.reader, req->reader.data, sizeof wait.reader);
	wait.until_ms = wait_until_ms(feed, call, req->wait_ms);
	q->waited = true;
	lk_call_keep(call, q);
	if (feed_wait_begin(feed, &wait, is_waited_for(lk_call_caller(call))))
		return true;
	q->waited = false;
	return false;
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
sign(const struct lk_feed *feed, struct lk_arena *arena, const ReadFeedRequest *req,
    ReadFeedResponse *rep, struct lk_error *err)
{
	rep->signature.data = lk_arena_alloc(arena, LK_SIGNATURE_LEN);
	rep->signature.len = LK_SIGNATURE_LEN;
	if (!rep->signature.data)
		return lk_fail_oom(err);
	feed_answer_sign(feed->config.signing_key, feed->config.instance,
	    lk_bytes(req->nonce.data, req->nonce.len), rep, rep->signature.data);
	return LK_OK;
}

static lk_status
answer(struct lk_feed *feed, struct lk_arena *arena, const ReadFeedRequest *req,
    struct feed_cut *cut, ReadFeedResponse *rep, struct lk_error *err)
{
	rep->epoch = cut->epoch;
	rep->head = cut->head;
	rep->service = wire_text(feed->config.service);
	rep->n_events = cut->count;
	LK_TRY(feed_events_encode(arena, cut->events, cut->count, &rep->events, err));
	LK_TRY(open_answer(feed, arena, req, rep, err));
	return sign(feed, arena, req, rep, err);
}

/* The question of this call, as it stood when it began to wait. */
static lk_status
question_of(
    struct lk_call *call, const ReadFeedRequest *req, struct question **out, struct lk_error *err)
{
	struct question *q = lk_call_kept(call);

	if (q) {
		lk_call_time_anew(call);
		*out = q;
		return LK_OK;
	}
	q = LK_ARENA_NEW(lk_call_arena(call), struct question);
	if (!q)
		return lk_fail_oom(err);
	LK_TRY(check_request(req, &q->max, err));
	*out = q;
	return LK_OK;
}

static lk_status
feed_read(struct lk_call *call, const ReadFeedRequest *req, ReadFeedResponse *rep)
{
	struct lk_feed *feed = lk_call_user(call);
	struct lk_error *err = lk_call_error(call);
	struct question *q = NULL;
	bool whole = false;

	LK_TRY(question_of(call, req, &q, err));
	struct feed_cut *cut = &q->cut;
	feed_cut(feed, req->epoch, req->since, q->max, cut);
	if (cut->same_epoch && !cut->in_ring)
		LK_TRY(read_outbox(feed, call, req->since, q->max, cut, &whole, err));
	rep->truncated = !cut->in_ring && !whole;
	if (rep->truncated)
		cut->count = 0;
	const bool known = reader_note(feed, call, req, q);
	if (known && wait_begin(feed, call, req, q))
		return lk_call_later(call);
	if (known && feed->config.only_writer && is_up_to_date(cut, rep->truncated, req->since))
		rep->lease_ttl_ms = LK_FEED_LEASE_MS;
	return answer(feed, lk_call_arena(call), req, cut, rep, err);
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
