/* What lies beside a remembered answer: bytes that somebody made of it once, to be used often. */
#ifndef LATCHKEY_VALIDATOR_KEPT_H
#define LATCHKEY_VALIDATOR_KEPT_H

#include "base/base.h"
#include "feed/use_tally.h"

struct kept; /* immutable, shared, wiped at its end */

struct kept *kept_new(size_t len); /* of zeroes; NULL when memory is short. Yours: kept_unref */
struct kept *kept_ref(struct kept *kept);
void kept_unref(struct kept *kept); /* NULL is fine */

/* Where it was asked from: for counts of uses. What is no IPv4 or IPv6 address is left out. */
void kept_set_source(struct kept *kept, const char *source_address);
const char *kept_source(const struct kept *kept); /* or "" */

/* Before it is shared they may be written. */
uint8_t *kept_bytes(struct kept *kept);

#endif
