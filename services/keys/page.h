/* Pages of a list: a size, and a cursor that is the last id of the page before, made opaque. */
#ifndef LK_KEYS_PAGE_H
#define LK_KEYS_PAGE_H

#include "base/base.h"
#include "id/id.h"

/* A client may ask for PAGE_SIZE_MAX and gets at most PAGE_ROWS_MAX at a time: the memory of a call
 * is bounded, and the cursor says that there is more. */
enum { PAGE_ROWS_MAX = 100, PAGE_SIZE_MAX = 1000, CURSOR_SIZE = 48 };

/* Which rows are wanted. Ids never change, so a page is neither shifted nor doubled by changes
 * between two. */
struct page {
	uint32_t size;
	char after[LK_ID_SIZE]; /* "" is the first page */
};

/* INVALID_ARGUMENT PAGE_SIZE_INVALID, or CURSOR_INVALID for a cursor that no list of `kind` gave.
 */
lk_status page_read(enum lk_id_kind kind, uint32_t size, const char *cursor, struct page *out_page,
    struct lk_error *err);

void page_cursor(const char *last_id, char out[CURSOR_SIZE]);

#endif
