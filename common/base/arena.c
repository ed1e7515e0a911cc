/* Arenas: a chain of blocks, each a bump pointer. Memory above the bump pointer is always zero; see
 * arena.h. */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

enum { ALIGN = 16, FIRST_BLOCK = 4096, BLOCK_MAX = 65536 };

struct block {
	struct block *older;
	size_t size, used; /* of `data` */
	_Alignas(ALIGN) uint8_t data[];
};

struct lk_arena {
	struct block
	    *newest; /* the last of the chain is the first block, kept until the arena is freed */
	size_t cap, used;
};

static struct block *
block_new(size_t size, struct block *older)
{
	struct block *b = size > SIZE_MAX - sizeof *b ? NULL : lk_alloc(sizeof *b + size);

	if (b == NULL)
		return NULL;
	b->size = size;
	b->older = older;
	return b;
}

static void
block_free(struct block *b)
{
	lk_wipe(b->data, b->used);
	lk_free(b);
}

struct lk_arena *
lk_arena_new(size_t cap)
{
	LK_AUTO(lk_freep) struct lk_arena *arena = LK_ALLOC(struct lk_arena);

	if (arena == NULL)
		return NULL;
	arena->cap = cap;
	arena->newest = block_new(cap < FIRST_BLOCK ? cap : FIRST_BLOCK, NULL);
	return arena->newest == NULL ? NULL : LK_TAKE(arena);
}

/* A block for at least `size` more bytes: twice the last one, within the cap. */
static struct block *
arena_grow(struct lk_arena *arena, size_t size)
{
	const size_t left = arena->cap - arena->used;
	size_t wanted = arena->newest->size * 2;

	if (left < sizeof(struct block) || left - sizeof(struct block) < size)
		return NULL;
	if (wanted > BLOCK_MAX)
		wanted = BLOCK_MAX;
	if (wanted > left - sizeof(struct block))
		wanted = left - sizeof(struct block);
	struct block *b = block_new(wanted < size ? size : wanted, arena->newest);
	if (b == NULL)
		return NULL;
	arena->used += sizeof *b;
	return arena->newest = b;
}

void *
lk_arena_alloc(struct lk_arena *arena, size_t size)
{
	struct block *b = arena->newest;

	if (size > SIZE_MAX - ALIGN)
		return NULL;
	const size_t rounded = size == 0 ? ALIGN : (size + ALIGN - 1) / ALIGN * ALIGN;
	if (rounded > arena->cap - arena->used)
		return NULL;
	if (rounded > b->size - b->used)
		b = arena_grow(arena, rounded);
	if (b == NULL)
		return NULL;
	void *memory = b->data + b->used;
	b->used += rounded;
	arena->used += rounded;
	return memory;
}

void *
lk_arena_array(struct lk_arena *arena, size_t count, size_t size)
{
	return size != 0 && count > SIZE_MAX / size ? NULL : lk_arena_alloc(arena, count * size);
}

char *
lk_arena_text(struct lk_arena *arena, const char *text)
{
	return lk_arena_text_n(arena, text, text == NULL ? 0 : strlen(text));
}

char *
lk_arena_text_n(struct lk_arena *arena, const void *text, size_t len)
{
	char *copy = len == SIZE_MAX ? NULL : lk_arena_alloc(arena, len + 1);

	if (copy != NULL && len > 0)
		memcpy(copy, text, len);
	return copy;
}

void *
lk_arena_copy(struct lk_arena *arena, const void *data, size_t len)
{
	void *copy = lk_arena_alloc(arena, len);

	if (copy != NULL && len > 0)
		memcpy(copy, data, len);
	return copy;
}

char *
lk_arena_format(struct lk_arena *arena, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	const int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *text = len < 0 ? NULL : lk_arena_alloc(arena, (size_t)len + 1);
	if (text == NULL)
		return NULL;
	va_start(args, format);
	vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return text;
}

void
lk_arena_reset(struct lk_arena *arena)
{
	struct block *b = arena->newest;

	while (b->older != NULL) {
		struct block *older = b->older;
		block_free(b);
		b = older;
	}
	lk_wipe(b->data, b->used);
	b->used = 0;
	arena->newest = b;
	arena->used = 0;
}

size_t
lk_arena_used(const struct lk_arena *arena)
{
	return arena->used;
}

void
lk_arena_free(struct lk_arena *arena)
{
	if (arena == NULL)
		return;
	lk_arena_reset(arena);
	block_free(arena->newest);
	lk_free(arena);
}
