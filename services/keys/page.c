/* Cursors in and out; see page.h. */
#include "page.h"

#include <string.h>

#include "crypto/encode.h"

static bool
cursor_read(enum lk_id_kind kind, const char *cursor, char out_after[LK_ID_SIZE])
{
	uint8_t id[LK_ID_SIZE] = { 0 };
	size_t len;

	if (!lk_base64url_decode(lk_bytes_of(cursor), id, LK_ID_LEN, &len) || len != LK_ID_LEN)
		return false;
	return lk_id_ok(kind, (const char *)id) &&
	       lk_text_copy(out_after, LK_ID_SIZE, (const char *)id);
}

lk_status
page_read(enum lk_id_kind kind, uint32_t size, const char *cursor, struct page *out_page,
    struct lk_error *err)
{
	struct page page = { .size = size == 0 || size > PAGE_ROWS_MAX ? PAGE_ROWS_MAX : size };

	if (size > PAGE_SIZE_MAX)
		return lk_fail_field(err, "page.size", "PAGE_SIZE_INVALID",
		    "a page has at most %d entries", PAGE_SIZE_MAX);
	if (*cursor != '\0' && !cursor_read(kind, cursor, page.after))
		return lk_fail_field(err, "page.cursor", "CURSOR_INVALID",
		    "the cursor is not one that this list gave");
	*out_page = page;
	return LK_OK;
}

void
page_cursor(const char *last_id, char out[CURSOR_SIZE])
{
	lk_base64url_encode(lk_bytes(last_id, LK_ID_LEN), out);
}
