/* A validator from within, for the files of this folder. */
#ifndef LATCHKEY_VALIDATOR_IMPL_H
#define LATCHKEY_VALIDATOR_IMPL_H

#include <latchkey/validator.h>

#include "ask.h"
#include "batch.h"
#include "cache.h"
#include "crypto/sign.h"
#include "feed/subscriber.h"
#include "inside.h"
#include "report.h"

enum { FEEDS = 2 };

/* The feed of one service. */
struct feed {
	latchkey_validator *validator;
	latchkey_service service;
	uint8_t public_key[LK_SIGN_PUBLIC_LEN];
	struct answer answer; /* the last, kept for its reader */
	struct lk_feed_subscriber *subscriber;
};

struct latchkey_validator {
	latchkey_client *client;
	uint32_t staleness_ms, grace_ms, negative_ms, timeout_ms;
	latchkey_lost_lease lost_lease;
	unsigned forks; /* of this process, when it was opened */
	struct cache *cache;
	struct subjects *subjects;
	struct batch *batch;
	struct report *report;
	kept_make_fn *make; /* NULL: nothing is kept beside who it is */
	void *make_user;
	struct feed feeds[FEEDS];
	atomic_uint_fast64_t hits, refused_hits, misses, failures, lease_lost;
};

/* The feed of one service, read from now on. `acknowledge`: changes wait until we have forgotten;
 * who may say so shows an assertion of a peer. */
lk_status feed_open(latchkey_validator *validator, struct feed *feed, latchkey_service service,
    const char *peers_dir, bool acknowledge, struct lk_error *err);

/* When trust ends in what is remembered of keys, and of tokens, of which both services have a say.
 */
struct leases {
	int64_t keys_end_ms, tokens_end_ms;
};
struct leases leases_read(const latchkey_validator *validator);

int64_t now_ms(void); /* CLOCK_BOOTTIME */

#endif
