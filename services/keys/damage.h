/* Rows that were changed from outside, on their way into the audit trail: each once a minute at
 * most. */
#ifndef LK_KEYS_DAMAGE_H
#define LK_KEYS_DAMAGE_H

#include "keys.h"

/* Borrowed for the call. */
struct damaged {
	const char *kind; /* "key": the record is "key.damaged" */
	const char *id, *tenant, *owner;
};

/* Inside a transaction, which cannot begin another: damages_write submits the record once that is
 * over. What comes while there is no room is refused all the same, and noted when it comes again.
 */
void damage_note(struct keys *keys, const struct damaged *damaged);
void damages_write(struct keys *keys);

struct damage_log;
struct damage_log *damage_log_new(void); /* NULL when memory is short. Yours */
void damage_log_free(struct damage_log *log);

#endif
