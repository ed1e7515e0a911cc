/* Hashes and signatures of the chain; see chain.h. */
#include "audit/chain.h"

#include "auth/signed_text.h"
#include "crypto/digest.h"
#include "crypto/sign.h"

_Static_assert((int)LK_CHAIN_HASH_SIZE == (int)LK_DIGEST_LEN, "the chain is of BLAKE2b-256");

/* Every bit counts, so the sign does not matter: big-endian two's complement. */
struct number {
	uint8_t bytes[8];
};

static struct lk_bytes
number(struct number *out, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		out->bytes[i] = (uint8_t)(value >> (56 - 8 * i));
	return lk_bytes(out->bytes, sizeof out->bytes);
}

void
lk_chain_begin(const char *instance, const char *service, uint8_t out[LK_CHAIN_HASH_SIZE])
{
	const struct lk_bytes parts[] = { lk_bytes_of(instance), lk_bytes_of(service) };

	lk_hash256_parts("latchkey audit chain v1", parts, LK_ARRAY_LEN(parts), out);
}

void
lk_chain_next(const uint8_t before[LK_CHAIN_HASH_SIZE], const struct lk_chain_row *row,
    uint8_t out[LK_CHAIN_HASH_SIZE])
{
	struct number sequence, at;
	const struct lk_bytes parts[] = {
		lk_bytes(before, LK_CHAIN_HASH_SIZE),
		number(&sequence, row->sequence),
		lk_bytes_of(row->id),
		number(&at, (uint64_t)row->at_ms),
		lk_bytes_of(row->action),
		lk_bytes_of(row->outcome),
		lk_bytes_of(row->actor_kind),
		lk_bytes_of(row->actor),
		lk_bytes_of(row->actor_key),
		lk_bytes_of(row->tenant),
		lk_bytes_of(row->object),
		lk_bytes_of(row->owner),
		lk_bytes_of(row->purpose),
		lk_bytes_of(row->request_id),
		lk_bytes_of(row->detail),
	};

	lk_hash256_parts("latchkey audit row v1", parts, LK_ARRAY_LEN(parts), out);
}

static void
head_text(struct lk_signed_text *text, const char *instance, const char *service, uint64_t sequence,
    const uint8_t hash[LK_CHAIN_HASH_SIZE], int64_t signed_at_ms)
{
	lk_signed_text_begin(text, "latchkey audit head v1");
	lk_signed_text_add_text(text, instance);
	lk_signed_text_add_text(text, service);
	lk_signed_text_add_int(text, (int64_t)sequence);
	lk_signed_text_add(text, lk_bytes(hash, LK_CHAIN_HASH_SIZE));
	lk_signed_text_add_int(text, signed_at_ms);
}

void
lk_chain_head_sign(const struct lk_sign_key *key, const char *instance, const char *service,
    uint64_t sequence, const uint8_t hash[LK_CHAIN_HASH_SIZE], int64_t signed_at_ms,
    uint8_t out_signature[64])
{
	struct lk_signed_text text;

	head_text(&text, instance, service, sequence, hash, signed_at_ms);
	lk_sign(key, lk_signed_text_bytes(&text), out_signature);
}

bool
lk_chain_head_ok(const uint8_t public_key[32], const char *instance, const char *service,
    uint64_t sequence, const uint8_t hash[LK_CHAIN_HASH_SIZE], int64_t signed_at_ms,
    const uint8_t signature[64])
{
	struct lk_signed_text text;

	head_text(&text, instance, service, sequence, hash, signed_at_ms);
	return !text.failed && lk_sign_verify(public_key, lk_signed_text_bytes(&text),
				   lk_bytes(signature, LK_SIGNATURE_LEN));
}
