/*
 * When keys and sessions were last used, gathered in memory and written down in batches by a thread
 * of its own, never by the call that used them. Loses at most what one flush holds when the process
 * is killed.
 */
#ifndef LK_KEYS_USE_LOG_H
#define LK_KEYS_USE_LOG_H

#include "ids.h"
#include "store/store.h"
#include "time/clock.h"
#include "use_counts.h"

enum {
	USE_LOG_MAX = 1 << 16
}; /* uses between two flushes; more are not noted until the key is used a minute later */

struct use {
	struct packed_id id;
	int64_t at_ms;
	bool is_session, sign_in;
};

struct use_log;

/* How often one key's use is written down: once a minute, or often enough that who uses a session
 * that ends when idle for `idle_ms` (0: never) does not lose it. */
static inline uint32_t
use_every_s(int64_t idle_ms)
{
	const int64_t quarter_s = idle_ms / 4000;

	return idle_ms == 0 || quarter_s > 60 ? 60 : (uint32_t)quarter_s;
}

/* Borrowed until use_log_stop. */
struct use_log_setup {
	struct lk_store *store;
	struct use_counts *counts; /* written down by the same thread, once a minute; may be NULL */
	const struct lk_clock *clock;
	int64_t flush_ms; /* 0: use_log_flush alone writes */
};

/* The thread begins with the first use. */
lk_status use_log_new(
    const struct use_log_setup *setup, struct use_log **out_log, struct lk_error *err);
/* Never blocks on the store. */
void use_log_note(struct use_log *log, const struct use *use);
/* Write down everything noted so far, and the counts. A batch that cannot be written is dropped:
 * the next use notes it again. */
void use_log_flush(struct use_log *log);
/* The same at most once a second, where a thread writes what this leaves. */
void use_log_flush_lately(struct use_log *log);
/* The last flush, and the end of the thread. Uses noted later are not written. */
void use_log_stop(struct use_log *log);
void use_log_free(struct use_log *log); /* after use_log_stop, when there were uses; NULL is fine */

#endif
