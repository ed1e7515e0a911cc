/*
 * One instant for each worker: when all it has fetched would be paid for, each at its share of the
 * minute (the generic cell rate algorithm, ITU-T I.371). An entry whose instant has passed says
 * nothing, so it may go when room is needed.
 */
#include "fetch_rate.h"

#include <pthread.h>

#include "base/alloc.h"
#include "id/id.h"

enum { SETS = 1024 /* a power of two */, WAYS = 8, US_PER_MINUTE = 60 * 1000 * 1000 };

struct entry {
	char worker[LK_ID_SIZE];
	int64_t paid_at_us; /* steady */
};

struct fetch_rate {
	pthread_mutex_t lock;
	const struct lk_clock *clock;
	int64_t price_us; /* of one fetch; 0: no limit */
	struct entry entries[SETS][WAYS];
};

struct fetch_rate *
fetch_rate_new(int64_t per_minute, const struct lk_clock *clock)
{
	struct fetch_rate *rate = LK_ALLOC(struct fetch_rate);

	if (!rate)
		return NULL;
	pthread_mutex_init(&rate->lock, NULL);
	rate->clock = clock;
	rate->price_us = per_minute > 0 ? US_PER_MINUTE / per_minute : 0;
	return rate;
}

void
fetch_rate_free(struct fetch_rate *rate)
{
	if (!rate)
		return;
	pthread_mutex_destroy(&rate->lock);
	lk_free(rate);
}

static struct entry *
set_of(struct fetch_rate *rate, const char *worker)
{
	uint32_t hash = 2166136261u; /* FNV-1a; ids end in 80 random bits */

	for (const char *c = worker; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return rate->entries[hash & (SETS - 1)];
}

/* The worker's entry, or a new one in place of the one that is paid for first. */
static struct entry *
entry_of(struct fetch_rate *rate, const char *worker)
{
	struct entry *set = set_of(rate, worker), *first = set;

	for (struct entry *entry = set; entry < set + WAYS; entry++) {
		if (lk_text_is(entry->worker, worker))
			return entry;
		if (entry->paid_at_us < first->paid_at_us)
			first = entry;
	}
	*first = (struct entry){ .paid_at_us = 0 };
	lk_text_copy(first->worker, sizeof first->worker, worker);
	return first;
}

/* 0, or how long to wait. */
static int64_t
take(struct fetch_rate *rate, const char *worker, int64_t now_us)
{
	struct entry *entry = entry_of(rate, worker);
	const int64_t from_us = entry->paid_at_us > now_us ? entry->paid_at_us : now_us;
	const int64_t burst_us = rate->price_us > FETCH_RATE_BURST_MS * INT64_C(1000)
				     ? rate->price_us
				     : FETCH_RATE_BURST_MS * INT64_C(1000);
	const int64_t over_us = from_us + rate->price_us - now_us - burst_us;

	if (over_us > 0)
		return over_us;
	entry->paid_at_us = from_us + rate->price_us;
	return 0;
}

lk_status
fetch_rate_take(struct fetch_rate *rate, const char *worker, struct lk_error *err)
{
	if (rate->price_us == 0)
		return LK_OK;
	pthread_mutex_lock(&rate->lock);
	const int64_t wait_us = take(rate, worker, lk_clock_steady_ms(rate->clock) * 1000);
	pthread_mutex_unlock(&rate->lock);
	if (wait_us == 0)
		return LK_OK;
	const lk_status status = lk_fail(
	    err, LK_RESOURCE_EXHAUSTED, "FETCH_RATE", "this worker fetches more often than it may");
	if (err)
		err->retry_after_ms = (uint32_t)((wait_us + 999) / 1000);
	return status;
}
