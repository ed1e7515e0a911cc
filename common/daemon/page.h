/* Pages of a list in order of id: a size, and a cursor that is the last id of the page before, made
 * opaque. */
#ifndef LK_DAEMON_PAGE_H
#define LK_DAEMON_PAGE_H

#include "base/base.h"
#include "id/id.h"
#include "latchkey/common/v1/types.pb-c.h"

/* A client may ask for LK_PAGE_SIZE_MAX and gets at most LK_PAGE_ROWS_MAX at a time: the memory of
 * a call is bounded, and the cursor says that there is more. */
enum { LK_PAGE_ROWS_MAX = 100, LK_PAGE_SIZE_MAX = 1000 };

/* Which rows are wanted. Ids never change, so a page is neither shifted nor doubled by changes
 * between two. */
struct lk_page {
	uint32_t size;          /* 1 to LK_PAGE_ROWS_MAX */
	char after[LK_ID_SIZE]; /* "" is the first page */
};

/* No request is the first page. INVALID_ARGUMENT PAGE_SIZE_INVALID, or CURSOR_INVALID for a cursor
 * that no list of `kind` gave. */
lk_status lk_page_read(enum lk_id_kind kind, const Latchkey__Common__V1__PageRequest *request,
    struct lk_page *out_page, struct lk_error *err);

/* `last_id` is that of the page's last row; NULL when there is no next page. The reply lies in the
 * arena: RESOURCE_EXHAUSTED OUT_OF_MEMORY at its cap. */
lk_status lk_page_reply(struct lk_arena *arena, const char *last_id,
    Latchkey__Common__V1__PageReply **out_reply, struct lk_error *err);

/*
 * Of *count rows that were found, in looking for one more than a page has, those that are shown:
 * *count becomes their number, and the reply says whether another page follows. `last_id` is that
 * of the last row of a full page, and not looked at when no other follows.
 */
lk_status lk_page_cut(struct lk_arena *arena, const struct lk_page *page, const char *last_id,
    size_t *count, Latchkey__Common__V1__PageReply **out_reply, struct lk_error *err);

#endif
