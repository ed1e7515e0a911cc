/* `latchkey-keys store-migrate`: the form of a service in which it moves its own rows to another
 * database, for `latchkey store migrate` and for people without it; `latchkey-keys store-copy` does
 * so beside the service that runs, for `latchkey backup`. */
#ifndef LK_DAEMON_MOVE_H
#define LK_DAEMON_MOVE_H

#include <stdbool.h>

#include "store/migrations.h"

/* The first argument is store-migrate or store-copy. */
bool lk_move_asked(int argc, char **argv);

/*
 * After lk_daemon_begin. Standard input says from where and to where, a URL a line (arguments are
 * read by every process of the machine, and a URL may hold a password). Standard output tells, an
 * object of JSON a line: {"step": "begun"} when a copy's snapshot stands, {"step": "copying",
 * "table": …, "rows": …, "of_rows": …}, for each table at last {"step": "compared", …, "digest":
 * …}, then {"done": true}; or {"error": {"status", "reason", "message"}}. SIGTERM and SIGINT end it
 * at once, which harms nothing. `own` are the service's migrations. Answers the exit status: 0 only
 * when all is moved.
 */
int lk_move_main(char **argv, const struct lk_migrations *own);

#endif
