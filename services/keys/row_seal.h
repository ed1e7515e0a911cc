/*
 * A row that decides about rights is sealed by a MAC under the pepper, together with the rows that
 * belong to it, so that what was changed in the database by hand is found before it is used:
 *
 *   tenant      its policy, and the issuers it trusts with their keys
 *   user        roles, memberships, linked subjects, password
 *   principal   the tenants it reaches
 *   role, workgroup, session, ticket
 *
 * Stores check what they read to decide and seal what they write; lists show rows as they are. Of a
 * key see key_seal.h. All of it inside transactions of a store that struct keys was lent to.
 */
#ifndef LK_KEYS_ROW_SEAL_H
#define LK_KEYS_ROW_SEAL_H

#include "keys.h"

enum row_kind {
	ROW_TENANT,
	ROW_USER,
	ROW_ROLE,
	ROW_WORKGROUP,
	ROW_PRINCIPAL,
	ROW_SESSION,
	ROW_TICKET,
	ROW_KINDS
};

/*
 * DATA_LOSS ROW_DAMAGED for a row that is not as we wrote it, or was never sealed; it leaves an
 * audit record "user.damaged" (tenant, role, …) with its id, see damage.h. A row that is not there
 * is no damaged one. With a user it looks at the workgroups they are in and the roles of the
 * tenant's own that they have, too.
 */
lk_status row_check(struct lk_tx *tx, enum row_kind kind, const char *id, struct lk_error *err);

/* For whoever answers strangers: a damaged row is one that is not there. */
lk_status row_or_none(
    lk_status status, const struct lk_error *why, bool *out_found, struct lk_error *err);

/* A row as it stands, whatever is to be thought of it. */
struct row_look {
	bool there;              /* also one that was ended */
	bool intact;             /* with what belongs to it, as we wrote it */
	char tenant[LK_ID_SIZE]; /* that it says it is of; "" */
};
lk_status row_look(struct lk_tx *tx, enum row_kind kind, const char *id, struct row_look *out_look,
    struct lk_error *err);

/* Seals a row as it stands, under the newest pepper: one that was made, or of which nothing is left
 * that gives anything, in this transaction. */
lk_status row_seal(struct lk_tx *tx, enum row_kind kind, const char *id, struct lk_error *err);

/* Under the newest pepper, as it stands: a row that is as we wrote it, or, the first time in the
 * life of a database, one that we have to believe. */
lk_status row_reseal(struct lk_tx *tx, enum row_kind kind, const char *id, bool believe,
    bool *out_sealed, struct lk_error *err);

/*
 * A change: begin, the statements, end. What was as we wrote it before is sealed again; what was
 * damaged stays so, whatever is done to it.
 */
struct row_change {
	enum row_kind kind;
	const char *id;
	bool seal;
};
lk_status row_change_begin(struct lk_tx *tx, enum row_kind kind, const char *id,
    struct row_change *out_change, struct lk_error *err);
lk_status row_change_end(struct lk_tx *tx, const struct row_change *change, struct lk_error *err);
/* A change that is one statement. */
lk_status row_write(struct lk_tx *tx, enum row_kind kind, const char *id, const char *sql,
    struct lk_args args, struct lk_error *err);

#endif
