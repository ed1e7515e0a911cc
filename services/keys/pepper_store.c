/* The SQL of it; see pepper_store.h. */
#include "pepper_store.h"

#include <stddef.h>

#include "base/base.h"

static const char Q_KEYS_BY_PEPPER[] =
    "SELECT pepper_version, count(*) FROM api_keys WHERE revoked_at_ms = 0 "
    "AND (expires_at_ms = 0 OR expires_at_ms > $1) GROUP BY pepper_version";
static const char Q_SESSIONS_BY_PEPPER[] =
    "SELECT pepper_version, count(*) FROM sessions WHERE ended_at_ms = 0 AND expires_at_ms > $1 "
    "GROUP BY pepper_version";
static const char Q_TICKETS_BY_PEPPER[] =
    "SELECT pepper_version, count(*) FROM tickets WHERE digest IS NOT NULL AND expires_at_ms > $1 "
    "GROUP BY pepper_version";

static const char Q_ROWS_BY_PEPPER[] =
    "SELECT mac_pepper, count(*) FROM (SELECT mac_pepper FROM tenants "
    "UNION ALL SELECT mac_pepper FROM users UNION ALL SELECT mac_pepper FROM roles "
    "UNION ALL SELECT mac_pepper FROM workgroups UNION ALL SELECT mac_pepper FROM principals "
    "UNION ALL SELECT mac_pepper FROM sessions WHERE digest IS NOT NULL AND expires_at_ms > $1 "
    "UNION ALL SELECT mac_pepper FROM tickets WHERE digest IS NOT NULL AND expires_at_ms > $1"
    ") AS sealed WHERE mac_pepper <> 0 GROUP BY mac_pepper";

struct pepper_use *
pepper_use_of(struct pepper_uses *uses, uint32_t version)
{
	for (size_t i = 0; i < uses->count; i++) {
		if (uses->items[i].version == version)
			return &uses->items[i];
	}
	if (uses->count == PEPPERS_MAX)
		return NULL;
	uses->items[uses->count] = (struct pepper_use){ .version = version };
	return &uses->items[uses->count++];
}

static lk_status
load(struct lk_tx *tx, const char *sql, int64_t now_ms, size_t member, struct pepper_uses *uses,
    struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, sql, LK_ARGS(lk_int(now_ms)), &rows, &has, err));
	while (has) {
		struct pepper_use *use = pepper_use_of(uses, (uint32_t)lk_col_int(&rows, 0));
		if (!use)
			return lk_fail(err, LK_DATA_LOSS, "STORE_CORRUPT",
			    "rows name more versions of the pepper than there can be");
		*(uint64_t *)(void *)((char *)use + member) = (uint64_t)lk_col_int(&rows, 1);
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	return LK_OK;
}

lk_status
pepper_uses_load(
    struct lk_tx *tx, int64_t now_ms, struct pepper_uses *out_uses, struct lk_error *err)
{
	*out_uses = (struct pepper_uses){ .count = 0 };
	LK_TRY(
	    load(tx, Q_KEYS_BY_PEPPER, now_ms, offsetof(struct pepper_use, keys), out_uses, err));
	LK_TRY(load(tx, Q_SESSIONS_BY_PEPPER, now_ms, offsetof(struct pepper_use, sessions),
	    out_uses, err));
	LK_TRY(load(
	    tx, Q_TICKETS_BY_PEPPER, now_ms, offsetof(struct pepper_use, tickets), out_uses, err));
	return load(tx, Q_ROWS_BY_PEPPER, now_ms, offsetof(struct pepper_use, rows), out_uses, err);
}
