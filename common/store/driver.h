/* What an engine must be able to do; only the files of this folder include this. One connection
 * serves one thread at a time. */
#ifndef LK_STORE_DRIVER_H
#define LK_STORE_DRIVER_H

#include "store/store.h"

struct lk_db;   /* the database of one process */
struct lk_conn; /* one connection of it */
struct lk_stmt; /* a prepared statement of one connection */

enum lk_conn_role { LK_CONN_WRITER, LK_CONN_READER };

/* Statements that the transaction code sends through `lk_store_driver.control`. */
enum lk_control {
	LK_CONTROL_BEGIN_WRITE,
	LK_CONTROL_BEGIN_READ, /* one snapshot, taken no later than the first query */
	LK_CONTROL_COMMIT,     /* LK_OK: durable; when nobody can know, the process ends, or the
				  answer is UNKNOWN STORE_IN_DOUBT */
	LK_CONTROL_ROLLBACK,
	LK_CONTROL_SAVEPOINT, /* one level */
	LK_CONTROL_RELEASE,
	LK_CONTROL_UNDO, /* back to the savepoint, and release it */
	LK_CONTROLS,
};

enum lk_taking {
	LK_TAKE_OR_MAKE,
	LK_TAKE_THERE,   /* or STORE_NOT_FOUND */
	LK_TAKE_NOTHING, /* beside the process that has it; for one connection, which holds */
};

enum lk_tidy { LK_TIDY_DUE, LK_TIDY_IDLE, LK_TIDY_CLOSING };

/* What an engine behind a network adds; NULL in `lk_store_driver.remote` for one without. Its
 * connections may end at any time, and each write is a transaction of its own, beside others. */
struct lk_remote {
	/*
	 * Before a connection is borrowed: the database is reachable and ours, and no earlier
	 * commit is in doubt. Waits at most `left_ms` and fails at once while it is known to be
	 * away.
	 */
	lk_status (*ready)(struct lk_db *db, int64_t left_ms, struct lk_error *err);
	bool (*holds)(const struct lk_db *db); /* what was read earlier may be believed */
	void (*limit)(struct lk_conn *conn, int64_t left_ms); /* of the next transaction */
	bool (*broken)(struct lk_conn *conn);                 /* of no use any more */
	/* The transaction that just failed changed nothing, and may succeed when it runs again. */
	bool (*may_rerun)(struct lk_conn *conn);
	/* Run the statement some time before the next one that answers. A failure shows there, or
	 * at the commit; the rerun then waits for each statement. */
	lk_status (*later)(struct lk_stmt *stmt, struct lk_args args, struct lk_error *err);
};

struct lk_store_driver {
	const char *scheme; /* "sqlite" in sqlite://… */
	const struct lk_remote *remote;

	/* `location` is what follows "://". `service` is the last owner of migrations. */
	lk_status (*open)(const char *location, const char *service, enum lk_taking taking,
	    void (*on_fatal)(const char *why), struct lk_db **out_db, struct lk_error *err);
	void (*close)(struct lk_db *db);
	const struct lk_migration *(*steps)(const struct lk_migrations *owner, size_t *out_count);

	/* The writer first, then readers; without `remote` one writer, once. */
	lk_status (*connect)(struct lk_db *db, enum lk_conn_role role, struct lk_conn **out_conn,
	    struct lk_error *err);
	void (*disconnect)(struct lk_conn *conn);
	enum lk_conn_role held_as;
	lk_status (*hold)(struct lk_conn *conn,
	    struct lk_error *err); /* begin to read one snapshot, taken no later than the first
				      query, until the connection ends */
	lk_status (*control)(struct lk_conn *conn, enum lk_control what, struct lk_error *err);
	bool (*in_transaction)(struct lk_conn *conn);
	lk_status (*script)(struct lk_conn *conn, const char *sql,
	    struct lk_error *err); /* many statements, no arguments */

	/* Housekeeping of the one writer between transactions: `tidy_due` says when the log is
	 * long. */
	bool (*tidy_due)(struct lk_conn *writer);
	lk_status (*tidy)(struct lk_conn *writer, enum lk_tidy why, struct lk_error *err);

	/*
	 * Prepared statements: start (binds), step until no row, reset; again and again; finish.
	 * Without `copy` the arguments must stay valid until the reset.
	 */
	lk_status (*prepare)(
	    struct lk_conn *conn, const char *sql, struct lk_stmt **out_stmt, struct lk_error *err);
	void (*finish)(struct lk_stmt *stmt);
	bool (*reads_only)(struct lk_stmt *stmt); /* true also where the engine refuses by itself */
	lk_status (*start)(
	    struct lk_stmt *stmt, struct lk_args args, bool copy, struct lk_error *err);
	lk_status (*step)(struct lk_stmt *stmt, bool *out_row, struct lk_error *err);
	int64_t (*changed_rows)(struct lk_stmt *stmt); /* by the step that finished it */
	void (*reset)(struct lk_stmt *stmt);
	bool (*column)(struct lk_stmt *stmt, int column,
	    struct lk_value *out_value); /* false beyond the last */

	/* For a move, queries of the engine's own. */
	const char *columns;    /* table, column, its place in the primary key or 0; a table's rows
				   beside each other */
	const char *references; /* table, another table that it refers to */
	const char *sound;      /* 'ok' unless the database is damaged; NULL: cannot be asked */
	const char *moved;      /* a script, once rows came from elsewhere; NULL: none */
};

extern const struct lk_store_driver lk_store_sqlite;
extern const struct lk_store_driver lk_store_postgres;

/* The driver of "scheme://location". INVALID_ARGUMENT STORE_URL_INVALID. */
/* What is told of a database that cannot go on, where nobody else wants to hear it. */
void lk_store_fatal_to_stderr(const char *why);

lk_status lk_store_find_driver(const char *url, const struct lk_store_driver **out_driver,
    const char **out_location, struct lk_error *err);

#endif
