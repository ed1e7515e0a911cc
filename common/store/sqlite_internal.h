/* What the files of the SQLite driver share. */
#ifndef LK_STORE_SQLITE_INTERNAL_H
#define LK_STORE_SQLITE_INTERNAL_H

#include <sqlite3.h>

#include "store/driver.h"

enum { LK_SQLITE_PATH_SIZE = 4096 };

struct lk_db {
	char path[LK_SQLITE_PATH_SIZE];
	char folder[64]; /* of a temporary database, removed at close; otherwise empty */
	int lock;        /* held as long as the database is open */
	void (*on_fatal)(const char *why);
};

struct lk_conn {
	sqlite3 *handle;
	const struct lk_db *db;
	sqlite3_stmt *control[LK_CONTROLS];
	int log_pages; /* of the write-ahead log, as the last commit left it */
	int huge_at;   /* so many, and readers are waited for; 0: the usual number */
};

/* sqlite_file.c: the files of a database and the right to them. */
lk_status lk_sqlite_open(const char *location, const char *service, enum lk_taking taking,
    void (*on_fatal)(const char *why), struct lk_db **out_db, struct lk_error *err);
void lk_sqlite_close(struct lk_db *db);

/* sqlite.c: translate a result code; does not return when the disk refused to make something
 * durable. */
lk_status lk_sqlite_conn_fail(const struct lk_conn *conn, int code, struct lk_error *err);

/* sqlite_statement.c: prepared statements, as in driver.h. */
lk_status lk_sqlite_prepare(
    struct lk_conn *conn, const char *sql, struct lk_stmt **out_stmt, struct lk_error *err);
void lk_sqlite_finish(struct lk_stmt *stmt);
bool lk_sqlite_reads_only(struct lk_stmt *stmt);
lk_status lk_sqlite_start(
    struct lk_stmt *stmt, struct lk_args args, bool copy, struct lk_error *err);
lk_status lk_sqlite_step(struct lk_stmt *stmt, bool *out_row, struct lk_error *err);
int64_t lk_sqlite_changed_rows(struct lk_stmt *stmt);
void lk_sqlite_reset(struct lk_stmt *stmt);
bool lk_sqlite_column(struct lk_stmt *stmt, int column, struct lk_value *out_value);

#endif
