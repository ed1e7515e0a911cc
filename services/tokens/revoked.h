/* Tokens revoked before they expired: a set in memory that every validation asks, filled from the
 * store at start. */
#ifndef LK_TOKENS_REVOKED_H
#define LK_TOKENS_REVOKED_H

#include <stdbool.h>

#include "base/base.h"
#include "id/id.h"
#include "time/clock.h"

struct revoked;

/* One revoked token; allocated before its transaction, so that adding it afterwards cannot fail. */
struct revoked_token {
	char token[LK_ID_SIZE];
	int64_t expires_at_ms;
	struct revoked_token *next;
};

struct revoked *revoked_new(const struct lk_clock *clock); /* NULL when memory is short. Yours. */
void revoked_free(struct revoked *revoked);
LK_DEFINE_FREEP(revoked_freep, struct revoked *, revoked_free)

/* Takes `entry` (lk_alloc'd); forgets those that have expired from its bucket on the way.
 * Thread-safe. */
void revoked_add(struct revoked *revoked, struct revoked_token *entry);
bool revoked_has(struct revoked *revoked, const char *token);

#endif
