/* Making the keys of operators and workers. */
#include <latchkey/workers.h>

#include <stdio.h>
#include <string.h>

#include "crypto/encode.h"
#include "crypto/named_key.h"
#include "crypto/private_file.h"
#include "object.h"

enum { FILE_MAX = 256 };

static lk_status
key_create(const char *path, const char *role, const char *name, struct lk_sign_key **out_key,
    struct lk_error *err)
{
	char text[FILE_MAX], encoded[LK_BASE64URL_LEN(LK_SIGN_SEED_LEN) + 1];
	LK_AUTO(lk_wipe_view) struct lk_wiped wiped_text = { text, sizeof text };
	LK_AUTO(lk_wipe_view) struct lk_wiped wiped_encoded = { encoded, sizeof encoded };
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 seed = { 0 };
	LK_AUTO(lk_sign_key_freep) struct lk_sign_key *key = NULL;
	struct lk_peer_key peer;

	lk_secret32_random(&seed);
	LK_TRY(lk_sign_key_from_seed(&seed, &key, err));
	LK_TRY(lk_named_key_peer(key, role, name, &peer, err));
	lk_base64url_encode(lk_bytes(seed.bytes, sizeof seed.bytes), encoded);
	snprintf(text, sizeof text, "ed25519-private %s %s\n", encoded, name);
	LK_TRY(lk_private_file_create(path, "private key", lk_bytes_of(text), err));
	*out_key = LK_TAKE(key);
	return LK_OK;
}

/* The public half is made where it is missing; one that is there must be that of the private half.
 */
static lk_status
public_half(const struct lk_sign_key *key, const char *role, const char *name, const char *path,
    struct lk_error *err)
{
	struct lk_peer_key peer, there;

	LK_TRY(lk_named_key_peer(key, role, name, &peer, err));
	const lk_status status = lk_peer_file_load(path, &there, err);
	if (status == LK_NOT_FOUND)
		return lk_peer_file_create(path, &peer, err);
	LK_TRY(status);
	if (memcmp(there.public_key, peer.public_key, sizeof peer.public_key) != 0)
		return lk_fail(err, LK_FAILED_PRECONDITION, "PEER_DIFFERS",
		    "the public key of %s %s is not that of their private key", role, name);
	return LK_OK;
}

static lk_status
pair_create(const char *private_path, const char *public_path, const char *role, const char *name,
    struct lk_error *err)
{
	LK_AUTO(lk_sign_key_freep) struct lk_sign_key *key = NULL;
	char named[LK_PEER_NAME_SIZE];

	LK_TRY(lk_crypto_init(err));
	const lk_status status = lk_named_key_load(private_path, &key, named, err);
	if (status == LK_NOT_FOUND)
		LK_TRY(key_create(private_path, role, name, &key, err));
	else
		LK_TRY(status);
	return public_half(key, role, status == LK_OK ? named : name, public_path, err);
}

latchkey_status
latchkey_operator_key_create(
    const char *private_path, const char *public_path, const char *name, latchkey_error *out_error)
{
	return (latchkey_status)pair_create(
	    private_path, public_path, "operator", name, error_inside(out_error));
}

latchkey_status
latchkey_worker_key_create(
    const char *private_path, const char *public_path, const char *name, latchkey_error *out_error)
{
	return (latchkey_status)pair_create(
	    private_path, public_path, "worker", name, error_inside(out_error));
}
