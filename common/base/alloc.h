/* The one place heap memory comes from, so that a test can make the nth allocation fail
 * (LK_TORTURE). */
#ifndef LK_BASE_ALLOC_H
#define LK_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/scope.h"

/* Zeroed; NULL when memory is short or the size overflows. Size 0 gives a valid pointer. Free with
 * lk_free. */
void *lk_alloc(size_t size) __attribute__((malloc));
void *lk_alloc_array(size_t count, size_t size) __attribute__((malloc));
/* Like realloc, added bytes are not zeroed; on NULL the old memory is still yours. It may leave an
 * unwiped copy: no secrets. */
void *lk_realloc(void *memory, size_t size);
char *lk_text_dup(const char *text); /* NULL copies as NULL; NULL when memory is short, too */
char *lk_text_dup_n(const void *text, size_t len);
void lk_free(void *memory); /* plain free(): what malloc gave may be handed to it */

/* Overwrite memory in a way the compiler keeps. */
void lk_wipe(void *memory, size_t size);

#define LK_ALLOC(type) ((type *)lk_alloc(sizeof(type)))

/*
 * The test seam: the next `n` allocations of this process succeed and the one after fails, once. A
 * negative `n` switches it off. Torture loop: n = 0, 1, 2 … until lk_alloc_failed() stays false.
 * Thread-safe; arenas take a block at a time, their own cap is the finer seam.
 */
void lk_alloc_fail_after(long n);
bool lk_alloc_failed(void); /* whether the failure asked for has happened */

#endif
