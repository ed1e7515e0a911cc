/* Enrolment tickets: how people begin. Single use, 24 hours, the newest of a user replaces the
 * others. */
#ifndef LK_KEYS_TICKET_H
#define LK_KEYS_TICKET_H

#include "crypto/digest.h"
#include "id/id.h"

struct ticket {
	char id[LK_ID_SIZE];
	char tenant[LK_ID_SIZE];
	char user[LK_ID_SIZE];
	bool has_digest; /* false: redeemed or replaced */
	uint8_t digest[LK_DIGEST_LEN];
	uint32_t pepper_version;
	int64_t created_at_ms;
	int64_t expires_at_ms;
	int64_t redeemed_at_ms;
};

/* Nobody redeemed or replaced it, and its time is not over. The digest is compared elsewhere. */
bool ticket_is_open(const struct ticket *ticket, int64_t now_ms);

#endif
