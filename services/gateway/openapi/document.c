/* One operation a route; see document.h. */
#include "document.h"

#include <ctype.h>
#include <string.h>

#include "../router.h"
#include "../shape.h"
#include "page_document.h"

/* ---- Names ---- */

/* The last word of a path, without its verb: "tokens" of /v1/audit/tokens. */
static const char *
last_word(struct document *d, const char *path)
{
	const char *slash = strrchr(path, '/') + 1;
	const char *word = *slash == '{' ? slash + 1 : slash;

	return lk_arena_text_n(d->arena, word, strcspn(word, "}:"));
}

/* The rpc's name; where two routes have one rpc, the second says which it is. */
static const char *
operation_id(struct document *d, const struct route *route)
{
	for (const struct route *before = routes; before < route; before++)
		if (strcmp(before->rpc, route->rpc) == 0)
			return lk_arena_format(
			    d->arena, "%s_%s", route->rpc, last_word(d, route->path));
	return route->rpc;
}

/* "Create key" of CreateKey. */
static const char *
summary(struct document *d, const char *rpc)
{
	char *out = lk_arena_alloc(d->arena, 2 * strlen(rpc) + 1);
	size_t to = 0;

	for (const char *c = rpc; out && *c; c++) {
		const bool word = c > rpc && isupper((unsigned char)*c) != 0;
		if (word)
			out[to++] = ' ';
		out[to++] = word ? (char)tolower((unsigned char)*c) : *c;
	}
	return out;
}

/* "keys" of latchkey.keys.v1.KeyService. */
static const char *
tag(struct document *d, const struct route *route)
{
	const char *package = strchr(route->contract->name, '.') + 1;

	return lk_arena_text_n(d->arena, package, strcspn(package, "."));
}

/* ---- Parameters ---- */

static void
parameter_begin(struct document *d, const char *in, const char *name, const char *description)
{
	lk_json_object(&d->json, NULL);
	lk_json_string(&d->json, "name", name);
	lk_json_string(&d->json, "in", in);
	if (*description)
		lk_json_string(&d->json, "description", description);
}

static void
parameter(struct document *d, const char *in, const char *prefix,
    const ProtobufCFieldDescriptor *field, const ProtobufCMessageDescriptor *type)
{
	const bool in_path = strcmp(in, "path") == 0;
	char name[SHAPE_NAME_SIZE];

	shape_name(field, name);
	/* a path's names are the contract's: they stand in it so */
	parameter_begin(d, in,
	    lk_arena_format(d->arena, "%s%s", prefix, in_path ? field->name : name),
	    schema_comment(d, type->name, field->name));
	if (in_path)
		lk_json_bool(&d->json, "required", true);
	schema_field(d, "schema", field, type, READ);
	lk_json_object_end(&d->json);
}

/* What a query may say: every field that is no message, and those of a message as "page.size". */
static void
query_parameters(struct document *d, const struct route *route, const char *prefix,
    const ProtobufCMessageDescriptor *type)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		char name[SHAPE_NAME_SIZE];
		if (schema_is_in_path(route->path, field))
			continue;
		if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
			parameter(d, "query", prefix, field, type);
		} else if (field->label != PROTOBUF_C_LABEL_REPEATED) {
			shape_name(field, name);
			query_parameters(d, route, lk_arena_format(d->arena, "%s%s.", prefix, name),
			    field->descriptor);
		}
	}
}

static bool
has_body(const struct route *route)
{
	return strcmp(route->method, "GET") != 0 && strcmp(route->method, "DELETE") != 0;
}

static void
header_parameter(struct document *d, const char *name, int64_t most, const char *description)
{
	parameter_begin(d, "header", name, description);
	lk_json_object(&d->json, "schema");
	lk_json_string(&d->json, "type", "string");
	lk_json_int(&d->json, "minLength", 1);
	lk_json_int(&d->json, "maxLength", most);
	lk_json_object_end(&d->json);
	lk_json_object_end(&d->json);
}

/* A change of what a GET of the same path shows. */
static bool
has_etag(const struct route *route)
{
	for (size_t i = 0; i < route_count; i++)
		if (strcmp(routes[i].path, route->path) == 0 &&
		    strcmp(routes[i].method, "GET") == 0)
			return strcmp(route->method, "POST") != 0 && route->effect == LK_WRITE_ONCE;
	return false;
}

static void
parameters(struct document *d, const struct route *route, const ProtobufCMessageDescriptor *input)
{
	lk_json_array(&d->json, "parameters");
	for (unsigned i = 0; i < input->n_fields; i++)
		if (schema_is_in_path(route->path, &input->fields[i]))
			parameter(d, "path", "", &input->fields[i], input);
	if (!has_body(route))
		query_parameters(d, route, "", input);
	if (route->effect == LK_WRITE_ONCE)
		header_parameter(d, "Idempotency-Key", 64,
		    "A write repeated with the same key within 24 hours happens once.");
	if (has_etag(route))
		header_parameter(d, "If-Match", 512,
		    "The ETag of a GET of this path: refused with 412 when it would be another "
		    "now.");
	lk_json_array_end(&d->json);
}

/* ---- Bodies ---- */

static bool
has_fields(const struct route *route, const ProtobufCMessageDescriptor *input)
{
	for (unsigned i = 0; i < input->n_fields; i++)
		if (!schema_is_in_path(route->path, &input->fields[i]))
			return true;
	return false;
}

static void
request_body(struct document *d, const struct route *route, const ProtobufCMessageDescriptor *input)
{
	if (!has_body(route) || !has_fields(route, input))
		return;
	lk_json_object(&d->json, "requestBody");
	lk_json_object(&d->json, "content");
	lk_json_object(&d->json, "application/json");
	if (strchr(route->path, '{'))
		schema_object(d, "schema", input, READ, route->path);
	else
		schema_ref(d, "schema", input, READ);
	lk_json_object_end(&d->json);
	lk_json_object_end(&d->json);
	lk_json_object_end(&d->json);
}

static void
problem_ref(struct document *d, const char *status)
{
	lk_json_object(&d->json, status);
	lk_json_string(&d->json, "$ref", "#/components/responses/Problem");
	lk_json_object_end(&d->json);
}

static void
responses(struct document *d, const struct route *route, const ProtobufCMessageDescriptor *output)
{
	const char *comment = schema_comment(d, output->name, "");

	lk_json_object(&d->json, "responses");
	lk_json_object(&d->json, lk_arena_format(d->arena, "%u", route->success));
	lk_json_string(&d->json, "description", *comment ? comment : "Done.");
	lk_json_object(&d->json, "content");
	lk_json_object(&d->json, "application/json");
	schema_ref(d, "schema", output, WRITTEN);
	lk_json_object_end(&d->json);
	lk_json_object_end(&d->json);
	lk_json_object_end(&d->json);
	problem_ref(d, "4XX");
	problem_ref(d, "5XX");
	lk_json_object_end(&d->json);
}

/* ---- Who may ask ---- */

static const char *const schemes[] = { "bearer", "basic", "apiKey" };

void
document_security(struct document *d, enum route_who who)
{
	lk_json_array(&d->json, "security");
	for (size_t i = 0; who != ANYBODY && i < LK_ARRAY_LEN(schemes); i++) {
		lk_json_object(&d->json, NULL);
		lk_json_array(&d->json, schemes[i]);
		lk_json_array_end(&d->json);
		lk_json_object_end(&d->json);
	}
	if (who == TRADER) { /* or the body is the proof */
		lk_json_object(&d->json, NULL);
		lk_json_object_end(&d->json);
	}
	lk_json_array_end(&d->json);
}

static void
scheme(struct document *d, const char *name, const char *kind, const char *more,
    const char *more_value, const char *description)
{
	lk_json_object(&d->json, name);
	lk_json_string(&d->json, "type", kind);
	lk_json_string(&d->json, "description", description);
	lk_json_string(&d->json, more, more_value);
	if (strcmp(kind, "apiKey") == 0)
		lk_json_string(&d->json, "in", "header");
	lk_json_object_end(&d->json);
}

static void
security_schemes(struct document *d)
{
	lk_json_object(&d->json, "securitySchemes");
	scheme(d, "bearer", "http", "scheme", "bearer",
	    "An API key, a session's secret, or an access token.");
	scheme(d, "basic", "http", "scheme", "basic", "User apikey, with an API key as password.");
	scheme(d, "apiKey", "apiKey", "name", "X-API-Key", "An API key.");
	lk_json_object_end(&d->json);
}

/* ---- The whole ---- */

static void
operation(struct document *d, const struct route *route)
{
	const ProtobufCMethodDescriptor *rpc =
	    protobuf_c_service_descriptor_get_method_by_name(route->contract, route->rpc);
	char method[8] = "";

	if (!rpc) {
		d->wrong = route->rpc;
		return;
	}
	for (size_t i = 0; route->method[i] && i + 1 < sizeof method; i++)
		method[i] = (char)tolower((unsigned char)route->method[i]);
	const char *comment = schema_comment(d, route->contract->name, route->rpc);
	lk_json_object(&d->json, method);
	lk_json_string(&d->json, "operationId", operation_id(d, route));
	lk_json_string(&d->json, "summary", summary(d, route->rpc));
	if (*comment)
		lk_json_string(&d->json, "description", comment);
	lk_json_array(&d->json, "tags");
	lk_json_string(&d->json, NULL, tag(d, route));
	lk_json_array_end(&d->json);
	document_security(d, route->who);
	parameters(d, route, rpc->input);
	request_body(d, route, rpc->input);
	responses(d, route, rpc->output);
	lk_json_object_end(&d->json);
}

static bool
is_first_of_path(const struct route *route)
{
	for (const struct route *before = routes; before < route; before++)
		if (strcmp(before->path, route->path) == 0)
			return false;
	return true;
}

static void
paths(struct document *d)
{
	lk_json_object(&d->json, "paths");
	for (size_t i = 0; i < route_count; i++) {
		if (!is_first_of_path(&routes[i]))
			continue;
		lk_json_object(&d->json, routes[i].path);
		for (size_t j = i; j < route_count; j++)
			if (strcmp(routes[j].path, routes[i].path) == 0)
				operation(d, &routes[j]);
		lk_json_object_end(&d->json);
	}
	page_document_paths(d);
	lk_json_object_end(&d->json);
}

static void
info(struct document *d)
{
	lk_json_object(&d->json, "info");
	lk_json_string(&d->json, "title", "Latchkey");
	lk_json_string(&d->json, "version", LK_VERSION);
	lk_json_string(&d->json, "description",
	    "API keys, other providers' credentials and access tokens of a scientific-data "
	    "platform. Show a key as Bearer, as Basic with user apikey, or as X-API-Key. "
	    "Errors are problem details (RFC 9457) with a stable reason. Lists come in pages: "
	    "page.size, and page.cursor from the page before.");
	lk_json_object(&d->json, "license");
	lk_json_string(&d->json, "name", "Apache-2.0");
	lk_json_string(&d->json, "identifier", "Apache-2.0");
	lk_json_object_end(&d->json);
	lk_json_object_end(&d->json);
}

static void
text_schema(struct document *d, const char *name, const char *description)
{
	lk_json_object(&d->json, name);
	lk_json_string(&d->json, "type", "string");
	lk_json_string(&d->json, "description", description);
	lk_json_object_end(&d->json);
}

/* As problem.c writes it. */
static void
problem_schema(struct document *d)
{
	static const char *const always[] = { "type", "title", "status", "detail", "reason",
		"requestId" };

	lk_json_object(&d->json, "Problem");
	lk_json_string(&d->json, "type", "object");
	lk_json_string(&d->json, "description", "RFC 9457 problem details.");
	lk_json_object(&d->json, "properties");
	text_schema(d, "type", "urn:latchkey:reason: and the reason");
	text_schema(d, "title", "of the HTTP status");
	lk_json_object(&d->json, "status");
	lk_json_string(&d->json, "type", "integer");
	lk_json_object_end(&d->json);
	text_schema(d, "detail", "for people");
	text_schema(d, "reason", "for programs; stable");
	text_schema(d, "field", "the member of the request that is at fault");
	text_schema(d, "requestId", "as the logs have it");
	lk_json_object_end(&d->json);
	lk_json_array(&d->json, "required");
	for (size_t i = 0; i < LK_ARRAY_LEN(always); i++)
		lk_json_string(&d->json, NULL, always[i]);
	lk_json_array_end(&d->json);
	lk_json_object_end(&d->json);
}

static void
problem_response(struct document *d)
{
	lk_json_object(&d->json, "responses");
	lk_json_object(&d->json, "Problem");
	lk_json_string(&d->json, "description", "Refused, or not possible now.");
	lk_json_object(&d->json, "content");
	lk_json_object(&d->json, "application/problem+json");
	lk_json_object(&d->json, "schema");
	lk_json_string(&d->json, "$ref", "#/components/schemas/Problem");
	lk_json_object_end(&d->json);
	lk_json_object_end(&d->json);
	lk_json_object_end(&d->json);
	lk_json_object_end(&d->json);
	lk_json_object_end(&d->json);
}

const char *
document_write(struct document *d)
{
	d->json = (struct lk_json){ 0 };
	page_document_check(d);
	lk_json_object(&d->json, NULL);
	lk_json_string(&d->json, "openapi", "3.1.0");
	info(d);
	lk_json_array(&d->json, "servers");
	lk_json_object(&d->json, NULL);
	lk_json_string(&d->json, "url", "/");
	lk_json_object_end(&d->json);
	lk_json_array_end(&d->json);
	paths(d);
	lk_json_object(&d->json, "components");
	security_schemes(d);
	problem_response(d);
	lk_json_object(&d->json, "schemas");
	problem_schema(d);
	page_document_schemas(d);
	schema_components(d);
	lk_json_object_end(&d->json);
	lk_json_object_end(&d->json);
	lk_json_object_end(&d->json);
	return d->wrong ? NULL : lk_json_text(&d->json);
}
