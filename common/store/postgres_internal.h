/* What the files of the PostgreSQL driver share. */
#ifndef LK_STORE_POSTGRES_INTERNAL_H
#define LK_STORE_POSTGRES_INTERNAL_H

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>

#include "store/driver.h"

enum {
	LK_PG_HOSTS_MAX = 16,
	LK_PG_NAME_SIZE = 64, /* NAMEDATALEN of PostgreSQL, its NUL included */
	LK_PG_PENDING_MAX = 128,
	LK_PG_DOUBTS_MAX = 128,
	LK_PG_KINDS = 1024,      /* of reads, told apart by their first statement */
	LK_PG_SHORT = 16,        /* so often a kind must have asked one question only */
	LK_PG_LONG = 255,        /* it was seen to ask more */
	LK_PG_CONNECT_MS = 3000, /* to one host */
};

/* ---- postgres_url.c: where the servers are ---- */

/* The URL, taken apart once. `hosts` and `ports` point into `host_text` and `port_text`. */
struct lk_pg_target {
	PQconninfoOption *options;
	char schema[LK_PG_NAME_SIZE]; /* "" when the URL names none */
	char *host_text, *port_text;
	const char *hosts[LK_PG_HOSTS_MAX], *ports[LK_PG_HOSTS_MAX]; /* NULL: libpq's default */
	size_t count;                                                /* of hosts, at least one */
	bool verify; /* a host is not this machine and the URL names no sslmode: verify-full */
};

/* `location` is the URL without "postgresql://". INVALID_ARGUMENT STORE_URL_INVALID. */
lk_status lk_pg_target_parse(
    const char *location, struct lk_pg_target *out_target, struct lk_error *err);
void lk_pg_target_wipe(struct lk_pg_target *target);

/* ---- postgres_connect.c: one connection, checked and set up ---- */

/* Tries each host once; the first that takes writes and keeps our promises is the one. */
lk_status lk_pg_connect(const struct lk_db *db, const char *application, enum lk_conn_role role,
    PGconn **out_handle, struct lk_error *err);

/* ---- postgres_db.c: the right to the schema, and commits in doubt ---- */

struct lk_db {
	struct lk_pg_target target;
	char schema[LK_PG_NAME_SIZE];
	char tag[LK_PG_NAME_SIZE]; /* application_name of this process's connections */

	atomic_bool suspect;  /* the keeper was lost, or a commit is in doubt */
	atomic_uint era;      /* raised when the keeper was lost: older connections are, too */
	atomic_int keeper_fd; /* anything to read there means that the keeper is lost */
	atomic_uchar kinds[LK_PG_KINDS]; /* up to LK_PG_SHORT, or LK_PG_LONG */
	pthread_mutex_t mutex;           /* guards what follows, not the keeper */
	pthread_cond_t repaired;
	bool repairing;
	int64_t retry_at_ms, retry_delay_ms; /* of the monotonic clock */
	int doubts[LK_PG_DOUBTS_MAX];        /* backends whose end we have not seen */
	size_t doubt_count;
	struct lk_error last; /* why the last repair failed */
	lk_status last_status;
	bool closing; /* the asker ends */
	pthread_cond_t closed;

	pthread_t asker;
	bool has_asker;
	atomic_llong lease_until_ms; /* of the monotonic clock */
	void (*on_fatal)(const char *why);
	bool make;      /* the schema, where it is not there */
	bool marked;    /* the schema carries our tag, or did; of whoever set `repairing` */
	PGconn *keeper; /* holds the advisory lock; of whoever set `repairing` */
	int keeper_pid;
};

lk_status lk_pg_open(const char *location, const char *service, enum lk_taking taking,
    void (*on_fatal)(const char *why), struct lk_db **out_db, struct lk_error *err);
void lk_pg_close(struct lk_db *db);
lk_status lk_pg_ready(struct lk_db *db, int64_t left_ms, struct lk_error *err);

/* The mutex is held. Ask the keeper, unless somebody is at it. */
void lk_pg_look(struct lk_db *db);

/* ---- postgres_lease.c: how long memory may be believed ---- */

/* Of whoever set `repairing`, with the keeper: the lock was just taken; it is still there. */
lk_status lk_pg_lease_begin(struct lk_db *db, struct lk_error *err);
lk_status lk_pg_lease_renew(struct lk_db *db, struct lk_error *err);
bool lk_pg_lease_holds(const struct lk_db *db);
lk_status lk_pg_lease_start(struct lk_db *db, struct lk_error *err);
void lk_pg_lease_stop(struct lk_db *db);

/* `backend` was sent a commit and never answered: nothing is read or written until it has ended. */
void lk_pg_doubt(struct lk_db *db, int backend);

int64_t lk_pg_now_ms(void); /* the monotonic clock, which poll() waits by */

/* ---- postgres_error.c: SQLSTATE in our words ---- */

enum lk_pg_kind {
	LK_PG_ORDINARY,
	LK_PG_LOST,      /* the connection is gone, or its server takes no writes */
	LK_PG_SERIALIZE, /* the same transaction may succeed when it runs again */
};

/* `sqlstate` NULL means that the connection broke. The message names no SQL, path or address. */
lk_status lk_pg_fail(const char *sqlstate, struct lk_error *err);
enum lk_pg_kind lk_pg_kind_of(const char *sqlstate, enum lk_conn_role role);

/* ---- postgres_pipeline.c: statements on their way ---- */

enum lk_pg_due { LK_PG_DUE_RESULT, LK_PG_DUE_SYNC };

struct lk_conn {
	PGconn *handle;
	struct lk_db *db;
	int backend; /* its process; libpq forgets it with the connection */
	enum lk_conn_role role;
	unsigned era;       /* of the database, when this connected */
	int64_t left_ms;    /* for the next transaction, INT64_MAX without limit */
	int64_t until_ms;   /* of the monotonic clock */
	int64_t timeout_ms; /* statement_timeout as the server has it */
	bool in_transaction;
	bool aborted;    /* the server skips everything up to the next sync */
	bool committing; /* losing the connection now leaves a doubt */
	bool broken;
	bool careful;        /* wait for every statement of the next transaction */
	bool may_rerun;      /* why the last transaction failed */
	atomic_uchar *read;  /* of a read that runs: its kind; NULL before its first statement */
	bool read_is_closed; /* its sync went with its first statement */
	uint32_t named;      /* statements prepared so far */

	uint8_t due[LK_PG_PENDING_MAX]; /* enum lk_pg_due: answers to come, a ring */
	size_t due_first, due_count;
	lk_status failed; /* of a statement that nobody waited for */
	struct lk_error failure;
};

/* After a PQsend… that worked (`sent` is its answer): note that an answer is due. */
lk_status lk_pg_sent(struct lk_conn *conn, int sent, enum lk_pg_due due, struct lk_error *err);

/* Push and read until only the last `leave` answers are due. What fails on the way is the
 * connection's failure. */
lk_status lk_pg_collect(struct lk_conn *conn, size_t leave, struct lk_error *err);

/* The answer that only `after` others follow. Yours, PQclear; untouched unless LK_OK. */
lk_status lk_pg_await(
    struct lk_conn *conn, size_t after, PGresult **out_result, struct lk_error *err);

/* Push what can be pushed without waiting. */
void lk_pg_push(struct lk_conn *conn);

/* Run a text without arguments, some time. */
lk_status lk_pg_utility(struct lk_conn *conn, const char *sql, struct lk_error *err);
lk_status lk_pg_named(struct lk_conn *conn, const char *name, struct lk_error *err); /* prepared */
lk_status lk_pg_sync(struct lk_conn *conn, struct lk_error *err);

/* ---- postgres_statement.c: prepared statements, as in driver.h ---- */

lk_status lk_pg_prepare(
    struct lk_conn *conn, const char *sql, struct lk_stmt **out_stmt, struct lk_error *err);
void lk_pg_finish(struct lk_stmt *stmt);
bool lk_pg_reads_only(struct lk_stmt *stmt);
lk_status lk_pg_start(struct lk_stmt *stmt, struct lk_args args, bool copy, struct lk_error *err);
lk_status lk_pg_step(struct lk_stmt *stmt, bool *out_row, struct lk_error *err);
int64_t lk_pg_changed_rows(struct lk_stmt *stmt);
void lk_pg_reset(struct lk_stmt *stmt);
bool lk_pg_column(struct lk_stmt *stmt, int column, struct lk_value *out_value);
lk_status lk_pg_later(struct lk_stmt *stmt, struct lk_args args, struct lk_error *err);

#endif
