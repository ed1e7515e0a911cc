/* Cursors in and out; see page.h. */
#include "daemon/page.h"

#include "crypto/encode.h"
#include "rpc/field.h"

enum { CURSOR_SIZE = 48 };

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
lk_page_read(enum lk_id_kind kind, const Latchkey__Common__V1__PageRequest *request,
    struct lk_page *out_page, struct lk_error *err)
{
	struct lk_page page = { .size = LK_PAGE_ROWS_MAX };

	if (request && request->size > LK_PAGE_SIZE_MAX)
		return lk_fail_field(err, "page.size", "PAGE_SIZE_INVALID",
		    "a page has at most %d entries", LK_PAGE_SIZE_MAX);
	if (request && request->size > 0 && request->size < LK_PAGE_ROWS_MAX)
		page.size = request->size;
	if (request && *request->cursor != '\0' && !cursor_read(kind, request->cursor, page.after))
		return lk_fail_field(err, "page.cursor", "CURSOR_INVALID",
		    "the cursor is not one that this list gave");
	*out_page = page;
	return LK_OK;
}

lk_status
lk_page_reply(struct lk_arena *arena, const char *last_id,
    Latchkey__Common__V1__PageReply **out_reply, struct lk_error *err)
{
	Latchkey__Common__V1__PageReply *reply =
	    LK_ARENA_NEW(arena, Latchkey__Common__V1__PageReply);
	char cursor[CURSOR_SIZE];

	if (!reply)
		return lk_fail_oom(err);
	latchkey__common__v1__page_reply__init(reply);
	if (last_id) {
		lk_base64url_encode(lk_bytes(last_id, LK_ID_LEN), cursor);
		LK_TRY(lk_field_copy(arena, cursor, &reply->next_cursor, err));
	}
	*out_reply = reply;
	return LK_OK;
}

lk_status
lk_page_cut(struct lk_arena *arena, const struct lk_page *page, const char *last_id, size_t *count,
    Latchkey__Common__V1__PageReply **out_reply, struct lk_error *err)
{
	const bool more = *count > page->size;

	if (more)
		*count = page->size;
	return lk_page_reply(arena, more ? last_id : NULL, out_reply, err);
}
