/* Writing and reading the text of a key. */
#include "crypto/key_format.h"

#include <string.h>

#include "crypto/crc32.h"
#include "crypto/encode.h"

enum { ID_PREFIX_LEN = LK_ID_LEN - LK_ULID_LEN };

/*
 * What stands between the installation's prefix and the ULID, and the kind of id that goes with
 * it.
 */
static const struct {
	const char *infix;
	enum lk_id_kind id;
} uses[] = {
	[LK_KEY_USE_API] = { "_", LK_ID_KEY },
	[LK_KEY_USE_SESSION] = { "s_", LK_ID_SESSION },
	[LK_KEY_USE_TICKET] = { "t_", LK_ID_TICKET },
};

void
lk_key_parts_wipe(struct lk_key_parts *key)
{
	lk_wipe(key, sizeof *key);
}

void
lk_key_text_wipe(struct lk_key_text *text)
{
	lk_wipe(text, sizeof *text);
}

bool
lk_key_prefix_ok(const char *prefix)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

	if (!prefix || prefix[0] < 'a' || prefix[0] > 'z')
		return false;
	const size_t len = strspn(prefix, letters);
	return prefix[len] == '\0' && len <= LK_KEY_PREFIX_MAX;
}

static bool
use_of_id(const char *id, enum lk_key_use *out_use)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(uses); i++) {
		if (lk_id_ok(uses[i].id, id)) {
			*out_use = (enum lk_key_use)i;
			return true;
		}
	}
	return false;
}

/* "lks_01h…_": prefix, infix, ULID. Returns the characters written, without a NUL. */
static size_t
put_head(const char *prefix, enum lk_key_use use, const char *id, char *out)
{
	const size_t prefix_len = strlen(prefix), infix_len = strlen(uses[use].infix);
	char *at = out;

	memcpy(at, prefix, prefix_len);
	at += prefix_len;
	memcpy(at, uses[use].infix, infix_len);
	at += infix_len;
	memcpy(at, id + ID_PREFIX_LEN, LK_ULID_LEN);
	at += LK_ULID_LEN;
	*at++ = '_';
	return (size_t)(at - out);
}

lk_status
lk_key_text_make(const char *prefix, const char *id, const struct lk_secret32 *secret,
    struct lk_key_text *out_text, struct lk_error *err)
{
	enum lk_key_use use;

	if (!lk_key_prefix_ok(prefix))
		return lk_fail(err, LK_INVALID_ARGUMENT, "KEY_PREFIX_INVALID",
		    "a key prefix is a lower-case letter and up to nine letters or digits");
	if (!use_of_id(id, &use))
		return lk_fail(err, LK_INVALID_ARGUMENT, "KEY_ID_INVALID", "not the id of a key");
	lk_key_text_wipe(out_text);
	char *text = out_text->text;
	size_t len = put_head(prefix, use, id, text);
	lk_base62_encode(secret->bytes, text + len);
	len += LK_BASE62_LEN;
	lk_base62_encode_u32(lk_crc32(lk_bytes(text, len)), text + len);
	return LK_OK;
}

static bool
parse_use(struct lk_bytes infix, enum lk_key_use *out_use)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(uses); i++) {
		if (lk_bytes_equal(infix, lk_bytes_of(uses[i].infix))) {
			*out_use = (enum lk_key_use)i;
			return true;
		}
	}
	return false;
}

static bool
checksum_ok(const char *text, size_t len)
{
	char want[LK_BASE62_CRC_LEN];
	const size_t before = len - LK_BASE62_CRC_LEN;

	lk_base62_encode_u32(lk_crc32(lk_bytes(text, before)), want);
	return memcmp(text + before, want, sizeof want) == 0;
}

static lk_status
malformed(struct lk_error *err)
{
	return lk_fail(err, LK_INVALID_ARGUMENT, "KEY_MALFORMED", "not a key of this installation");
}

/* The shape is right and the checksum too: what is left can only be wrong on purpose. */
static bool
parse_parts(const char *tail, enum lk_key_use use, struct lk_key_parts *out_key)
{
	memcpy(out_key->id, lk_id_prefix(uses[use].id), ID_PREFIX_LEN);
	memcpy(out_key->id + ID_PREFIX_LEN, tail, LK_ULID_LEN);
	out_key->id[LK_ID_LEN] = '\0';
	out_key->use = use;
	return lk_id_ok(uses[use].id, out_key->id) &&
	       lk_base62_decode(tail + LK_ULID_LEN + 1, out_key->secret.bytes);
}

lk_status
lk_key_text_parse(
    const char *prefix, struct lk_bytes text, struct lk_key_parts *out_key, struct lk_error *err)
{
	const size_t tail_len = LK_ULID_LEN + 1 + LK_BASE62_LEN + LK_BASE62_CRC_LEN;
	const size_t prefix_len = strlen(prefix);
	const char *chars = (const char *)text.data;
	enum lk_key_use use;

	lk_key_parts_wipe(out_key);
	if (text.len <= prefix_len + tail_len || memcmp(chars, prefix, prefix_len) != 0 ||
	    !parse_use(lk_bytes(chars + prefix_len, text.len - prefix_len - tail_len), &use))
		return malformed(err);
	const char *tail = chars + text.len - tail_len;
	if (tail[LK_ULID_LEN] != '_')
		return malformed(err);
	if (!checksum_ok(chars, text.len))
		return lk_fail(err, LK_INVALID_ARGUMENT, "KEY_CHECKSUM",
		    "the key is mistyped: its checksum does not match");
	if (parse_parts(tail, use, out_key))
		return LK_OK;
	lk_key_parts_wipe(out_key);
	return malformed(err);
}

void
lk_key_text_last4(const struct lk_key_text *text, char out_last4[LK_KEY_LAST4_SIZE])
{
	const size_t len = strnlen(text->text, sizeof text->text - 1);

	memset(out_last4, 0, LK_KEY_LAST4_SIZE);
	if (len > LK_BASE62_CRC_LEN)
		memcpy(
		    out_last4, text->text + len - (LK_KEY_LAST4_SIZE - 1), LK_KEY_LAST4_SIZE - 1);
}

void
lk_key_hint(const char *prefix, const char *id, const char *last4, char out_hint[LK_KEY_HINT_SIZE])
{
	static const char ellipsis[] = "…";
	enum lk_key_use use;

	memset(out_hint, 0, LK_KEY_HINT_SIZE);
	if (!lk_key_prefix_ok(prefix) || !use_of_id(id, &use))
		return;
	char *at = out_hint + put_head(prefix, use, id, out_hint);
	memcpy(at, ellipsis, sizeof ellipsis - 1);
	memcpy(at + sizeof ellipsis - 1, last4, strnlen(last4, LK_KEY_LAST4_SIZE - 1));
}
