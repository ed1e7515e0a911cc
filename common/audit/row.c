/* Rows of audit_event: cut to their columns, inserted, read back. */
#include "audit/row.h"

#include <string.h>

/* At most `max` bytes and whole characters; what is no text becomes '?', because a record must
 * never be refused for its wording. NULL writes "". */
static void
text_cut(char *out, size_t max, const char *text)
{
	const struct lk_bytes all = lk_bytes_of(text);
	size_t used = 0;

	for (size_t at = 0; at < all.len;) {
		const size_t step = lk_utf8_step(lk_bytes(all.data + at, all.len - at));
		const size_t len = step == 0 ? 1 : step;
		if (len > max - used)
			break;
		if (step == 0)
			out[used] = '?';
		else
			memcpy(out + used, all.data + at, len);
		used += len;
		at += len;
	}
	out[used] = '\0';
}

#define CUT(field, text) text_cut(out->field, sizeof out->field - 1, (text))

void
audit_row_fill(struct audit_row *out, const struct lk_caller *actor, const char *request_id,
    int64_t now_ms, const struct lk_audit_event *event)
{
	static const struct lk_caller nobody = { .kind = LK_CALLER_ANONYMOUS };
	struct lk_clock_frozen at;

	if (actor == NULL)
		actor = &nobody;
	lk_clock_frozen_init(&at, now_ms); /* the id sorts by the instant in the row */
	lk_id_make(LK_ID_EVENT, &at.clock, lk_random_system(), out->id);
	out->at_ms = now_ms;
	out->actor_kind = lk_caller_kind_name(actor->kind);
	CUT(action, event->action);
	CUT(outcome, event->outcome == NULL ? "ok" : event->outcome);
	CUT(actor, actor->id);
	CUT(actor_key, actor->key[0] != '\0' ? actor->key : actor->session);
	CUT(tenant, event->tenant == NULL ? actor->tenant : event->tenant);
	CUT(object, event->object);
	CUT(owner, event->owner);
	CUT(purpose, event->purpose);
	CUT(request_id, request_id);
	CUT(detail, event->detail);
}

static const char Q_INSERT_EVENT[] =
    "INSERT INTO audit_event (id, at_ms, action, outcome, actor_kind, actor, actor_key, tenant, "
    "object, owner, purpose, request_id, detail) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

lk_status
audit_row_insert(struct lk_tx *tx, const struct audit_row *row, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_INSERT_EVENT,
	    LK_ARGS(lk_text(row->id), lk_int(row->at_ms), lk_text(row->action),
		lk_text(row->outcome), lk_text(row->actor_kind), lk_text(row->actor),
		lk_text(row->actor_key), lk_text(row->tenant), lk_text(row->object),
		lk_text(row->owner), lk_text(row->purpose), lk_text(row->request_id),
		lk_text(row->detail)),
	    NULL, err);
}

lk_status
audit_row_read(
    struct lk_rows *rows, struct lk_arena *arena, struct lk_chain_row *out, struct lk_error *err)
{
	const char **const texts[] = { &out->id, NULL, &out->action, &out->outcome,
		&out->actor_kind, &out->actor, &out->actor_key, &out->tenant, &out->object,
		&out->owner, &out->purpose, &out->request_id, &out->detail };

	out->at_ms = lk_col_int(rows, 1);
	out->sequence = (uint64_t)lk_col_int(rows, AUDIT_COLUMN_SEQUENCE);
	for (size_t i = 0; i < LK_ARRAY_LEN(texts); i++) {
		if (texts[i] == NULL)
			continue;
		*texts[i] = lk_arena_text(arena, lk_col_text(rows, (int)i));
		if (*texts[i] == NULL)
			return lk_fail_oom(err);
	}
	return LK_OK;
}
