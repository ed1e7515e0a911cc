/*
 * A signed head of a trail as a line of text, for a second place: a file of its own on another disk
 * or host, or the system's log.
 */
#ifndef LK_AUDIT_CHECKPOINT_H
#define LK_AUDIT_CHECKPOINT_H

#include "audit/chain.h"

enum { LK_CHECKPOINT_SIZE = 384, LK_CHECKPOINT_NAME_SIZE = 33 };

struct lk_checkpoint {
	char instance[LK_CHECKPOINT_NAME_SIZE], service[LK_CHECKPOINT_NAME_SIZE];
	uint64_t sequence;
	uint8_t hash[LK_CHAIN_HASH_SIZE];
	int64_t signed_at_ms;
	uint8_t signature[64];
};

/* Without a newline; the length. */
size_t lk_checkpoint_write(const struct lk_checkpoint *checkpoint, char out[LK_CHECKPOINT_SIZE]);

/*
 * The checkpoint in a line, which may begin with what a log puts there. False: there is none, or it
 * is not exactly as it was written. The signature is not checked.
 */
bool lk_checkpoint_read(const char *line, struct lk_checkpoint *out);

/*
 * Where checkpoints go: "file:/PATH" (appended to, made with mode 0600, synced) or "syslog"
 * (facility authpriv).
 */
struct lk_checkpoints;

/* INVALID_ARGUMENT CHECKPOINTS_INVALID; UNAVAILABLE CHECKPOINTS_UNWRITABLE. */
lk_status lk_checkpoints_open(
    const char *place, struct lk_checkpoints **out_checkpoints, struct lk_error *err);
/* UNAVAILABLE CHECKPOINTS_UNWRITABLE. One thread at a time. */
lk_status lk_checkpoints_add(struct lk_checkpoints *checkpoints,
    const struct lk_checkpoint *checkpoint, struct lk_error *err);
void lk_checkpoints_close(struct lk_checkpoints *checkpoints);
LK_DEFINE_FREEP(lk_checkpoints_closep, struct lk_checkpoints *, lk_checkpoints_close)

#endif
