/* The transport keys agreed with callers: in memory only, each bound to the caller it was agreed
 * with, gone after an hour and a bit. */
#ifndef LK_CREDENTIALS_TRANSPORTS_H
#define LK_CREDENTIALS_TRANSPORTS_H

#include "auth/caller.h"
#include "crypto/transport.h"
#include "time/clock.h"

enum {
	TRANSPORT_ID_SIZE = 33,            /* 32 hex digits and NUL */
	TRANSPORT_TTL_MS = 75 * 60 * 1000, /* clients renew after 60 minutes */
	TRANSPORTS_MAX = 8192,             /* the oldest leaves when one more comes */
	TRANSPORTS_OF_USER = 64,        /* nobody makes all others agree again: then the oldest */
	TRANSPORTS_OF_PRINCIPAL = 4096, /* of their own leaves; a principal is a whole fleet */
};

struct transports;

struct transports *transports_new(
    const struct lk_clock *clock);                   /* NULL when memory is short. Yours. */
void transports_free(struct transports *transports); /* wipes all keys */
LK_DEFINE_FREEP(transports_freep, struct transports *, transports_free)

/* INVALID_ARGUMENT TRANSPORT_KEY_INVALID for a weak key. Thread-safe. */
lk_status transports_agree(struct transports *transports, const struct lk_caller *caller,
    struct lk_bytes client_public_key, uint8_t out_server_public_key[LK_BOX_PUBLIC_LEN],
    char out_id[TRANSPORT_ID_SIZE], int64_t *out_expires_at_ms, struct lk_error *err);

/* A copy of the keys, to be wiped by the caller. INVALID_ARGUMENT TRANSPORT_UNKNOWN: agree again
 * (unknown, expired, or another's). */
lk_status transports_find(struct transports *transports, const struct lk_caller *caller,
    const char *id, struct lk_transport *out_transport, struct lk_error *err);

#endif
