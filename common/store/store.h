/*
 * Where a service keeps its rows: one database, one writer with group commit, many snapshot
 * readers. The engine is chosen by the URL; the SQL is one text for all of them ($1 placeholders,
 * the portable subset of README.md).
 */
#ifndef LK_STORE_STORE_H
#define LK_STORE_STORE_H

#include "base/base.h"
#include "store/migrations.h"
#include "time/clock.h"

struct lk_store; /* a database that is open; any thread may use it */
struct lk_tx;    /* one transaction, valid inside its function only */

/* ---- Open and close ---- */

#define LK_NO_DEADLINE INT64_MAX

/* Zero means the default. */
struct lk_store_options {
	const struct lk_clock
	    *clock;       /* borrowed as long as the store lives; default lk_clock_system() */
	uint32_t readers; /* read connections, SQLite's all opened at once; default 4, at most 64 */
	uint32_t writers; /* PostgreSQL: connections that write; default 8, at most 64 */
	uint32_t queue_max; /* writes that may wait; default 4096 */
	uint32_t group_max; /* writes that share one commit; default 256 */
	uint32_t group_ms;  /* a group takes no new member after this much work; default 5 ms */
	void (*on_fatal)(const char *why); /* logs the line before the process ends; default writes
					      it to standard error */
};

/*
 * Open the database of `url` and bring its schema up to date, set after set:
 * LK_MIGRATIONS(&audit_migrations, &keys_migrations). "sqlite:///absolute/path.db", or
 * "sqlite://:memory:" for a database that is gone at close. The file is made 0600 in a folder that
 * must exist; nothing is opened later than this call. "postgresql://ROLE@HOST/DATABASE?schema=NAME"
 * as in README.md; the schema is the last owner's name when none is given. `migrations` and
 * `options` (NULL is allowed) are borrowed for the call.
 *
 * INVALID_ARGUMENT STORE_URL_INVALID · FAILED_PRECONDITION STORE_IN_USE (another process has it),
 * STORE_SCHEMA_NEWER (made by a newer program), STORE_SCHEMA_EDITED (a migration that was applied
 * has changed), STORE_NOT_DURABLE (the engine would not promise what we need), STORE_REFUSED (role,
 * password or right), STORE_ROLE_TOO_WIDE (a superuser), STORE_SERVER_OLD, STORE_HALF_MOVED
 * (store/move.h) · UNAVAILABLE STORE_READ_ONLY (no host takes writes), STORE_IO · DATA_LOSS
 * STORE_CORRUPT.
 */
lk_status lk_store_open(const char *url, const struct lk_migrations *const *migrations,
    const struct lk_store_options *options, struct lk_store **out_store, struct lk_error *err);

/* Refuses new work, finishes what waits, then closes. No other thread may still be inside a call
 * when it returns. */
void lk_store_close(struct lk_store *store);
LK_DEFINE_FREEP(lk_store_closep, struct lk_store *, lk_store_close)

/*
 * What the domain wants at hand inside its transactions: borrowed from before the first of its own
 * until the store closes. lk_tx_lent is NULL where nothing was lent.
 */
void lk_store_lend(struct lk_store *store, void *lent);
void *lk_tx_lent(const struct lk_tx *tx);

/* ---- Transactions ---- */

/*
 * A domain operation: reads and writes through `tx` and touches nothing outside `arg`. It may run
 * more than once (its group rolled back), on any thread, so it begins by resetting what it leaves
 * in `arg`. It never calls lk_store_*. When it answers anything but LK_OK its writes are undone and
 * the answer reaches the caller untouched.
 */
typedef lk_status lk_tx_fn(struct lk_tx *tx, void *arg, struct lk_error *err);

/*
 * Run `fn` and return when its writes are durable. Writes that meet share one commit and do not see
 * each other's failures. `deadline_steady_ms` is an instant of lk_clock_steady_ms or
 * LK_NO_DEADLINE: a write that is past it is dropped before it begins, and undone when it passes
 * while `fn` runs; once `fn` is done the group's commit is not held back.
 *
 * Besides what `fn` answers: DEADLINE_EXCEEDED STORE_DEADLINE · RESOURCE_EXHAUSTED
 * STORE_QUEUE_FULL, STORE_FULL (disk) · ABORTED STORE_BUSY · UNAVAILABLE STORE_IO, STORE_CLOSED ·
 * DATA_LOSS STORE_CORRUPT: in all of them nothing was changed. INTERNAL STORE_NESTED from inside an
 * lk_tx_fn. When the disk refuses to make a commit durable the process ends: nobody could say what
 * is on it. On PostgreSQL also UNAVAILABLE STORE_READ_ONLY, and UNKNOWN STORE_IN_DOUBT: the
 * connection was lost at the commit; whatever is read or written later sees how it ended.
 */
lk_status lk_store_write(struct lk_store *store, int64_t deadline_steady_ms, lk_tx_fn *fn,
    void *arg, struct lk_error *err);

/* The outcome of lk_store_submit, told once, on the writer thread: be quick, never call
 * lk_store_write or lk_store_read from it. */
typedef void lk_store_done_fn(void *arg, lk_status status, const struct lk_error *error);

/* lk_store_write without waiting. LK_OK: `done(arg, …)` will be called, perhaps before this
 * returns. Otherwise it never is. */
lk_status lk_store_submit(struct lk_store *store, int64_t deadline_steady_ms, lk_tx_fn *fn,
    lk_store_done_fn *done, void *arg, struct lk_error *err);

/* Run `fn` on this thread against one unchanging snapshot that holds every write answered so far. A
 * statement that writes is INTERNAL. */
lk_status lk_store_read(struct lk_store *store, int64_t deadline_steady_ms, lk_tx_fn *fn, void *arg,
    struct lk_error *err);

/*
 * May this process decide from what it read or wrote earlier? On SQLite always: the file is its
 * own. On PostgreSQL for a second after the database was last known to be: another process may take
 * it from one that is cut off. lk_store_hold asks the database again, within the deadline; it
 * blocks, and fails as lk_store_read does. Any thread.
 */
bool lk_store_holds(const struct lk_store *store);
lk_status lk_store_hold(struct lk_store *store, int64_t deadline_steady_ms, struct lk_error *err);

/*
 * Call `fn(arg)` after the transaction is durable and before its write is answered (to move a cache
 * epoch, say); forgotten when it is undone. In order of registration, on the writer thread: quick,
 * never lk_store_*. Only inside lk_store_write and lk_store_submit. On PostgreSQL the hooks of
 * several writes may run at once, and those of a commit in doubt run too.
 */
typedef void lk_tx_commit_fn(void *arg);
lk_status lk_tx_on_commit(struct lk_tx *tx, lk_tx_commit_fn *fn, void *arg, struct lk_error *err);

/* ---- Values ---- */

enum lk_value_kind { LK_VALUE_NULL, LK_VALUE_INT, LK_VALUE_TEXT, LK_VALUE_BLOB };

/* One argument of a statement; what it points to is borrowed for the call. */
struct lk_value {
	enum lk_value_kind kind;
	int64_t integer;
	struct lk_bytes bytes;
};

struct lk_args {
	const struct lk_value *values;
	size_t count;
};

/* LK_ARGS(lk_text(id), lk_int(now_ms)): $1, $2. The literal lives to the end of the block. */
#define LK_ARGS(...)                                                                               \
	((struct lk_args){ (const struct lk_value[]){ __VA_ARGS__ },                               \
	    sizeof((const struct lk_value[]){ __VA_ARGS__ }) / sizeof(struct lk_value) })
#define LK_NO_ARGS ((struct lk_args){ NULL, 0 })

static inline struct lk_value
lk_null(void)
{
	return (struct lk_value){ .kind = LK_VALUE_NULL };
}

static inline struct lk_value
lk_int(int64_t integer)
{
	return (struct lk_value){ .kind = LK_VALUE_INT, .integer = integer };
}

static inline struct lk_value
lk_bool(bool yes) /* a smallint, 0 or 1 */
{
	return lk_int(yes ? 1 : 0);
}

static inline struct lk_value
lk_text_n(const void *text,
    size_t len) /* UTF-8 without NUL, or the statement is INVALID_ARGUMENT STORE_TEXT_INVALID */
{
	return (struct lk_value){ .kind = LK_VALUE_TEXT, .bytes = { (const uint8_t *)text, len } };
}

static inline struct lk_value
lk_text(const char *text) /* NULL is lk_null() */
{
	return text ? lk_text_n(text, __builtin_strlen(text)) : lk_null();
}

static inline struct lk_value
lk_blob(struct lk_bytes bytes) /* zero bytes are an empty blob, not null */
{
	return (struct lk_value){ .kind = LK_VALUE_BLOB, .bytes = bytes };
}

/* ---- Statements ---- */

/*
 * `sql` is one statement and a constant: the prepared form is kept under its address for the life
 * of the store. After an error the transaction is over, as on PostgreSQL: every later statement
 * fails the same way, and an `fn` that answers LK_OK nevertheless fails with it. Expected conflicts
 * are written `ON CONFLICT DO NOTHING`.
 *
 * With `out_changed_rows` NULL a remote engine may answer LK_OK and run the statement with the next
 * one that is waited for. Should it fail then, `fn` is undone and run again, this time with each
 * failure in its place: who has no use for the number leaves it out and saves a round trip.
 *
 * ALREADY_EXISTS STORE_UNIQUE (unique or primary key) · FAILED_PRECONDITION STORE_REFERENCE
 * (foreign key) · INTERNAL STORE_CONSTRAINT (check, not null), STORE_SQL (a bug in the text or its
 * arguments) · RESOURCE_EXHAUSTED OUT_OF_MEMORY, and what lk_store_write lists.
 */
lk_status lk_tx_exec(struct lk_tx *tx, const char *sql, struct lk_args args,
    int64_t *out_changed_rows /* or NULL */, struct lk_error *err);

/*
 * The rows of one query. Begin with LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 }; a second
 * lk_tx_query on it ends the first. Columns count from 0. Borrowed texts and blobs live until the
 * next lk_rows_next, lk_rows_end or the end of the transaction.
 */
struct lk_rows {
	struct lk_tx *tx;
	void *statement;
};

lk_status lk_tx_query(struct lk_tx *tx, const char *sql, struct lk_args args,
    struct lk_rows *out_rows, struct lk_error *err);

/* *out_has is false after the last row. */
lk_status lk_rows_next(struct lk_rows *rows, bool *out_has, struct lk_error *err);

/* lk_tx_query and the first lk_rows_next in one, for the query that answers one row or none. */
lk_status lk_tx_query_first(struct lk_tx *tx, const char *sql, struct lk_args args,
    struct lk_rows *out_rows, bool *out_has, struct lk_error *err);

void lk_rows_end(struct lk_rows *rows); /* twice is fine */

/*
 * NULL reads as 0, false, "" and the empty view. A column of another type or beyond the last is a
 * bug: it reads as NULL and the transaction fails with INTERNAL STORE_COLUMN.
 */
bool lk_col_is_null(struct lk_rows *rows, int column);
int64_t lk_col_int(struct lk_rows *rows, int column);
bool lk_col_bool(struct lk_rows *rows, int column);
const char *lk_col_text(struct lk_rows *rows, int column); /* NUL-terminated, never NULL */
struct lk_bytes lk_col_blob(struct lk_rows *rows, int column);

/* Copy a blob of exactly `size` bytes; otherwise DATA_LOSS STORE_CORRUPT and `out` is untouched. */
lk_status lk_col_fixed(
    struct lk_rows *rows, int column, void *out, size_t size, struct lk_error *err);

/* ---- What it did ---- */

struct lk_store_stats {
	uint64_t writes;      /* operations made durable */
	uint64_t commits;     /* transactions that carried them */
	uint64_t failed;      /* operations undone, whatever the reason */
	uint64_t expired;     /* of these, past their deadline */
	uint64_t reruns;      /* operations run again alone after their group rolled back */
	uint64_t max_group;   /* most operations in one commit */
	uint64_t reads;       /* snapshot transactions */
	uint64_t checkpoints; /* by the writer; nobody else does */
	uint64_t waiting;     /* in the queue now */
};
void lk_store_stats(struct lk_store *store, struct lk_store_stats *out_stats);

#endif
