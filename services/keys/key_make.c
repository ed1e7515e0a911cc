/* Secrets of new keys; see key_make.h. */
#include "key_make.h"

#include <string.h>

#include "encode.h"
#include "issue.h"
#include "key_seal.h"
#include "key_store.h"

lk_status
key_make(struct op *op, struct lk_tx *tx, struct key *key, char **out_text, struct lk_error *err)
{
	LK_AUTO(issued_wipe) struct issued issued = { 0 };

	LK_TRY(issue(op->keys, LK_ID_KEY, key->tenant, &issued, err));
	memcpy(key->id, issued.id, sizeof key->id);
	memcpy(key->last4, issued.last4, sizeof key->last4);
	memcpy(key->digest, issued.digest, sizeof key->digest);
	key->pepper_version = issued.pepper_version;
	key->generation = 1;
	key->created_at_ms = op->now_ms;
	key_seal(op->keys->setup.pepper, key);
	LK_TRY(key_insert(tx, key, err));
	LK_TRY(op_audit(op, tx,
	    &(struct lk_audit_event){ .action = "key.created",
		.tenant = key->tenant,
		.object = key->id,
		.owner = key->owner,
		.detail = key->name },
	    err));
	return lk_field_copy(op->arena, issued.text.text, out_text, err);
}
