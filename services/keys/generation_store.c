/* One query for each kind of id that has a generation. */
#include "generation_store.h"

#include "id/id.h"

static const char Q_TENANT[] = "SELECT generation FROM tenants WHERE id = $1";
static const char Q_USER[] = "SELECT generation FROM users WHERE id = $1";
static const char Q_PRINCIPAL[] = "SELECT generation FROM principals WHERE id = $1";
static const char Q_KEY[] = "SELECT generation FROM api_keys WHERE id = $1";
static const char Q_SESSION[] = "SELECT generation FROM sessions WHERE id = $1";

static const struct {
	enum lk_id_kind kind;
	const char *query;
} sources[] = {
	{ LK_ID_TENANT, Q_TENANT },
	{ LK_ID_USER, Q_USER },
	{ LK_ID_PRINCIPAL, Q_PRINCIPAL },
	{ LK_ID_KEY, Q_KEY },
	{ LK_ID_SESSION, Q_SESSION },
};

lk_status
generation_of(struct lk_tx *tx, const char *id, uint64_t *out_generation, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has = false;

	for (size_t i = 0; i < LK_ARRAY_LEN(sources); i++)
		if (lk_id_ok(sources[i].kind, id))
			LK_TRY(lk_tx_query_first(
			    tx, sources[i].query, LK_ARGS(lk_text(id)), &rows, &has, err));
	*out_generation = has ? (uint64_t)lk_col_int(&rows, 0) : 0;
	return LK_OK;
}
