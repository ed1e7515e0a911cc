/*
 * Uses of keys that keys does not see, because others decided from memory: merged by key, and
 * reported to it now and then (KeyService/ReportUse). Bounded: what finds no room before the next
 * report is not counted.
 */
#ifndef LK_FEED_USE_TALLY_H
#define LK_FEED_USE_TALLY_H

#include "base/base.h"
#include "id/id.h"

enum { LK_USE_SOURCE_SIZE = 46 }; /* INET6_ADDRSTRLEN */

struct lk_use_tally;

struct lk_use {
	char key[LK_ID_SIZE];
	char asked_by[LK_ID_SIZE]; /* on whose behalf, where that is not the reporter; or "" */
	uint64_t count;
	int64_t last_used_at_ms;
	char source_address[LK_USE_SOURCE_SIZE]; /* of the last; or "" */
};

struct lk_use_tally *lk_use_tally_new(void); /* NULL when memory is short */
void lk_use_tally_free(struct lk_use_tally *tally);

/* Any thread. Nothing for a key of ""; a source address of "" says nothing. */
void lk_use_tally_note(struct lk_use_tally *tally, const char *key, const char *asked_by,
    const char *source_address, uint64_t count, int64_t at_ms);

/* Takes up to `max` out; 0 when there are none. */
size_t lk_use_tally_take(struct lk_use_tally *tally, struct lk_use *out_uses, size_t max);

#endif
