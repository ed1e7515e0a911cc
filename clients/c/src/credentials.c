/* Providers' credentials: secret parts are sealed here before they are sent, and opened here when
 * they come. */
#include <latchkey/credentials.h>

#include <latchkey/accounts.h>
#include <string.h>

#include "ask.h"
#include "auth/fetch_signature.h"
#include "identity.h"
#include "provider.h"
#include "rpc/decode.h"
#include "sealing.h"

enum { SEALED_CAP = 256 * 1024 };

/* One sealed call: its keys, the request id they are bound to, until when. */
struct sealed_call {
	latchkey_client *client;
	enum method_symbol method;
	const latchkey_call *call;
	int64_t deadline_ms;
	char request_id[LK_ID_SIZE];
	struct sealing sealing;
};

static void
sealed_call_wipe(struct sealed_call *sealed)
{
	sealing_wipe(&sealed->sealing);
}

static lk_status
sealed_call_begin(struct sealed_call *sealed, struct lk_error *err)
{
	const char *given = sealed->call ? sealed->call->request_id : NULL;

	if (!given)
		lk_id_make(
		    LK_ID_REQUEST, sealed->client->clock, lk_random_system(), sealed->request_id);
	else if (!lk_text_copy(sealed->request_id, sizeof sealed->request_id, given))
		return lk_fail_field(
		    err, "request_id", "REQUEST_ID_INVALID", "a request's id is too long");
	return sealing_begin(sealed->client, sealed->deadline_ms, &sealed->sealing, err);
}

static struct lk_transport_call
bound_to(const struct sealed_call *sealed)
{
	return (struct lk_transport_call){ sealed->request_id, methods[sealed->method].name };
}

static lk_status
sealed_ask(struct sealed_call *sealed, const ProtobufCMessage *body, struct answer *out,
    struct lk_error *err)
{
	return ask(sealed->client,
	    &(struct question){ sealed->method, body, .call = sealed->call,
		.request_id = sealed->request_id, .deadline_ms = sealed->deadline_ms },
	    out, err);
}

/*
 * Run `step` with agreed keys; when the service does not know them any more, once again with new
 * ones. Nothing was done then, so that holds for writes, too.
 */
typedef lk_status (*sealed_step)(
    struct sealed_call *sealed, const void *request, struct answer *out, struct lk_error *err);

/* A signed fetch whose answer was lost is signed anew. */
static bool
is_worth_again(const char *reason)
{
	return strncmp(reason, "TRANSPORT_", 10) == 0 || strcmp(reason, "SIGNATURE_REPLAYED") == 0;
}

static lk_status
sealed_run(struct sealed_call *sealed, sealed_step step, const void *request, struct answer *out,
    struct lk_error *err)
{
	struct lk_error local;
	struct lk_error *said = err ? err : &local;

	sealed->deadline_ms = call_deadline(sealed->client, sealed->call);
	for (int attempt = 0;; attempt++) {
		LK_TRY(sealed_call_begin(sealed, err));
		const lk_status status = step(sealed, request, out, said);
		if (status == LK_OK || attempt > 0 || !is_worth_again(said->reason))
			return status;
		sealing_refused(sealed->client, &sealed->sealing);
	}
}

/* ---- create ---- */

static lk_status
secret_seal(struct sealed_call *sealed, const latchkey_credential_request *request,
    struct lk_arena *arena, SealedSecretMsg *out, struct lk_error *err)
{
	const struct lk_transport_call bound = bound_to(sealed);
	union provider_room room;
	ProviderSecretMsg secret;
	struct lk_bytes blob;

	LK_TRY(provider_fill(
	    request->provider, request->fields, request->fields_count, &room, &secret, err));
	const size_t len = protobuf_c_message_get_packed_size(&secret.base);
	uint8_t *packed = lk_arena_alloc(arena, len);
	if (!packed)
		return lk_fail_oom(err);
	protobuf_c_message_pack(&secret.base, packed);
	LK_TRY(lk_transport_seal(
	    &sealed->sealing.transport, &bound, lk_bytes(packed, len), arena, &blob, err));
	out->transport_id = sealed->sealing.id;
	out->sealed = (ProtobufCBinaryData){ blob.len, (uint8_t *)blob.data };
	return LK_OK;
}

static lk_status
create_step(struct sealed_call *sealed, const void *from, struct answer *out, struct lk_error *err)
{
	Latchkey__Credentials__V1__CreateCredentialRequest body =
	    LATCHKEY__CREDENTIALS__V1__CREATE_CREDENTIAL_REQUEST__INIT;
	SealedSecretMsg secret = LATCHKEY__CREDENTIALS__V1__SEALED_SECRET__INIT;
	const latchkey_credential_request *request = from;
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(SEALED_CAP);

	if (!arena)
		return lk_fail_oom(err);
	body.provider = (char *)request->provider;
	body.label = (char *)request->label;
	body.ttl = (char *)request->ttl;
	body.secret = &secret;
	LK_TRY(secret_seal(sealed, request, arena, &secret, err));
	return sealed_ask(sealed, &body.base, out, err);
}

latchkey_status
latchkey_credential_create(latchkey_client *client, const latchkey_credential_request *request,
    const latchkey_call *call, latchkey_credential **out_credential, latchkey_error *out_error)
{
	LK_AUTO(sealed_call_wipe)
	struct sealed_call sealed = {
		.client = client, .method = M_CREDENTIAL_CREATE, .call = call
	};
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	struct lk_error *err = error_inside(out_error);

	PUBLIC_TRY(sealed_run(&sealed, create_step, request, &answer, err));
	return (latchkey_status)object_take(&answer.arena,
	    ((CreateCredentialResponse *)(void *)answer.message)->credential, out_credential, err);
}

/* ---- replace ---- */

struct replacement {
	const char *id;
	const latchkey_credential_request *request;
};

static lk_status
replace_step(struct sealed_call *sealed, const void *from, struct answer *out, struct lk_error *err)
{
	Latchkey__Credentials__V1__ReplaceCredentialRequest body =
	    LATCHKEY__CREDENTIALS__V1__REPLACE_CREDENTIAL_REQUEST__INIT;
	SealedSecretMsg secret = LATCHKEY__CREDENTIALS__V1__SEALED_SECRET__INIT;
	const struct replacement *replacement = from;
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(SEALED_CAP);

	if (!arena)
		return lk_fail_oom(err);
	body.id = (char *)replacement->id;
	body.ttl = (char *)replacement->request->ttl;
	body.secret = &secret;
	LK_TRY(secret_seal(sealed, replacement->request, arena, &secret, err));
	return sealed_ask(sealed, &body.base, out, err);
}

latchkey_status
latchkey_credential_replace(latchkey_client *client, const char *id,
    const latchkey_credential_request *request, const latchkey_call *call,
    latchkey_credential **out_credential, latchkey_error *out_error)
{
	const struct replacement replacement = { id, request };
	LK_AUTO(sealed_call_wipe)
	struct sealed_call sealed = {
		.client = client, .method = M_CREDENTIAL_REPLACE, .call = call
	};
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	struct lk_error *err = error_inside(out_error);

	PUBLIC_TRY(sealed_run(&sealed, replace_step, &replacement, &answer, err));
	return (latchkey_status)object_take(&answer.arena,
	    ((ReplaceCredentialResponse *)(void *)answer.message)->credential, out_credential, err);
}

/* ---- fetch ---- */

/* Who signs says who they are. */
static lk_status
self_learn(
    latchkey_client *client, const latchkey_call *call, char out[LK_ID_SIZE], struct lk_error *err)
{
	latchkey_me *me = NULL;

	pthread_mutex_lock(&client->lock);
	memcpy(out, client->self, LK_ID_SIZE);
	pthread_mutex_unlock(&client->lock);
	if (*out)
		return LK_OK;
	LK_TRY((lk_status)latchkey_me_get(client, call, &me, (latchkey_error *)(void *)err));
	const latchkey_identity *identity = latchkey_me_identity(me);
	const bool known =
	    identity && lk_text_copy(out, LK_ID_SIZE, latchkey_identity_subject(identity));
	latchkey_me_free(me);
	if (!known)
		return lk_fail(err, LK_FAILED_PRECONDITION, "WORKERS_ONLY",
		    "only users and principals sign what they fetch");
	pthread_mutex_lock(&client->lock);
	memcpy(client->self, out, LK_ID_SIZE);
	pthread_mutex_unlock(&client->lock);
	return LK_OK;
}

static const char *
or_empty(const char *text)
{
	return text ? text : "";
}

struct signed_part {
	FetchSignatureMsg message;
	uint8_t nonce[LK_FETCH_NONCE_LEN], signature[LK_SIGNATURE_LEN];
};

static lk_status
fetch_sign(struct sealed_call *sealed, const latchkey_fetch_request *request,
    struct signed_part *out, struct lk_error *err)
{
	latchkey_client *client = sealed->client;
	char self[LK_ID_SIZE], instance[INSTANCE_SIZE];

	LK_TRY(self_learn(client, sealed->call, self, err));
	LK_TRY(client_instance(client, LATCHKEY_CREDENTIALS, sealed->deadline_ms, instance, err));
	lk_random_fill(lk_random_system(), out->nonce, sizeof out->nonce);
	struct lk_fetch_claim claim = {
		.instance = instance,
		.worker = self,
		.owner = or_empty(request->owner),
		.tenant = or_empty(request->tenant),
		.provider = or_empty(request->provider),
		.purpose = or_empty(request->purpose),
		.lease = or_empty(request->lease),
		.signed_at_ms = lk_clock_wall_ms(client->clock),
		.nonce = lk_bytes(out->nonce, sizeof out->nonce),
	};
	lk_transport_binding(&sealed->sealing.transport, claim.binding);
	lk_fetch_sign(client->settings.worker_key, &claim, out->signature);
	latchkey__credentials__v1__fetch_signature__init(&out->message);
	out->message.signed_at_ms = claim.signed_at_ms;
	out->message.nonce = (ProtobufCBinaryData){ sizeof out->nonce, out->nonce };
	out->message.signature = (ProtobufCBinaryData){ sizeof out->signature, out->signature };
	return LK_OK;
}

static lk_status
fetch_step(struct sealed_call *sealed, const void *from, struct answer *out, struct lk_error *err)
{
	Latchkey__Credentials__V1__FetchCredentialRequest body =
	    LATCHKEY__CREDENTIALS__V1__FETCH_CREDENTIAL_REQUEST__INIT;
	const latchkey_fetch_request *request = from;
	struct signed_part signature;

	body.owner = (char *)request->owner;
	body.tenant = (char *)request->tenant;
	body.provider = (char *)request->provider;
	body.purpose = (char *)request->purpose;
	body.lease = (char *)request->lease;
	body.transport_id = sealed->sealing.id;
	if (sealed->client->settings.worker_key) {
		LK_TRY(fetch_sign(sealed, request, &signature, err));
		body.signature = &signature.message;
	}
	return sealed_ask(sealed, &body.base, out, err);
}

/* What lies in the answer's arena is wiped with it. */
static lk_status
fetched_open(struct sealed_call *sealed, struct answer *answer, latchkey_fetched **out_fetched,
    struct lk_error *err)
{
	const FetchCredentialResponse *said = (void *)answer->message;
	const struct lk_transport_call bound = bound_to(sealed);
	struct fetched *fetched = object_new(answer->arena, sizeof *fetched);
	struct lk_bytes plain;

	if (!fetched)
		return lk_fail_oom(err);
	if (!said->credential || !said->secret)
		return lk_fail(err, LK_INTERNAL, "REPLY_INCOMPLETE",
		    "the service left out a part of its answer");
	LK_TRY(lk_transport_open(&sealed->sealing.transport, &bound,
	    lk_bytes(said->secret->sealed.data, said->secret->sealed.len), answer->arena, &plain,
	    err));
	fetched->credential = said->credential;
	LK_TRY(lk_decode(&latchkey__credentials__v1__provider_secret__descriptor, plain,
	    answer->arena, (ProtobufCMessage **)(void *)&fetched->secret, err));
	answer->arena = NULL;
	*out_fetched = (latchkey_fetched *)(void *)fetched;
	return LK_OK;
}

latchkey_status
latchkey_credential_fetch(latchkey_client *client, const latchkey_fetch_request *request,
    const latchkey_call *call, latchkey_fetched **out_fetched, latchkey_error *out_error)
{
	LK_AUTO(sealed_call_wipe)
	struct sealed_call sealed = {
		.client = client, .method = M_CREDENTIAL_FETCH, .call = call
	};
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	struct lk_error *err = error_inside(out_error);

	PUBLIC_TRY(sealed_run(&sealed, fetch_step, request, &answer, err));
	return (latchkey_status)fetched_open(&sealed, &answer, out_fetched, err);
}

const char *
latchkey_fetched_field(const latchkey_fetched *fetched, const char *name)
{
	return provider_field(((const struct fetched *)(const void *)fetched)->secret, name);
}

/* ---- the rest ---- */

latchkey_status
latchkey_credential_get(latchkey_client *client, const char *id, const latchkey_call *call,
    latchkey_credential **out_credential, latchkey_error *out_error)
{
	Latchkey__Credentials__V1__GetCredentialRequest body =
	    LATCHKEY__CREDENTIALS__V1__GET_CREDENTIAL_REQUEST__INIT;

	body.id = (char *)id;
	return (latchkey_status)ask_for(client, M_CREDENTIAL_GET, &body.base, call,
	    offsetof(GetCredentialResponse, credential), out_credential, error_inside(out_error));
}

latchkey_status
latchkey_credential_rename(latchkey_client *client, const char *id, const char *label,
    const latchkey_call *call, latchkey_credential **out_credential, latchkey_error *out_error)
{
	Latchkey__Credentials__V1__RenameCredentialRequest body =
	    LATCHKEY__CREDENTIALS__V1__RENAME_CREDENTIAL_REQUEST__INIT;

	body.id = (char *)id;
	body.label = (char *)label;
	return (latchkey_status)ask_for(client, M_CREDENTIAL_RENAME, &body.base, call,
	    offsetof(RenameCredentialResponse, credential), out_credential,
	    error_inside(out_error));
}

latchkey_status
latchkey_credential_list_get(latchkey_client *client, const latchkey_credential_filter *filter,
    const latchkey_page *page, const latchkey_call *call, latchkey_credential_list **out_list,
    latchkey_error *out_error)
{
	Latchkey__Credentials__V1__ListCredentialsRequest body =
	    LATCHKEY__CREDENTIALS__V1__LIST_CREDENTIALS_REQUEST__INIT;
	PageRequestMsg wire = PAGE_WIRE(page);

	body.page = &wire;
	if (filter) {
		body.owner = (char *)filter->owner;
		body.all_owners = filter->all_owners;
		body.tenant = (char *)filter->tenant;
	}
	return (latchkey_status)ask_for(
	    client, M_CREDENTIAL_LIST, &body.base, call, WHOLE, out_list, error_inside(out_error));
}

latchkey_status
latchkey_credential_delete(latchkey_client *client, const char *const *ids, size_t count,
    const latchkey_call *call, latchkey_error *out_error)
{
	Latchkey__Credentials__V1__DeleteCredentialsRequest body =
	    LATCHKEY__CREDENTIALS__V1__DELETE_CREDENTIALS_REQUEST__INIT;

	body.n_ids = count;
	body.ids = (char **)ids;
	return (latchkey_status)ask_for(
	    client, M_CREDENTIAL_DELETE, &body.base, call, WHOLE, NULL, error_inside(out_error));
}
