/* Objects, their accessors (objects.def), secrets and names. */
#include "object.h"

#include <string.h>

#include "crypto/secret.h"

struct prefix {
	_Alignas(max_align_t) struct lk_arena *arena;
};

void *
object_new(struct lk_arena *arena, size_t size)
{
	struct prefix *prefix = lk_arena_alloc(arena, sizeof *prefix + size);

	if (!prefix)
		return NULL;
	prefix->arena = arena;
	return prefix + 1;
}

lk_status
object_take(struct lk_arena **arena, const void *message, void *out_object, struct lk_error *err)
{
	const ProtobufCMessage *base = message;

	if (!base)
		return lk_fail(err, LK_INTERNAL, "REPLY_INCOMPLETE",
		    "the service left out a part of its answer");
	void *object = object_new(*arena, base->descriptor->sizeof_message);
	if (!object)
		return lk_fail_oom(err);
	memcpy(object, base, base->descriptor->sizeof_message);
	*arena = NULL;
	*(void **)out_object = object;
	return LK_OK;
}

void
object_free(const void *object)
{
	if (object)
		lk_arena_free(((const struct prefix *)object)[-1].arena);
}

/* ---- accessors ---- */

#define PARTIAL(noun, Msg)                                                                         \
	static inline const Msg *noun##_inside(const latchkey_##noun *object)                      \
	{                                                                                          \
		return (const Msg *)(const void *)object;                                          \
	}
#define OBJECT(noun, Msg)                                                                          \
	PARTIAL(noun, Msg)                                                                         \
	void latchkey_##noun##_free(latchkey_##noun *object)                                       \
	{                                                                                          \
		object_free(object);                                                               \
	}
#define TEXT(noun, member)                                                                         \
	const char *latchkey_##noun##_##member(const latchkey_##noun *object)                      \
	{                                                                                          \
		return noun##_inside(object)->member;                                              \
	}
#define VALUE(noun, Type, member)                                                                  \
	Type latchkey_##noun##_##member(const latchkey_##noun *object)                             \
	{                                                                                          \
		return (Type)noun##_inside(object)->member;                                        \
	}
#define TEXTS(noun, item)                                                                          \
	size_t latchkey_##noun##_##item##_count(const latchkey_##noun *object)                     \
	{                                                                                          \
		return noun##_inside(object)->n_##item##s;                                         \
	}                                                                                          \
	const char *latchkey_##noun##_##item##_at(const latchkey_##noun *object, size_t index)     \
	{                                                                                          \
		return noun##_inside(object)->item##s[index];                                      \
	}
#define PART(noun, member, inner)                                                                  \
	const latchkey_##inner *latchkey_##noun##_##member(const latchkey_##noun *object)          \
	{                                                                                          \
		return (const latchkey_##inner *)(const void *)noun##_inside(object)->member;      \
	}
#define LIST(noun, Msg, items)                                                                     \
	OBJECT(noun##_list, Msg)                                                                   \
	size_t latchkey_##noun##_list_count(const latchkey_##noun##_list *list)                    \
	{                                                                                          \
		return noun##_list_inside(list)->n_##items;                                        \
	}                                                                                          \
	const latchkey_##noun *latchkey_##noun##_list_at(                                          \
	    const latchkey_##noun##_list *list, size_t index)                                      \
	{                                                                                          \
		return (const latchkey_##noun *)(const void *)noun##_list_inside(list)             \
		    ->items[index];                                                                \
	}
#define PAGED(noun)                                                                                \
	const char *latchkey_##noun##_list_next(const latchkey_##noun##_list *list)                \
	{                                                                                          \
		return noun##_list_inside(list)->page                                              \
			   ? noun##_list_inside(list)->page->next_cursor                           \
			   : "";                                                                   \
	}
#include "objects.def"

/* ---- members that are called otherwise on the wire ---- */

const char *
latchkey_session_id(const latchkey_session *session)
{
	return session_inside(session)->session_id;
}

size_t
latchkey_policy_count(const latchkey_policy *policy)
{
	return policy_inside(policy)->n_values;
}

const char *
latchkey_policy_name_at(const latchkey_policy *policy, size_t index)
{
	return policy_inside(policy)->values[index]->name;
}

const char *
latchkey_policy_value_at(const latchkey_policy *policy, size_t index)
{
	return policy_inside(policy)->values[index]->value;
}

const char *
latchkey_token_id(const latchkey_token *token)
{
	return token_inside(token)->token_id;
}

size_t
latchkey_token_scope_count(const latchkey_token *token)
{
	return token_inside(token)->n_scope;
}

const char *
latchkey_token_scope_at(const latchkey_token *token, size_t index)
{
	return token_inside(token)->scope[index];
}

const char *
latchkey_validation_kind(const latchkey_validation *validation)
{
	return validation_inside(validation)->credential_kind;
}

const char *
latchkey_jwks_json(const latchkey_jwks *jwks)
{
	return jwks_inside(jwks)->jwks;
}

const char *
latchkey_jwks_audience(const latchkey_jwks *jwks)
{
	return jwks_inside(jwks)->platform_audience;
}

/* ---- secrets ---- */

/* A latchkey_secret is a guarded secret whose last byte is NUL. */
static struct lk_bytes
secret_inside(const latchkey_secret *secret)
{
	return lk_secret_bytes((const struct lk_secret *)(const void *)secret);
}

static lk_status
secret_make(const void *bytes, size_t len, latchkey_secret **out_secret, struct lk_error *err)
{
	struct lk_secret *secret;

	if (len == 0 || len >= LK_SECRET_MAX)
		return lk_fail(err, LK_INVALID_ARGUMENT, "SECRET_LENGTH",
		    "a secret has 1 to %d bytes", LK_SECRET_MAX - 1);
	char *copy = lk_alloc(len + 1);
	if (!copy)
		return lk_fail_oom(err);
	memcpy(copy, bytes, len);
	const lk_status status = lk_secret_new(lk_bytes(copy, len + 1), &secret, err);
	lk_wipe(copy, len);
	lk_free(copy);
	LK_TRY(status);
	*out_secret = (latchkey_secret *)(void *)secret;
	return LK_OK;
}

latchkey_status
latchkey_secret_new(
    const void *bytes, size_t len, latchkey_secret **out_secret, latchkey_error *out_error)
{
	return (latchkey_status)secret_make(bytes, len, out_secret, error_inside(out_error));
}

const char *
latchkey_secret_text(const latchkey_secret *secret)
{
	return (const char *)secret_inside(secret).data;
}

size_t
latchkey_secret_len(const latchkey_secret *secret)
{
	return secret_inside(secret).len - 1;
}

void
latchkey_secret_free(latchkey_secret *secret)
{
	lk_secret_free((struct lk_secret *)(void *)secret);
}

lk_status
secret_take(char *text, latchkey_secret **out_secret, struct lk_error *err)
{
	const size_t len = text ? strlen(text) : 0;

	if (len == 0)
		return lk_fail(err, LK_INTERNAL, "REPLY_INCOMPLETE",
		    "the service left out a part of its answer");
	LK_TRY(secret_make(text, len, out_secret, err));
	lk_wipe(text, len);
	return LK_OK;
}

/* ---- names ---- */

const char *
latchkey_version(void)
{
	return LATCHKEY_VERSION;
}

const char *
latchkey_status_name(latchkey_status status)
{
	return lk_status_name((uint32_t)status);
}

const char *
latchkey_service_name(latchkey_service service)
{
	static const char *const names[LATCHKEY_SERVICE_COUNT] = { "keys", "tokens",
		"credentials" };

	return names[service];
}

const char *
latchkey_kind_name(latchkey_kind kind)
{
	static const char *const names[] = { "", "human", "service", "principal" };

	return (size_t)kind < LK_ARRAY_LEN(names) ? names[kind] : "";
}
