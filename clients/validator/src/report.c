/* The thread that reports; see report.h. */
#include "report.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "ask.h"
#include "base/thread.h"
#include "feed/use_tally.h"
#include "latchkey/keys/v1/keys.pb-c.h"
#include "rpc/field.h"

enum { EVERY_S = 60, REPORTS_MAX = 256, PATIENCE_MS = 2000, LAST_MS = 1000 };

typedef Latchkey__Keys__V1__UseReport UseReportMsg;
typedef Latchkey__Keys__V1__ReportUseRequest ReportUseRequest;

struct report {
	latchkey_client *client;
	struct cache *cache;
	atomic_uint_fast64_t told;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock; /* of stopping */
	pthread_cond_t ending;
	bool stopping;
};

/* A report that was lost is not sent again: better too few uses than twice the same. */
static lk_status
send_some(struct report *report, const struct lk_use *uses, size_t count, int64_t patience_ms)
{
	UseReportMsg storage[REPORTS_MAX], *list[REPORTS_MAX];
	ReportUseRequest body = LATCHKEY__KEYS__V1__REPORT_USE_REQUEST__INIT;
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		latchkey__keys__v1__use_report__init(&storage[i]);
		storage[i].key = lk_field_borrow(uses[i].key);
		storage[i].asked_by = lk_field_borrow(uses[i].asked_by);
		storage[i].source_address = lk_field_borrow(uses[i].source_address);
		storage[i].count = uses[i].count;
		storage[i].last_used_at_ms = uses[i].last_used_at_ms;
		list[i] = &storage[i];
		sum += uses[i].count;
	}
	body.n_reports = count;
	body.reports = list;
	LK_TRY(ask(report->client,
	    &(struct question){ .method = M_USE_REPORT,
		.body = &body.base,
		.deadline_ms = lk_clock_steady_ms(report->client->clock) + patience_ms },
	    &answer, NULL));
	atomic_fetch_add(&report->told, sum);
	return LK_OK;
}

static void
send_all(struct report *report, int64_t patience_ms)
{
	struct lk_use uses[REPORTS_MAX];
	lk_status status = LK_OK;
	size_t cursor = 0;

	do {
		const size_t count = cache_take_uses(report->cache, &cursor, uses, REPORTS_MAX);
		if (count > 0)
			status = send_some(report, uses, count, patience_ms);
	} while (status == LK_OK && cursor != 0);
}

/* False when it is time to stop. */
static bool
wait_for_time(struct report *report)
{
	struct timespec until;
	int waited = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += EVERY_S;
	pthread_mutex_lock(&report->lock);
	while (!report->stopping && waited == 0)
		waited = pthread_cond_timedwait(&report->ending, &report->lock, &until);
	const bool go_on = !report->stopping;
	pthread_mutex_unlock(&report->lock);
	return go_on;
}

static void *
run(void *arg)
{
	struct report *report = arg;

	while (wait_for_time(report))
		send_all(report, PATIENCE_MS);
	send_all(report, LAST_MS);
	return NULL;
}

static void
init_locks(struct report *report)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&report->lock, NULL);
	pthread_cond_init(&report->ending, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

lk_status
report_start(
    struct report **out_report, latchkey_client *client, struct cache *cache, struct lk_error *err)
{
	struct report *report = LK_ALLOC(struct report);

	if (!report)
		return lk_fail_oom(err);
	*out_report = report; /* whoever asked stops us, whole or not */
	init_locks(report);
	report->client = client;
	report->cache = cache;
	report->started = lk_thread_start(&report->thread, run, report);
	return report->started ? LK_OK : lk_fail_oom(err);
}

void
report_stop(struct report *report)
{
	if (!report)
		return;
	pthread_mutex_lock(&report->lock);
	report->stopping = true;
	pthread_cond_signal(&report->ending);
	pthread_mutex_unlock(&report->lock);
	if (report->started)
		pthread_join(report->thread, NULL);
	pthread_cond_destroy(&report->ending);
	pthread_mutex_destroy(&report->lock);
	lk_free(report);
}

uint64_t
report_uses(const struct report *report)
{
	return atomic_load(&report->told);
}
