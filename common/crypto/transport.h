/*
 * The secret parts of requests and replies travel sealed under keys that client and service agree
 * on once per client handle (X25519, crypto_kx), so that no transport buffer holds a plain secret.
 * Each side makes a pair, sends its public half, and derives both directions' keys; pairs are
 * renewed hourly by whoever holds the handle.
 */
#ifndef LK_CRYPTO_TRANSPORT_H
#define LK_CRYPTO_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"
#include "crypto/box.h"
#include "crypto/secret.h"

enum {
	LK_TRANSPORT_OVERHEAD = 4 + 24 + 16 /* magic, nonce, tag */,
	LK_TRANSPORT_FIELD_MAX = 128,
	LK_TRANSPORT_BINDING_LEN = 32
};

/*
 * One side's two keys: LK_AUTO(lk_transport_wipe) struct lk_transport t = { 0 }; threads may
 * share it once made.
 */
struct lk_transport {
	struct lk_secret32 send, receive;
	bool is_server;
};

/*
 * `own` is this side's pair, `peer` the other's public key. INVALID_ARGUMENT
 * TRANSPORT_KEY_INVALID for a weak public key.
 */
lk_status lk_transport_init_client(const struct lk_box_pair *own,
    const uint8_t peer[LK_BOX_PUBLIC_LEN], struct lk_transport *out_transport,
    struct lk_error *err);
lk_status lk_transport_init_server(const struct lk_box_pair *own,
    const uint8_t peer[LK_BOX_PUBLIC_LEN], struct lk_transport *out_transport,
    struct lk_error *err);
void lk_transport_wipe(struct lk_transport *transport);

/* The same on both sides and for no other pair of keys: who signs it has agreed with the one who
 * checks it, and with nobody between. Tells nothing of the keys. */
void lk_transport_binding(
    const struct lk_transport *transport, uint8_t out[LK_TRANSPORT_BINDING_LEN]);

/*
 * A sealed part opens only in the call it was made for. Texts up to LK_TRANSPORT_FIELD_MAX
 * bytes, not NULL.
 */
struct lk_transport_call {
	const char *request_id;
	const char *method; /* full name */
};

/*
 * The client seals requests, the server replies. The blob (plain.len + LK_TRANSPORT_OVERHEAD)
 * lies in the arena.
 */
lk_status lk_transport_seal(const struct lk_transport *transport,
    const struct lk_transport_call *call, struct lk_bytes plain, struct lk_arena *arena,
    struct lk_bytes *out_blob, struct lk_error *err);

/*
 * INVALID_ARGUMENT TRANSPORT_BROKEN for another key, call, direction or any changed byte: agree
 * on new keys.
 */
lk_status lk_transport_open(const struct lk_transport *transport,
    const struct lk_transport_call *call, struct lk_bytes blob, struct lk_arena *arena,
    struct lk_bytes *out_plain, struct lk_error *err);

#endif
