/* Durations and instants as people write them: 90d, 12h, P90D, seconds, an RFC 3339 instant, never.
 */
#ifndef LK_TIME_DURATION_H
#define LK_TIME_DURATION_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* What a --ttl argument says. */
struct lk_ttl {
	enum { LK_TTL_DURATION, LK_TTL_INSTANT, LK_TTL_NEVER } kind;
	int64_t ms; /* a duration > 0, or an instant after 1970; 0 for never */
};

enum { LK_INSTANT_SIZE = 25 }; /* "2026-01-02T03:04:05.678Z" and NUL */

/*
 * Accepts 90d 12h 30m 45s 2w 500ms, whole seconds ("3600"), ISO 8601 P90D / PT12H / P1DT2H (no
 * years, no months), an RFC 3339 instant with zone, or "never". INVALID_ARGUMENT DURATION_INVALID
 * naming `field` for anything else, also zero, signs, spaces, and anything past 9999-12-31 (a
 * duration: longer than 1970 to then).
 */
lk_status lk_ttl_parse(
    const char *field, const char *text, struct lk_ttl *out, struct lk_error *err);

/* Only the duration forms, into milliseconds; for configuration. */
lk_status lk_duration_parse(
    const char *field, const char *text, int64_t *out_ms, struct lk_error *err);

/* RFC 3339 in UTC with milliseconds; "" for 0 (no instant); the end of 9999 for anything later. */
void lk_instant_format(int64_t at_ms, char out[LK_INSTANT_SIZE]);
/* Any zone and any number of decimals, cut to milliseconds. INVALID_ARGUMENT INSTANT_INVALID; no
 * leap seconds. */
lk_status lk_instant_parse(
    const char *field, const char *text, int64_t *out_ms, struct lk_error *err);

/* The largest unit that divides it: "90d", "12h", "1500ms"; "none" for 0. out_size ≥ 24. */
void lk_duration_format(int64_t ms, char *out, size_t out_size);

#endif
