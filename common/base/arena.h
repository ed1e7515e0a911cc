/* Request-lifetime memory: allocate freely, wipe and reuse at once. Capped; one thread at a time.
 */
#ifndef LK_BASE_ARENA_H
#define LK_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/scope.h"

struct lk_arena;

/* `cap` bounds the bytes handed out between two resets, bookkeeping included. NULL when memory is
 * short. Yours. */
struct lk_arena *lk_arena_new(size_t cap);

/* 16-byte aligned, zeroed; NULL above the cap or when memory is short. Valid until reset. size 0
 * gives a valid pointer. */
void *lk_arena_alloc(struct lk_arena *arena, size_t size);
void *lk_arena_array(struct lk_arena *arena, size_t count, size_t size); /* NULL on overflow too */
char *lk_arena_text(struct lk_arena *arena, const char *text); /* a copy; NULL copies as "" */
char *lk_arena_text_n(struct lk_arena *arena, const void *text, size_t len);
void *lk_arena_copy(struct lk_arena *arena, const void *data, size_t len);
char *lk_arena_format(struct lk_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Wipe everything handed out and start over; keeps the first block. */
void lk_arena_reset(struct lk_arena *arena);
size_t lk_arena_used(const struct lk_arena *arena);
void lk_arena_free(struct lk_arena *arena);
LK_DEFINE_FREEP(lk_arena_freep, struct lk_arena *, lk_arena_free)

#define LK_ARENA_NEW(arena, type) ((type *)lk_arena_alloc((arena), sizeof(type)))

#endif
