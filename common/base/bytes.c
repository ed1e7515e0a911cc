/* Views, text and UTF-8; see bytes.h. */
#include "base/bytes.h"

#include <string.h>

struct lk_bytes
lk_bytes_of(const char *text)
{
	return lk_bytes(text, text == NULL ? 0 : strlen(text));
}

bool
lk_bytes_equal(struct lk_bytes a, struct lk_bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool
lk_text_is(const char *a, const char *b)
{
	return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

bool
lk_text_copy(char *out, size_t out_size, const char *text)
{
	const size_t len = text == NULL ? 0 : strlen(text);

	if (out_size == 0)
		return false;
	out[0] = '\0';
	if (len >= out_size)
		return false;
	if (len > 0)
		memcpy(out, text, len + 1);
	return true;
}

/* Unicode 15, table 3-7: the first byte decides the length and the range of the second. */
static const struct {
	uint8_t first_min, first_max, second_min, second_max;
	uint8_t len;
} forms[] = {
	{ 0xC2, 0xDF, 0x80, 0xBF, 2 },
	{ 0xE0, 0xE0, 0xA0, 0xBF, 3 },
	{ 0xE1, 0xEC, 0x80, 0xBF, 3 },
	{ 0xED, 0xED, 0x80, 0x9F, 3 }, /* no surrogates */
	{ 0xEE, 0xEF, 0x80, 0xBF, 3 },
	{ 0xF0, 0xF0, 0x90, 0xBF, 4 },
	{ 0xF1, 0xF3, 0x80, 0xBF, 4 },
	{ 0xF4, 0xF4, 0x80, 0x8F, 4 },
};

size_t
lk_utf8_step(struct lk_bytes text)
{
	if (text.len == 0)
		return 0;
	const uint8_t *p = text.data;
	if (p[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		if (p[0] < forms[i].first_min || p[0] > forms[i].first_max)
			continue;
		if (text.len < forms[i].len || p[1] < forms[i].second_min ||
		    p[1] > forms[i].second_max)
			return 0;
		for (size_t k = 2; k < forms[i].len; k++)
			if (p[k] < 0x80 || p[k] > 0xBF)
				return 0;
		return forms[i].len;
	}
	return 0;
}

/* The length of the ASCII without NUL in front, in whole words: what nearly every text consists of.
 */
static size_t
ascii_words(struct lk_bytes text)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	size_t len = 0;
	uint64_t word;

	for (; text.len - len >= sizeof word; len += sizeof word) {
		memcpy(&word, text.data + len, sizeof word);
		if (((word - ones) | word) & tops) /* a byte of 0 borrows, one above 127 shows */
			break;
	}
	return len;
}

bool
lk_utf8_ok(struct lk_bytes text)
{
	const size_t plain = ascii_words(text);

	if (plain > 0)
		text = lk_bytes(text.data + plain, text.len - plain);
	while (text.len > 0) {
		const size_t step = lk_utf8_step(text);
		if (step == 0 || text.data[0] == 0)
			return false;
		text = lk_bytes(text.data + step, text.len - step);
	}
	return true;
}

/* C1 is U+0080 to U+009F: C2 80 to C2 9F. */
static bool
is_control(const uint8_t *p)
{
	return p[0] < 0x20 || p[0] == 0x7F || (p[0] == 0xC2 && p[1] < 0xA0);
}

bool
lk_text_printable(struct lk_bytes text)
{
	while (text.len > 0) {
		const size_t step = lk_utf8_step(text);
		if (step == 0 || is_control(text.data))
			return false;
		text = lk_bytes(text.data + step, text.len - step);
	}
	return true;
}

size_t
lk_utf8_count(struct lk_bytes text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += (text.data[i] & 0xC0) != 0x80;
	return count;
}
