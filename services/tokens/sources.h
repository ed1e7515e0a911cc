/* The keys that tokens were made from lately, as latchkey-keys described them: remembered while its
 * feed says that nothing of them has changed. */
#ifndef LK_TOKENS_SOURCES_H
#define LK_TOKENS_SOURCES_H

#include "daemon/host.h"
#include "grant.h"
#include "rpc/call.h"
#include "wire.h"

struct sources;

/* `host` is borrowed for life. Yours. */
lk_status sources_new(
    struct sources **out_sources, const struct lk_host *host, struct lk_error *err);
void sources_free(struct sources *sources); /* NULL is fine */

/*
 * The source that `req` shows a key of, from memory: true only under a lease of keys' feed, while
 * nothing has changed of the key, its owner and their tenant, within the key's time, for what asks
 * from the same address in the same way, and for a minute at most. Each is told to keys as a use of
 * the key. Lists lie in the call's arena. Any thread; does not block.
 */
bool sources_recall(struct sources *sources, struct lk_call *call, const IssueTokenRequest *req,
    struct grant_source *out_source);

/* Of the change log, before keys is asked. */
uint64_t sources_number(const struct sources *sources);

/* What keys then answered. Sessions are not kept, their use prolongs them; nor is who reaches more
 * workgroups than a token names, nor, without memory, anybody. The key's text is not kept either.
 */
void sources_keep(struct sources *sources, struct lk_call *call, const IssueTokenRequest *req,
    uint64_t number, const VerifyKeyResponse *answer, const struct grant_source *source);

#endif
