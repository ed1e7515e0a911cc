/* The finer seam of memory: an act that is given arenas of every cap, from nothing to enough. */
#ifndef LK_TESTS_ARENA_CAPS_H
#define LK_TESTS_ARENA_CAPS_H

#include "base/base.h"
#include "test.h"

enum { ARENA_CAP_STEP = 16 }; /* what an arena hands out at least */

/*
 * Run act(arena, arg, err) with an arena of 0 bytes, 16, 32 … until it answers OK. Until then it
 * must answer RESOURCE_EXHAUSTED; `check`, if given, runs after each. Returns the cap that was
 * enough.
 */
static inline size_t
arena_caps(lk_status (*act)(struct lk_arena *arena, void *arg, struct lk_error *err),
    void (*check)(void *arg, lk_status answered), void *arg)
{
	for (size_t cap = 0;; cap += ARENA_CAP_STEP) {
		LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(cap);
		struct lk_error err = { 0 };

		assert_non_null(arena);
		const lk_status answered = act(arena, arg, &err);
		if (check)
			check(arg, answered);
		if (answered == LK_OK)
			return cap;
		expect_fail(answered, &err, LK_RESOURCE_EXHAUSTED, NULL);
	}
}

#endif
