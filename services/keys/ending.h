/* Ending what is damaged: operators name it by its id, and nothing that it says is believed. What
 * is left of it is sealed afresh, so it stands in the way of nothing. */
#ifndef LK_KEYS_ENDING_H
#define LK_KEYS_ENDING_H

#include "access.h"
#include "row_seal.h"

/* What an end has to know of a row that could not be read. */
struct ending {
	bool blind;              /* it was not read: an operator named its id, and that is all */
	bool intact;             /* what is damaged is what it hangs on, its tenant or a role */
	char tenant[LK_ID_SIZE]; /* as it says */
};

/*
 * After access_… or …_find said `status` and `why` of `name`, which is to be ended: LK_OK with
 * out_ending->blind when it was found damaged, or taken out of sight by hand, and an operator names
 * it by its id. Else as it was.
 */
lk_status ending_allow(struct op *op, struct lk_tx *tx, enum row_kind kind, const char *name,
    lk_status status, const struct lk_error *why, struct ending *out_ending, struct lk_error *err);

/* As access_user, for an end: with access_covers and access_keeps_admin, or blind, and then only id
 * and tenant are there. */
lk_status ending_user(struct op *op, struct lk_tx *tx, const char *tenant_name, const char *name,
    struct user *out_user, struct ending *out_ending, struct lk_error *err);

/* What the trail says of an end: that of a damaged row, and `detail`. In the arena. */
const char *ending_detail(struct lk_arena *arena, const char *detail);

#endif
