/* Revocation (RFC 7009), and the metadata that tells where all of OAuth is (RFC 8414). */
#include <stdio.h>
#include <string.h>

#include "oauth.h"
#include "pages.h"
#include "problem.h"
#include "well_known.h"

/* ---- Revocation ---- */

/* RFC 7009 2.2: a token that is not good is as revoked as it can be. */
lk_status
page_revoke(struct gateway *gateway, struct http_request *request, struct http_answer *answer,
    struct lk_error *err)
{
	RevokeTokenRequest body = LATCHKEY__TOKENS__V1__REVOKE_TOKEN_REQUEST__INIT;
	const struct oauth_question question = { "latchkey.tokens.v1.TokenService/RevokeToken",
		&body.base, &latchkey__tokens__v1__revoke_token_response__descriptor,
		LK_WRITE_ONCE };
	struct lk_error why = { 0 };
	ProtobufCMessage *reply;
	struct oauth oauth;

	(void)err;
	if (!oauth_read(request, true, &oauth, answer))
		return LK_OK;
	body.secret_token = (char *)(uintptr_t)oauth_value(&oauth, "token");
	if (!*body.secret_token)
		oauth_error(request, &oauth, "invalid_request", "token is needed", answer);
	else if (oauth_ask(gateway, request, &oauth, &question, &reply, &why) == LK_OK ||
		 lk_text_is(why.reason, "TOKEN_REFUSED"))
		answer->status = 200;
	else
		oauth_failed(request, &oauth, &why, answer);
	return LK_OK;
}

/* ---- Metadata ---- */

static const char *
base_url(struct gateway *gateway, struct http_request *request)
{
	const struct gateway_config *config = gateway->config;

	if (config->public_url)
		return config->public_url;
	return lk_arena_format(
	    request->arena, "%s://%s", config->tls_key_file ? "https" : "http", config->listen);
}

static void
write_endpoint(struct lk_json *json, const char *name, const char *base, const char *path)
{
	char url[512];

	snprintf(url, sizeof url, "%s%s", base, path);
	lk_json_string(json, name, url);
}

static void
write_list(struct lk_json *json, const char *name, const char *const *values, size_t count)
{
	lk_json_array(json, name);
	for (size_t i = 0; i < count; i++)
		lk_json_string(json, NULL, values[i]);
	lk_json_array_end(json);
}

static void
write_metadata(struct lk_json *json, const char *issuer, const char *base)
{
	static const char *const grants[] = { "client_credentials",
		"urn:ietf:params:oauth:grant-type:token-exchange",
		"urn:ietf:params:oauth:grant-type:jwt-bearer" };
	static const char *const methods[] = { "client_secret_basic", "client_secret_post" };
	static const char *const algorithms[] = { "ES256" };
	static const char *const subjects[] = { "public" };

	lk_json_object(json, NULL);
	lk_json_string(json, "issuer", issuer);
	write_endpoint(json, "token_endpoint", base, "/oauth2/token");
	write_endpoint(json, "introspection_endpoint", base, "/oauth2/introspect");
	write_endpoint(json, "revocation_endpoint", base, "/oauth2/revoke");
	write_endpoint(json, "jwks_uri", base, "/.well-known/jwks.json");
	write_list(json, "response_types_supported", NULL, 0);
	write_list(json, "grant_types_supported", grants, LK_ARRAY_LEN(grants));
	write_list(json, "token_endpoint_auth_methods_supported", methods, LK_ARRAY_LEN(methods));
	write_list(
	    json, "introspection_endpoint_auth_methods_supported", methods, LK_ARRAY_LEN(methods));
	write_list(
	    json, "revocation_endpoint_auth_methods_supported", methods, LK_ARRAY_LEN(methods));
	write_list(
	    json, "id_token_signing_alg_values_supported", algorithms, LK_ARRAY_LEN(algorithms));
	write_list(json, "subject_types_supported", subjects, LK_ARRAY_LEN(subjects));
	lk_json_object_end(json);
}

lk_status
page_metadata(struct gateway *gateway, struct http_request *request, struct http_answer *answer,
    struct lk_error *err)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };
	const GetJwksResponse *published = NULL;
	const char *base = base_url(gateway, request), *text;

	LK_TRY(well_known_ask(gateway, request, &published, err));
	if (!base)
		return lk_fail_oom(err);
	write_metadata(&json, published->issuer, base);
	text = lk_json_text(&json);
	text = text ? lk_arena_text(request->arena, text) : NULL;
	if (!text)
		return lk_fail_oom(err);
	answer->status = 200;
	answer->content_type = "application/json";
	answer->body = lk_bytes_of(text);
	http_answer_header(answer, "Cache-Control", "public, max-age=300");
	return LK_OK;
}
