/* The text of a signed fetch; see fetch_signature.h. */
#include "auth/fetch_signature.h"

static struct lk_bytes
text_of(const struct lk_fetch_claim *claim, struct lk_signed_text *text)
{
	lk_signed_text_begin(text, "latchkey fetch v1");
	lk_signed_text_add_text(text, claim->instance);
	lk_signed_text_add_text(text, claim->worker);
	lk_signed_text_add_text(text, claim->owner);
	lk_signed_text_add_text(text, claim->tenant);
	lk_signed_text_add_text(text, claim->provider);
	lk_signed_text_add_text(text, claim->purpose);
	lk_signed_text_add_text(text, claim->lease);
	lk_signed_text_add_int(text, claim->signed_at_ms);
	lk_signed_text_add(text, claim->nonce);
	lk_signed_text_add(text, lk_bytes(claim->binding, sizeof claim->binding));
	return lk_signed_text_bytes(text);
}

void
lk_fetch_sign(const struct lk_sign_key *key, const struct lk_fetch_claim *claim,
    uint8_t out_signature[LK_SIGNATURE_LEN])
{
	struct lk_signed_text text;

	lk_sign(key, text_of(claim, &text), out_signature);
}

bool
lk_fetch_signature_ok(const uint8_t public_key[LK_SIGN_PUBLIC_LEN],
    const struct lk_fetch_claim *claim, struct lk_bytes signature)
{
	struct lk_signed_text text;
	const struct lk_bytes said = text_of(claim, &text);

	return said.len > 0 && lk_sign_verify(public_key, said, signature);
}
