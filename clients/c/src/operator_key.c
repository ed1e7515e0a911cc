/* Reading and making the keys of operators and workers; see operator_key.h. */
#include "operator_key.h"

#include <latchkey/workers.h>

#include <stdio.h>
#include <string.h>

#include "crypto/encode.h"
#include "crypto/private_file.h"
#include "object.h"

enum { FILE_MAX = 256 };

/* A name that could not stand in peers/ is none. */
static lk_status
peer_of(const struct lk_sign_key *key, const char *role, const char *name, struct lk_peer_key *out,
    struct lk_error *err)
{
	char line[LK_PEER_LINE_SIZE];

	*out = (struct lk_peer_key){ .role = "" };
	lk_text_copy(out->role, sizeof out->role, role);
	memcpy(out->public_key, lk_sign_key_public(key), sizeof out->public_key);
	if (!lk_text_copy(out->name, sizeof out->name, name))
		return lk_fail_field(
		    err, "name", "PEER_KEY_INVALID", "the name of a key is too long");
	return lk_peer_line_format(out, line, err);
}

static lk_status
line_parse(char *text, struct lk_sign_key **out_key, char out_name[LK_PEER_NAME_SIZE],
    struct lk_error *err)
{
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 seed = { 0 };
	LK_AUTO(lk_sign_key_freep) struct lk_sign_key *key = NULL;
	char *rest = text;
	const char *kind = strsep(&rest, " "), *encoded = strsep(&rest, " "),
		   *name = strsep(&rest, "\n");
	struct lk_peer_key peer;
	size_t len = 0;

	if (name && strcmp(kind, "ed25519-private") == 0 && !(rest && *rest) &&
	    lk_base64url_decode(lk_bytes_of(encoded), seed.bytes, sizeof seed.bytes, &len) &&
	    len == sizeof seed.bytes && lk_sign_key_from_seed(&seed, &key, NULL) == LK_OK &&
	    peer_of(key, "operator", name, &peer, NULL) == LK_OK) {
		memcpy(out_name, peer.name, LK_PEER_NAME_SIZE);
		*out_key = LK_TAKE(key);
		return LK_OK;
	}
	return lk_fail(err, LK_FAILED_PRECONDITION, "SECRET_FILE_CONTENT",
	    "the private key's file does not hold one");
}

lk_status
operator_key_load(const char *path, struct lk_sign_key **out_key, char out_name[LK_PEER_NAME_SIZE],
    struct lk_error *err)
{
	char text[FILE_MAX + 1];
	LK_AUTO(lk_wipe_view) struct lk_wiped wiped = { text, sizeof text };
	size_t len;

	LK_TRY(lk_private_file_read(path, "private key", (uint8_t *)text, FILE_MAX, &len, err));
	text[len] = '\0';
	return line_parse(text, out_key, out_name, err);
}

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
	LK_TRY(peer_of(key, role, name, &peer, err));
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

	LK_TRY(peer_of(key, role, name, &peer, err));
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
	const lk_status status = operator_key_load(private_path, &key, named, err);
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
