/* A view of bytes somebody else owns, passed by value; and the small text helpers that every module
 * needs. */
#ifndef LK_BASE_BYTES_H
#define LK_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lk_bytes {
	const uint8_t *data; /* may be NULL when len is 0 */
	size_t len;
};

static inline struct lk_bytes
lk_bytes(const void *data, size_t len)
{
	return (struct lk_bytes){ (const uint8_t *)data, len };
}

struct lk_bytes lk_bytes_of(const char *text); /* without the NUL; NULL gives the empty view */

/* Not constant time: never for secrets (lk_secret_equal in crypto/secret.h). */
bool lk_bytes_equal(struct lk_bytes a, struct lk_bytes b);
bool lk_text_is(const char *a, const char *b); /* NULL equals only "" and NULL */

/* Copy text into a fixed field; false (and an empty field) when it does not fit with its NUL. */
bool lk_text_copy(char *out, size_t out_size, const char *text);

/*
 * Well-formed UTF-8 (RFC 3629: shortest form, no surrogates, up to U+10FFFF) without NUL; the
 * second also without the C0 and C1 control characters and DEL. The empty view is both.
 */
bool lk_utf8_ok(struct lk_bytes text);
bool lk_text_printable(struct lk_bytes text);
/* Bytes of the well-formed code point that `text` begins with (NUL is one of them): 1 to 4, or 0
 * when there is none. */
size_t lk_utf8_step(struct lk_bytes text);
size_t lk_utf8_count(struct lk_bytes text); /* code points; meaningful only after lk_utf8_ok */

#endif
