/* Migrations: what ran is noted in lk_schema, in the transaction that ran it. Nothing ever goes
 * down. */
#include "store/migrate.h"

#include "base/base.h"

#define DDL_SCHEMA                                                                                 \
	"CREATE TABLE IF NOT EXISTS lk_schema ("                                                   \
	"owner TEXT NOT NULL, version BIGINT NOT NULL, name TEXT NOT NULL, checksum TEXT NOT "     \
	"NULL, applied_at_ms BIGINT NOT NULL, "                                                    \
	"PRIMARY KEY (owner, version))"

enum { RUNS_MAX = 4 };

static const char Q_APPLIED[] =
    "SELECT owner, version, checksum FROM lk_schema ORDER BY owner, version";
static const char Q_LAST[] = "SELECT max(version) FROM lk_schema WHERE owner = $1";
static const char Q_NOTE[] = "INSERT INTO lk_schema (owner, version, name, checksum, "
			     "applied_at_ms) VALUES ($1, $2, $3, $4, $5)";

static const char Q_MARK[] =
    "INSERT INTO lk_schema (owner, version, name, checksum, applied_at_ms) "
    "VALUES ($1, 1, 'not finished', '', $2)";
static const char Q_UNMARK[] = "DELETE FROM lk_schema WHERE owner = $1";

struct migration_run {
	struct lk_session *session;
	const struct lk_migrations *const *owners;
	const struct lk_migrations *owner; /* of `step` */
	const struct lk_migration *step;
	int64_t version, now_ms;
	bool moving;        /* into this database: the mark is no surprise */
	bool marked, empty; /* as it was found */
};

static lk_status
in_transaction(struct migration_run *run, lk_tx_fn *fn, struct lk_error *err)
{
	const struct lk_remote *remote = run->session->driver->remote;
	lk_status status = LK_OK;

	for (int i = 0; i < RUNS_MAX; i++) {
		lk_error_clear(err);
		status = lk_session_transact(run->session, fn, run, err);
		if (status == LK_OK || !remote || !remote->may_rerun(run->session->conn) ||
		    remote->broken(run->session->conn))
			break;
	}
	return status;
}

const char *
lk_migrations_service(const struct lk_migrations *const *owners)
{
	const char *name = "";

	while (*owners)
		name = (*owners++)->owner;
	return name;
}

static const struct lk_migrations *
find_owner(const struct lk_migrations *const *owners, const char *name)
{
	while (*owners && !lk_text_is((*owners)->owner, name))
		owners++;
	return *owners;
}

static lk_status
check_mark(struct migration_run *run, struct lk_error *err)
{
	run->marked = true;
	if (run->moving)
		return LK_OK;
	return lk_fail(err, LK_FAILED_PRECONDITION, "STORE_HALF_MOVED",
	    "a move into this database did not come to its end: run it again");
}

static lk_status
check_applied(const struct migration_run *run, struct lk_rows *row, struct lk_error *err)
{
	const struct lk_migrations *owner = find_owner(run->owners, lk_col_text(row, 0));
	const int64_t version = lk_col_int(row, 1);
	const struct lk_migration *steps;
	size_t count = 0;

	if (!owner)
		return lk_fail(err, LK_FAILED_PRECONDITION, "STORE_SCHEMA_NEWER",
		    "the database has a part this program does not know");
	steps = run->session->driver->steps(owner, &count);
	if (version < 1 || (uint64_t)version > count)
		return lk_fail(err, LK_FAILED_PRECONDITION, "STORE_SCHEMA_NEWER",
		    "the database is at version %lld of %s, this program at %zu",
		    (long long)version, owner->owner, count);
	if (!lk_text_is(steps[version - 1].checksum, lk_col_text(row, 2)))
		return lk_fail(err, LK_FAILED_PRECONDITION, "STORE_SCHEMA_EDITED",
		    "migration %s of %s has changed since it was applied", steps[version - 1].name,
		    owner->owner);
	return LK_OK;
}

static lk_status
check_rows(struct lk_tx *tx, struct migration_run *run, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has = false;

	LK_TRY(lk_tx_query_first(tx, Q_APPLIED, LK_NO_ARGS, &rows, &has, err));
	run->empty = !has;
	run->marked = false;
	while (has) {
		if (lk_text_is(lk_col_text(&rows, 0), LK_MOVE_OWNER))
			LK_TRY(check_mark(run, err));
		else
			LK_TRY(check_applied(run, &rows, err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	return LK_OK;
}

static lk_status
check_all(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct migration_run *run = (struct migration_run *)arg;

	LK_TRY(lk_tx_exec(tx, DDL_SCHEMA, LK_NO_ARGS, NULL, err));
	LK_TRY(check_rows(tx, run, err));
	if (!run->moving || !run->empty)
		return LK_OK;
	return lk_tx_exec(
	    tx, Q_MARK, LK_ARGS(lk_text(LK_MOVE_OWNER), lk_int(run->now_ms)), NULL, err);
}

/* A program ships with steps that apply; one that does not is worth naming. */
static lk_status
name_failure(const struct migration_run *run, lk_status status, const struct lk_error *cause,
    struct lk_error *err)
{
	return lk_fail(err, status, cause->reason, "migration %s of %s does not apply: %s",
	    run->step->name, run->owner->owner, cause->message);
}

static lk_status
apply_step(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct migration_run *run = (const struct migration_run *)arg;
	struct lk_error cause = { 0 };
	const lk_status status =
	    run->session->driver->script(run->session->conn, run->step->sql, &cause);

	if (status != LK_OK)
		return name_failure(run, status, &cause, err);
	return lk_tx_exec(tx, Q_NOTE,
	    LK_ARGS(lk_text(run->owner->owner), lk_int(run->version), lk_text(run->step->name),
		lk_text(run->step->checksum), lk_int(run->now_ms)),
	    NULL, err);
}

static lk_status
find_last(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct migration_run *run = (struct migration_run *)arg;
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has = false;

	LK_TRY(
	    lk_tx_query_first(tx, Q_LAST, LK_ARGS(lk_text(run->owner->owner)), &rows, &has, err));
	run->version = lk_col_int(&rows, 0);
	return LK_OK;
}

static lk_status
apply_owner(struct migration_run *run, struct lk_error *err)
{
	size_t count = 0;
	const struct lk_migration *steps = run->session->driver->steps(run->owner, &count);

	LK_TRY(in_transaction(run, find_last, err));
	while ((uint64_t)run->version < count) {
		run->step = &steps[run->version++];
		LK_TRY(in_transaction(run, apply_step, err));
	}
	return LK_OK;
}

static lk_status
apply_all(struct migration_run *run, struct lk_error *err)
{
	for (const struct lk_migrations *const *owner = run->owners; *owner; owner++) {
		run->owner = *owner;
		LK_TRY(apply_owner(run, err));
	}
	return LK_OK;
}

lk_status
lk_migrate(struct lk_session *writer, const struct lk_migrations *const *owners,
    const struct lk_clock *clock, struct lk_error *err)
{
	struct migration_run run = {
		.session = writer, .owners = owners, .now_ms = lk_clock_wall_ms(clock)
	};

	LK_TRY(in_transaction(&run, check_all, err));
	return apply_all(&run, err);
}

/* ---- Moves ---- */

lk_status
lk_migrate_mark(struct lk_session *writer, const struct lk_migrations *const *owners,
    const struct lk_clock *clock, bool *out_has_rows, struct lk_error *err)
{
	struct migration_run run = { .session = writer,
		.owners = owners,
		.now_ms = lk_clock_wall_ms(clock),
		.moving = true };

	LK_TRY(in_transaction(&run, check_all, err));
	*out_has_rows = !run.empty && !run.marked;
	return *out_has_rows ? LK_OK : apply_all(&run, err);
}

lk_status
lk_migrate_unmark(struct lk_tx *tx, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_UNMARK, LK_ARGS(lk_text(LK_MOVE_OWNER)), NULL, err);
}

static lk_status
check_current(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct migration_run *run = (struct migration_run *)arg;

	LK_TRY(check_rows(tx, run, err));
	for (const struct lk_migrations *const *owner = run->owners; *owner; owner++) {
		size_t count = 0;

		(void)run->session->driver->steps(*owner, &count);
		run->owner = *owner;
		LK_TRY(find_last(tx, run, err));
		if ((uint64_t)run->version != count)
			return lk_fail(err, LK_FAILED_PRECONDITION, "STORE_SCHEMA_OLDER",
			    "the database is at version %lld of %s, this program at %zu: let the "
			    "service start on it once, and stop it",
			    (long long)run->version, (*owner)->owner, count);
	}
	return LK_OK;
}

lk_status
lk_migrate_check(
    struct lk_session *reader, const struct lk_migrations *const *owners, struct lk_error *err)
{
	struct migration_run run = { .session = reader, .owners = owners };

	return in_transaction(&run, check_current, err);
}
