/* Transport sealing: keys by crypto_kx, messages "LKT1", nonce, ciphertext, tag. */
#include "crypto/transport.h"

#include <sodium.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/digest.h"

enum { MAGIC_LEN = 4 };

_Static_assert(
    LK_TRANSPORT_OVERHEAD == MAGIC_LEN + LK_AEAD_OVERHEAD, "transport.h states the overhead");
_Static_assert(crypto_kx_SESSIONKEYBYTES == LK_SECRET32_LEN, "session key");
_Static_assert(crypto_kx_SECRETKEYBYTES == crypto_box_SECRETKEYBYTES, "both X25519");

static const char magic[] = "LKT1";

static lk_status
weak_key(struct lk_transport *transport, struct lk_error *err)
{
	lk_transport_wipe(transport);
	return lk_fail(err, LK_INVALID_ARGUMENT, "TRANSPORT_KEY_INVALID",
	    "the peer's transport key is not a usable X25519 public key");
}

lk_status
lk_transport_init_client(const struct lk_box_pair *own, const uint8_t peer[LK_BOX_PUBLIC_LEN],
    struct lk_transport *out_transport, struct lk_error *err)
{
	if (crypto_kx_client_session_keys(out_transport->receive.bytes, out_transport->send.bytes,
		own->public_key, own->private_key.bytes, peer) != 0)
		return weak_key(out_transport, err);
	out_transport->is_server = false;
	return LK_OK;
}

lk_status
lk_transport_init_server(const struct lk_box_pair *own, const uint8_t peer[LK_BOX_PUBLIC_LEN],
    struct lk_transport *out_transport, struct lk_error *err)
{
	if (crypto_kx_server_session_keys(out_transport->receive.bytes, out_transport->send.bytes,
		own->public_key, own->private_key.bytes, peer) != 0)
		return weak_key(out_transport, err);
	out_transport->is_server = true;
	return LK_OK;
}

void
lk_transport_wipe(struct lk_transport *transport)
{
	lk_wipe(transport, sizeof *transport);
}

void
lk_transport_binding(const struct lk_transport *transport, uint8_t out[LK_TRANSPORT_BINDING_LEN])
{
	const struct lk_secret32 *up =
	    transport->is_server ? &transport->receive : &transport->send;
	const struct lk_secret32 *down =
	    transport->is_server ? &transport->send : &transport->receive;
	const struct lk_bytes parts[] = { lk_bytes(up->bytes, sizeof up->bytes),
		lk_bytes(down->bytes, sizeof down->bytes) };

	lk_hash256_parts("latchkey transport binding v1", parts, LK_ARRAY_LEN(parts), out);
}

static lk_status
associate(bool is_request, const struct lk_transport_call *call, struct lk_associated *out,
    struct lk_error *err)
{
	out->len = 0;
	out->broken = false;
	lk_associated_text(out, "latchkey/transport/v1", LK_TRANSPORT_FIELD_MAX);
	lk_associated_text(out, is_request ? "request" : "reply", LK_TRANSPORT_FIELD_MAX);
	lk_associated_text(out, call->request_id, LK_TRANSPORT_FIELD_MAX);
	lk_associated_text(out, call->method, LK_TRANSPORT_FIELD_MAX);
	if (out->broken)
		return lk_fail(err, LK_INVALID_ARGUMENT, "SEAL_CONTEXT",
		    "request id and method have at most %d bytes", LK_TRANSPORT_FIELD_MAX);
	return LK_OK;
}

lk_status
lk_transport_seal(const struct lk_transport *transport, const struct lk_transport_call *call,
    struct lk_bytes plain, struct lk_arena *arena, struct lk_bytes *out_blob, struct lk_error *err)
{
	struct lk_associated associated;

	LK_TRY(associate(!transport->is_server, call, &associated, err));
	const size_t len = plain.len + LK_TRANSPORT_OVERHEAD;
	uint8_t *blob = lk_arena_alloc(arena, len);
	if (!blob)
		return lk_fail_oom(err);
	memcpy(blob, magic, MAGIC_LEN);
	lk_aead_seal(transport->send.bytes, &associated, plain, blob + MAGIC_LEN);
	*out_blob = lk_bytes(blob, len);
	return LK_OK;
}

static lk_status
transport_broken(struct lk_error *err)
{
	return lk_fail(err, LK_INVALID_ARGUMENT, "TRANSPORT_BROKEN",
	    "a sealed part does not open: agree on new transport keys");
}

lk_status
lk_transport_open(const struct lk_transport *transport, const struct lk_transport_call *call,
    struct lk_bytes blob, struct lk_arena *arena, struct lk_bytes *out_plain, struct lk_error *err)
{
	struct lk_associated associated;

	LK_TRY(associate(transport->is_server, call, &associated, err));
	if (blob.len < LK_TRANSPORT_OVERHEAD || memcmp(blob.data, magic, MAGIC_LEN) != 0)
		return transport_broken(err);
	const size_t len = blob.len - LK_TRANSPORT_OVERHEAD;
	uint8_t *plain = lk_arena_alloc(arena, len);
	if (!plain)
		return lk_fail_oom(err);
	if (!lk_aead_open(transport->receive.bytes, &associated,
		lk_bytes(blob.data + MAGIC_LEN, blob.len - MAGIC_LEN), plain))
		return transport_broken(err);
	*out_plain = lk_bytes(plain, len);
	return LK_OK;
}
