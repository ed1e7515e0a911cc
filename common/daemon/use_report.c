/* The thread that reports; see use_report.h. */
#include "daemon/use_report.h"

#include <pthread.h>
#include <time.h>

#include "auth/peer_call.h"
#include "feed/use_tally.h"
#include "latchkey/keys/v1/keys.pb-c.h"
#include "rpc/field.h"

enum { EVERY_S = 60, REPORTS_MAX = 256, ARENA = 256 * 1024, PATIENCE_MS = 2000 };

typedef Latchkey__Keys__V1__UseReport UseReportMsg;
typedef Latchkey__Keys__V1__ReportUseRequest ReportUseRequest;

struct lk_use_report {
	struct lk_channel *keys;
	struct lk_assertion_maker *maker;
	const struct lk_clock *clock;
	struct lk_use_tally *tally;
	struct lk_arena *arena;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock; /* of stopping */
	pthread_cond_t ending;
	bool stopping;
};

/* A report that is lost, or that we do not know of, is not sent again: better too few uses than
 * twice the same. */
static lk_status
send_some(struct lk_use_report *report, const struct lk_use *uses, size_t count)
{
	UseReportMsg storage[REPORTS_MAX], *list[REPORTS_MAX];
	ReportUseRequest body = LATCHKEY__KEYS__V1__REPORT_USE_REQUEST__INIT;
	ProtobufCMessage *reply;

	for (size_t i = 0; i < count; i++) {
		latchkey__keys__v1__use_report__init(&storage[i]);
		storage[i].key = lk_field_borrow(uses[i].key);
		storage[i].asked_by = lk_field_borrow(uses[i].asked_by);
		storage[i].source_address = lk_field_borrow(uses[i].source_address);
		storage[i].count = uses[i].count;
		storage[i].last_used_at_ms = uses[i].last_used_at_ms;
		list[i] = &storage[i];
	}
	body.n_reports = count;
	body.reports = list;
	const struct lk_peer_question question = {
		.callee = "keys",
		.method = "latchkey.keys.v1.KeyService/ReportUse",
		.body = &body.base,
		.effect = LK_WRITE_ONCE,
		.impatient = true,
		.deadline_steady_ms = lk_clock_steady_ms(report->clock) + PATIENCE_MS,
	};
	lk_arena_reset(report->arena);
	return lk_peer_ask(report->keys, report->maker, report->clock, &question,
	    &latchkey__keys__v1__report_use_response__descriptor, report->arena, &reply, NULL);
}

static void
send_all(struct lk_use_report *report)
{
	struct lk_use uses[REPORTS_MAX];
	lk_status status = LK_OK;
	size_t count;

	while (status == LK_OK && (count = lk_use_tally_take(report->tally, uses, REPORTS_MAX)) > 0)
		status = send_some(report, uses, count);
}

/* False when it is time to stop. */
static bool
wait_for_time(struct lk_use_report *report)
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
	struct lk_use_report *report = arg;

	while (wait_for_time(report))
		send_all(report);
	send_all(report);
	return NULL;
}

static void
init_locks(struct lk_use_report *report)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&report->lock, NULL);
	pthread_cond_init(&report->ending, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static void
report_stopp(struct lk_use_report **report)
{
	lk_use_report_stop(*report);
}

lk_status
lk_use_report_start(struct lk_use_report **out_report, struct lk_channel *keys,
    struct lk_assertion_maker *maker, const struct lk_clock *clock, struct lk_error *err)
{
	LK_AUTO(report_stopp) struct lk_use_report *report = LK_ALLOC(struct lk_use_report);

	if (!report)
		return lk_fail_oom(err);
	init_locks(report);
	report->keys = keys;
	report->maker = maker;
	report->clock = clock;
	report->tally = lk_use_tally_new();
	report->arena = lk_arena_new(ARENA);
	report->started = report->tally && report->arena &&
			  pthread_create(&report->thread, NULL, run, report) == 0;
	if (!report->started)
		return lk_fail_oom(err);
	*out_report = LK_TAKE(report);
	return LK_OK;
}

void
lk_use_report_finish(struct lk_use_report *report)
{
	if (!report || !report->started)
		return;
	pthread_mutex_lock(&report->lock);
	report->stopping = true;
	pthread_cond_signal(&report->ending);
	pthread_mutex_unlock(&report->lock);
	pthread_join(report->thread, NULL);
	report->started = false;
}

void
lk_use_report_stop(struct lk_use_report *report)
{
	if (!report)
		return;
	lk_use_report_finish(report);
	pthread_cond_destroy(&report->ending);
	pthread_mutex_destroy(&report->lock);
	lk_use_tally_free(report->tally);
	lk_arena_free(report->arena);
	lk_free(report);
}

void
lk_use_report_note(
    struct lk_use_report *report, const char *key, const char *asked_by, const char *source_address)
{
	lk_use_tally_note(
	    report->tally, key, asked_by, source_address, 1, lk_clock_wall_ms(report->clock));
}
