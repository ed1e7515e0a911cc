/*
 * The publisher's side: events written into an outbox in the transaction of their change, numbered
 * and visible to ReadFeed before that change is answered, sent as hints at once. README.md tells
 * why that is enough.
 */
#ifndef LK_FEED_H
#define LK_FEED_H

#include "crypto/sign.h"
#include "feed/event.h"
#include "id/random.h"
#include "rpc/method.h"
#include "rpc/url.h"
#include "store/store.h"

struct lk_feed;

enum { LK_FEED_LEASE_MS = 60000 }; /* the longest trust an answer gives; readers choose less */

/* Everything is borrowed for the life of the feed. */
struct lk_feed_config {
	const char *service; /* "keys" */
	const char *instance;
	const struct lk_sign_key *signing_key;
	const struct lk_clock *clock;
	const struct lk_random *random;
	/* False where other processes write to the same database: what they change is not seen here
	 * in time, so no answer gives a lease. */
	bool only_writer;
};

/*
 * The table feed_event is a set of migrations of its own: #include "feed_migrations.h",
 * &feed_migrations. Each open is a new epoch. One per store; `store` is borrowed and must outlive
 * it. Errors are those of lk_store_read.
 */
lk_status lk_feed_open(struct lk_feed **out_feed, struct lk_store *store,
    const struct lk_feed_config *config, struct lk_error *err);
void lk_feed_close(struct lk_feed *feed);
LK_DEFINE_FREEP(lk_feed_closep, struct lk_feed *, lk_feed_close)

/*
 * Inside the transaction of a change; afterwards every reader with a lease forgets what it
 * remembers of `id`. Register what makes our own memory forget (lk_tx_on_commit) BEFORE this: a
 * reader that hears of the change asks at once, and must not be answered from what we remember.
 * `arena` must live until the change is answered. When it fails, so must the transaction.
 * INVALID_ARGUMENT FEED_ID_INVALID for an id over 47 bytes, else what statements answer.
 */
lk_status lk_feed_emit(struct lk_feed *feed, struct lk_tx *tx, struct lk_arena *arena,
    enum lk_feed_kind kind, const char *id, uint64_t generation, struct lk_error *err);

/*
 * Before a change is answered: until every service that decides from memory beside us says that it
 * has forgotten everything published so far. One that is silent for 1.5 seconds is left to its
 * lease. Costs a lock when there is nothing to wait for. Blocks: not on one of nng's threads.
 */
void lk_feed_settle(struct lk_feed *feed);

/* At start: a service of this name may hold a lease of the process that was here before. */
void lk_feed_expect(struct lk_feed *feed, const char *service);

/*
 * What was told before and still counts, for readers that begin now: fills up to `max` events
 * from *cursor on (0: the first), whose sequence is 0, and moves the cursor; 0 at the end. On nng's
 * threads, from memory. Everything published must be in it by then.
 */
typedef size_t lk_feed_open_fn(
    void *user, uint64_t *cursor, size_t max, struct lk_feed_event *out_events);
void lk_feed_open_from(struct lk_feed *feed, lk_feed_open_fn *page, void *user);

/*
 * Begin to send hints on a PUB socket beside the service's own, lk_feed_hint_url(), and to hold
 * questions of readers that get none until there is something to tell. Errors are those of a server
 * that starts to listen. Stops at close. Between hosts (tls+tcp://) no hints are sent. Once.
 */
lk_status lk_feed_listen(struct lk_feed *feed, const char *service_url, struct lk_error *err);

/* Before the server drains, or is freed: questions that wait are answered, and none waits from now
 * on. Any thread, more than once. */
void lk_feed_drain(struct lk_feed *feed);

/* ipc:///DIR/keys.sock → ipc:///DIR/keys.feed.sock. INVALID_ARGUMENT or FAILED_PRECONDITION as
 * lk_url_check. */
lk_status lk_feed_hint_url(const char *service_url, char out[LK_URL_SIZE], struct lk_error *err);

struct lk_feed_stats {
	uint64_t head;    /* the newest sequence */
	uint64_t hints;   /* messages sent */
	uint64_t healed;  /* PUB listeners replaced (rpc/listener_guard.h) */
	unsigned readers; /* that changes wait for */
	uint64_t lag;     /* events that the slowest of them has not forgotten yet */
	unsigned waiting; /* questions that are held until there is something to tell */
};
struct lk_feed_stats lk_feed_stats(struct lk_feed *feed);

/* FeedService for the server's list of services; its user pointer is the feed. */
const struct lk_method_table *lk_feed_method_table(void);

#endif
