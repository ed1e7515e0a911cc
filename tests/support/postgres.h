/* Where a test's rows live: SQLite, or PostgreSQL when ctest says so; and servers of a test's own,
 * to be stopped and killed. */
#ifndef LK_TESTS_SUPPORT_POSTGRES_H
#define LK_TESTS_SUPPORT_POSTGRES_H

#include <stdbool.h>

/* A database nobody used before: "sqlite://:memory:", or a new schema of the shared server.
 * Borrowed until the program ends. */
const char *lk_test_store_url(void);
bool lk_test_on_postgres(void);

/* The folder of the shared server; ends the case as skipped when ctest did not start one. */
const char *lk_test_postgres_shared(void);

/* A server of this program's own, started; gone when the program ends. The folder is borrowed.
 * `settings` is NULL or "name=value name=value". */
const char *lk_test_postgres_new(const char *settings);

/* Another, which follows the server in `primary` and takes no writes until it is told to promote.
 */
const char *lk_test_postgres_standby(const char *primary);

/* start, stop, kill, pause, resume, promote: see postgres.py. Ends the case when it fails. */
void lk_test_postgres_do(const char *folder, const char *verb);

/* A statement of the superuser in the database `latchkey`; its first line. Borrowed until the next
 * call. */
const char *lk_test_postgres_sql(const char *folder, const char *statement);

int lk_test_postgres_port(const char *folder);

/* The role's URL of a schema, over the socket or over TCP with this password. Borrowed until the
 * program ends. */
const char *lk_test_postgres_url(const char *folder, const char *schema);
const char *lk_test_postgres_tcp_url(const char *folder, const char *schema, const char *password);

#endif
