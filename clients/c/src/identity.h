/* Who the client is, as a service wants to see it: an access token traded for the key or session,
 * or an operator's assertion. */
#ifndef LATCHKEY_IDENTITY_H
#define LATCHKEY_IDENTITY_H

#include "client.h"

/* For one try of one call; both NULL for an anonymous client. */
struct proof {
	const char *token; /* in the arena */
	uint64_t token_number;
	const AssertionMsg *assertion; /* in the arena */
};

/* May ask tokens for a token, or the service for its instance. */
lk_status proof_make(latchkey_client *client, latchkey_service service, const char *method,
    int64_t deadline_ms, struct lk_arena *arena, struct proof *out, struct lk_error *err);

/* The service refused this token: the next proof is a new one. */
void proof_refused(latchkey_client *client, const struct proof *proof);

/* The installation's id, asked of `service` when it is not known yet. */
lk_status client_instance(latchkey_client *client, latchkey_service service, int64_t deadline_ms,
    char out_instance[INSTANCE_SIZE], struct lk_error *err);

#endif
