/* What the handlers and the domain of this process share: made once at start, borrowed by every
 * call. Any thread. */
#ifndef LK_KEYS_KEYS_H
#define LK_KEYS_KEYS_H

#include "audit/audit.h"
#include "auth/authenticator.h"
#include "crypto/digest.h"
#include "epochs.h"
#include "fact_cache.h"
#include "feed/feed.h"
#include "key_cache.h"
#include "metrics/metrics.h"
#include "store/store.h"
#include "use_counts.h"
#include "use_log.h"

enum keys_metric {
#define LK_METRIC(kind, id, name, help) id,
#include "metrics.def"
#undef LK_METRIC
};

/* Everything is borrowed for the life of struct keys. */
struct keys_setup {
	struct lk_store *store;
	const struct lk_clock *clock;
	const struct lk_random *random;
	const struct lk_pepper *pepper;             /* what is made now is under it */
	const struct lk_pepper *const *old_peppers; /* what was made before may be under these */
	size_t old_peppers_count;
	const struct lk_peers *peers;   /* to know operators that services ask for; NULL: none */
	struct lk_feed *feed;           /* NULL: nobody hears of changes */
	struct lk_audit_sealer *sealer; /* counts rows that were lost; NULL: nobody does */
	struct lk_metrics *metrics;     /* NULL: nothing is counted */
	const char *prefix;             /* of key texts */
	int64_t ticket_ttl_ms;          /* 24 hours */
	int64_t session_ttl_ms;         /* absolute */
	int64_t session_idle_ms;        /* 0: none */
	size_t cache_keys;              /* keys kept in memory */
	uint32_t
	    creations_per_minute;     /* of keys, by a caller; ten times that by a tenant; 0: any */
	uint32_t failures_per_minute; /* by an address; 0: any */
	size_t password_checks;       /* at once; 0: 2 */
	int64_t flush_ms;             /* how often uses are written down; 0: only by keys_flush */
};

struct keys {
	struct keys_setup setup;
	struct policy default_policy; /* principals belong to no tenant: their tokens live by it */
	struct epochs epochs;
	struct key_cache *key_cache;
	struct key_cache *dead_cache; /* ids of no key, or of one that is over: few, so that made-up
					 ones push out nothing and grow nothing */
	struct fact_cache *owner_cache, *tenant_cache;
	struct use_log *uses;
	struct use_counts *use_counts;
	struct sign_in_gate *gate;
	struct rate *rate;
	struct damage_log *damages;
	atomic_size_t rehashing; /* keys on their way to the newest pepper */
	atomic_bool has_foreign; /* keys of other systems were imported */
};

/* RESOURCE_EXHAUSTED OUT_OF_MEMORY. Yours. */
lk_status keys_new(const struct keys_setup *setup, struct keys **out_keys, struct lk_error *err);

/* The pepper of this version; NULL when it is not loaded. */
const struct lk_pepper *keys_pepper(const struct keys *keys, uint32_t version);

/* Writes down what was used until now; keys_stop does so for the last time, before the store
 * closes. */
void keys_flush(struct keys *keys);
void keys_stop(struct keys *keys);
void keys_free(struct keys *keys);
LK_DEFINE_FREEP(keys_freep, struct keys *, keys_free)

/* For lk_host_services: standing from our own tables. */
struct lk_standing_source keys_standing_source(struct keys *keys);

/*
 * After this transaction commits and before it is answered, everything remembered of `id` (a
 * tenant, owner, key or session) is forgotten. `arena` must live until the answer.
 */
lk_status keys_forget(struct keys *keys, struct lk_tx *tx, struct lk_arena *arena, const char *id,
    struct lk_error *err);

#endif
