/* A row of audit_event on its way into and out of the table; inside common/audit only. */
#ifndef LK_AUDIT_ROW_H
#define LK_AUDIT_ROW_H

#include "audit/audit.h"
#include "audit/chain.h"

/* What a column holds at most, in bytes. */
enum {
	AUDIT_NAME_MAX = 64, /* action, outcome, actor, tenant, owner, request_id, … */
	AUDIT_OBJECT_MAX = 128,
	AUDIT_PURPOSE_MAX = 128,
	AUDIT_DETAIL_MAX = 512,
};

/* A row before it is written: fixed storage, cut to size. About 1.5 KiB. */
struct audit_row {
	char id[LK_ID_SIZE];
	int64_t at_ms;
	char action[AUDIT_NAME_MAX + 1], outcome[AUDIT_NAME_MAX + 1], actor[AUDIT_NAME_MAX + 1],
	    actor_key[AUDIT_NAME_MAX + 1], tenant[AUDIT_NAME_MAX + 1], owner[AUDIT_NAME_MAX + 1],
	    request_id[AUDIT_NAME_MAX + 1];
	const char *actor_kind; /* static */
	char object[AUDIT_OBJECT_MAX + 1], purpose[AUDIT_PURPOSE_MAX + 1],
	    detail[AUDIT_DETAIL_MAX + 1];
};

void audit_row_fill(struct audit_row *out, const struct lk_caller *actor, const char *request_id,
    int64_t now_ms, const struct lk_audit_event *event);
lk_status audit_row_insert(struct lk_tx *tx, const struct audit_row *row, struct lk_error *err);

/* The columns every SELECT here begins with, and the row they make, copied into `arena`. Column
 * numbers count from 0; AUDIT_COLUMN_COUNT is the next free one. */
#define AUDIT_COLUMNS                                                                              \
	"id, at_ms, action, outcome, actor_kind, actor, actor_key, tenant, object, owner, "        \
	"purpose, request_id, detail, sequence, chain_hash, row_id"
enum { AUDIT_COLUMN_SEQUENCE = 13, AUDIT_COLUMN_HASH = 14, AUDIT_COLUMN_ROW_ID = 15 };
lk_status audit_row_read(
    struct lk_rows *rows, struct lk_arena *arena, struct lk_chain_row *out, struct lk_error *err);

#endif
