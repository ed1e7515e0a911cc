/* Reading a request: JSON by jansson, then every member by name and type. */
#include "serve_request.h"

#include <jansson.h>
#include <string.h>

static const struct member {
	const char *name;
	size_t offset; /* of a const char * */
} members[] = {
	{ "credential", offsetof(struct serve_request, credential) },
	{ "audience", offsetof(struct serve_request, requirements.audience) },
	{ "source_address", offsetof(struct serve_request, requirements.source_address) },
	{ "permission", offsetof(struct serve_request, requirements.permission) },
	{ "workgroup", offsetof(struct serve_request, requirements.workgroup) },
};

static lk_status
invalid(const char *name, struct lk_error *err)
{
	return lk_fail_field(err, name, "MEMBER_INVALID", "this member is not what it should be");
}

static lk_status
read_id(const json_t *value, struct serve_request *out, struct lk_error *err)
{
	if (json_is_integer(value)) {
		out->number = json_integer_value(value);
		out->has_number = true;
		return LK_OK;
	}
	if (!json_is_string(value) || json_string_length(value) > SERVE_ID_MAX)
		return invalid("id", err);
	out->id = json_string_value(value);
	return LK_OK;
}

static lk_status
read_ask(const json_t *value, struct serve_request *out, struct lk_error *err)
{
	const char *text = json_string_value(value);

	if (!text || (strcmp(text, "validate") != 0 && strcmp(text, "counts") != 0))
		return invalid("ask", err);
	out->ask = strcmp(text, "counts") == 0 ? SERVE_COUNTS : SERVE_VALIDATE;
	return LK_OK;
}

static lk_status
read_member(const char *name, const json_t *value, struct serve_request *out, struct lk_error *err)
{
	if (strcmp(name, "id") == 0)
		return LK_OK; /* read first */
	if (strcmp(name, "ask") == 0)
		return read_ask(value, out, err);
	for (size_t i = 0; i < LK_ARRAY_LEN(members); i++) {
		if (strcmp(name, members[i].name) != 0)
			continue;
		if (!json_is_string(value))
			return invalid(members[i].name, err);
		*(const char **)(void *)((char *)out + members[i].offset) =
		    json_string_value(value);
		return LK_OK;
	}
	return lk_fail(err, LK_INVALID_ARGUMENT, "MEMBER_UNKNOWN", "a request has no such member");
}

static lk_status
read_object(json_t *object, struct serve_request *out, struct lk_error *err)
{
	const json_t *id = json_object_get(object, "id");

	if (id)
		LK_TRY(read_id(id, out, err));
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at))
		LK_TRY(read_member(json_object_iter_key(at), json_object_iter_value(at), out, err));
	if (out->ask == SERVE_VALIDATE && !out->credential)
		return lk_fail_field(
		    err, "credential", "CREDENTIAL_MISSING", "a key or token is needed");
	return LK_OK;
}

lk_status
serve_request_parse(struct lk_bytes line, struct serve_request *out_request, struct lk_error *err)
{
	*out_request = (struct serve_request){ 0 };
	json_t *document =
	    json_loadb((const char *)line.data, line.len, JSON_REJECT_DUPLICATES, NULL);
	out_request->document = document;
	if (!json_is_object(document))
		return lk_fail(err, LK_INVALID_ARGUMENT, "JSON_INVALID",
		    "a request is a JSON object on one line");
	return read_object(document, out_request, err);
}

/* jansson frees texts unwiped; in the program free() wipes. */
void
serve_request_wipe(struct serve_request *request)
{
	json_decref(request->document);
	*request = (struct serve_request){ 0 };
}
