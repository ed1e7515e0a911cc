/*
 * What a command answers, said once and written as JSON, as a table, or as lines of `name: value`.
 * A command names every field it knows; JSON and lines show them all, a table shows those that are
 * its columns.
 */
#ifndef LATCHKEY_CLI_OUT_H
#define LATCHKEY_CLI_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

enum { OUT_COLUMNS_MAX = 12, OUT_DEPTH_MAX = 4 };

struct out {
	bool json;
	struct lk_json text;
	const char *prefix[OUT_DEPTH_MAX]; /* names of the objects we are in, for lines */
	int depth;
	/* A table, while one is open. */
	const char *const *columns;
	size_t columns_count, rows_count;
	char **cells; /* rows of columns_count texts, NULL where empty; the first row is the head */
	bool failed;  /* out of memory */
};

void out_begin(struct out *out, bool json);
/* Write all of it to standard output; false when that fails. */
bool out_end(struct out *out);
void out_wipe(struct out *out); /* may follow at any point */

/* A list called `name` in JSON, a table of `columns` (NULL at the end) otherwise. */
void out_list(struct out *out, const char *name, const char *const *columns);
void out_list_end(struct out *out);

/* An item of a list, or an object within another. name NULL in a list. */
void out_object(struct out *out, const char *name);
void out_object_end(struct out *out);

/* Texts that are "" are null in JSON and not shown otherwise. */
void out_text(struct out *out, const char *name, const char *value);
void out_flag(struct out *out, const char *name, bool value);
void out_number(struct out *out, const char *name, uint64_t value);
void out_time(struct out *out, const char *name, int64_t at_ms); /* 0: "" */
/* As out_time, but 0 is "never" to people. */
void out_expiry(struct out *out, const char *name, int64_t at_ms);

/* Several texts: JSON's array, or joined by spaces. */
void out_texts(struct out *out, const char *name, const char *(*at)(const void *of, size_t index),
    const void *of, size_t count);

#endif
