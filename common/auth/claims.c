/* The claim set of an access token. libjwt reads the values, after jansson has shown that there are
 * no duplicates and that every member has its type: libjwt tells neither. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <jwt.h>

#include "auth/token.h"

enum { GENERATIONS = 4, ACTOR_MEMBERS = 3 };

/* RFC 7519 4.1: NumericDate, seconds; from 1970-01-01T00:00:01Z to 9999-12-31T23:59:59Z. */
#define DATE_MAX INT64_C(253402300799)

static lk_status
refused(struct lk_error *err, const char *claim, const char *why)
{
	return lk_fail(err, LK_UNAUTHENTICATED, "TOKEN_CLAIMS", "claim %s %s", claim, why);
}

static void
json_freep(json_t **json)
{
	json_decref(*json);
}

static void
jwt_freep(jwt_t **jwt)
{
	if (*jwt != NULL)
		jwt_free(*jwt);
}

/* ---- Scalar claims: one row each ---- */

struct text_claim {
	const char *name;
	size_t offset, size;
	bool required;
};

#define TEXT(name, field, required)                                                                \
	{                                                                                          \
		name, offsetof(struct lk_claims, field), sizeof(((struct lk_claims *)0)->field),   \
		    required                                                                       \
	}

static const struct text_claim text_claims[] = {
	TEXT("iss", issuer, true),
	TEXT("sub", subject, true),
	TEXT("aud", audience, true),
	TEXT("client_id", client_id, true),
	TEXT("jti", token, true),
	TEXT("tenant", tenant, false),
	TEXT("key", key, false),
	TEXT("sid", session, false),
};

static const struct {
	const char *name;
	size_t offset;
} date_claims[] = {
	{ "iat", offsetof(struct lk_claims, issued_at_s) },
	{ "nbf", offsetof(struct lk_claims, not_before_s) },
	{ "exp", offsetof(struct lk_claims, expires_at_s) },
};

static lk_status
text_read(jwt_t *jwt, const json_t *set, const struct text_claim *claim, struct lk_claims *out,
    struct lk_error *err)
{
	const json_t *member = json_object_get(set, claim->name);

	if (member == NULL && !claim->required)
		return LK_OK;
	if (!json_is_string(member))
		return refused(err, claim->name, "is not a string");
	const char *text = jwt_get_grant(jwt, claim->name);
	if (text == NULL || (claim->required && text[0] == '\0'))
		return refused(err, claim->name, "is empty");
	if (!lk_text_copy((char *)out + claim->offset, claim->size, text))
		return refused(err, claim->name, "is too long");
	return LK_OK;
}

static lk_status
date_read(jwt_t *jwt, const json_t *set, const char *name, int64_t *out, struct lk_error *err)
{
	if (!json_is_integer(json_object_get(set, name)))
		return refused(err, name, "is not a whole number");
	const int64_t seconds = jwt_get_grant_int(jwt, name);
	if (seconds < 1 || seconds > DATE_MAX)
		return refused(err, name, "is out of range");
	*out = seconds;
	return LK_OK;
}

static lk_status
scope_read(jwt_t *jwt, const json_t *set, struct lk_claims *out, struct lk_error *err)
{
	if (!json_is_string(json_object_get(set, "scope")))
		return refused(err, "scope", "is not a string");
	const char *scope = jwt_get_grant(jwt, "scope");
	if (scope == NULL || lk_scope_parse(scope, &out->scope, NULL) != LK_OK)
		return refused(err, "scope", "names an unknown permission");
	return LK_OK;
}

/* ---- Lists: libjwt has no reader for them ---- */

static lk_status
generations_read(const json_t *set, uint64_t *const fields[GENERATIONS], struct lk_error *err)
{
	const json_t *list = json_object_get(set, "gen");

	if (!json_is_array(list) || json_array_size(list) != GENERATIONS)
		return refused(err, "gen", "is not an array of four");
	for (size_t i = 0; i < GENERATIONS; i++) {
		const json_t *number = json_array_get(list, i);
		if (!json_is_integer(number) || json_integer_value(number) < 0)
			return refused(err, "gen", "holds something else than counters");
		*fields[i] = (uint64_t)json_integer_value(number);
	}
	return LK_OK;
}

static bool
member_id(const json_t *object, const char *name, enum lk_id_kind kind, char out[LK_ID_SIZE])
{
	const char *id = json_string_value(json_object_get(object, name));

	return lk_id_ok(kind, id) && lk_text_copy(out, LK_ID_SIZE, id);
}

/* {"sub":"prn_…","key":"key_…","gen":[0,1,1,0]}, or "sid" in the place of "key"; so no chain of
 * actors. */
static lk_status
actor_read(const json_t *set, struct lk_actor *out, struct lk_error *err)
{
	const json_t *act = json_object_get(set, "act");
	uint64_t *const fields[GENERATIONS] = { &out->tenant_generation, &out->user_generation,
		&out->key_generation, &out->session_generation };

	if (act == NULL)
		return LK_OK;
	if (!json_is_object(act) || json_object_size(act) != ACTOR_MEMBERS ||
	    !(member_id(act, "sub", LK_ID_USER, out->subject) ||
		member_id(act, "sub", LK_ID_PRINCIPAL, out->subject)) ||
	    !(member_id(act, "key", LK_ID_KEY, out->key) ||
		member_id(act, "sid", LK_ID_SESSION, out->session)))
		return refused(err, "act", "does not name who acts, and by which key or session");
	return generations_read(act, fields, err);
}

static lk_status
workgroups_read(const json_t *set, struct lk_claims *out, struct lk_error *err)
{
	const json_t *member = json_object_get(set, "workgroups");

	if (json_is_string(member) && lk_text_is(json_string_value(member), "ALL")) {
		out->all_workgroups = true;
		return LK_OK;
	}
	if (!json_is_array(member) || json_array_size(member) > LK_TOKEN_WORKGROUPS_MAX)
		return refused(err, "workgroups", "is neither \"ALL\" nor at most 64 ids");
	for (size_t i = 0; i < json_array_size(member); i++) {
		const char *id = json_string_value(json_array_get(member, i));
		if (!lk_id_ok(LK_ID_WORKGROUP, id) ||
		    !lk_text_copy(out->workgroups[i], LK_ID_SIZE, id))
			return refused(err, "workgroups", "holds something else than ids");
	}
	out->workgroups_count = json_array_size(member);
	return LK_OK;
}

/* ---- What the claims say together ---- */

static bool
id_or_empty(enum lk_id_kind kind, const char *id)
{
	return id[0] == '\0' || lk_id_ok(kind, id);
}

static lk_status
claims_agree(const struct lk_claims *claims, struct lk_error *err)
{
	const bool user = lk_id_ok(LK_ID_USER, claims->subject);

	if (!user && !lk_id_ok(LK_ID_PRINCIPAL, claims->subject))
		return refused(err, "sub", "is no id of a user or principal");
	if (!lk_id_ok(LK_ID_TOKEN, claims->token))
		return refused(err, "jti", "is no id of a token");
	if (user ? !lk_id_ok(LK_ID_TENANT, claims->tenant) : claims->tenant[0] != '\0')
		return refused(err, "tenant", "does not fit the subject");
	if (!id_or_empty(LK_ID_KEY, claims->key))
		return refused(err, "key", "is no id of a key");
	if (!id_or_empty(LK_ID_SESSION, claims->session))
		return refused(err, "sid", "is no id of a session");
	if (!lk_text_is(claims->client_id, claims->key) &&
	    !lk_text_is(claims->client_id, claims->session))
		return refused(err, "client_id", "is neither the key nor the session");
	if (claims->issued_at_s >= claims->expires_at_s ||
	    claims->not_before_s >= claims->expires_at_s)
		return refused(err, "exp", "is not after iat and nbf");
	return LK_OK;
}

/* ---- Reading ---- */

static lk_status
jwt_load(jwt_t **out, const char *json, struct lk_error *err)
{
	if (jwt_new(out) != 0)
		return lk_fail_oom(err);
	if (jwt_add_grants_json(*out, json) != 0)
		return refused(err, "set", "cannot be read");
	return LK_OK;
}

static lk_status
set_read(jwt_t *jwt, const json_t *set, struct lk_claims *out, struct lk_error *err)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(text_claims); i++)
		LK_TRY(text_read(jwt, set, &text_claims[i], out, err));
	for (size_t i = 0; i < LK_ARRAY_LEN(date_claims); i++)
		LK_TRY(date_read(jwt, set, date_claims[i].name,
		    (int64_t *)(void *)((char *)out + date_claims[i].offset), err));
	LK_TRY(scope_read(jwt, set, out, err));
	uint64_t *const generations[GENERATIONS] = { &out->tenant_generation, &out->user_generation,
		&out->key_generation, &out->session_generation };
	LK_TRY(generations_read(set, generations, err));
	LK_TRY(actor_read(set, &out->actor, err));
	LK_TRY(workgroups_read(set, out, err));
	return claims_agree(out, err);
}

lk_status
lk_claims_read(const char *json, size_t len, struct lk_claims *out, struct lk_error *err)
{
	LK_AUTO(json_freep)
	json_t *set = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
	LK_AUTO(lk_freep) char *text = lk_text_dup_n(json, len); /* libjwt wants a NUL */
	LK_AUTO(jwt_freep) jwt_t *jwt = NULL;
	struct lk_claims claims = { 0 };

	if (!json_is_object(set))
		return refused(err, "set", "is no JSON object without duplicate members");
	if (text == NULL)
		return lk_fail_oom(err);
	LK_TRY(jwt_load(&jwt, text, err));
	LK_TRY(set_read(jwt, set, &claims, err));
	*out = claims;
	return LK_OK;
}
