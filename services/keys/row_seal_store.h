/* Which columns of which rows a seal covers, and where it stands. */
#ifndef LK_KEYS_ROW_SEAL_STORE_H
#define LK_KEYS_ROW_SEAL_STORE_H

#include "ids.h"
#include "row_seal.h"

enum { ROW_TEXTS_MAX = 6, ROW_NUMBERS_MAX = 5, ROWS_AT_ONCE = 500 };

/*
 * The answer of `query` ($1 an id): the row itself, its part number 1, and then what belongs to it,
 * in an order that is always the same. Columns: part, id, further texts, numbers, a digest where
 * has_digest, then which pepper, which version, the MAC.
 */
struct row_shape {
	const char *name;  /* of the kind, in labels and audit records */
	const char *query; /* by its own id */
	int texts, numbers;
	bool has_digest;
	int tenant_at; /* the column that says whose it is; 0: nobody's */
};
const struct row_shape *row_shape(enum row_kind kind);

/* The same columns, of all that a user has. */
extern const char Q_SEALED_ROLES_OF_USER[], Q_SEALED_WORKGROUPS_OF_USER[];

struct row_seal_value {
	uint32_t pepper_version;
	uint64_t version;
	uint8_t mac[LK_DIGEST_LEN];
};
lk_status row_seal_save(struct lk_tx *tx, enum row_kind kind, const char *id,
    const struct row_seal_value *value, struct lk_error *err);

/* Up to ROWS_AT_ONCE ids after `after` of rows that are not under this pepper, or not sealed at
 * all; of sessions and tickets those that still open something. */
lk_status row_list_not_under(struct lk_tx *tx, enum row_kind kind, uint32_t pepper_version,
    const char *after, struct lk_arena *arena, struct id_list *out_ids, struct lk_error *err);

/* Were the rows from before there were MACs sealed? SEALS_MISSING as below. */
lk_status rows_are_sealed(struct lk_tx *tx, bool *out_are, struct lk_error *err);
lk_status rows_set_sealed(struct lk_tx *tx, int64_t now_ms, struct lk_error *err);

/* Is there a tenant, a principal or a key? */
lk_status rows_are_there(struct lk_tx *tx, bool *out_are, struct lk_error *err);

/* Before rows without a MAC are believed: DATA_LOSS SEALS_MISSING when the trail says that all were
 * sealed ("rows.sealed", "keys.sealed"), so that it is no use to take that note away. */
lk_status seals_not_in_trail(struct lk_tx *tx, const char *action, struct lk_error *err);

#endif
