/*
 * A lease held from a thread: heartbeats, and one more at once when a hint names the lease or its
 * credential. A hint proves nothing, so the service's answer to that heartbeat decides.
 */
#include <latchkey/leases.h>

#include <pthread.h>
#include <time.h>

#include "ask.h"
#include "base/instant.h"
#include "base/thread.h"
#include "feed/hearing.h"
#include "feed/subscriber.h"

enum { PAUSE_AFTER_FAILURE_MS = 500 };

struct latchkey_lease_holder {
	latchkey_client *client;
	void (*on_end)(void *user, const latchkey_error *why);
	void *user;
	char lease[LK_ID_SIZE], credential[LK_ID_SIZE], tenant[LK_ID_SIZE];
	int64_t ttl_ms;
	struct lk_feed_hearing *hearing; /* NULL where there are no hints */
	pthread_t thread;
	bool started;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t woken; /* monotonic */
	bool stopping, hinted;

	/* The thread's alone. */
	int64_t lapses_at_ms; /* counted from the sending of the last heartbeat that was answered */
	bool over;
};

/* Leases go on while the machine sleeps. */
static int64_t
now_ms(void)
{
	return lk_clock_steady_ms(lk_clock_boot());
}

static void
heard(void *user, const struct lk_feed_event *event)
{
	latchkey_lease_holder *holder = user;

	if (event->kind != LK_FEED_UNKNOWN && !lk_text_is(event->id, holder->lease) &&
	    !lk_text_is(event->id, holder->credential) && !lk_text_is(event->id, holder->tenant))
		return;
	pthread_mutex_lock(&holder->lock);
	holder->hinted = true;
	pthread_cond_signal(&holder->woken);
	pthread_mutex_unlock(&holder->lock);
}

/* False when it is time to stop. */
static bool
rest(latchkey_lease_holder *holder, int64_t ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	until.tv_sec += (time_t)(ms / 1000) + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&holder->lock);
	while (!holder->stopping && !holder->hinted &&
	       pthread_cond_timedwait(&holder->woken, &holder->lock, &until) == 0)
		;
	holder->hinted = false;
	const bool goes_on = !holder->stopping;
	pthread_mutex_unlock(&holder->lock);
	return goes_on;
}

/* Whether the service did not get to say anything about the lease. */
static bool
is_unanswered(latchkey_status status)
{
	return status == LATCHKEY_UNAVAILABLE || status == LATCHKEY_DEADLINE_EXCEEDED ||
	       status == LATCHKEY_UNKNOWN || status == LATCHKEY_ABORTED ||
	       status == LATCHKEY_RESOURCE_EXHAUSTED;
}

/* It is over, by our own count. */
static void
lapse(latchkey_lease_holder *holder, latchkey_error *out_why)
{
	(void)!lk_fail(error_inside(out_why), LK_FAILED_PRECONDITION, "LEASE_ENDED",
	    "the lease has lapsed: the service could not be reached in time");
	holder->over = true;
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* One heartbeat; answers how long to rest after it. */
static int64_t
beat(latchkey_lease_holder *holder, latchkey_error *out_why)
{
	const int64_t sent_ms = now_ms(), left_ms = holder->lapses_at_ms - sent_ms;
	const latchkey_call call = { .timeout_ms = (uint32_t)least(
					 left_ms, holder->client->settings.timeout_ms) };

	if (left_ms <= 0) {
		lapse(holder, out_why);
		return 0;
	}
	const latchkey_status status =
	    latchkey_lease_heartbeat(holder->client, holder->lease, &call, NULL, out_why);
	if (status == LATCHKEY_OK) {
		holder->lapses_at_ms = sent_ms + holder->ttl_ms;
		return holder->ttl_ms / 3;
	}
	holder->over = !is_unanswered(status);
	return least(PAUSE_AFTER_FAILURE_MS, least(left_ms, holder->ttl_ms / 3));
}

static void *
run(void *arg)
{
	latchkey_lease_holder *holder = arg;
	int64_t pause_ms = 0; /* nobody knows here since when it lives: the first beat tells */
	latchkey_error why;

	while (!holder->over && rest(holder, pause_ms))
		pause_ms = beat(holder, &why);
	if (holder->over)
		holder->on_end(holder->user, &why);
	return NULL;
}

static lk_status
start(latchkey_lease_holder *holder, struct lk_error *err)
{
	holder->started = lk_thread_start(&holder->thread, run, holder);
	return holder->started ? LK_OK : lk_fail_oom(err);
}

/* Without hints the next heartbeat tells. */
static void
hear(latchkey_lease_holder *holder)
{
	const struct settings *settings = &holder->client->settings;
	char urls[LK_URL_LIST_SIZE];

	if (lk_url_of_service(LK_URL_CREDENTIALS, settings->url,
		settings->service_urls[LATCHKEY_CREDENTIALS], urls, NULL) != LK_OK ||
	    lk_feed_hear(&holder->hearing, urls, heard, holder, NULL) != LK_OK)
		holder->hearing = NULL;
}

static void
holder_stop(latchkey_lease_holder *holder)
{
	pthread_mutex_lock(&holder->lock);
	holder->stopping = true;
	pthread_cond_signal(&holder->woken);
	pthread_mutex_unlock(&holder->lock);
	if (holder->started)
		pthread_join(holder->thread, NULL);
	lk_feed_hear_no_more(holder->hearing);
}

static void
holder_free(latchkey_lease_holder *holder)
{
	pthread_cond_destroy(&holder->woken);
	pthread_mutex_destroy(&holder->lock);
	lk_free(holder);
}

latchkey_status
latchkey_lease_hold(latchkey_client *client, const latchkey_lease *lease,
    void (*on_end)(void *user, const latchkey_error *why), void *user,
    latchkey_lease_holder **out_holder, latchkey_error *out_error)
{
	struct lk_error *err = error_inside(out_error);
	latchkey_lease_holder *holder = LK_ALLOC(latchkey_lease_holder);

	if (!holder)
		return (latchkey_status)lk_fail_oom(err);
	holder->client = client;
	holder->on_end = on_end;
	holder->user = user;
	holder->ttl_ms = latchkey_lease_beat_ttl_ms(lease);
	holder->lapses_at_ms = now_ms() + holder->ttl_ms;
	lk_text_copy(holder->lease, sizeof holder->lease, latchkey_lease_id(lease));
	lk_text_copy(holder->tenant, sizeof holder->tenant, latchkey_lease_tenant(lease));
	lk_text_copy(
	    holder->credential, sizeof holder->credential, latchkey_lease_credential(lease));
	pthread_mutex_init(&holder->lock, NULL);
	lk_cond_init(&holder->woken);
	hear(holder);
	const lk_status status = start(holder, err);
	if (status != LK_OK) {
		holder_stop(holder);
		holder_free(holder);
		return (latchkey_status)status;
	}
	*out_holder = holder;
	return LATCHKEY_OK;
}

void
latchkey_lease_release(latchkey_lease_holder *holder)
{
	if (!holder)
		return;
	const int64_t until_ms = now_ms() + holder->client->settings.timeout_ms;
	holder_stop(holder);
	const int64_t left_ms = until_ms - now_ms();
	if (!holder->over &&
	    left_ms > 0) { /* if this does not reach the service, the lease lapses */
		const latchkey_call call = { .timeout_ms = (uint32_t)left_ms };
		latchkey_error ignored;
		(void)!latchkey_lease_end(holder->client, holder->lease, &call, NULL, &ignored);
	}
	holder_free(holder);
}
