/* One connection to PostgreSQL: host after host, checked for what we promise, set up for how we
 * work. */
#include <poll.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "store/postgres_internal.h"

enum { WORDS_MAX = 80 };

LK_DEFINE_FREEP(handle_closep, PGconn *, PQfinish)
LK_DEFINE_FREEP(result_clearp, PGresult *, PQclear)

int64_t
lk_pg_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- One host ---- */

struct words {
	const char *keywords[WORDS_MAX], *values[WORDS_MAX];
	size_t count;
};

static void
word(struct words *words, const char *keyword, const char *value)
{
	if (!value || words->count + 1 >= WORDS_MAX)
		return;
	words->keywords[words->count] = keyword;
	words->values[words->count++] = value;
}

/* libpq takes the last of two equal words, so ours that may be changed come first. */
static void
words_of(struct words *words, const struct lk_pg_target *target, size_t host, const char *name)
{
	static const char *const ours[] = { "host", "port", "application_name", "client_encoding",
		"target_session_attrs" };

	word(words, "gssencmode", "disable");
	word(words, "sslmode", target->verify ? "verify-full" : NULL);
	word(words, "keepalives_idle", "10");
	word(words, "keepalives_interval", "5");
	word(words, "keepalives_count", "3");
	word(words, "tcp_user_timeout", "15000");
	for (const PQconninfoOption *option = target->options; option->keyword; option++) {
		bool is_ours = false;

		for (size_t i = 0; i < LK_ARRAY_LEN(ours); i++)
			is_ours |= strcmp(option->keyword, ours[i]) == 0;
		if (!is_ours)
			word(words, option->keyword, option->val);
	}
	word(words, "host", target->hosts[host]);
	word(words, "port", target->ports[host]);
	word(words, "application_name", name);
	word(words, "client_encoding", "UTF8");
}

/* The SQLSTATE at the end of a message at the verbosity PQERRORS_SQLSTATE; NULL when the failure is
 * not the server's. */
static const char *
state_of_message(const char *message, char out_state[6])
{
	size_t len = strlen(message);

	while (len > 0 && (message[len - 1] == '\n' || message[len - 1] == ' '))
		len--;
	if (len < 7 || message[len - 6] != ' ')
		return NULL;
	memcpy(out_state, message + len - 5, 5);
	out_state[5] = '\0';
	return strspn(out_state, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 ? out_state : NULL;
}

static lk_status
connect_fail(PGconn *handle, struct lk_error *err)
{
	char state[6];

	if (PQconnectionNeedsPassword(handle))
		return lk_pg_fail("28P01", err);
	if (!state_of_message(PQerrorMessage(handle), state))
		return lk_fail(
		    err, LK_UNAVAILABLE, "STORE_IO", "the database server cannot be reached");
	return lk_pg_fail(state, err);
}

static lk_status
connect_wait(PGconn *handle, struct lk_error *err)
{
	const int64_t until = lk_pg_now_ms() + LK_PG_CONNECT_MS;
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;

	while (next != PGRES_POLLING_OK) {
		struct pollfd fd = { .fd = PQsocket(handle),
			.events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT };
		const int64_t left = until - lk_pg_now_ms();

		if (left <= 0 || (poll(&fd, 1, (int)left) == 0))
			return lk_fail(
			    err, LK_UNAVAILABLE, "STORE_IO", "the database server does not answer");
		next = PQconnectPoll(handle);
		if (next == PGRES_POLLING_FAILED)
			return connect_fail(handle, err);
	}
	return LK_OK;
}

static void
ignore_notice(void *arg, const PGresult *notice)
{
	(void)arg;
	(void)notice;
}

static lk_status
connect_host(const struct lk_pg_target *target, size_t host, const char *name, PGconn **out_handle,
    struct lk_error *err)
{
	struct words words = { 0 };
	LK_AUTO(handle_closep) PGconn *handle = NULL;

	words_of(&words, target, host, name);
	handle = PQconnectStartParams(words.keywords, words.values, 0);
	if (!handle)
		return lk_fail_oom(err);
	(void)PQsetErrorVerbosity(handle, PQERRORS_SQLSTATE);
	(void)PQsetNoticeReceiver(handle, ignore_notice, NULL);
	if (PQstatus(handle) == CONNECTION_BAD)
		return connect_fail(handle, err);
	LK_TRY(connect_wait(handle, err));
	*out_handle = LK_TAKE(handle);
	return LK_OK;
}

/* ---- Checks and settings ---- */

static const char Q_CHECK[] =
    "SELECT current_setting('synchronous_commit') IN ('on', 'remote_apply')"
    " AND current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on',"
    " current_setting('transaction_read_only') = 'off',"
    " (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user),"
    " current_setting('server_version_num')::int >= 140000";

/*
 * What is asserted about durability is pinned for the session. Every statement of ours is meant to
 * run by an index, with a plan made once; a sequential scan would also make serializable
 * transactions collide that have nothing to do with each other.
 */
static const char Q_SET_UP[] =
    "SELECT set_config('search_path', $1, false),"
    " set_config('synchronous_commit', current_setting('synchronous_commit'), false),"
    " set_config('default_transaction_isolation', $2, false),"
    " CASE $3 WHEN 'read' THEN set_config('default_transaction_read_only', 'on', false) END,"
    " set_config('plan_cache_mode', 'force_generic_plan', false),"
    " set_config('enable_seqscan', 'off', false), set_config('jit', 'off', false),"
    " set_config('idle_in_transaction_session_timeout', '60000', false),"
    " set_config('client_min_messages', 'warning', false)";

static lk_status
result_fail(PGconn *handle, PGresult *result, struct lk_error *err)
{
	return lk_pg_fail(PQstatus(handle) == CONNECTION_BAD
			      ? NULL
			      : PQresultErrorField(result, PG_DIAG_SQLSTATE),
	    err);
}

static bool
answer_is_true(const PGresult *result, int column)
{
	return strcmp(PQgetvalue(result, 0, column), "t") == 0;
}

static lk_status
check(PGconn *handle, struct lk_error *err)
{
	LK_AUTO(result_clearp) PGresult *result = PQexec(handle, Q_CHECK);

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		return result_fail(handle, result, err);
	if (!answer_is_true(result, 1))
		return lk_pg_fail("25006", err);
	if (!answer_is_true(result, 0))
		return lk_fail(err, LK_FAILED_PRECONDITION, "STORE_NOT_DURABLE",
		    "the database server would lose what it acknowledged: synchronous_commit must "
		    "be "
		    "on or remote_apply, fsync and full_page_writes on");
	if (answer_is_true(result, 2))
		return lk_fail(err, LK_FAILED_PRECONDITION, "STORE_ROLE_TOO_WIDE",
		    "the role is a superuser; give the service a role that reaches its own schema");
	if (!answer_is_true(result, 3))
		return lk_fail(err, LK_FAILED_PRECONDITION, "STORE_SERVER_OLD",
		    "the database server is older than PostgreSQL 14");
	return LK_OK;
}

static lk_status
set_up(PGconn *handle, const char *schema, enum lk_conn_role role, struct lk_error *err)
{
	const bool writes = role == LK_CONN_WRITER;
	const char *const values[] = { schema, writes ? "serializable" : "repeatable read",
		writes ? "write" : "read" };
	LK_AUTO(result_clearp)
	PGresult *result =
	    PQexecParams(handle, Q_SET_UP, LK_ARRAY_LEN(values), NULL, values, NULL, NULL, 0);

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		return result_fail(handle, result, err);
	return LK_OK;
}

/* A server that is there but unfit says more than one that is not. */
static void
keep_worse(lk_status *worst, struct lk_error *kept, lk_status status, const struct lk_error *error)
{
	if (*worst != LK_OK && *worst != LK_UNAVAILABLE)
		return;
	*worst = status;
	*kept = *error;
}

lk_status
lk_pg_connect(const struct lk_db *db, const char *application, enum lk_conn_role role,
    PGconn **out_handle, struct lk_error *err)
{
	struct lk_error kept = { 0 };
	lk_status worst = LK_OK;

	for (size_t host = 0; host < db->target.count; host++) {
		LK_AUTO(handle_closep) PGconn *handle = NULL;
		struct lk_error error = { 0 };
		lk_status status = connect_host(&db->target, host, application, &handle, &error);

		if (status == LK_OK)
			status = check(handle, &error);
		if (status == LK_OK)
			status = set_up(handle, db->schema, role, &error);
		if (status == LK_OK) {
			*out_handle = LK_TAKE(handle);
			return LK_OK;
		}
		keep_worse(&worst, &kept, status, &error);
	}
	if (err)
		*err = kept;
	return worst;
}
