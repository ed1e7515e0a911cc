/* Move a database to another place, which may be on the other engine: copied, compared row by row,
 * and only then usable. */
#ifndef LK_STORE_MOVE_H
#define LK_STORE_MOVE_H

#include "crypto/digest.h"
#include "store/store.h"

enum lk_move_step {
	LK_MOVE_BEGUN,     /* of an online one: what is copied is what `from` holds now */
	LK_MOVE_CLEARING,  /* what an interrupted move left at the target */
	LK_MOVE_COPYING,   /* `rows` of `of_rows` of the table are durable there */
	LK_MOVE_COMPARING, /* `rows` of `of_rows` were found the same on both sides */
	LK_MOVE_COMPARED,  /* all of them; `digest` says what they hold */
};

struct lk_move_news {
	enum lk_move_step step;
	const char *table;
	uint64_t rows, of_rows;
	uint8_t digest[LK_DIGEST_LEN]; /* of LK_MOVE_COMPARED: over the rows in the order of the
					  primary key; the same on every engine */
};

struct lk_move {
	const char *from, *to;                         /* as lk_store_open's url */
	const struct lk_migrations *const *migrations; /* of the program that owns the rows */
	bool online; /* a service may have `from`, and go on with it */
	const struct lk_clock *clock;
	bool (*tell)(void *user, const struct lk_move_news *news); /* false: stop here */
	void *user;
};

/*
 * Copy every row of `from` to `to` in transactions of at most 256 rows, compare all of them, and
 * complete. `from` is read and otherwise left as it is, whatever happens; both are this process's
 * alone meanwhile (`online`: `to` is; `from` is read as it is when that begins). `to` is a database
 * without tables, or one whose move was interrupted, which is cleared and begun anew; until the
 * move is complete lk_store_open refuses it. When `to` already holds exactly the rows of `from`
 * that is told (LK_MOVE_COMPARED only), and nothing is done. Single-threaded; blocks as long as it
 * takes.
 *
 * FAILED_PRECONDITION STORE_IN_USE (a service runs on one of them), STORE_NOT_FOUND (no `from`),
 * STORE_SCHEMA_OLDER (`from` is of an older program), STORE_HALF_MOVED (`from` is), STORE_NOT_EMPTY
 * (`to` holds something else) · DATA_LOSS STORE_CORRUPT (`from` is damaged), STORE_MOVE_DIFFERS (a
 * row is not the same on both sides) · CANCELLED STORE_MOVE_STOPPED (by `tell`), and what
 * lk_store_open and lk_store_write list. After any of them it can be run again.
 */
lk_status lk_store_move(const struct lk_move *move, struct lk_error *err);

#endif
