/* SQLite's result codes in our words. */
#ifndef LK_STORE_SQLITE_ERROR_H
#define LK_STORE_SQLITE_ERROR_H

#include <sqlite3.h>

#include "base/base.h"

/* `code` is an extended result code that is not SQLITE_OK, SQLITE_ROW or SQLITE_DONE. The message
 * names no SQL and no path. */
lk_status lk_sqlite_fail(int code, struct lk_error *err);

/* Whether `code` says that the disk refused to make something durable. */
bool lk_sqlite_lost_durability(int code);

#endif
