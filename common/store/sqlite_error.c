/* SQLite's result codes in our words: one place decides what each means to a caller. */
#include "store/sqlite_error.h"

bool
lk_sqlite_lost_durability(int code)
{
	return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}

static lk_status
constraint_fail(int code, struct lk_error *err)
{
	switch (code) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return lk_fail(err, LK_ALREADY_EXISTS, "STORE_UNIQUE", "it already exists");
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return lk_fail(err, LK_FAILED_PRECONDITION, "STORE_REFERENCE",
		    "what it refers to does not exist, or is still in use");
	default:
		return lk_fail(
		    err, LK_INTERNAL, "STORE_CONSTRAINT", "a value breaks a rule of the database");
	}
}

lk_status
lk_sqlite_fail(int code, struct lk_error *err)
{
	if (code == SQLITE_IOERR_NOMEM)
		return lk_fail_oom(err);
	switch (code & 0xff) {
	case SQLITE_NOMEM:
		return lk_fail_oom(err);
	case SQLITE_CONSTRAINT:
		return constraint_fail(code, err);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return lk_fail(
		    err, LK_ABORTED, "STORE_BUSY", "the database is busy; nothing was changed");
	case SQLITE_FULL:
		return lk_fail(
		    err, LK_RESOURCE_EXHAUSTED, "STORE_FULL", "the disk of the database is full");
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
		return lk_fail(err, LK_DATA_LOSS, "STORE_CORRUPT", "the database is damaged");
	case SQLITE_IOERR:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_PROTOCOL:
	case SQLITE_NOLFS:
		return lk_fail(
		    err, LK_UNAVAILABLE, "STORE_IO", "the database cannot be read or written");
	case SQLITE_TOOBIG:
		return lk_fail(err, LK_INVALID_ARGUMENT, "STORE_TOO_BIG",
		    "a value is too large for the database");
	default:
		return lk_fail(
		    err, LK_INTERNAL, "STORE_SQL", "a statement or its arguments are wrong");
	}
}
