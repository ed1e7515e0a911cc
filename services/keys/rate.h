/*
 * How often somebody may do something: so many a minute, all at once or spread out. In memory of a
 * fixed size: who meets another of the same kind in it shares a limit; forgotten with the process.
 */
#ifndef LK_KEYS_RATE_H
#define LK_KEYS_RATE_H

#include "base/base.h"
#include "id/random.h"

enum rate_kind {
	RATE_CREATIONS,        /* of keys, by a caller */
	RATE_TENANT_CREATIONS, /* by all callers of a tenant */
	RATE_FAILURES,         /* keys that were no good, by the rate_source() that showed them */
	RATE_REQUESTS,         /* of accounts, in a tenant, whether or not there is one */
	RATE_ALL_REQUESTS,     /* of accounts, in all together */
	RATE_KINDS,
};

enum { RATE_SOURCE_SIZE = 46 };

struct rate;

/* `per_minute` of each kind; 0: no limit. NULL when memory is short. Yours. */
struct rate *rate_new(const uint32_t per_minute[RATE_KINDS], const struct lk_random *random);
void rate_free(struct rate *rate);

/* One more. RESOURCE_EXHAUSTED RATE_LIMITED with retry_after_ms. Any thread; never blocks. */
lk_status rate_take(
    struct rate *rate, enum rate_kind kind, const char *who, int64_t now_ms, struct lk_error *err);
/* Would one more be too many? */
bool rate_is_over(struct rate *rate, enum rate_kind kind, const char *who, int64_t now_ms);

/*
 * What an address (IPv4 or IPv6 text) counts as: IPv4 itself, also when it is written as IPv6; IPv6
 * its first 64 bits, which one subscriber has to himself (RFC 6177).
 */
void rate_source(const char *address, char out[RATE_SOURCE_SIZE]);

#endif
