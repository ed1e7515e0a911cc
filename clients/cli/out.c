/* JSON, tables and lines; see out.h. */
#include "out.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "time/duration.h"

enum { LABEL_WIDTH = 20, COLUMN_GAP = 2 };

void
out_begin(struct out *out, bool json)
{
	memset(out, 0, sizeof *out);
	out->json = json;
	if (json)
		lk_json_object(&out->text, NULL);
}

bool
out_end(struct out *out)
{
	if (out->json) {
		lk_json_object_end(&out->text);
		const char *text = lk_json_text(&out->text);
		if (text)
			printf("%s\n", text);
		else
			out->failed = true;
	}
	return fflush(stdout) == 0 && !ferror(stdout) && !out->failed;
}

static void
cells_free(struct out *out)
{
	for (size_t i = 0; out->cells && i < out->rows_count * out->columns_count; i++) {
		if (out->cells[i])
			lk_wipe(out->cells[i], strlen(out->cells[i]));
		lk_free(out->cells[i]);
	}
	lk_free(out->cells);
	out->cells = NULL;
}

void
out_wipe(struct out *out)
{
	cells_free(out);
	lk_json_wipe(&out->text);
}

/* Whatever a service sends, the terminal gets no control characters. */
static void
tame(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
	}
}

/* ---- tables ---- */

static void
row_add(struct out *out)
{
	const size_t had = out->rows_count * out->columns_count,
		     width = out->columns_count * sizeof *out->cells;
	char **grown = lk_realloc(out->cells, had * sizeof *out->cells + width);

	if (!grown) {
		out->failed = true;
		return;
	}
	memset(grown + had, 0, width);
	out->cells = grown;
	out->rows_count++;
}

static void
cell_set(struct out *out, const char *name, const char *value)
{
	for (size_t i = 0; i < out->columns_count && out->rows_count > 0; i++) {
		char **cell = &out->cells[(out->rows_count - 1) * out->columns_count + i];
		if (strcmp(out->columns[i], name) != 0 || *cell)
			continue;
		*cell = lk_text_dup(value);
		if (*cell)
			tame(*cell);
		else
			out->failed = true;
	}
}

static void
head_add(struct out *out)
{
	row_add(out);
	for (size_t i = 0; i < out->columns_count && !out->failed; i++) {
		cell_set(out, out->columns[i], out->columns[i]);
		for (char *c = out->cells[i]; c && *c; c++)
			*c = *c == '_' ? ' ' : *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
	}
}

static size_t
cell_width(const char *cell)
{
	return cell ? lk_utf8_count(lk_bytes_of(cell)) : 0;
}

static void
table_print(const struct out *out)
{
	size_t widths[OUT_COLUMNS_MAX] = { 0 };

	for (size_t i = 0; i < out->rows_count * out->columns_count; i++) {
		const size_t width = cell_width(out->cells[i]);
		if (width > widths[i % out->columns_count])
			widths[i % out->columns_count] = width;
	}
	for (size_t row = 0; row < out->rows_count; row++) {
		char *const *cells = out->cells + row * out->columns_count;
		size_t pad = 0;
		for (size_t i = 0; i < out->columns_count; i++) {
			if (cells[i] && *cells[i])
				printf("%*s%s", (int)pad, "", cells[i]), pad = 0;
			pad += widths[i] - cell_width(cells[i]) + COLUMN_GAP;
		}
		putchar('\n');
	}
}

void
out_list(struct out *out, const char *name, const char *const *columns)
{
	if (out->json) {
		lk_json_array(&out->text, name);
		return;
	}
	out->columns = columns;
	while (columns[out->columns_count] && out->columns_count < OUT_COLUMNS_MAX)
		out->columns_count++;
	head_add(out);
}

void
out_list_end(struct out *out)
{
	if (out->json) {
		lk_json_array_end(&out->text);
		return;
	}
	if (!out->failed)
		table_print(out);
	cells_free(out);
	out->columns = NULL;
	out->columns_count = out->rows_count = 0;
}

/* ---- objects ---- */

void
out_object(struct out *out, const char *name)
{
	if (out->json)
		lk_json_object(&out->text, name);
	else if (out->columns && !name)
		row_add(out);
	else if (out->depth < OUT_DEPTH_MAX)
		out->prefix[out->depth] = name;
	out->depth++;
}

void
out_object_end(struct out *out)
{
	out->depth--;
	if (out->json)
		lk_json_object_end(&out->text);
}

/* "admin email:        ada@…" */
static void
line_print(const struct out *out, const char *name, const char *value)
{
	char label[128] = "";
	size_t used = 0;

	for (int i = 0; i < out->depth && i < OUT_DEPTH_MAX && out->prefix[i]; i++)
		used += (size_t)snprintf(label + used, sizeof label - used, "%s ", out->prefix[i]);
	used += (size_t)snprintf(label + used, sizeof label - used, "%s:", name);
	for (char *c = label; *c; c++)
		*c = *c == '_' ? ' ' : *c;
	LK_AUTO(lk_freep) char *tamed = lk_text_dup(value);
	if (!tamed)
		return;
	tame(tamed);
	printf("%-*s %s\n", LABEL_WIDTH, label, tamed);
	lk_wipe(tamed, strlen(tamed));
}

static void
people_text(struct out *out, const char *name, const char *value)
{
	if (out->columns)
		cell_set(out, name, value);
	else if (*value)
		line_print(out, name, value);
}

void
out_text(struct out *out, const char *name, const char *value)
{
	if (out->json)
		lk_json_string(&out->text, name, value && *value ? value : NULL);
	else
		people_text(out, name, value ? value : "");
}

void
out_flag(struct out *out, const char *name, bool value)
{
	if (out->json)
		lk_json_bool(&out->text, name, value);
	else
		people_text(out, name, value ? "yes" : "no");
}

void
out_number(struct out *out, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)value);
	if (out->json)
		lk_json_int(&out->text, name, (int64_t)value);
	else
		people_text(out, name, text);
}

/* People get seconds: 2026-01-02T03:04:05Z. */
static void
people_time(struct out *out, const char *name, const char *instant)
{
	char text[LK_INSTANT_SIZE];

	snprintf(text, sizeof text, "%.19s%s", instant, *instant ? "Z" : "");
	people_text(out, name, text);
}

void
out_time(struct out *out, const char *name, int64_t at_ms)
{
	char instant[LK_INSTANT_SIZE];

	lk_instant_format(at_ms, instant);
	if (out->json)
		out_text(out, name, instant);
	else
		people_time(out, name, instant);
}

void
out_expiry(struct out *out, const char *name, int64_t at_ms)
{
	if (at_ms == 0 && !out->json)
		people_text(out, name, "never");
	else
		out_time(out, name, at_ms);
}

void
out_texts(struct out *out, const char *name, const char *(*at)(const void *of, size_t index),
    const void *of, size_t count)
{
	char joined[1024] = "";
	size_t used = 0;

	if (out->json)
		lk_json_array(&out->text, name);
	for (size_t i = 0; i < count; i++) {
		if (out->json)
			lk_json_string(&out->text, NULL, at(of, i));
		else if (used < sizeof joined)
			used += (size_t)snprintf(
			    joined + used, sizeof joined - used, "%s%s", i ? " " : "", at(of, i));
	}
	if (out->json)
		lk_json_array_end(&out->text);
	else
		people_text(out, name, count == 0 && !out->columns ? "none" : joined);
}
