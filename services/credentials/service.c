/* CredentialService over RPC: read the request, ask the domain, write the reply. No SQL and no
 * rules live here. */
#include "service.h"

#include "audit/audit.h"
#include "change.h"
#include "credential_store.h"
#include "crypto/digest.h"
#include "daemon/page.h"
#include "daemon/write.h"
#include "encode.h"
#include "fetch.h"
#include "keys_peer.h"
#include "lease_store.h"
#include "leases.h"
#include "secret.h"
#include "service_keks.h"
#include "whose.h"
#include "wire.h"
#include "workers.h"

enum { IDS_MAX = 128 };

static int64_t
now_of(const struct lk_call *call)
{
	return lk_clock_wall_ms(lk_call_clock(call));
}

/* ---- Transport ---- */

static lk_status
credentials_agree(
    struct lk_call *call, const AgreeTransportRequest *req, AgreeTransportResponse *rep)
{
	struct credentials *credentials = lk_call_user(call);
	struct lk_arena *arena = lk_call_arena(call);
	struct lk_error *err = lk_call_error(call);
	uint8_t server_key[LK_BOX_PUBLIC_LEN];
	char id[TRANSPORT_ID_SIZE];

	LK_TRY(transports_agree(credentials->transports, lk_call_caller(call),
	    lk_bytes(req->client_public_key.data, req->client_public_key.len), server_key, id,
	    &rep->expires_at_ms, err));
	rep->server_public_key.data = lk_arena_copy(arena, server_key, sizeof server_key);
	rep->server_public_key.len = sizeof server_key;
	if (!rep->server_public_key.data)
		return lk_fail_oom(err);
	return lk_field_copy(arena, id, &rep->transport_id, err);
}

/* ---- Create ---- */

struct creation {
	struct credentials *credentials;
	struct lk_call *call;
	CreateCredentialResponse *rep;
	struct credential credential;
	struct lk_bytes secret; /* packed ProviderSecret, in the call's arena */
};

static lk_status
create_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct creation *c = arg;
	struct lk_arena *arena = lk_call_arena(c->call);
	const struct lk_audit_event event = {
		.action = "credential.created",
		.tenant = c->credential.tenant,
		.object = c->credential.id,
		.owner = c->credential.owner,
		.detail = c->credential.provider,
	};
	struct lk_bytes sealed;

	LK_TRY(
	    vault_seal(&c->credentials->vault, tx, &c->credential, c->secret, arena, &sealed, err));
	LK_TRY(credential_insert(tx, &c->credential, sealed, err));
	LK_TRY(lk_audit_write(tx, c->call, &event, err));
	return encode_credential(arena, &c->credential, now_of(c->call), &c->rep->credential, err);
}

static lk_status
read_creation(struct creation *c, const CreateCredentialRequest *req, struct lk_error *err)
{
	const struct lk_caller *caller = lk_call_caller(c->call);
	const struct provider *provider;
	const ProviderSecret *secret;
	struct owner owner;

	if (caller->kind != LK_CALLER_USER)
		return lk_fail(err, LK_FAILED_PRECONDITION, "OWNER_REQUIRED",
		    "only a user can own a provider credential");
	LK_TRY(provider_require(req->provider, &provider, err));
	LK_TRY(credential_label_check(req->label, err));
	LK_TRY(secret_take(c->credentials, c->call, req->secret, &secret, &c->secret, err));
	LK_TRY(provider_check(provider, secret, err));
	LK_TRY(keys_peer_owner(
	    c->credentials->host, c->call, caller->id, caller->tenant, &owner, err));
	const int64_t now_ms = now_of(c->call);
	LK_TRY(
	    credential_expiry(req->ttl, &owner.policy, now_ms, &c->credential.expires_at_ms, err));
	c->credential.one_per_tenant = owner.policy.one_per_tenant;
	c->credential.version = 1;
	c->credential.created_at_ms = now_ms;
	lk_id_make(LK_ID_CREDENTIAL, lk_call_clock(c->call), lk_random_system(), c->credential.id);
	lk_text_copy(c->credential.tenant, sizeof c->credential.tenant, owner.tenant);
	lk_text_copy(c->credential.owner, sizeof c->credential.owner, owner.id);
	lk_text_copy(c->credential.provider, sizeof c->credential.provider, provider->name);
	lk_text_copy(c->credential.label, sizeof c->credential.label, req->label);
	provider->hint(secret, c->credential.hint);
	return LK_OK;
}

/* The secret is sealed afresh on every sending: what makes two requests the same is what they say.
 */
static void
creation_meaning(
    const struct creation *c, const CreateCredentialRequest *req, uint8_t out[LK_DIGEST_LEN])
{
	const struct lk_bytes parts[] = { lk_bytes_of(req->provider), lk_bytes_of(req->label),
		lk_bytes_of(req->ttl), c->secret };

	lk_hash256_parts("latchkey credential creation v1", parts, LK_ARRAY_LEN(parts), out);
}

static lk_status
credentials_create(
    struct lk_call *call, const CreateCredentialRequest *req, CreateCredentialResponse *rep)
{
	struct lk_error *err = lk_call_error(call);
	struct creation c = { .credentials = lk_call_user(call), .call = call, .rep = rep };
	uint8_t meaning[LK_DIGEST_LEN];

	LK_TRY(read_creation(&c, req, err));
	creation_meaning(&c, req, meaning);
	LK_TRY(lk_call_write_meaning(call, c.credentials->host->store,
	    lk_bytes(meaning, sizeof meaning), create_in, &c, &rep->base, err));
	lk_counter_add(c.credentials->metrics, CREDENTIALS_STORED, 1);
	return LK_OK;
}

/* ---- Get and list ---- */

struct lookup {
	struct lk_call *call;
	const char *id;
	struct credential credential;
};

static lk_status
get_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct lookup *l = arg;

	return credential_load_managed(tx, l->id, lk_call_caller(l->call), &l->credential, err);
}

static lk_status
credentials_get(struct lk_call *call, const GetCredentialRequest *req, GetCredentialResponse *rep)
{
	struct credentials *credentials = lk_call_user(call);
	struct lk_error *err = lk_call_error(call);
	struct lookup l = { .call = call, .id = req->id };

	LK_TRY(lk_store_read(
	    credentials->host->store, lk_call_deadline_steady_ms(call), get_in, &l, err));
	return encode_credential(
	    lk_call_arena(call), &l.credential, now_of(call), &rep->credential, err);
}

struct listing {
	struct credential_filter filter;
	struct credential *found; /* filter.limit of them */
	size_t count;
};

static lk_status
list_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct listing *l = arg;

	return credential_list(tx, &l->filter, l->found, &l->count, err);
}

static lk_status
credentials_list(
    struct lk_call *call, const ListCredentialsRequest *req, ListCredentialsResponse *rep)
{
	struct credentials *credentials = lk_call_user(call);
	struct lk_arena *arena = lk_call_arena(call);
	struct lk_error *err = lk_call_error(call);
	const struct whose_wish wish = { req->owner, req->tenant, req->all_owners };
	struct listing l = { .count = 0 };
	struct whose whose;
	struct lk_page page;

	LK_TRY(whose_find(credentials, call, &wish, &whose, err));
	LK_TRY(lk_page_read(LK_ID_CREDENTIAL, req->page, &page, err));
	l.filter.tenant = whose.tenant;
	l.filter.owner = whose.owner;
	l.filter.after = page.after;
	l.filter.limit = page.size + 1; /* one more tells whether another page follows */
	l.found = lk_arena_array(arena, l.filter.limit, sizeof *l.found);
	if (!l.found)
		return lk_fail_oom(err);
	LK_TRY(lk_store_read(
	    credentials->host->store, lk_call_deadline_steady_ms(call), list_in, &l, err));
	LK_TRY(lk_page_cut(arena, &page, l.found[page.size - 1].id, &l.count, &rep->page, err));
	rep->n_credentials = l.count;
	return encode_credentials(
	    arena, l.found, rep->n_credentials, now_of(call), &rep->credentials, err);
}

/* ---- Delete ---- */

struct deletion {
	struct lk_feed *feed;
	struct lk_call *call;
	const DeleteCredentialsRequest *req;
	DeleteCredentialsResponse *rep;
	struct credential *gone; /* one for each id */
};

static lk_status
delete_one(struct lk_tx *tx, struct deletion *d, const char *id, struct credential *out,
    struct lk_error *err)
{
	LK_TRY(credential_load_managed(tx, id, lk_call_caller(d->call), out, err));
	const struct lk_audit_event event = {
		.action = "credential.deleted",
		.tenant = out->tenant,
		.object = out->id,
		.owner = out->owner,
		.detail = out->provider,
	};
	LK_TRY(credential_delete(tx, id, err));
	LK_TRY(leases_end_of_credential(tx, id, lk_call_caller(d->call)->id, now_of(d->call), err));
	LK_TRY(lk_feed_emit(
	    d->feed, tx, lk_call_arena(d->call), LK_FEED_CREDENTIAL_DELETED, id, 0, err));
	return lk_audit_write(tx, d->call, &event, err);
}

static lk_status
delete_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct deletion *d = arg;
	const size_t count = d->req->n_ids;

	for (size_t i = 0; i < count; i++)
		LK_TRY(delete_one(tx, d, d->req->ids[i], &d->gone[i], err));
	d->rep->n_credentials = count;
	return encode_credentials(
	    lk_call_arena(d->call), d->gone, count, now_of(d->call), &d->rep->credentials, err);
}

static lk_status
credentials_delete(
    struct lk_call *call, const DeleteCredentialsRequest *req, DeleteCredentialsResponse *rep)
{
	struct credentials *credentials = lk_call_user(call);
	struct lk_error *err = lk_call_error(call);
	struct deletion d = {
		.feed = credentials->host->feed, .call = call, .req = req, .rep = rep
	};

	if (req->n_ids == 0 || req->n_ids > IDS_MAX)
		return lk_fail_field(
		    err, "ids", "IDS_INVALID", "1 to %d ids may be given", IDS_MAX);
	d.gone = lk_arena_array(lk_call_arena(call), req->n_ids, sizeof *d.gone);
	if (!d.gone)
		return lk_fail_oom(err);
	return lk_call_write(call, credentials->host->store, delete_in, &d, &rep->base, err);
}

/* ---- Fetch ---- */

static lk_status
credentials_fetch(
    struct lk_call *call, const FetchCredentialRequest *req, FetchCredentialResponse *rep)
{
	return fetch_credential(lk_call_user(call), call, req, rep, lk_call_error(call));
}

#define LK_METHOD LK_METHOD_THUNK
#include "methods.def"
#undef LK_METHOD

static const struct lk_method methods[] = {
#define LK_METHOD LK_METHOD_ROW
#include "methods.def"
#undef LK_METHOD
};
LK_METHODS_COMPLETE(Latchkey__Credentials__V1__CredentialService_Service, methods);

const struct lk_method_table credentials_method_table = {
	&latchkey__credentials__v1__credential_service__descriptor, methods, LK_ARRAY_LEN(methods)
};
