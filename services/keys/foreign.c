/* From the text of a key that another system issued to the key it is here; see foreign.h. */
#include "foreign.h"

#include <string.h>

#include "crypto/encode.h"
#include "key_store.h"

enum { SOURCE_MAX = 32, TEXT_LEAST = 8, TEXT_MOST = 512, BASE64_LEN = 43 };

static bool
hex_read(const char *text, uint8_t out[LK_DIGEST_LEN])
{
	char lower[2 * LK_DIGEST_LEN];
	size_t len;

	if (strlen(text) != sizeof lower)
		return false;
	for (size_t i = 0; i < sizeof lower; i++)
		lower[i] = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] + 32) : text[i];
	return lk_hex_decode(lk_bytes(lower, sizeof lower), out, LK_DIGEST_LEN, &len);
}

/* RFC 4648 4 or 5; one = of padding may be there. */
static bool
base64_read(const char *text, uint8_t out[LK_DIGEST_LEN])
{
	char url[BASE64_LEN];
	const size_t text_len = strlen(text);
	size_t len;

	if (text_len != BASE64_LEN && !(text_len == BASE64_LEN + 1 && text[BASE64_LEN] == '='))
		return false;
	for (size_t i = 0; i < sizeof url; i++)
		url[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
	return lk_base64url_decode(lk_bytes(url, sizeof url), out, LK_DIGEST_LEN, &len) &&
	       len == LK_DIGEST_LEN;
}

lk_status
foreign_digest_parse(const char *text, uint8_t out_sha256[LK_DIGEST_LEN], struct lk_error *err)
{
	if (!hex_read(text, out_sha256) && !base64_read(text, out_sha256))
		return lk_fail_field(err, "sha256", "DIGEST_INVALID",
		    "sha256 must be 64 hexadecimal digits, or base64 of 32 bytes");
	return LK_OK;
}

lk_status
foreign_source_check(const char *source, struct lk_error *err)
{
	const size_t len = strlen(source);

	if (len == 0 || len > SOURCE_MAX || !name_ok(source))
		return lk_fail_field(err, "source", "SOURCE_INVALID",
		    "source must be 1-%d characters of a-z, 0-9 and -", SOURCE_MAX);
	return LK_OK;
}

void
foreign_tag(const struct lk_pepper *pepper, const uint8_t sha256[LK_DIGEST_LEN],
    uint8_t out_tag[LK_DIGEST_LEN])
{
	const struct lk_bytes part = lk_bytes(sha256, LK_DIGEST_LEN);

	lk_pepper_mac(pepper, "latchkey/foreign-key/v1", &part, 1, out_tag);
}

static lk_status
look_for_any(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	return imported_any(tx, arg, err);
}

lk_status
foreign_begin(struct keys *keys, struct lk_error *err)
{
	bool any = false;

	LK_TRY(lk_store_read(keys->setup.store, LK_NO_DEADLINE, look_for_any, &any, err));
	if (any)
		foreign_appeared(keys);
	return LK_OK;
}

void
foreign_appeared(struct keys *keys)
{
	atomic_store(&keys->has_foreign, true);
}

lk_status
foreign_look_up(struct lk_tx *tx, const struct keys *keys, struct foreign *foreign, bool *out_found,
    struct lk_error *err)
{
	const struct keys_setup *setup = &keys->setup;

	*out_found = false;
	for (size_t i = 0; i <= setup->old_peppers_count && !*out_found; i++) {
		foreign_tag(i == 0 ? setup->pepper : setup->old_peppers[i - 1], foreign->sha256,
		    foreign->tag);
		LK_TRY(imported_find(tx, foreign->tag, foreign->key, out_found, err));
	}
	return LK_OK;
}

struct search {
	const struct keys *keys;
	struct foreign foreign;
	bool found;
};

static lk_status
search_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct search *search = arg;

	return foreign_look_up(tx, search->keys, &search->foreign, &search->found, err);
}

lk_status
foreign_find(struct keys *keys, const char *text, const struct patience *patience,
    struct foreign *out_foreign, bool *out_found, struct lk_error *err)
{
	const size_t len = strlen(text);
	struct search search = { .keys = keys };

	*out_found = false;
	if (!atomic_load(&keys->has_foreign) || len < TEXT_LEAST || len > TEXT_MOST)
		return LK_OK;
	if (!patience->may_block)
		return lk_fail(err, LK_ABORTED, "WOULD_BLOCK", "the answer is not in memory");
	lk_sha256(lk_bytes(text, len), search.foreign.sha256);
	LK_TRY(lk_store_read(
	    keys->setup.store, patience->deadline_steady_ms, search_in, &search, err));
	*out_foreign = search.foreign;
	*out_found = search.found;
	return LK_OK;
}
