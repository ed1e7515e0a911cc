/* From what a request asks to the keys it means, with the caller's eyes. */
#ifndef LK_KEYS_KEY_CHOICE_H
#define LK_KEYS_KEY_CHOICE_H

#include "key_store.h"
#include "op.h"
#include "wire.h"

/*
 * One's own keys, those of an owner or of a tenant, or for operators all of them. INVALID_ARGUMENT
 * KEY_STATE_UNKNOWN, INSTANT_INVALID, FILTER_CONFLICT; PERMISSION_DENIED; NOT_FOUND as access.h.
 * The texts are borrowed from the request and the arena.
 */
lk_status key_filter_of(struct op *op, struct lk_tx *tx, const ListKeysRequest *req,
    struct key_filter *filter, struct lk_error *err);

#endif
