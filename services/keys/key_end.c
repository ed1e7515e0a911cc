/* See key_end.h. */
#include "key_end.h"

#include "ending.h"
#include "key_seal.h"
#include "key_store.h"

lk_status
key_end(struct op *op, struct lk_tx *tx, struct lk_arena *arena, const struct key *key,
    const char *reason, struct lk_error *err)
{
	const bool damaged = !key_seal_ok(op->keys, key);

	LK_TRY(damaged ? key_save_emptied(tx, key->id, lk_pepper_version(op->keys->setup.pepper),
			     op->now_ms, reason, err)
		       : key_save_revoked(tx, key->id, op->now_ms, reason, err));
	LK_TRY(key_reseal(op->keys, tx, arena, key->id, err));
	LK_TRY(op_forget(op, tx, key->id, err));
	return op_audit(op, tx,
	    &(struct lk_audit_event){ .action = "key.revoked",
		.tenant = key->tenant,
		.object = key->id,
		.owner = key->owner,
		.detail = damaged ? ending_detail(op->arena, reason) : reason },
	    err);
}
