/*
 * Which ids have changed since when. A change takes the next number; ids share slots, each holding
 * the number of its latest change. Whoever asks a service captures the number BEFORE asking; its
 * answer counts as long as no slot of its ids holds a greater one. So forgetting costs the same for
 * one key and for a tenant of a million, and a collision costs a question.
 */
#ifndef LATCHKEY_VALIDATOR_CHANGES_H
#define LATCHKEY_VALIDATOR_CHANGES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { CHANGE_SLOTS = 1 << 16, CHANGE_NO_SLOT = 0 };

struct changes {
	atomic_uint_fast64_t latest;
	atomic_uint_fast64_t floor; /* everything asked before this number is forgotten */
	atomic_uint_fast64_t slots[CHANGE_SLOTS]; /* slot 0 never changes */
};

/* 1 … CHANGE_SLOTS - 1; of "" CHANGE_NO_SLOT. */
static inline uint32_t
change_slot(const char *id)
{
	uint32_t hash = 2166136261u; /* FNV-1a; ids end in 80 random bits */

	if (*id == '\0')
		return CHANGE_NO_SLOT;
	for (const char *c = id; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return 1 + hash % (CHANGE_SLOTS - 1);
}

static inline uint64_t
changes_now(const struct changes *changes)
{
	return atomic_load(&changes->latest);
}

static inline void
changes_note_all(struct changes *changes)
{
	atomic_store(&changes->floor, atomic_fetch_add(&changes->latest, 1) + 1);
}

/* Of a change that names nothing everything may be meant. */
static inline void
changes_note(struct changes *changes, const char *id)
{
	const uint32_t slot = change_slot(id);

	if (slot == CHANGE_NO_SLOT)
		changes_note_all(changes);
	else
		atomic_store(&changes->slots[slot], atomic_fetch_add(&changes->latest, 1) + 1);
}

static inline bool
changes_none_since(const struct changes *changes, uint64_t number, uint32_t slot)
{
	return atomic_load_explicit(&changes->slots[slot], memory_order_acquire) <= number;
}

#endif
