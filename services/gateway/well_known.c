/* What anybody may know of this installation: the public keys of its tokens. */
#include "pages.h"
#include "problem.h"
#include "wire.h"

lk_status
page_jwks(struct gateway *gateway, struct http_request *request, struct http_answer *answer,
    struct lk_error *err)
{
	GetJwksRequest body = LATCHKEY__TOKENS__V1__GET_JWKS_REQUEST__INIT;
	const struct upstream_call call = {
		.service = UPSTREAM_TOKENS,
		.method = "latchkey.tokens.v1.TokenService/GetJwks",
		.body = &body.base,
		.reply_type = &latchkey__tokens__v1__get_jwks_response__descriptor,
		.effect = LK_READ,
		.request_id = request->id,
	};
	ProtobufCMessage *reply;

	LK_TRY(upstream_ask(gateway->upstream, &call, request->arena, &reply, err));
	answer->status = 200;
	answer->content_type = "application/jwk-set+json";
	answer->body = lk_bytes_of(((const GetJwksResponse *)(const void *)reply)->jwks);
	http_answer_header(answer, "Cache-Control", "public, max-age=300");
	return LK_OK;
}
