/* Pages of lists: what a request may ask for, and cursors. */
#include <string.h>

#include "daemon/page.h"
#include "test.h"

typedef Latchkey__Common__V1__PageRequest Request;
typedef Latchkey__Common__V1__PageReply Reply;

static const char KEY[] = "key_01hzzzzzzzzzzzzzzzzzzzzzzz";

static struct lk_arena *arena;

static int
arena_up(void **state)
{
	(void)state;
	arena = lk_arena_new(4096);
	return arena ? 0 : -1;
}

static int
arena_down(void **state)
{
	(void)state;
	lk_arena_free(arena);
	return 0;
}

static char *
cursor_after(const char *id)
{
	struct lk_error err = { 0 };
	Reply *reply;

	expect_ok(lk_page_reply(arena, id, &reply, &err), &err);
	return reply->next_cursor;
}

static lk_status
read_page(enum lk_id_kind kind, uint32_t size, char *cursor, struct lk_page *out_page,
    struct lk_error *err)
{
	Request request = LATCHKEY__COMMON__V1__PAGE_REQUEST__INIT;

	request.size = size;
	request.cursor = cursor;
	return lk_page_read(kind, &request, out_page, err);
}

static void
no_request_is_the_first_page(void **state)
{
	struct lk_page page;
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_page_read(LK_ID_KEY, NULL, &page, &err), &err);
	assert_int_equal(page.size, LK_PAGE_ROWS_MAX);
	assert_string_equal(page.after, "");
}

static void
a_page_is_no_larger_than_a_calls_memory(void **state)
{
	struct lk_page page;
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(read_page(LK_ID_KEY, 7, cursor_after(NULL), &page, &err), &err);
	assert_int_equal(page.size, 7);
	expect_ok(read_page(LK_ID_KEY, 1000, cursor_after(NULL), &page, &err), &err);
	assert_int_equal(page.size, LK_PAGE_ROWS_MAX);
	expect_field(read_page(LK_ID_KEY, 1001, cursor_after(NULL), &page, &err), &err, "page.size",
	    "PAGE_SIZE_INVALID");
}

static void
a_cursor_leads_behind_the_last_row(void **state)
{
	struct lk_page page;
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(read_page(LK_ID_KEY, 0, cursor_after(KEY), &page, &err), &err);
	assert_string_equal(page.after, KEY);
}

static void
a_cursor_of_another_list_is_refused(void **state)
{
	struct lk_page page;
	struct lk_error err = { 0 };
	char nonsense[] = "key_1";

	(void)state;
	expect_field(read_page(LK_ID_USER, 0, cursor_after(KEY), &page, &err), &err, "page.cursor",
	    "CURSOR_INVALID");
	expect_field(
	    read_page(LK_ID_KEY, 0, nonsense, &page, &err), &err, "page.cursor", "CURSOR_INVALID");
}

static void
mutated_cursors_never_give_anything_but_an_id(void **state)
{
	const size_t count = lk_test_repeat("cursors", 200000, 20000);
	const char *good = cursor_after(KEY);
	struct lk_test_rng rng = lk_test_rng();
	struct lk_page page;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		uint8_t text[80] = { 0 };
		const size_t len = strlen(good);
		memcpy(text, good, len);
		text[lk_test_rng_mutate(&rng, text, len, sizeof text - 1)] = '\0';
		if (read_page(LK_ID_KEY, 0, (char *)text, &page, NULL) == LK_OK)
			assert_true(page.after[0] == '\0' || lk_id_ok(LK_ID_KEY, page.after));
	}
}

static void
one_row_too_many_tells_of_another_page(void **state)
{
	const struct lk_page page = { .size = 2 };
	Latchkey__Common__V1__PageReply *reply = NULL;
	struct lk_error err = { 0 };

	(void)state;
	for (size_t found = 0; found <= 2; found++) {
		size_t count = found;
		expect_ok(lk_page_cut(arena, &page, KEY, &count, &reply, &err), &err);
		assert_int_equal(count, found);
		assert_string_equal(reply->next_cursor, "");
	}
	size_t count = 3;
	expect_ok(lk_page_cut(arena, &page, KEY, &count, &reply, &err), &err);
	assert_int_equal(count, 2);
	assert_string_equal(reply->next_cursor, cursor_after(KEY));
}

#define IN_ARENA(name) LK_CASE_WITH(name, arena_up, arena_down)
LK_TESTS(LK_CASE(no_request_is_the_first_page), IN_ARENA(a_page_is_no_larger_than_a_calls_memory),
    IN_ARENA(a_cursor_leads_behind_the_last_row), IN_ARENA(a_cursor_of_another_list_is_refused),
    IN_ARENA(one_row_too_many_tells_of_another_page),
    IN_ARENA(mutated_cursors_never_give_anything_but_an_id))
