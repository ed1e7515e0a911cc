/*
 * The text of an API key, a session key or an enrolment ticket:
 *
 *     <prefix>[s|t]_<ULID of the key>_<43 base62 of 32 random bytes><6 base62 of the CRC-32 of all
 * before>
 *
 * The alphabet is [A-Za-z0-9_], safe in .netrc, Basic, URLs and shells. A typo or a scanner's false
 * hit is told without a look-up; each secret has exactly one spelling.
 */
#ifndef LK_CRYPTO_KEY_FORMAT_H
#define LK_CRYPTO_KEY_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/secret.h"
#include "id/id.h"

#define LK_KEY_PREFIX_DEFAULT "lk"

enum {
	LK_KEY_PREFIX_MAX = 10, /* characters of an installation's prefix */
	LK_KEY_TEXT_SIZE =
	    LK_KEY_PREFIX_MAX + 1 + 1 + 26 + 1 + 43 + 6 + 1, /* the longest key and its NUL */
	LK_KEY_LAST4_SIZE = 5,
	LK_KEY_HINT_SIZE = LK_KEY_PREFIX_MAX + 1 + 1 + 26 + 1 + 3 + 4 + 1,
};

/* What the letter after the prefix says; each kind has its own kind of id. */
enum lk_key_use {
	LK_KEY_USE_API,     /* lk_,  key_… */
	LK_KEY_USE_SESSION, /* lks_, ses_… */
	LK_KEY_USE_TICKET,  /* lkt_, tkt_… */
};

/* A key taken apart. Holds a secret: LK_AUTO(lk_key_parts_wipe) struct lk_key_parts key = { 0 }; */
struct lk_key_parts {
	enum lk_key_use use;
	char id[LK_ID_SIZE];
	struct lk_secret32 secret;
};
void lk_key_parts_wipe(struct lk_key_parts *key);

/* A key's whole text, NUL-terminated; under LK_AUTO(lk_key_text_wipe). */
struct lk_key_text {
	char text[LK_KEY_TEXT_SIZE];
};
void lk_key_text_wipe(struct lk_key_text *text);

/* [a-z][a-z0-9]{0,9}; NULL is false. */
bool lk_key_prefix_ok(const char *prefix);

/*
 * A key_, ses_ or tkt_ id decides the use. INVALID_ARGUMENT KEY_PREFIX_INVALID or
 * KEY_ID_INVALID.
 */
lk_status lk_key_text_make(const char *prefix, const char *id, const struct lk_secret32 *secret,
    struct lk_key_text *out_text, struct lk_error *err);

/*
 * `prefix` is this installation's and must be ok. Any length of text is safe. INVALID_ARGUMENT with
 * reason KEY_MALFORMED (not a key of this installation, or cut) or KEY_CHECKSUM (one, but
 * mistyped); `out_key` is zero then. Callers answer both to strangers as they answer an unknown
 * key. Under a microsecond; thread-safe.
 */
lk_status lk_key_text_parse(
    const char *prefix, struct lk_bytes text, struct lk_key_parts *out_key, struct lk_error *err);

/* The last four characters, which may be stored and shown; they come from the checksum. */
void lk_key_text_last4(const struct lk_key_text *text, char out_last4[LK_KEY_LAST4_SIZE]);

/* What a list shows: "lk_<ULID>_…Ab3x" in UTF-8. "" when the id is no key, session or ticket id. */
void lk_key_hint(
    const char *prefix, const char *id, const char *last4, char out_hint[LK_KEY_HINT_SIZE]);

#endif
