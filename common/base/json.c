/* A JSON writer over a buffer that is wiped whenever it moves or ends, since an answer may hold a
 * key; see json.h. */
#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

enum { JSON_FIRST_CAP = 256 };

struct lk_json
lk_json_fixed(char *buffer, size_t size)
{
	buffer[0] = '\0';
	return (struct lk_json){ .text = buffer, .cap = size, .fixed = true };
}

static bool
json_reserve(struct lk_json *j, size_t more)
{
	if (j->failed)
		return false;
	if (j->cap - j->len > more)
		return true;
	size_t cap = j->cap == 0 ? JSON_FIRST_CAP : j->cap;
	while (cap - j->len <= more && cap <= SIZE_MAX / 2)
		cap *= 2;
	char *text = j->fixed || cap - j->len <= more ? NULL : lk_alloc(cap);
	if (text == NULL) {
		j->failed = true;
		return false;
	}
	if (j->len > 0)
		memcpy(text, j->text, j->len);
	lk_wipe(j->text, j->cap);
	lk_free(j->text);
	j->text = text;
	j->cap = cap;
	return true;
}

static void
json_put(struct lk_json *j, const void *data, size_t len)
{
	if (!json_reserve(j, len))
		return;
	memcpy(j->text + j->len, data, len);
	j->len += len;
	j->text[j->len] = '\0';
}

static void
json_puts(struct lk_json *j, const char *text)
{
	json_put(j, text, strlen(text));
}

static void
json_put_escaped(struct lk_json *j, unsigned code_point)
{
	static const char *const short_forms[] = {
		['\b'] = "\\b",
		['\t'] = "\\t",
		['\n'] = "\\n",
		['\f'] = "\\f",
		['\r'] = "\\r",
		['"'] = "\\\"",
		['\\'] = "\\\\",
	};
	char text[8];

	if (code_point < LK_ARRAY_LEN(short_forms) && short_forms[code_point] != NULL) {
		json_puts(j, short_forms[code_point]);
		return;
	}
	snprintf(text, sizeof text, "\\u%04x", code_point & 0xFFFFU);
	json_puts(j, text);
}

/* Whether the code point at `p` has to be escaped, or (DEL, C1) could drive a terminal that shows
 * the text. */
static bool
needs_escape(const uint8_t *p)
{
	return p[0] < 0x20 || p[0] == '"' || p[0] == '\\' || p[0] == 0x7F ||
	       (p[0] == 0xC2 && p[1] < 0xA0);
}

static void
json_put_quoted(struct lk_json *j, struct lk_bytes value)
{
	size_t at = 0;

	json_puts(j, "\"");
	while (at < value.len) {
		size_t end = at, step = 0;
		while (end < value.len) {
			step = lk_utf8_step(lk_bytes(value.data + end, value.len - end));
			if (step == 0 || needs_escape(value.data + end))
				break;
			end += step;
		}
		json_put(j, value.data + at, end - at);
		if (end < value.len && step == 0)
			json_puts(j, "\xEF\xBF\xBD");
		else if (end < value.len)
			json_put_escaped(j,
			    value.data[end + step - 1]); /* U+0080 to U+009F is their last byte */
		at = end + (step == 0 ? 1 : step);
	}
	json_puts(j, "\"");
}

static void
json_begin(struct lk_json *j, const char *key)
{
	if (j->need_comma)
		json_puts(j, ",");
	j->need_comma = true;
	if (key == NULL)
		return;
	json_put_quoted(j, lk_bytes_of(key));
	json_puts(j, ":");
}

static void
json_open(struct lk_json *j, const char *key, const char *bracket)
{
	json_begin(j, key);
	json_puts(j, bracket);
	j->need_comma = false;
}

static void
json_close(struct lk_json *j, const char *bracket)
{
	json_puts(j, bracket);
	j->need_comma = true;
}

void
lk_json_object(struct lk_json *j, const char *key)
{
	json_open(j, key, "{");
}

void
lk_json_object_end(struct lk_json *j)
{
	json_close(j, "}");
}

void
lk_json_array(struct lk_json *j, const char *key)
{
	json_open(j, key, "[");
}

void
lk_json_array_end(struct lk_json *j)
{
	json_close(j, "]");
}

void
lk_json_string(struct lk_json *j, const char *key, const char *value)
{
	if (value == NULL)
		lk_json_null(j, key);
	else
		lk_json_bytes(j, key, lk_bytes_of(value));
}

void
lk_json_bytes(struct lk_json *j, const char *key, struct lk_bytes value)
{
	json_begin(j, key);
	json_put_quoted(j, value);
}

void
lk_json_int(struct lk_json *j, const char *key, int64_t value)
{
	char text[24];

	json_begin(j, key);
	snprintf(text, sizeof text, "%" PRId64, value);
	json_puts(j, text);
}

void
lk_json_bool(struct lk_json *j, const char *key, bool value)
{
	json_begin(j, key);
	json_puts(j, value ? "true" : "false");
}

void
lk_json_null(struct lk_json *j, const char *key)
{
	json_begin(j, key);
	json_puts(j, "null");
}

const char *
lk_json_text(struct lk_json *j)
{
	if (j->failed)
		return NULL;
	return j->text == NULL ? "" : j->text;
}

void
lk_json_wipe(struct lk_json *j)
{
	lk_wipe(j->text, j->cap);
	if (!j->fixed)
		lk_free(j->text);
	memset(j, 0, sizeof *j);
}
