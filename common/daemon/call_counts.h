/* Calls answered, by method and code, and how long they took: lock-free. */
#ifndef LK_DAEMON_CALL_COUNTS_H
#define LK_DAEMON_CALL_COUNTS_H

#include "metrics/families.h"
#include "rpc/server.h"

struct lk_call_counts;

/* Of these services' methods, whose tables are borrowed. NULL when memory is short. */
struct lk_call_counts *lk_call_counts_new(const struct lk_service *services, size_t count);
void lk_call_counts_free(struct lk_call_counts *counts);

/* Any thread. NULL is fine. */
void lk_call_counts_note(struct lk_call_counts *counts, const struct lk_finished *finished);

/* Only those that were called. */
void lk_call_counts_tell(const struct lk_call_counts *counts, struct lk_families *out);

#endif
