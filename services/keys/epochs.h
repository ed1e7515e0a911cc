/*
 * Epochs: how a change that was committed makes everything remembered before it invalid. Who fills
 * a cache captures the epoch of an id BEFORE reading; a write moves it after its commit and before
 * its answer. What was read under an older epoch is a miss. Ids share slots: a collision costs a
 * needless read and nothing else.
 */
#ifndef LK_KEYS_EPOCHS_H
#define LK_KEYS_EPOCHS_H

#include <stdatomic.h>

#include "ids.h"

enum { EPOCH_SLOTS = 1 << 16 };

struct epochs {
	_Atomic uint32_t slots[EPOCH_SLOTS];
};

static inline _Atomic uint32_t *
epochs_slot(struct epochs *epochs, struct packed_id id)
{
	return &epochs->slots[(id.low ^ id.low >> 16 ^ id.low >> 32) % EPOCH_SLOTS];
}

static inline uint32_t
epochs_now(struct epochs *epochs, struct packed_id id)
{
	return atomic_load_explicit(epochs_slot(epochs, id), memory_order_acquire);
}

static inline void
epochs_move(struct epochs *epochs, struct packed_id id)
{
	atomic_fetch_add_explicit(epochs_slot(epochs, id), 1, memory_order_acq_rel);
}

#endif
