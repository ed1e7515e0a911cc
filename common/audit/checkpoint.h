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

enum lk_checkpoint_line {
	LK_CHECKPOINT_NONE,   /* the line speaks of something else */
	LK_CHECKPOINT_READ,   /* *out is what it says; the signature is not checked */
	LK_CHECKPOINT_BROKEN, /* it began as one, and is not exactly as it was written */
};

/* What a line holds, which may begin with what a log puts there. *out is written only when it was
 * read. */
enum lk_checkpoint_line lk_checkpoint_read(const char *line, struct lk_checkpoint *out);

/* Whether the line begins with a checkpoint, and not with what a log puts there. */
bool lk_checkpoint_is_bare(const char *line);

#endif
