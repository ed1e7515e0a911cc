/* What this service asks latchkey-keys, as itself: is this key good, what may this subject do now.
 */
#ifndef LK_TOKENS_KEYS_PEER_H
#define LK_TOKENS_KEYS_PEER_H

#include "daemon/host.h"
#include "rpc/call.h"
#include "wire.h"

enum { KEYS_PEER_BATCH_MAX = 64 };

/*
 * One answer for each question, in order, in the call's arena. Both block, within the call's
 * deadline. UNAVAILABLE when keys does not answer; INTERNAL REPLY_INVALID when it answers another
 * number.
 */
lk_status keys_peer_verify(const struct lk_host *host, struct lk_call *call,
    VerifyKeyRequest **questions, size_t count, VerifyKeyResponse ***out_answers,
    struct lk_error *err);
lk_status keys_peer_standing(const struct lk_host *host, struct lk_call *call,
    StandingQuery **questions, size_t count, StandingMsg ***out_answers, struct lk_error *err);

/* A session for a user's name and password; its secret lies in the call's arena. UNAUTHENTICATED
 * SIGN_IN_REFUSED, RESOURCE_EXHAUSTED SIGN_IN_DELAYED and SIGN_IN_BUSY as keys says. */
lk_status keys_peer_sign_in(const struct lk_host *host, struct lk_call *call,
    const SignInRequest *question, const char **out_secret, struct lk_error *err);

/* That session came to nothing. When keys cannot be told, time ends it: nobody has its secret. */
void keys_peer_end_session(const struct lk_host *host, struct lk_call *call, const char *session);

#endif
