/* The one file of this service that uses libjwt: it builds the claim set; signer.c signs it. */
#include "claims_write.h"

#include <stdlib.h>
#include <string.h>

#include <jwt.h>

#include "base/json.h"

static void
jwt_freep(jwt_t **jwt)
{
	jwt_free(*jwt);
}

struct text_claim {
	const char *name, *value;
};

static int
add_texts(jwt_t *jwt, const struct lk_claims *claims)
{
	char scope[LK_SCOPE_SIZE];
	lk_scope_format(claims->scope, scope, sizeof scope);
	const struct text_claim texts[] = {
		{ "iss", claims->issuer },
		{ "sub", claims->subject },
		{ "aud", claims->audience },
		{ "client_id", claims->client_id },
		{ "jti", claims->token },
		{ "tenant", claims->tenant },
		{ "key", claims->key },
		{ "sid", claims->session },
	};

	int failed = jwt_add_grant(jwt, "scope", scope);
	for (size_t i = 0; i < LK_ARRAY_LEN(texts); i++)
		if (texts[i].value[0] != '\0')
			failed |= jwt_add_grant(jwt, texts[i].name, texts[i].value);
	return failed;
}

static int
add_times(jwt_t *jwt, const struct lk_claims *claims)
{
	return jwt_add_grant_int(jwt, "iat", claims->issued_at_s) |
	       jwt_add_grant_int(jwt, "nbf", claims->not_before_s) |
	       jwt_add_grant_int(jwt, "exp", claims->expires_at_s);
}

static void
write_generations(struct lk_json *j, uint64_t tenant, uint64_t user, uint64_t key, uint64_t session)
{
	const uint64_t generations[] = { tenant, user, key, session };

	lk_json_array(j, "gen");
	for (size_t i = 0; i < LK_ARRAY_LEN(generations); i++)
		lk_json_int(j, NULL, (int64_t)generations[i]);
	lk_json_array_end(j);
}

/* RFC 8693 4.1. */
static void
write_actor(struct lk_json *j, const struct lk_actor *actor)
{
	lk_json_object(j, "act");
	lk_json_string(j, "sub", actor->subject);
	if (actor->key[0])
		lk_json_string(j, "key", actor->key);
	else
		lk_json_string(j, "sid", actor->session);
	write_generations(j, actor->tenant_generation, actor->user_generation,
	    actor->key_generation, actor->session_generation);
	lk_json_object_end(j);
}

/* libjwt takes what is neither text nor number as JSON: {"gen":[1,1,1,0],"workgroups":["wkg_…"]}.
 */
static int
add_lists(jwt_t *jwt, const struct lk_claims *claims)
{
	LK_AUTO(lk_json_wipe) struct lk_json j = { 0 };

	lk_json_object(&j, NULL);
	write_generations(&j, claims->tenant_generation, claims->user_generation,
	    claims->key_generation, claims->session_generation);
	if (claims->actor.subject[0])
		write_actor(&j, &claims->actor);
	if (claims->all_workgroups) {
		lk_json_string(&j, "workgroups", "ALL");
	} else {
		lk_json_array(&j, "workgroups");
		for (size_t i = 0; i < claims->workgroups_count; i++)
			lk_json_string(&j, NULL, claims->workgroups[i]);
		lk_json_array_end(&j);
	}
	lk_json_object_end(&j);
	const char *text = lk_json_text(&j);
	return text ? jwt_add_grants_json(jwt, text) : -1;
}

lk_status
claims_write(const struct lk_claims *claims, struct lk_arena *arena, struct lk_bytes *out_json,
    struct lk_error *err)
{
	LK_AUTO(jwt_freep) jwt_t *jwt = NULL;
	LK_AUTO(lk_freep) char *json = NULL;

	if (jwt_new(&jwt) != 0 || add_texts(jwt, claims) != 0 || add_times(jwt, claims) != 0 ||
	    add_lists(jwt, claims) != 0)
		return lk_fail_oom(err);
	json = jwt_get_grants_json(jwt, NULL);
	if (!json)
		return lk_fail_oom(err);
	const size_t len = strlen(json);
	const char *copy = lk_arena_copy(arena, json, len + 1);
	if (!copy)
		return lk_fail_oom(err);
	*out_json = lk_bytes(copy, len);
	return LK_OK;
}
