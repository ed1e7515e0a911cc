/* Answers remembered by a keyed hash of what was shown, in bounded memory. Any thread. */
#ifndef LATCHKEY_VALIDATOR_CACHE_H
#define LATCHKEY_VALIDATOR_CACHE_H

#include "crypto/short_hash.h"
#include "feed/changes.h"
#include "feed/use_tally.h"
#include "kept.h"
#include "subject.h"

enum { ULID_LEN = 26, REFUSAL_REASON_SIZE = 24 };

struct cache;

/* Of credential, audience and source address together. */
struct cache_tag {
	uint64_t words[2];
};

struct entry {
	uint64_t number; /* of the change log, captured before the service was asked */
	struct subject *subject;
	int64_t expires_at_ms; /* 0: never */
	int64_t not_before_ms;
	uint32_t slots[2];  /* key, token */
	uint32_t uses : 31; /* since the last report; counted by the cache */
	uint32_t is_token : 1;
	char key[ULID_LEN], token[ULID_LEN]; /* NUL in front: none */
};

/* A keyed table of at most `max_entries`, rounded up. NULL when memory is short. */
struct cache *cache_new(size_t max_entries);
/* Beside each entry there may be something kept, from now on. False when memory is short. */
bool cache_keep(struct cache *cache);
void cache_free(struct cache *cache);
struct lk_changes *cache_changes(struct cache *cache);
struct cache_tag cache_tag(const struct cache *cache, const char *credential, size_t len,
    const char *audience, const char *source_address);

/* False when there is none that counts. *out_entry has a reference to its subject: yours. */
bool cache_get(struct cache *cache, struct cache_tag tag, struct entry *out_entry);
/* The same, of an entry that has something beside it: yours, too (kept_unref). The use is counted
 * as one of `asked_by`. */
bool cache_get_kept(struct cache *cache, struct cache_tag tag, const char *asked_by,
    struct entry *out_entry, struct kept **out_kept);
/* Takes a reference of its own. In place of the one of the same tag, else of a free, else of the
 * oldest nearby. */
void cache_put(struct cache *cache, struct cache_tag tag, const struct entry *entry);
void cache_put_kept(
    struct cache *cache, struct cache_tag tag, const struct entry *entry, struct kept *kept);

/* Refusals live apart and for a short time, so that a flood of bad keys pushes out nothing but
 * refusals. */
bool cache_refused(struct cache *cache, struct cache_tag tag, int64_t now_ms,
    char out_reason[REFUSAL_REASON_SIZE]);
void cache_refuse(struct cache *cache, struct cache_tag tag, uint64_t number, int64_t until_ms,
    const char *reason);

/* Uses since they were last taken: up to `max` keys from *cursor on (0: the first), which is 0 at
 * the end. Those of entries that were pushed out come first. */
size_t cache_take_uses(struct cache *cache, size_t *cursor, struct lk_use *out_uses, size_t max);

size_t cache_bytes(const struct cache *cache);  /* taken for entries and refusals */
size_t cache_filled(const struct cache *cache); /* places that hold an entry */

#endif
