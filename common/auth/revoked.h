/* Tokens revoked before they expired: a set in memory that every check of a token asks. tokens
 * fills it from its store, other services from the feed of tokens. */
#ifndef LK_AUTH_REVOKED_H
#define LK_AUTH_REVOKED_H

#include <stdbool.h>

#include "base/base.h"
#include "id/id.h"
#include "time/clock.h"

struct lk_revoked;

/* One revoked token; allocated before its transaction, so that adding it afterwards cannot fail. */
struct lk_revoked_token {
	char token[LK_ID_SIZE];
	int64_t expires_at_ms;
	uint64_t hash; /* the set's own */
	struct lk_revoked_token *next;
};

struct lk_revoked *lk_revoked_new(
    const struct lk_clock *clock); /* NULL when memory is short. Yours. */
void lk_revoked_free(struct lk_revoked *revoked);
LK_DEFINE_FREEP(lk_revoked_freep, struct lk_revoked *, lk_revoked_free)

/* Takes `entry` (lk_alloc'd); one that is there already is freed. Forgets those that have expired
 * near it on the way. Thread-safe, as all here. */
void lk_revoked_add(struct lk_revoked *revoked, struct lk_revoked_token *entry);
bool lk_revoked_has(struct lk_revoked *revoked, const char *token);

/* Copies of up to `max` from *cursor on (0: the first); the cursor is 0 at the end. What is there
 * during all pages is in one of them, whatever is added or expires meanwhile. */
size_t lk_revoked_page(
    struct lk_revoked *revoked, uint64_t *cursor, size_t max, struct lk_revoked_token *out_entries);

#endif
