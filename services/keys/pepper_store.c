/* The SQL of it; see pepper_store.h. */
#include "pepper_store.h"

#include <stddef.h>

#include "base/base.h"

#define MOST_FIRST "ORDER BY 2 DESC, 1 DESC LIMIT 64"

static const char Q_KEYS_BY_PEPPER[] =
    "SELECT pepper_version, count(*) FROM api_keys WHERE revoked_at_ms = 0 "
    "AND (expires_at_ms = 0 OR expires_at_ms > $1) GROUP BY pepper_version " MOST_FIRST;
static const char Q_SESSIONS_BY_PEPPER[] =
    "SELECT pepper_version, count(*) FROM sessions WHERE ended_at_ms = 0 AND expires_at_ms > $1 "
    "GROUP BY pepper_version " MOST_FIRST;
static const char Q_TICKETS_BY_PEPPER[] =
    "SELECT pepper_version, count(*) FROM tickets WHERE digest IS NOT NULL AND expires_at_ms > $1 "
    "GROUP BY pepper_version " MOST_FIRST;

static const char Q_ROWS_BY_PEPPER[] =
    "SELECT mac_pepper, count(*) FROM (SELECT mac_pepper FROM tenants "
    "UNION ALL SELECT mac_pepper FROM users UNION ALL SELECT mac_pepper FROM roles "
    "UNION ALL SELECT mac_pepper FROM workgroups UNION ALL SELECT mac_pepper FROM principals "
    "UNION ALL SELECT mac_pepper FROM sessions WHERE digest IS NOT NULL AND expires_at_ms > $1 "
    "UNION ALL SELECT mac_pepper FROM tickets WHERE digest IS NOT NULL AND expires_at_ms > $1"
    ") AS sealed WHERE mac_pepper <> 0 GROUP BY mac_pepper " MOST_FIRST;

static const char Q_HOLDERS[] =
    "SELECT kind, id FROM (SELECT 1 AS place, 'tenant' AS kind, id FROM tenants "
    "WHERE mac_pepper = $1 UNION ALL SELECT 2, 'user', id FROM users WHERE mac_pepper = $1 "
    "UNION ALL SELECT 3, 'role', id FROM roles WHERE mac_pepper = $1 "
    "UNION ALL SELECT 4, 'workgroup', id FROM workgroups WHERE mac_pepper = $1 "
    "UNION ALL SELECT 5, 'principal', id FROM principals WHERE mac_pepper = $1 "
    "UNION ALL SELECT 6, 'session', id FROM sessions WHERE (mac_pepper = $1 "
    "OR pepper_version = $1) AND digest IS NOT NULL AND expires_at_ms > $2 "
    "UNION ALL SELECT 7, 'ticket', id FROM tickets WHERE (mac_pepper = $1 "
    "OR pepper_version = $1) AND digest IS NOT NULL AND expires_at_ms > $2 "
    "UNION ALL SELECT 8, 'key', id FROM api_keys WHERE pepper_version = $1 "
    "AND revoked_at_ms = 0 AND (expires_at_ms = 0 OR expires_at_ms > $2)"
    ") AS holders ORDER BY place, id LIMIT $3";

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
		if (use)
			*(uint64_t *)(void *)((char *)use + member) =
			    (uint64_t)lk_col_int(&rows, 1);
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	return LK_OK;
}

lk_status
pepper_uses_load(struct lk_tx *tx, int64_t now_ms, struct pepper_uses *uses, struct lk_error *err)
{
	LK_TRY(load(tx, Q_KEYS_BY_PEPPER, now_ms, offsetof(struct pepper_use, keys), uses, err));
	LK_TRY(load(
	    tx, Q_SESSIONS_BY_PEPPER, now_ms, offsetof(struct pepper_use, sessions), uses, err));
	LK_TRY(
	    load(tx, Q_TICKETS_BY_PEPPER, now_ms, offsetof(struct pepper_use, tickets), uses, err));
	return load(tx, Q_ROWS_BY_PEPPER, now_ms, offsetof(struct pepper_use, rows), uses, err);
}

lk_status
pepper_holders(struct lk_tx *tx, uint32_t version, int64_t now_ms, size_t max,
    struct lk_arena *arena, char ***out_holders, size_t *out_count, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	char **holders = lk_arena_array(arena, max, sizeof *holders);
	size_t count = 0;
	bool has;

	if (!holders)
		return lk_fail_oom(err);
	LK_TRY(lk_tx_query_first(tx, Q_HOLDERS,
	    LK_ARGS(lk_int(version), lk_int(now_ms), lk_int((int64_t)max)), &rows, &has, err));
	for (; has; count++) {
		holders[count] =
		    lk_arena_format(arena, "%s %s", lk_col_text(&rows, 0), lk_col_text(&rows, 1));
		if (!holders[count])
			return lk_fail_oom(err);
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	*out_holders = holders;
	*out_count = count;
	return LK_OK;
}
