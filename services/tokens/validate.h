/* One decision for keys and tokens alike: is what was shown good, whose is it, what may it do? */
#ifndef LK_TOKENS_VALIDATE_H
#define LK_TOKENS_VALIDATE_H

#include "service.h"
#include "wire.h"

/*
 * Answer up to KEYS_PEER_BATCH_MAX questions in order into `answers`, which are initialised. All
 * keys travel to latchkey-keys in one call and all standings in another. A refusal is an answer; an
 * error means that nobody could decide.
 */
lk_status validate_all(struct tokens *tokens, struct lk_call *call,
    ValidateTokenRequest *const *questions, ValidateTokenResponse *const *answers, size_t count,
    struct lk_error *err);

/* The same for whoever holds the key or token and nobody else: no tenant is out of reach, no reason
 * told. */
lk_status validate_for_bearer(struct tokens *tokens, struct lk_call *call,
    ValidateTokenRequest *question, ValidateTokenResponse *answer, struct lk_error *err);

#endif
