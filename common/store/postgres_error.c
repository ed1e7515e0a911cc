/* SQLSTATE in our words: one place decides what each means to a caller. */
#include <string.h>

#include "store/postgres_internal.h"

enum { STATE_LEN = 5 };

struct meaning {
	const char *state; /* a whole SQLSTATE or the two characters of its class */
	lk_status status;
	const char *reason, *message;
};

/* The first that fits. PostgreSQL 15, appendix A. */
static const struct meaning meanings[] = {
	{ "23505", LK_ALREADY_EXISTS, "STORE_UNIQUE", "it already exists" },
	{ "23503", LK_FAILED_PRECONDITION, "STORE_REFERENCE",
	    "what it refers to does not exist, or is still in use" },
	{ "23", LK_INTERNAL, "STORE_CONSTRAINT", "a value breaks a rule of the database" },
	{ "40", LK_ABORTED, "STORE_BUSY", "the database is busy; nothing was changed" },
	{ "55P03", LK_ABORTED, "STORE_BUSY", "the database is busy; nothing was changed" },
	{ "57014", LK_DEADLINE_EXCEEDED, "STORE_DEADLINE",
	    "the deadline passed; nothing was changed" },
	{ "53100", LK_RESOURCE_EXHAUSTED, "STORE_FULL", "the disk of the database is full" },
	{ "53200", LK_RESOURCE_EXHAUSTED, "STORE_FULL", "the database server is short of memory" },
	{ "53300", LK_UNAVAILABLE, "STORE_IO", "the database server takes no more connections" },
	{ "25006", LK_UNAVAILABLE, "STORE_READ_ONLY", "the database server takes no writes" },
	{ "28", LK_FAILED_PRECONDITION, "STORE_REFUSED",
	    "the database server refuses this role or its password" },
	{ "3D000", LK_FAILED_PRECONDITION, "STORE_REFUSED", "the server has no such database" },
	{ "3F000", LK_FAILED_PRECONDITION, "STORE_REFUSED", "the role may not use this schema" },
	{ "42501", LK_FAILED_PRECONDITION, "STORE_REFUSED",
	    "the role may not do this in the database" },
	{ "57P03", LK_UNAVAILABLE, "STORE_IO", "the database server is starting or stopping" },
	{ "57P", LK_UNAVAILABLE, "STORE_IO", "the database server ended the connection" },
	{ "08P01", LK_INTERNAL, "STORE_SQL", "a statement or its arguments are wrong" },
	{ "08", LK_UNAVAILABLE, "STORE_IO", "the connection to the database was lost" },
	{ "58", LK_UNAVAILABLE, "STORE_IO", "the database cannot be read or written" },
	{ "XX001", LK_DATA_LOSS, "STORE_CORRUPT", "the database is damaged" },
	{ "XX002", LK_DATA_LOSS, "STORE_CORRUPT", "the database is damaged" },
	{ "22021", LK_INVALID_ARGUMENT, "STORE_TEXT_INVALID", "text must be UTF-8 without NUL" },
	{ "54", LK_INVALID_ARGUMENT, "STORE_TOO_BIG", "a value is too large for the database" },
	{ "", LK_INTERNAL, "STORE_SQL", "a statement or its arguments are wrong" },
};

lk_status
lk_pg_fail(const char *sqlstate, struct lk_error *err)
{
	const struct meaning *m = meanings;

	if (!sqlstate || strlen(sqlstate) != STATE_LEN)
		return lk_fail(
		    err, LK_UNAVAILABLE, "STORE_IO", "the connection to the database was lost");
	while (strncmp(sqlstate, m->state, strlen(m->state)) != 0)
		m++;
	return lk_fail(err, m->status, m->reason, "%s", m->message);
}

enum lk_pg_kind
lk_pg_kind_of(const char *sqlstate, enum lk_conn_role role)
{
	if (!sqlstate || strncmp(sqlstate, "57P", 3) == 0 ||
	    (strncmp(sqlstate, "08", 2) == 0 && strcmp(sqlstate, "08P01") != 0))
		return LK_PG_LOST;
	if (strcmp(sqlstate, "25006") == 0 && role == LK_CONN_WRITER)
		return LK_PG_LOST; /* another host may be the one that takes writes now */
	if (strcmp(sqlstate, "40001") == 0 || strcmp(sqlstate, "40P01") == 0)
		return LK_PG_SERIALIZE;
	return LK_PG_ORDINARY;
}
