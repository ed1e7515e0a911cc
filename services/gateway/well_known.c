/* What anybody may know of this installation: the public keys of its tokens. */
#include "well_known.h"

#include "pages.h"
#include "problem.h"

lk_status
well_known_ask(struct gateway *gateway, struct http_request *request,
    const GetJwksResponse **out_published, struct lk_error *err)
{
	GetJwksRequest body = LATCHKEY__TOKENS__V1__GET_JWKS_REQUEST__INIT;
	const struct upstream_call call = {
		.service = UPSTREAM_TOKENS,
		.method = "latchkey.tokens.v1.TokenService/GetJwks",
		.body = &body.base,
		.reply_type = &latchkey__tokens__v1__get_jwks_response__descriptor,
		.effect = LK_READ,
		.request_id = request->id,
		.traceparent = request->traceparent,
	};
	ProtobufCMessage *reply;

	LK_TRY(upstream_ask(gateway->upstream, &call, request->arena, &reply, err));
	*out_published = (const GetJwksResponse *)(const void *)reply;
	return LK_OK;
}

lk_status
page_jwks(struct gateway *gateway, struct http_request *request, struct http_answer *answer,
    struct lk_error *err)
{
	const GetJwksResponse *published = NULL;

	LK_TRY(well_known_ask(gateway, request, &published, err));
	answer->status = 200;
	answer->content_type = "application/jwk-set+json";
	answer->body = lk_bytes_of(published->jwks);
	http_answer_header(answer, "Cache-Control", "public, max-age=300");
	return LK_OK;
}
