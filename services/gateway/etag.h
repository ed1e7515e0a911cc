/* Entity tags (RFC 9110 8.8.3): what an answer of REST looked like, so that a change can be asked
 * for on condition that nobody changed the thing since. */
#ifndef LK_GATEWAY_ETAG_H
#define LK_GATEWAY_ETAG_H

#include "base/base.h"

enum { ETAG_SIZE = 2 + 2 * 16 + 1 };

/* Strong: of exactly these bytes, on every instance alike. With its quotes. */
void etag_make(struct lk_bytes body, char out[ETAG_SIZE]);

/* Whether a list of tags, or "*", as If-Match has it, holds this one; a weak one (W/) does not
 * count. */
bool etag_matches(const char *list, const char *etag);

/* The same for If-None-Match, where weak ones count. */
bool etag_matches_weakly(const char *list, const char *etag);

#endif
