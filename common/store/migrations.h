/* A schema as a list of steps that only grows. lk_embed_migrations() of embed.cmake makes these
 * from .sql files at build time. */
#ifndef LK_STORE_MIGRATIONS_H
#define LK_STORE_MIGRATIONS_H

#include <stddef.h>

struct lk_migration {
	const char
	    *name; /* the file's name, "0001_tenants.sql"; rows count 1, 2, 3 … without gaps */
	const char
	    *sql; /* statements, run in one transaction together with the note that they ran */
	const char
	    *checksum; /* SHA-256 of the file in hexadecimal; a step that landed is never edited */
};

/* The steps of one owner, a service or a common module; several owners may share a database.
 * Static, borrowed. */
struct lk_migrations {
	const char *owner; /* "keys", "audit"; unique in the database and never renamed */
	const struct lk_migration *sqlite;
	size_t sqlite_count;
	const struct lk_migration *postgres;
	size_t postgres_count;
	const char *postgres_moved; /* statements to run on PostgreSQL once rows were moved there
				       from another engine; NULL: none */
};

/* For lk_store_open: applied in this order. */
#define LK_MIGRATIONS(...) ((const struct lk_migrations *const[]){ __VA_ARGS__, NULL })

#endif
