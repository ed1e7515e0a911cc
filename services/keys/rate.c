/* The generic cell rate algorithm over a table of slots by a keyed hash, one for each kind; see
 * rate.h. */
#include "rate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>

#include "crypto/short_hash.h"

enum { SLOTS = 16384 };
static const int64_t minute_us = INT64_C(60000000);

struct rate {
	pthread_mutex_t mutex;
	int64_t interval_us[RATE_KINDS]; /* 0: no limit */
	uint8_t hash_key[LK_SHORT_HASH_KEY_LEN];
	int64_t slots[RATE_KINDS]
		     [SLOTS]; /* when all that was done would be due at an even pace, in us */
};

struct rate *
rate_new(const uint32_t per_minute[RATE_KINDS], const struct lk_random *random)
{
	struct rate *rate = LK_ALLOC(struct rate);

	if (!rate)
		return NULL;
	for (int i = 0; i < RATE_KINDS; i++)
		rate->interval_us[i] = per_minute[i] == 0 ? 0 : minute_us / per_minute[i];
	lk_random_fill(random, rate->hash_key, sizeof rate->hash_key);
	pthread_mutex_init(&rate->mutex, NULL);
	return rate;
}

void
rate_free(struct rate *rate)
{
	if (!rate)
		return;
	pthread_mutex_destroy(&rate->mutex);
	lk_free(rate);
}

static int64_t *
slot_of(struct rate *rate, enum rate_kind kind, const char *who)
{
	uint8_t hash[LK_SHORT_HASH_LEN];
	uint32_t index;

	lk_short_hash(rate->hash_key, lk_bytes_of(who), hash);
	memcpy(&index, hash, sizeof index);
	return &rate->slots[kind][index % SLOTS];
}

/* How long to wait before one more; 0: not at all. With `take` it is done. A clock that was set
 * back delays nobody for more than a minute. */
static int64_t
wait_us(struct rate *rate, enum rate_kind kind, const char *who, int64_t now_us, bool take)
{
	int64_t *slot = slot_of(rate, kind, who);
	const int64_t interval_us = rate->interval_us[kind];

	pthread_mutex_lock(&rate->mutex);
	const bool idle = *slot < now_us || *slot > now_us + 2 * minute_us;
	const int64_t due_us = (idle ? now_us : *slot) + interval_us;
	const int64_t over_us = due_us - now_us - minute_us;
	if (take && over_us <= 0)
		*slot = due_us;
	pthread_mutex_unlock(&rate->mutex);
	return over_us > 0 ? over_us : 0;
}

lk_status
rate_take(
    struct rate *rate, enum rate_kind kind, const char *who, int64_t now_ms, struct lk_error *err)
{
	if (rate->interval_us[kind] == 0)
		return LK_OK;
	const int64_t over_us = wait_us(rate, kind, who, now_ms * 1000, true);
	if (over_us == 0)
		return LK_OK;
	const lk_status status = lk_fail(
	    err, LK_RESOURCE_EXHAUSTED, "RATE_LIMITED", "too many in a minute: wait a moment");
	if (err)
		err->retry_after_ms = (uint32_t)(over_us / 1000 + 1);
	return status;
}

bool
rate_is_over(struct rate *rate, enum rate_kind kind, const char *who, int64_t now_ms)
{
	return rate->interval_us[kind] != 0 && wait_us(rate, kind, who, now_ms * 1000, false) != 0;
}

void
rate_source(const char *address, char out[RATE_SOURCE_SIZE])
{
	struct in6_addr v6;

	if (inet_pton(AF_INET6, address, &v6) != 1) {
		lk_text_copy(out, RATE_SOURCE_SIZE, address);
	} else if (IN6_IS_ADDR_V4MAPPED(&v6)) {
		inet_ntop(AF_INET, &v6.s6_addr[12], out, RATE_SOURCE_SIZE);
	} else {
		memset(&v6.s6_addr[8], 0, 8);
		inet_ntop(AF_INET6, &v6, out, RATE_SOURCE_SIZE);
	}
}
