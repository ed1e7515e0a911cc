/* Rows of pages_about.def as OpenAPI; see page_document.h. */
#include "page_document.h"

#include <string.h>

#include "../router.h"
#include "document.h"

enum needed { OPTIONAL, NEEDED };
enum type { TEXT, INTEGER, FLAG, TEXTS, OBJECT, OBJECTS };

enum { CLIENT = TRADER + 1 }; /* the client of OAuth, by Basic or in its form */

struct operation {
	const char *id, *method, *path, *tag;
	int who; /* enum route_who, or CLIENT */
	const char *summary, *description;
};
struct page_parameter {
	const char *id, *in, *name;
	enum needed needed;
	const char *description;
};
struct body {
	const char *id, *media, *schema;
};
struct page_answer {
	const char *id, *status, *media, *schema, *description;
};
struct page_schema {
	const char *name, *description;
};
struct property {
	const char *schema, *name;
	enum type type;
	enum needed needed;
	const char *description;
};

#define UNSHOWN(path, why)
#define OPERATION(...)
#define PARAMETER(...)
#define BODY(...)
#define ANSWER(...)
#define SCHEMA(...)
#define PROPERTY(...)

#undef OPERATION
#define OPERATION(...) { __VA_ARGS__ },
static const struct operation operations[] = {
#include "pages_about.def"
};
#undef OPERATION
#define OPERATION(...)

#undef PARAMETER
#define PARAMETER(...) { __VA_ARGS__ },
static const struct page_parameter parameters[] = {
#include "pages_about.def"
};
#undef PARAMETER
#define PARAMETER(...)

#undef BODY
#define BODY(...) { __VA_ARGS__ },
static const struct body bodies[] = {
#include "pages_about.def"
};
#undef BODY
#define BODY(...)

#undef ANSWER
#define ANSWER(...) { __VA_ARGS__ },
static const struct page_answer answers[] = {
#include "pages_about.def"
};
#undef ANSWER
#define ANSWER(...)

#undef SCHEMA
#define SCHEMA(...) { __VA_ARGS__ },
static const struct page_schema schemas[] = {
#include "pages_about.def"
};
#undef SCHEMA
#define SCHEMA(...)

#undef PROPERTY
#define PROPERTY(...) { __VA_ARGS__ },
static const struct property properties[] = {
#include "pages_about.def"
};
#undef PROPERTY
#define PROPERTY(...)

#undef UNSHOWN
#define UNSHOWN(path, why) path,
static const char *const unshown[] = {
#include "pages_about.def"
};

struct page_path {
	const char *method, *path;
};
static const struct page_path pages[] = {
#define PAGE(method, path, fn) { #method, path },
#include "../pages.def"
#undef PAGE
};

/* ---- Nothing is left out, and nothing made up ---- */

static bool
is_at(const struct page_path *page, const char *path)
{
	const size_t len = strlen(page->path);

	return strcmp(page->path, path) == 0 ||
	       (page->path[len - 1] == '/' && strncmp(page->path, path, len) == 0);
}

/* A path below one that is told of ("/auth/" below "/auth") needs no row of its own. */
static bool
is_told(const struct page_path *page)
{
	const size_t len = strlen(page->path);

	for (size_t i = 0; i < LK_ARRAY_LEN(unshown); i++)
		if (strcmp(unshown[i], page->path) == 0)
			return true;
	for (size_t i = 0; i < LK_ARRAY_LEN(operations); i++)
		if (is_at(page, operations[i].path) ||
		    (page->path[len - 1] == '/' && strlen(operations[i].path) == len - 1 &&
			strncmp(page->path, operations[i].path, len - 1) == 0))
			return true;
	return false;
}

static bool
has_page(const char *path)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(pages); i++)
		if (is_at(&pages[i], path))
			return true;
	return false;
}

static bool
has_operation(const char *id)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(operations); i++)
		if (strcmp(operations[i].id, id) == 0)
			return true;
	return false;
}

static bool
has_schema(const char *name)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(schemas); i++)
		if (strcmp(schemas[i].name, name) == 0)
			return true;
	return *name == '\0';
}

void
page_document_check(struct document *d)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(pages); i++)
		if (!is_told(&pages[i]))
			d->wrong = lk_arena_format(d->arena,
			    "%s wants a row in services/gateway/openapi/pages_about.def",
			    pages[i].path);
	for (size_t i = 0; i < LK_ARRAY_LEN(operations); i++)
		if (!has_page(operations[i].path))
			d->wrong = operations[i].path;
	for (size_t i = 0; i < LK_ARRAY_LEN(unshown); i++)
		if (!has_page(unshown[i]))
			d->wrong = unshown[i];
	for (size_t i = 0; i < LK_ARRAY_LEN(parameters); i++)
		if (!has_operation(parameters[i].id))
			d->wrong = parameters[i].id;
	for (size_t i = 0; i < LK_ARRAY_LEN(bodies); i++)
		if (!has_operation(bodies[i].id) || !has_schema(bodies[i].schema))
			d->wrong = bodies[i].id;
	for (size_t i = 0; i < LK_ARRAY_LEN(answers); i++)
		if (!has_operation(answers[i].id) || !has_schema(answers[i].schema))
			d->wrong = answers[i].id;
	for (size_t i = 0; i < LK_ARRAY_LEN(properties); i++)
		if (!has_schema(properties[i].schema))
			d->wrong = properties[i].schema;
}

/* ---- Operations ---- */

static void
text_if_any(struct document *d, const char *name, const char *text)
{
	if (*text)
		lk_json_string(&d->json, name, text);
}

static void
write_parameters(struct document *d, const struct operation *operation)
{
	lk_json_array(&d->json, "parameters");
	for (size_t i = 0; i < LK_ARRAY_LEN(parameters); i++) {
		const struct page_parameter *p = &parameters[i];
		if (strcmp(p->id, operation->id) != 0)
			continue;
		lk_json_object(&d->json, NULL);
		lk_json_string(&d->json, "name", p->name);
		lk_json_string(&d->json, "in", p->in);
		text_if_any(d, "description", p->description);
		if (p->needed == NEEDED)
			lk_json_bool(&d->json, "required", true);
		lk_json_object(&d->json, "schema");
		lk_json_string(&d->json, "type", "string");
		lk_json_object_end(&d->json);
		lk_json_object_end(&d->json);
	}
	lk_json_array_end(&d->json);
}

static void
write_content(struct document *d, const char *media, const char *schema)
{
	lk_json_object(&d->json, "content");
	lk_json_object(&d->json, media);
	lk_json_object(&d->json, "schema");
	lk_json_string(
	    &d->json, "$ref", lk_arena_format(d->arena, "#/components/schemas/%s", schema));
	lk_json_object_end(&d->json);
	lk_json_object_end(&d->json);
	lk_json_object_end(&d->json);
}

static void
write_body(struct document *d, const struct operation *operation)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(bodies); i++) {
		if (strcmp(bodies[i].id, operation->id) != 0)
			continue;
		lk_json_object(&d->json, "requestBody");
		lk_json_bool(&d->json, "required", true);
		write_content(d, bodies[i].media, bodies[i].schema);
		lk_json_object_end(&d->json);
	}
}

static void
write_answers(struct document *d, const struct operation *operation)
{
	lk_json_object(&d->json, "responses");
	for (size_t i = 0; i < LK_ARRAY_LEN(answers); i++) {
		if (strcmp(answers[i].id, operation->id) != 0)
			continue;
		lk_json_object(&d->json, answers[i].status);
		lk_json_string(&d->json, "description", answers[i].description);
		if (*answers[i].schema)
			write_content(d, answers[i].media, answers[i].schema);
		lk_json_object_end(&d->json);
	}
	lk_json_object_end(&d->json);
}

static void
write_security(struct document *d, const struct operation *operation)
{
	if (operation->who != CLIENT) {
		document_security(d, (enum route_who)operation->who);
		return;
	}
	lk_json_array(&d->json, "security");
	lk_json_object(&d->json, NULL);
	lk_json_array(&d->json, "basic");
	lk_json_array_end(&d->json);
	lk_json_object_end(&d->json);
	lk_json_object(&d->json, NULL); /* or the form holds both */
	lk_json_object_end(&d->json);
	lk_json_array_end(&d->json);
}

static void
write_operation(struct document *d, const struct operation *operation)
{
	lk_json_object(&d->json, operation->path);
	lk_json_object(&d->json, operation->method);
	lk_json_string(&d->json, "operationId", operation->id);
	lk_json_string(&d->json, "summary", operation->summary);
	text_if_any(d, "description", operation->description);
	lk_json_array(&d->json, "tags");
	lk_json_string(&d->json, NULL, operation->tag);
	lk_json_array_end(&d->json);
	write_security(d, operation);
	write_parameters(d, operation);
	write_body(d, operation);
	write_answers(d, operation);
	lk_json_object_end(&d->json);
	lk_json_object_end(&d->json);
}

void
page_document_paths(struct document *d)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(operations); i++)
		write_operation(d, &operations[i]);
}

/* ---- Schemas ---- */

static void
write_items(struct document *d, const char *type)
{
	lk_json_string(&d->json, "type", "array");
	lk_json_object(&d->json, "items");
	lk_json_string(&d->json, "type", type);
	lk_json_object_end(&d->json);
}

static void
write_property(struct document *d, const struct property *property)
{
	static const char *const names[] = { [TEXT] = "string",
		[INTEGER] = "integer",
		[FLAG] = "boolean",
		[TEXTS] = "string",
		[OBJECT] = "object",
		[OBJECTS] = "object" };

	lk_json_object(&d->json, property->name);
	if (property->type == TEXTS || property->type == OBJECTS)
		write_items(d, names[property->type]);
	else
		lk_json_string(&d->json, "type", names[property->type]);
	text_if_any(d, "description", property->description);
	lk_json_object_end(&d->json);
}

static void
write_schema(struct document *d, const struct page_schema *schema)
{
	lk_json_object(&d->json, schema->name);
	lk_json_string(&d->json, "type", "object");
	text_if_any(d, "description", schema->description);
	lk_json_object(&d->json, "properties");
	for (size_t i = 0; i < LK_ARRAY_LEN(properties); i++)
		if (strcmp(properties[i].schema, schema->name) == 0)
			write_property(d, &properties[i]);
	lk_json_object_end(&d->json);
	lk_json_array(&d->json, "required");
	for (size_t i = 0; i < LK_ARRAY_LEN(properties); i++)
		if (strcmp(properties[i].schema, schema->name) == 0 &&
		    properties[i].needed == NEEDED)
			lk_json_string(&d->json, NULL, properties[i].name);
	lk_json_array_end(&d->json);
	lk_json_object_end(&d->json);
}

void
page_document_schemas(struct document *d)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(schemas); i++)
		write_schema(d, &schemas[i]);
}
