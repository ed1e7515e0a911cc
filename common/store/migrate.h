/* Bring a database to the schema of the program. */
#ifndef LK_STORE_MIGRATE_H
#define LK_STORE_MIGRATE_H

#include "store/session.h"

/* The last owner is the service itself; others are parts that it has in common with the rest. */
const char *lk_migrations_service(const struct lk_migrations *const *owners);

/* `owners` ends with NULL. Everything is checked before anything is applied; errors as
 * lk_store_open. */
lk_status lk_migrate(struct lk_session *writer, const struct lk_migrations *const *owners,
    const struct lk_clock *clock, struct lk_error *err);

#define LK_SCHEMA_TABLE "lk_schema"

/* A database that a move fills holds this owner in lk_schema until it is done: every program
 * refuses it. */
#define LK_MOVE_OWNER "store.move"

/*
 * The database a move goes to: a new one is marked, in the transaction that begins it; one whose
 * move was interrupted is taken up again; then the schema is brought up to date.
 * *out_has_rows: it is somebody's already, and was not touched.
 */
lk_status lk_migrate_mark(struct lk_session *writer, const struct lk_migrations *const *owners,
    const struct lk_clock *clock, bool *out_has_rows, struct lk_error *err);

/* Inside the transaction that completes the move. */
lk_status lk_migrate_unmark(struct lk_tx *tx, struct lk_error *err);

/* Everything applied, nothing more, no move under way. FAILED_PRECONDITION STORE_SCHEMA_OLDER,
 * and as lk_store_open. */
lk_status lk_migrate_check(
    struct lk_session *reader, const struct lk_migrations *const *owners, struct lk_error *err);

#endif
