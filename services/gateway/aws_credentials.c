/*
 * The container credentials protocol: an AWS tool that is told
 * AWS_CONTAINER_CREDENTIALS_FULL_URI=…/aws/credentials/OWNER asks here for a user's AWS secret, as
 * the worker whose key or token it has (docs.aws.amazon.com, "Container credential provider"). The
 * secret comes sealed from the service and is opened here, for this one answer.
 */
#include <string.h>

#include "aws/container.h"
#include "crypto/transport.h"
#include "json_read.h"
#include "pages.h"
#include "presented.h"
#include "problem.h"
#include "rest.h"
#include "router.h"
#include "rpc/decode.h"
#include "wire.h"

static const char AGREE[] = "latchkey.credentials.v1.CredentialService/AgreeTransport";
static const char FETCH[] = "latchkey.credentials.v1.CredentialService/FetchCredential";

struct worker {
	struct gateway *gateway;
	struct http_request *request;
	struct presented shown;
	struct lk_transport transport;
	const char *transport_id;
};

static void
worker_wipe(struct worker *worker)
{
	lk_transport_wipe(&worker->transport);
}

/* These tools send AWS_CONTAINER_AUTHORIZATION_TOKEN as the whole header: no scheme is needed. */
static lk_status
read_shown(struct worker *worker, struct lk_error *err)
{
	const char *value = http_header(worker->request, "Authorization");

	if (value && !strchr(value, ' ') &&
	    http_header_count(worker->request, "Authorization") == 1)
		return presented_bare(value, &worker->shown, err);
	LK_TRY(presented_find(worker->request, &worker->shown, err));
	return worker->shown.kind != PRESENTED_NOTHING
		   ? LK_OK
		   : lk_fail(err, LK_UNAUTHENTICATED, "UNAUTHENTICATED",
			 "AWS_CONTAINER_AUTHORIZATION_TOKEN holds no API key or token");
}

static lk_status
agree(struct worker *worker, struct lk_error *err)
{
	Latchkey__Credentials__V1__AgreeTransportRequest body =
	    LATCHKEY__CREDENTIALS__V1__AGREE_TRANSPORT_REQUEST__INIT;
	LK_AUTO(lk_box_pair_wipe) struct lk_box_pair own = { 0 };
	const struct rest_call call = { UPSTREAM_CREDENTIALS, AGREE, &body.base,
		&latchkey__credentials__v1__agree_transport_response__descriptor, LK_READ };
	ProtobufCMessage *reply;

	lk_box_pair_make(&own);
	body.client_public_key = (ProtobufCBinaryData){ sizeof own.public_key, own.public_key };
	LK_TRY(
	    rest_ask_shown(worker->gateway, worker->request, &call, &worker->shown, &reply, err));
	const AgreeTransportResponse *agreed = (const AgreeTransportResponse *)(const void *)reply;
	if (agreed->server_public_key.len != LK_BOX_PUBLIC_LEN)
		return lk_fail(err, LK_INTERNAL, "REPLY_INCOMPLETE",
		    "the service left out a part of its answer");
	worker->transport_id = agreed->transport_id;
	return lk_transport_init_client(
	    &own, agreed->server_public_key.data, &worker->transport, err);
}

/* Owner from the path; tenant, purpose and what else a fetch may be asked from the query. */
static lk_status
read_question(struct worker *worker, FetchCredentialRequest *out, struct lk_error *err)
{
	struct lk_arena *arena = worker->request->arena;
	struct parameters parameters = { .count = 0 };
	const char *path = router_path(worker->request);

	if (!path)
		return lk_fail_oom(err);
	if (!router_path_is(worker->request, "/aws/credentials/{owner}", path, &parameters))
		return lk_fail(
		    err, LK_NOT_FOUND, "PATH_UNKNOWN", "the path is /aws/credentials/OWNER");
	LK_TRY(router_query(worker->request, &parameters, err));
	LK_TRY(json_read_text("provider", "aws", arena, &out->base, err));
	LK_TRY(json_read_text("transport_id", worker->transport_id, arena, &out->base, err));
	for (size_t i = 0; i < parameters.count; i++)
		LK_TRY(json_read_text(
		    parameters.list[i].name, parameters.list[i].value, arena, &out->base, err));
	return *out->purpose || *out->lease /* which says what for */
		   ? LK_OK
		   : json_read_text("purpose", "container-credentials", arena, &out->base, err);
}

static lk_status
open_secret(struct worker *worker, const FetchCredentialResponse *fetched, const AwsSecret **out,
    struct lk_error *err)
{
	const struct lk_transport_call bound = { worker->request->id, FETCH };
	const SealedSecret *sealed = fetched->secret;
	ProtobufCMessage *message;
	struct lk_bytes packed;

	if (!fetched->credential || !sealed)
		return lk_fail(err, LK_INTERNAL, "REPLY_INCOMPLETE",
		    "the service left out a part of its answer");
	LK_TRY(lk_transport_open(&worker->transport, &bound,
	    lk_bytes(sealed->sealed.data, sealed->sealed.len), worker->request->arena, &packed,
	    err));
	LK_TRY(lk_decode(&latchkey__credentials__v1__provider_secret__descriptor, packed,
	    worker->request->arena, &message, err));
	const ProviderSecret *secret = (const ProviderSecret *)(const void *)message;
	if (secret->provider_case != LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__PROVIDER_AWS)
		return lk_fail(err, LK_INTERNAL, "REPLY_INCOMPLETE", "the secret is not of AWS");
	*out = secret->aws;
	return LK_OK;
}

static lk_status
answer_secret(struct worker *worker, const FetchCredentialResponse *fetched,
    const AwsSecret *secret, struct http_answer *answer, struct lk_error *err)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };
	const struct lk_aws_keys keys = { secret->access_key_id, secret->secret_access_key,
		secret->secret_session_token, fetched->credential->expires_at_ms };

	lk_aws_container_credentials(&json, &keys, lk_clock_wall_ms(lk_clock_system()));
	const char *text = lk_json_text(&json);
	const char *copy = text ? lk_arena_text(worker->request->arena, text) : NULL;
	if (!copy)
		return lk_fail_oom(err);
	answer_json(200, lk_bytes_of(copy), answer);
	return LK_OK;
}

static lk_status
fetch(struct worker *worker, struct http_answer *answer, struct lk_error *err)
{
	FetchCredentialRequest body = LATCHKEY__CREDENTIALS__V1__FETCH_CREDENTIAL_REQUEST__INIT;
	const struct rest_call call = { UPSTREAM_CREDENTIALS, FETCH, &body.base,
		&latchkey__credentials__v1__fetch_credential_response__descriptor, LK_WRITE_ONCE };
	const AwsSecret *secret = NULL;
	ProtobufCMessage *reply;

	LK_TRY(read_shown(worker, err));
	LK_TRY(agree(worker, err));
	LK_TRY(read_question(worker, &body, err));
	LK_TRY(
	    rest_ask_shown(worker->gateway, worker->request, &call, &worker->shown, &reply, err));
	const FetchCredentialResponse *fetched =
	    (const FetchCredentialResponse *)(const void *)reply;
	LK_TRY(open_secret(worker, fetched, &secret, err));
	return answer_secret(worker, fetched, secret, answer, err);
}

/* What these tools print of a refusal. */
static void
answer_refusal(struct http_request *request, const struct lk_error *why, struct http_answer *answer)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };
	const char *text;

	lk_aws_container_refusal(&json, why->reason, why->message, request->id);
	text = lk_json_text(&json);
	text = text ? lk_arena_text(request->arena, text) : NULL;
	answer_json(problem_status(why->status), lk_bytes_of(text), answer);
}

lk_status
page_aws(struct gateway *gateway, struct http_request *request, struct http_answer *answer,
    struct lk_error *err)
{
	LK_AUTO(worker_wipe) struct worker worker = { .gateway = gateway, .request = request };
	struct lk_error why = { 0 };

	(void)err;
	if (fetch(&worker, answer, &why) != LK_OK)
		answer_refusal(request, &why, answer);
	return LK_OK;
}
