/* Private keys that say whose they are; see named_key.h. */
#include "crypto/named_key.h"

#include <string.h>

#include "base/base.h"
#include "crypto/encode.h"
#include "crypto/private_file.h"

enum { FILE_MAX = 256 };

lk_status
lk_named_key_peer(const struct lk_sign_key *key, const char *role, const char *name,
    struct lk_peer_key *out, struct lk_error *err)
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
	    lk_named_key_peer(key, "operator", name, &peer, NULL) == LK_OK) {
		memcpy(out_name, peer.name, LK_PEER_NAME_SIZE);
		*out_key = LK_TAKE(key);
		return LK_OK;
	}
	return lk_fail(err, LK_FAILED_PRECONDITION, "SECRET_FILE_CONTENT",
	    "the private key's file does not hold one");
}

lk_status
lk_named_key_load(const char *path, struct lk_sign_key **out_key, char out_name[LK_PEER_NAME_SIZE],
    struct lk_error *err)
{
	char text[FILE_MAX + 1];
	LK_AUTO(lk_wipe_view) struct lk_wiped wiped = { text, sizeof text };
	size_t len;

	LK_TRY(lk_private_file_read(path, "private key", (uint8_t *)text, FILE_MAX, &len, err));
	text[len] = '\0';
	return line_parse(text, out_key, out_name, err);
}
