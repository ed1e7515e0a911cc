/* Runs while Latchkey is built: `openapi DESCRIPTORS OUT` writes the OpenAPI document of routes.def
 * and the contracts. Read document.c. */
#include <stdio.h>
#include <string.h>

#include "document.h"
#include "unrouted.h"

enum { SET_MAX = 4 * 1024 * 1024, ARENA_CAP = 16 * 1024 * 1024 };

static lk_status
read_set(const char *path, struct lk_arena *arena, struct lk_bytes *out, struct lk_error *err)
{
	uint8_t *data = lk_arena_alloc(arena, SET_MAX);
	FILE *file = fopen(path, "re");
	size_t len = 0;

	if (file && data)
		len = fread(data, 1, SET_MAX, file);
	if (file)
		fclose(file);
	if (len == 0 || len == SET_MAX)
		return lk_fail(err, LK_NOT_FOUND, "DESCRIPTORS_UNREADABLE",
		    "%s cannot be read, or is too long", path);
	*out = lk_bytes(data, len);
	return LK_OK;
}

static lk_status
write_text(const char *path, const char *text, struct lk_error *err)
{
	FILE *file = fopen(path, "we");
	const bool written = file && fputs(text, file) >= 0;

	if (!file || fclose(file) != 0 || !written)
		return lk_fail(
		    err, LK_UNAVAILABLE, "DOCUMENT_NOT_WRITTEN", "%s cannot be written", path);
	return LK_OK;
}

static lk_status
make(const char *from, const char *to, struct lk_arena *arena, struct lk_error *err)
{
	struct comments *comments = LK_ARENA_NEW(arena, struct comments);
	struct document *document = LK_ARENA_NEW(arena, struct document);
	struct lk_bytes set;

	if (!comments || !document)
		return lk_fail_oom(err);
	LK_TRY(read_set(from, arena, &set, err));
	LK_TRY(unrouted_check(set, arena, err));
	LK_TRY(comments_read(set, arena, comments, err));
	document->arena = arena;
	document->comments = comments;
	const char *text = document_write(document);
	const lk_status status =
	    text ? write_text(to, text, err)
		 : lk_fail(err, LK_INVALID_ARGUMENT, "DOCUMENT_IMPOSSIBLE",
		       "there is no document: %s", document->wrong ? document->wrong : "memory");
	lk_json_wipe(&document->json);
	return status;
}

int
main(int argc, char **argv)
{
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(ARENA_CAP);
	struct lk_error err = { 0 };

	if (argc != 3 || !arena) {
		fputs("usage: openapi DESCRIPTORS OUT\n", stderr);
		return 2;
	}
	if (make(argv[1], argv[2], arena, &err) == LK_OK)
		return 0;
	fprintf(stderr, "openapi: %s (%s)\n", err.message, err.reason);
	return 1;
}
