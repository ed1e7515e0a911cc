/* Identifiers: a three-letter prefix that tells the kind, an underscore, and a ULID (ulid/spec:
 * 48-bit ms, 80-bit random). */
#ifndef LK_ID_H
#define LK_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "id/random.h"
#include "time/clock.h"

enum { LK_ULID_LEN = 26, LK_ID_LEN = 30, LK_ID_SIZE = 31 };

/* 26 characters of Crockford's base32 in lower case is what we write; upper case is refused: one
 * spelling for each id. */
enum lk_id_kind {
	LK_ID_TENANT,     /* tnt_ */
	LK_ID_USER,       /* usr_ */
	LK_ID_PRINCIPAL,  /* prn_ */
	LK_ID_ROLE,       /* rol_ */
	LK_ID_WORKGROUP,  /* wkg_ */
	LK_ID_KEY,        /* key_ */
	LK_ID_SESSION,    /* ses_ */
	LK_ID_TICKET,     /* tkt_ */
	LK_ID_CREDENTIAL, /* crd_ */
	LK_ID_TOKEN,      /* jti_ */
	LK_ID_REQUEST,    /* req_ */
	LK_ID_EVENT,      /* evt_ */
	LK_ID_LEASE,      /* lea_ */
	LK_ID_KIND_COUNT_,
};

/* Sorts by time made: the millisecond of `clock`, then 80 random bits. Cannot fail. */
void lk_id_make(enum lk_id_kind kind, const struct lk_clock *clock, const struct lk_random *random,
    char out[LK_ID_SIZE]);

/* Exactly the shape that lk_id_make writes for this kind. NULL is false. */
bool lk_id_ok(enum lk_id_kind kind, const char *text);

/* The first four characters: "tnt_". */
const char *lk_id_prefix(enum lk_id_kind kind);

#endif
