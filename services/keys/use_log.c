/* Two buffers, one filled by calls and one written by the flusher; see use_log.h. */
#include "use_log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "key_store.h"
#include "session_store.h"

enum {
	BATCH = 256, /* rows in one transaction: others wait no longer than that */
	COUNTS_MS = 60000,
	LATELY_MS = 1000,
};

struct use_log {
	struct use_log_setup setup;
	int64_t counted_ms;       /* steady: of the last flush of the counts; the thread's alone */
	_Atomic int64_t asked_ms; /* steady: of the last flush that was asked for */
	pthread_mutex_t lock;     /* of noted, count, stopping */
	pthread_cond_t wake;      /* stopping was set */
	pthread_mutex_t flush_lock; /* one flush at a time; holds `writing` */
	struct use *noted, *writing;
	size_t count;
	bool stopping, has_thread; /* the thread is begun by the first use */
	pthread_t thread;
};

struct batch {
	const struct use *uses;
	size_t count;
};

static lk_status
use_write(struct lk_tx *tx, const struct use *use, struct lk_error *err)
{
	char id[LK_ID_SIZE];

	id_unpack(use->is_session ? LK_ID_SESSION : LK_ID_KEY, use->id, id);
	if (use->is_session)
		return session_used(tx, id, use->at_ms, err);
	LK_TRY(key_used(tx, id, use->at_ms, err));
	return use->sign_in ? key_signed_in(tx, id, use->at_ms, err) : LK_OK;
}

static lk_status
batch_write(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct batch *batch = arg;

	for (size_t i = 0; i < batch->count; i++)
		LK_TRY(use_write(tx, &batch->uses[i], err));
	return LK_OK;
}

static size_t
swap_buffers(struct use_log *log)
{
	pthread_mutex_lock(&log->lock);
	struct use *const noted = log->noted;
	const size_t count = log->count;
	log->noted = log->writing;
	log->writing = noted;
	log->count = 0;
	pthread_mutex_unlock(&log->lock);
	return count;
}

static void
notes_flush(struct use_log *log)
{
	struct lk_error err;

	pthread_mutex_lock(&log->flush_lock);
	const size_t count = swap_buffers(log);
	for (size_t at = 0; at < count; at += BATCH) {
		struct batch batch = { log->writing + at, count - at < BATCH ? count - at : BATCH };
		/* A lost note costs a minute of precision, and the store reports its own trouble.
		 */
		LK_IGNORE(
		    lk_store_write(log->setup.store, LK_NO_DEADLINE, batch_write, &batch, &err));
	}
	pthread_mutex_unlock(&log->flush_lock);
}

static void
counts_flush(struct use_log *log)
{
	if (log->setup.counts)
		use_counts_flush(log->setup.counts, lk_clock_wall_ms(log->setup.clock));
}

void
use_log_flush(struct use_log *log)
{
	notes_flush(log);
	counts_flush(log);
}

void
use_log_flush_lately(struct use_log *log)
{
	const int64_t now_ms = lk_clock_steady_ms(lk_clock_system());
	int64_t asked_ms = atomic_load(&log->asked_ms);

	if (log->setup.flush_ms > 0 && now_ms - asked_ms < LATELY_MS)
		return;
	if (atomic_compare_exchange_strong(&log->asked_ms, &asked_ms, now_ms))
		use_log_flush(log);
}

/* Of the thread: last uses now, counts when it is time. */
static void
flush_what_is_due(struct use_log *log)
{
	const int64_t now_ms = lk_clock_steady_ms(lk_clock_system());

	notes_flush(log);
	if (now_ms - log->counted_ms < COUNTS_MS)
		return;
	log->counted_ms = now_ms;
	counts_flush(log);
}

/* True when the log is being freed. */
static bool
wait_for_time(struct use_log *log)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	const int64_t ns = until.tv_nsec + log->setup.flush_ms % 1000 * 1000000;
	until.tv_sec += log->setup.flush_ms / 1000 + ns / 1000000000;
	until.tv_nsec = ns % 1000000000;
	pthread_mutex_lock(&log->lock);
	int timed_out = 0;
	while (!log->stopping && !timed_out)
		timed_out = pthread_cond_timedwait(&log->wake, &log->lock, &until) != 0;
	const bool stopping = log->stopping;
	pthread_mutex_unlock(&log->lock);
	return stopping;
}

static void *
flusher(void *arg)
{
	struct use_log *log = arg;

	while (!wait_for_time(log))
		flush_what_is_due(log);
	return NULL;
}

/* With the lock held. Without a thread the uses wait for use_log_stop. */
static void
begin_thread(struct use_log *log)
{
	if (log->setup.flush_ms > 0 && !log->has_thread && !log->stopping)
		log->has_thread = pthread_create(&log->thread, NULL, flusher, log) == 0;
}

void
use_log_note(struct use_log *log, const struct use *use)
{
	pthread_mutex_lock(&log->lock);
	begin_thread(log);
	if (log->count < USE_LOG_MAX && !log->stopping)
		log->noted[log->count++] = *use;
	pthread_mutex_unlock(&log->lock);
}

static void
locks_init(struct use_log *log)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&log->lock, NULL);
	pthread_mutex_init(&log->flush_lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&log->wake, &attr);
	pthread_condattr_destroy(&attr);
}

lk_status
use_log_new(const struct use_log_setup *setup, struct use_log **out_log, struct lk_error *err)
{
	struct use_log *log = LK_ALLOC(struct use_log);

	if (!log)
		return lk_fail_oom(err);
	log->setup = *setup;
	log->counted_ms = lk_clock_steady_ms(lk_clock_system());
	atomic_init(&log->asked_ms, log->counted_ms - LATELY_MS);
	locks_init(log);
	log->noted = lk_alloc_array(USE_LOG_MAX, sizeof *log->noted);
	log->writing = lk_alloc_array(USE_LOG_MAX, sizeof *log->writing);
	if (!log->noted || !log->writing) {
		use_log_free(log);
		return lk_fail_oom(err);
	}
	*out_log = log;
	return LK_OK;
}

void
use_log_stop(struct use_log *log)
{
	pthread_mutex_lock(&log->lock);
	log->stopping = true;
	pthread_cond_signal(&log->wake);
	pthread_mutex_unlock(&log->lock);
	if (log->has_thread)
		pthread_join(log->thread, NULL);
	log->has_thread = false;
	use_log_flush(log);
}

void
use_log_free(struct use_log *log)
{
	if (!log)
		return;
	pthread_cond_destroy(&log->wake);
	pthread_mutex_destroy(&log->flush_lock);
	pthread_mutex_destroy(&log->lock);
	lk_free(log->noted);
	lk_free(log->writing);
	lk_free(log);
}
