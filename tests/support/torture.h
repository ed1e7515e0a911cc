/*
 * Make memory run short on purpose. In the torture group the linker sends the allocations of our
 * own code (malloc, calloc, realloc, reallocarray, strdup, strndup, sodium_malloc,
 * sodium_allocarray) through torture.c; shared libraries keep theirs. The count is over all
 * threads.
 */
#ifndef LK_TESTS_SUPPORT_TORTURE_H
#define LK_TESTS_SUPPORT_TORTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* Let the nth allocation from now (1 is the next) fail; 0 stops failing. Returns whether the
 * previous order was carried out. */
bool lk_torture_fail(size_t nth);

/* As lk_torture_fail, but that one and every one after it. */
bool lk_torture_fail_from(size_t nth);

/*
 * Run act(arg, err) with its 1st allocation failing, then its 2nd, … until one run meets no
 * failure; that one must answer OK. A run that met the failure must answer either OK (it could do
 * without) or RESOURCE_EXHAUSTED, and leak nothing, which the address sanitizer's build checks.
 * `check`, if given, runs after each with what act answered: nothing half done. Once more with all
 * allocations from the nth on failing. Returns how many allocations act makes.
 */
size_t lk_torture(lk_status (*act)(void *arg, struct lk_error *err),
    void (*check)(void *arg, lk_status answered), void *arg);

#endif
