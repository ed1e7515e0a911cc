/*
 * How often each key was used and through whom, merged in memory and written down in batches, never
 * by the call that used it. Bounded: what finds no room before the next flush is not counted.
 */
#ifndef LK_KEYS_USE_COUNTS_H
#define LK_KEYS_USE_COUNTS_H

#include "ids.h"
#include "key_use_store.h"
#include "store/store.h"

enum { USE_CALLER_SIZE = 32 }; /* prn_…, usr_…, or the name of a service */

struct use_count {
	struct packed_id key;
	const char *caller; /* cut at USE_CALLER_SIZE - 1 */
	uint64_t count;
	int64_t at_ms;              /* the last of them */
	const char *source_address; /* IPv4 or IPv6 text, or "" */
};

struct use_counts;

/* `store` is borrowed until the last flush. NULL when memory is short. */
struct use_counts *use_counts_new(struct lk_store *store);
void use_counts_free(struct use_counts *counts);

/* Never blocks on the store. Any thread. */
void use_counts_note(struct use_counts *counts, const struct use_count *use);

/* Write down what was noted, at `now_ms`; what cannot be written is dropped. One thread at a time
 * writes, another waits for it. */
void use_counts_flush(struct use_counts *counts, int64_t now_ms);

#endif
