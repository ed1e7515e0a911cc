/*
 * Which ids have changed since when. A change takes the next number; ids share slots, each holding
 * the number of its latest change. Whoever asks a service captures the number BEFORE asking; its
 * answer counts as long as no slot of its ids holds a greater one. So forgetting costs the same for
 * one key and for a tenant of a million, and a collision costs a question.
 */
#ifndef LK_FEED_CHANGES_H
#define LK_FEED_CHANGES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { LK_CHANGE_SLOTS = 1 << 16, LK_CHANGE_NO_SLOT = 0 };

struct lk_changes {
	atomic_uint_fast64_t latest;
	atomic_uint_fast64_t floor; /* everything asked before this number is forgotten */
	atomic_uint_fast64_t slots[LK_CHANGE_SLOTS]; /* slot 0 never changes */
};

/* 1 … LK_CHANGE_SLOTS - 1; of "" LK_CHANGE_NO_SLOT. */
static inline uint32_t
lk_change_slot(const char *id)
{
	uint32_t hash = 2166136261u; /* FNV-1a; ids end in 80 random bits */

	if (*id == '\0')
		return LK_CHANGE_NO_SLOT;
	for (const char *c = id; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return 1 + hash % (LK_CHANGE_SLOTS - 1);
}

static inline uint64_t
lk_changes_now(const struct lk_changes *changes)
{
	return atomic_load(&changes->latest);
}

/* Never back: two changes may be noted at once, and the later one's number must stay. */
static inline void
lk_changes_raise(atomic_uint_fast64_t *at, uint64_t number)
{
	uint_fast64_t before = atomic_load(at);

	while (before < number && !atomic_compare_exchange_weak(at, &before, number))
		;
}

static inline void
lk_changes_note_all(struct lk_changes *changes)
{
	lk_changes_raise(&changes->floor, atomic_fetch_add(&changes->latest, 1) + 1);
}

/* Of a change that names nothing everything may be meant. */
static inline void
lk_changes_note(struct lk_changes *changes, const char *id)
{
	const uint32_t slot = lk_change_slot(id);

	if (slot == LK_CHANGE_NO_SLOT)
		lk_changes_note_all(changes);
	else
		lk_changes_raise(&changes->slots[slot], atomic_fetch_add(&changes->latest, 1) + 1);
}

/* Whether nothing at all has changed since: no slot can hold a greater number than the latest. */
static inline bool
lk_changes_nothing_since(const struct lk_changes *changes, uint64_t number)
{
	return atomic_load_explicit(&changes->latest, memory_order_acquire) <= number;
}

static inline bool
lk_changes_none_since(const struct lk_changes *changes, uint64_t number, uint32_t slot)
{
	return atomic_load_explicit(&changes->slots[slot], memory_order_acquire) <= number;
}

#endif
