/* Bring a database to the schema of the program. */
#ifndef LK_STORE_MIGRATE_H
#define LK_STORE_MIGRATE_H

#include "store/session.h"

/* `owners` ends with NULL. Everything is checked before anything is applied; errors as
 * lk_store_open. */
lk_status lk_migrate(struct lk_session *writer, const struct lk_migrations *const *owners,
    const struct lk_clock *clock, struct lk_error *err);

#endif
