/* The set of revoked tokens: no page misses one that stays, whatever comes and goes meanwhile. */
#include "auth/revoked.h"

#include <stdio.h>
#include <string.h>

#include "test.h"

struct world {
	struct lk_clock_frozen clock;
	struct lk_revoked *revoked;
};

static int
setup(void **state)
{
	static struct world w;

	lk_clock_frozen_init(&w.clock, 1000);
	w.revoked = lk_revoked_new(&w.clock.clock);
	*state = &w;
	return w.revoked ? 0 : -1;
}

static int
teardown(void **state)
{
	lk_revoked_free(((struct world *)*state)->revoked);
	return 0;
}

static void
add(struct world *w, const char *prefix, unsigned number, int64_t expires_at_ms)
{
	struct lk_revoked_token *entry = LK_ALLOC(struct lk_revoked_token);

	assert_non_null(entry);
	snprintf(entry->token, sizeof entry->token, "jti_%s%u", prefix, number);
	entry->expires_at_ms = expires_at_ms;
	lk_revoked_add(w->revoked, entry);
}

static void
a_token_is_there_once_until_it_has_expired(void **state)
{
	struct world *w = *state;
	struct lk_revoked_token page[4];
	uint64_t cursor = 0;

	add(w, "a", 1, 2000);
	add(w, "a", 1, 2000);
	assert_true(lk_revoked_has(w->revoked, "jti_a1"));
	assert_false(lk_revoked_has(w->revoked, "jti_a2"));
	assert_int_equal(lk_revoked_page(w->revoked, &cursor, 4, page), 1);
	assert_int_equal(cursor, 0);
	assert_string_equal(page[0].token, "jti_a1");
	assert_int_equal(page[0].expires_at_ms, 2000);
}

/* Some expire and are dropped, others come, between one page and the next. */
static void
no_page_misses_one_that_stays(void **state)
{
	enum { STAYING = 20000, PAGE = 64 };
	static bool seen[STAYING];
	struct world *w = *state;
	struct lk_revoked_token page[PAGE];
	uint64_t cursor = 0;
	unsigned coming = 0;

	memset(seen, 0, sizeof seen);
	for (unsigned i = 0; i < STAYING; i++) {
		add(w, "s", i, 1000000);
		add(w, "g", i, 1500);
	}
	w->clock.now_ms = 1600;
	do {
		const size_t count = lk_revoked_page(w->revoked, &cursor, PAGE, page);
		for (size_t i = 0; i < count; i++) {
			unsigned number;
			if (sscanf(page[i].token, "jti_s%u", &number) == 1)
				seen[number] = true;
		}
		for (int i = 0; i < 8; i++)
			add(w, "c", coming++, 1000000);
	} while (cursor != 0);
	for (unsigned i = 0; i < STAYING; i++)
		assert_true(seen[i]);
	assert_true(lk_revoked_has(w->revoked, "jti_c7"));
}

LK_TESTS(LK_CASE_WITH(a_token_is_there_once_until_it_has_expired, setup, teardown),
    LK_CASE_WITH(no_page_misses_one_that_stays, setup, teardown))
