/* See comments.h. Field numbers are descriptor.proto's. */
#include "comments.h"

#include <string.h>

#include "walk.h"

enum {
	SET_FILE = 1,
	FILE_PACKAGE = 2,
	FILE_SOURCE_INFO = 9,
	INFO_LOCATION = 1,
	LOCATION_PATH = 1,
	LOCATION_LEADING = 3,
	LOCATION_TRAILING = 4,
	NAME_OF_A_THING = 1, /* of messages, fields, enums, services and methods alike */
	NAME_MAX_BYTES = 256,
	PATH_MAX = 16,
};

static bool
append(char *name, struct lk_bytes part)
{
	const size_t len = strlen(name);

	if (part.len == 0 || len + part.len + 2 > NAME_MAX_BYTES)
		return false;
	if (len)
		name[len] = '.';
	memcpy(name + len + (len > 0), part.data, part.len);
	name[len + (len > 0) + part.len] = '\0';
	return true;
}

/* A path is pairs of field number and position, from the file down to the thing. */
static bool
name_at(struct lk_bytes file, struct lk_bytes path, char name[NAME_MAX_BYTES])
{
	struct lk_bytes thing = file;
	uint64_t number, nth;

	name[0] = '\0';
	if (path.len == 0 || !append(name, walk_find(file, FILE_PACKAGE, 0)))
		return false;
	while (path.len > 0) {
		if (!walk_varint(&path, &number) || !walk_varint(&path, &nth))
			return false; /* an odd path is of a part without a name */
		thing = walk_find(thing, number, nth);
		if (!append(name, walk_find(thing, NAME_OF_A_THING, 0)))
			return false;
	}
	return true;
}

/* Lines become one paragraph; an empty line begins the next. */
static char *
paragraph(struct lk_arena *arena, struct lk_bytes text)
{
	char *out = lk_arena_alloc(arena, text.len + 1);
	size_t to = 0;

	for (size_t i = 0; out && i < text.len; i++) {
		const char c = (char)text.data[i];
		const bool break_here = c == '\n' && i + 1 < text.len && text.data[i + 1] == '\n';
		if (break_here)
			out[to++] = '\n';
		else if (c == '\n' && to > 0 && out[to - 1] != '\n')
			out[to++] = ' ';
		else if (c != '\n' && (c != ' ' || (to > 0 && out[to - 1] > ' ')))
			out[to++] = c;
	}
	while (out && to > 0 && (unsigned char)out[to - 1] <= ' ')
		out[--to] = '\0';
	return out;
}

static lk_status
read_location(struct lk_bytes file, struct lk_bytes location, struct lk_arena *arena,
    struct comments *out, struct lk_error *err)
{
	char name[NAME_MAX_BYTES];
	struct lk_bytes text = walk_find(location, LOCATION_LEADING, 0);

	if (text.len == 0)
		text = walk_find(location, LOCATION_TRAILING, 0);
	if (text.len == 0 || !name_at(file, walk_find(location, LOCATION_PATH, 0), name))
		return LK_OK;
	if (out->count == COMMENTS_MAX)
		return lk_fail(err, LK_RESOURCE_EXHAUSTED, "DESCRIPTORS_TOO_MANY",
		    "there are more comments than fit");
	out->list[out->count].name = lk_arena_text(arena, name);
	out->list[out->count].text = paragraph(arena, text);
	if (!out->list[out->count].name || !out->list[out->count].text)
		return lk_fail_oom(err);
	out->count++;
	return LK_OK;
}

static lk_status
read_file(struct lk_bytes file, struct lk_arena *arena, struct comments *out, struct lk_error *err)
{
	struct lk_bytes info = walk_find(file, FILE_SOURCE_INFO, 0);
	struct walk_field field;

	while (walk_next(&info, &field))
		if (field.number == INFO_LOCATION)
			LK_TRY(read_location(file, field.bytes, arena, out, err));
	return LK_OK;
}

lk_status
comments_read(
    struct lk_bytes set, struct lk_arena *arena, struct comments *out, struct lk_error *err)
{
	struct walk_field field;

	out->count = 0;
	while (walk_next(&set, &field))
		if (field.number == SET_FILE)
			LK_TRY(read_file(field.bytes, arena, out, err));
	return set.len == 0 && out->count > 0
		   ? LK_OK
		   : lk_fail(err, LK_INVALID_ARGUMENT, "DESCRIPTORS_MALFORMED",
			 "this is no descriptor set with comments");
}

const char *
comment_of(const struct comments *comments, const char *full_name)
{
	for (size_t i = 0; i < comments->count; i++)
		if (strcmp(comments->list[i].name, full_name) == 0)
			return comments->list[i].text;
	return "";
}
