/* Making secrets and recognising them; see issue.h. */
#include "issue.h"

void
issued_wipe(struct issued *issued)
{
	lk_key_text_wipe(&issued->text);
}

lk_status
issue(const struct keys *keys, enum lk_id_kind kind, const char *tenant, struct issued *out_issued,
    struct lk_error *err)
{
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 secret = { 0 };
	struct issued *const out = out_issued;

	lk_random_fill(keys->setup.random, secret.bytes, sizeof secret.bytes);
	lk_id_make(kind, keys->setup.clock, keys->setup.random, out->id);
	LK_TRY(lk_key_text_make(keys->setup.prefix, out->id, &secret, &out->text, err));
	lk_key_text_last4(&out->text, out->last4);
	lk_key_digest(keys->setup.pepper, tenant, out->id, &secret, out->digest);
	out->pepper_version = lk_pepper_version(keys->setup.pepper);
	return LK_OK;
}

bool
secret_matches(const struct keys *keys, const char *tenant, const char *id,
    const struct lk_secret32 *secret, uint32_t pepper_version, const uint8_t digest[LK_DIGEST_LEN])
{
	const struct lk_pepper *pepper = keys_pepper(keys, pepper_version);
	uint8_t computed[LK_DIGEST_LEN];

	lk_key_digest(pepper ? pepper : keys->setup.pepper, tenant, id, secret, computed);
	const bool equal = lk_secret_equal(computed, digest, sizeof computed);
	lk_wipe(computed, sizeof computed);
	return equal && pepper != NULL;
}
