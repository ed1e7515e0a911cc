/* Statements kept prepared by the address of their text, and the life of one transaction function.
 */
#include "store/session.h"

#include <string.h>

#include "base/alloc.h"
#include "store/tx.h"

/* ---- Prepared statements ---- */

static size_t
bucket_of(const char *sql)
{
	return ((uintptr_t)sql >> 4) % LK_SESSION_BUCKETS;
}

static void
prepared_free(const struct lk_session *session, struct lk_prepared *prepared)
{
	session->driver->finish(prepared->stmt);
	lk_free(prepared->text);
	lk_free(prepared);
}

static lk_status
prepared_new(struct lk_session *session, const char *sql, struct lk_prepared **out_prepared,
    struct lk_error *err)
{
	struct lk_prepared *prepared = LK_ALLOC(struct lk_prepared);
	lk_status status;

	if (!prepared)
		return lk_fail_oom(err);
	prepared->sql = sql;
	prepared->text = lk_text_dup(sql);
	status = prepared->text ? session->driver->prepare(session->conn, sql, &prepared->stmt, err)
				: lk_fail_oom(err);
	if (status != LK_OK) {
		lk_free(prepared->text);
		lk_free(prepared);
		return status;
	}
	*out_prepared = prepared;
	return LK_OK;
}

/* The address is the key, the text decides: a buffer that was used again must not run what it held
 * before. */
static struct lk_prepared *
find_idle(struct lk_session *session, const char *sql)
{
	for (struct lk_prepared *p = session->kept[bucket_of(sql)]; p; p = p->next)
		if (p->sql == sql && !p->running && strcmp(p->text, sql) == 0)
			return p;
	return NULL;
}

static void
keep(struct lk_session *session, struct lk_prepared *prepared)
{
	struct lk_prepared **bucket = &session->kept[bucket_of(prepared->sql)];

	if (session->count >= LK_SESSION_STATEMENTS_MAX)
		return;
	session->count++;
	prepared->kept = true;
	prepared->next = *bucket;
	*bucket = prepared;
}

lk_status
lk_session_acquire(struct lk_session *session, const char *sql, struct lk_prepared **out_prepared,
    struct lk_error *err)
{
	struct lk_prepared *prepared = find_idle(session, sql);

	if (!prepared) {
		LK_TRY(prepared_new(session, sql, &prepared, err));
		keep(session, prepared);
	}
	prepared->running = true;
	prepared->next_running = session->running;
	session->running = prepared;
	*out_prepared = prepared;
	return LK_OK;
}

void
lk_session_release(struct lk_session *session, struct lk_prepared *prepared)
{
	struct lk_prepared **at = &session->running;

	while (*at && *at != prepared)
		at = &(*at)->next_running;
	if (!*at) /* ended before, with its transaction */
		return;
	*at = prepared->next_running;
	session->driver->reset(prepared->stmt);
	prepared->running = false;
	if (!prepared->kept)
		prepared_free(session, prepared);
}

/* ---- Sessions ---- */

void
lk_session_close(struct lk_session *session)
{
	if (!session)
		return;
	for (size_t i = 0; i < LK_SESSION_BUCKETS; i++) {
		struct lk_prepared *next = NULL;

		for (struct lk_prepared *p = session->kept[i]; p; p = next) {
			next = p->next;
			prepared_free(session, p);
		}
	}
	if (session->conn)
		session->driver->disconnect(session->conn);
	lk_free(session);
}

lk_status
lk_session_open(const struct lk_store_driver *driver, struct lk_db *db, enum lk_conn_role role,
    struct lk_session **out_session, struct lk_error *err)
{
	LK_AUTO(lk_session_closep) struct lk_session *session = LK_ALLOC(struct lk_session);

	if (!session)
		return lk_fail_oom(err);
	session->driver = driver;
	session->reads_only = role == LK_CONN_READER;
	LK_TRY(driver->connect(db, role, &session->conn, err));
	*out_session = LK_TAKE(session);
	return LK_OK;
}

lk_status
lk_session_open_held(const struct lk_store_driver *driver, struct lk_db *db,
    struct lk_session **out_session, struct lk_error *err)
{
	LK_AUTO(lk_session_closep) struct lk_session *session = NULL;

	LK_TRY(lk_session_open(driver, db, driver->held_as, &session, err));
	LK_TRY(driver->hold(session->conn, err));
	session->reads_only = session->holds = true;
	*out_session = LK_TAKE(session);
	return LK_OK;
}

/* ---- Running a transaction function ---- */

static _Thread_local enum lk_inside inside;

enum lk_inside
lk_session_inside(void)
{
	return inside;
}

enum lk_inside
lk_session_enter(enum lk_inside what)
{
	const enum lk_inside before = inside;

	inside = what;
	return before;
}

void
lk_hooks_fire(const struct lk_hook *first)
{
	const enum lk_inside before = lk_session_enter(LK_INSIDE_TRANSACTION);

	for (const struct lk_hook *hook = first; hook; hook = hook->next)
		hook->fn(hook->arg);
	(void)lk_session_enter(before);
}

void
lk_hooks_free(struct lk_hook *first)
{
	while (first) {
		struct lk_hook *next = first->next;

		lk_free(first);
		first = next;
	}
}

lk_status
lk_session_run(struct lk_session *session, lk_tx_fn *fn, void *arg, struct lk_hook **out_hooks,
    struct lk_error *err)
{
	struct lk_tx tx = {
		.session = session, .may_hook = out_hooks != NULL, .last_hook = &tx.hooks
	};
	const enum lk_inside before = lk_session_enter(LK_INSIDE_TRANSACTION);
	lk_status status = fn(&tx, arg, err);

	(void)lk_session_enter(before);
	while (session->running)
		lk_session_release(session, session->running);
	if (status == LK_OK && tx.failed != LK_OK) {
		*err = tx.failure;
		status = tx.failed;
	}
	if (status == LK_OK && out_hooks)
		*out_hooks = LK_TAKE(tx.hooks);
	lk_hooks_free(tx.hooks);
	return status;
}

static lk_status
run_and_commit(struct lk_session *session, lk_tx_fn *fn, void *arg, struct lk_error *err)
{
	const struct lk_store_driver *driver = session->driver;
	struct lk_hook *hooks = NULL;

	LK_TRY(driver->control(session->conn,
	    session->reads_only ? LK_CONTROL_BEGIN_READ : LK_CONTROL_BEGIN_WRITE, err));
	LK_TRY(lk_session_run(session, fn, arg, session->reads_only ? NULL : &hooks, err));
	lk_hooks_free(hooks);
	return session->reads_only ? LK_OK : driver->control(session->conn, LK_CONTROL_COMMIT, err);
}

lk_status
lk_session_transact(struct lk_session *session, lk_tx_fn *fn, void *arg, struct lk_error *err)
{
	const struct lk_store_driver *driver = session->driver;

	if (session->holds)
		return lk_session_run(session, fn, arg, NULL, err);
	const lk_status status = run_and_commit(session, fn, arg, err);
	if (driver->in_transaction(session->conn))
		LK_IGNORE(driver->control(session->conn, LK_CONTROL_ROLLBACK, NULL));
	return status;
}
