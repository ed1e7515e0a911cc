/* Sessions of people: made from a ticket, ended by the user, an administrator or time. */
#ifndef LK_KEYS_SESSION_H
#define LK_KEYS_SESSION_H

#include "crypto/digest.h"
#include "id/id.h"

struct session {
	char id[LK_ID_SIZE];
	char tenant[LK_ID_SIZE];
	char user[LK_ID_SIZE];
	uint8_t digest[LK_DIGEST_LEN]; /* zero once it has ended */
	uint32_t pepper_version;
	uint64_t generation;
	int64_t created_at_ms;
	int64_t expires_at_ms;   /* absolute */
	int64_t last_used_at_ms; /* for the idle limit; up to a minute old, or a quarter of that
				    limit */
	int64_t ended_at_ms;     /* 0: not ended by anybody */
};

/* Alive at `now_ms`: not ended, before its absolute end, used within `idle_ms` (0: no idle limit).
 */
bool session_is_alive(int64_t ended_at_ms, int64_t expires_at_ms, int64_t last_used_at_ms,
    int64_t idle_ms, int64_t now_ms);

#endif
