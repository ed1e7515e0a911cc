/* Write JSON into a growing text buffer (RFC 8259). Reading JSON is jansson's job; writing a log
 * line or an answer is this. */
#ifndef LK_BASE_JSON_H
#define LK_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/scope.h"

/* Zero-initialise, use, lk_json_wipe(). After memory runs short every call is a no-op and
 * lk_json_text() is NULL. */
struct lk_json {
	char *text;
	size_t len, cap;
	bool failed, need_comma, fixed;
};

/* A writer into the caller's buffer: never allocates, fails when it is full; size > 0. Its wipe
 * only wipes. */
struct lk_json lk_json_fixed(char *buffer, size_t size);

void lk_json_object(struct lk_json *j, const char *key); /* key NULL inside arrays and at the top */
void lk_json_object_end(struct lk_json *j);
void lk_json_array(struct lk_json *j, const char *key);
void lk_json_array_end(struct lk_json *j);
void lk_json_string(struct lk_json *j, const char *key,
    const char *value); /* NULL value writes null; bad UTF-8 becomes U+FFFD */
void lk_json_bytes(struct lk_json *j, const char *key,
    struct lk_bytes value); /* text that is not NUL-terminated */
void lk_json_int(struct lk_json *j, const char *key, int64_t value);
void lk_json_bool(struct lk_json *j, const char *key, bool value);
void lk_json_null(struct lk_json *j, const char *key);
const char *lk_json_text(struct lk_json *j); /* borrowed until the next call; NUL-terminated */
void lk_json_wipe(struct lk_json *j);        /* wipes and frees */

#endif
