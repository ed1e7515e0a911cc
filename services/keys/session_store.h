/* Rows of tickets and sessions. */
#ifndef LK_KEYS_SESSION_STORE_H
#define LK_KEYS_SESSION_STORE_H

#include "daemon/page.h"
#include "session.h"
#include "store/store.h"
#include "ticket.h"

/* Tickets of the same user that are still open are closed by it. */
lk_status ticket_insert(struct lk_tx *tx, const struct ticket *ticket, struct lk_error *err);
lk_status ticket_find(struct lk_tx *tx, const char *id, struct ticket *out_ticket, bool *out_found,
    struct lk_error *err);
/* *out_won: this call, and no other before it, redeemed the ticket. */
lk_status ticket_redeem(
    struct lk_tx *tx, const char *id, int64_t now_ms, bool *out_won, struct lk_error *err);

lk_status session_insert(struct lk_tx *tx, const struct session *session, struct lk_error *err);
lk_status session_find(struct lk_tx *tx, const char *id, struct session *out_session,
    bool *out_found, struct lk_error *err);
/* Those of a user that are alive at `now_ms` (session.h). */
struct session_wish {
	const char *user;
	int64_t now_ms, idle_ms;
};
struct session_page {
	struct session *items; /* in the arena; oldest first */
	size_t count;
	bool more;
};
lk_status session_list(struct lk_tx *tx, const struct session_wish *wish,
    const struct lk_page *page, struct lk_arena *arena, struct session_page *out_page,
    struct lk_error *err);
/* One at a time, in no memory: `id` ("" at first) becomes that of the next. Idle ones are among
 * them.
 */
lk_status session_next(struct lk_tx *tx, const struct session_wish *wish, char id[LK_ID_SIZE],
    bool *out_found, struct lk_error *err);
/* Destroys the digest and raises the generation. */
lk_status session_end(struct lk_tx *tx, const char *id, int64_t now_ms, struct lk_error *err);
/* Forward only. */
lk_status session_used(struct lk_tx *tx, const char *id, int64_t at_ms, struct lk_error *err);

#endif
