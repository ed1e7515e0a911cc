/*
 * Find the owner, open the secret, record it durably, seal it to the worker. In that order, and in
 * two halves: the first ends by submitting the write, the second begins when it is durable, so that
 * no thread waits for the disk. What refuses or fails is recorded on a worker.
 */
#include "fetch.h"

#include "audit/audit.h"
#include "credential_store.h"
#include "encode.h"
#include "keys_peer.h"
#include "lease_store.h"
#include "providers/provider.h"
#include "rpc/decode.h"
#include "signed_fetch.h"

struct fetch {
	struct credentials *credentials;
	struct lk_call *call;
	const FetchCredentialRequest *req;
	struct lk_transport transport;
	struct owner owner;
	struct credential credential;
	char purpose[LEASE_JOB_SIZE];
	struct lk_bytes secret; /* packed ProviderSecret, in the call's arena */
	lk_status status;       /* how the first half ended */
	struct lk_error error;
};

static struct lk_audit_event
fetch_event(const struct fetch *f, const char *outcome)
{
	return (struct lk_audit_event){
		.action = "credential.fetched",
		.outcome = outcome,
		.tenant = f->owner.tenant[0] ? f->owner.tenant : NULL,
		.object = f->credential.id[0] ? f->credential.id : NULL,
		.owner = f->owner.id[0] ? f->owner.id : NULL,
		.purpose = f->purpose,
		.detail = f->req->provider,
	};
}

static lk_status
check_usable(const struct fetch *f, int64_t now_ms, struct lk_error *err)
{
	LK_TRY(keys_peer_active(&f->owner, err));
	if (f->owner.policy.needs_lease && f->req->lease[0] == '\0')
		return lk_fail(err, LK_FAILED_PRECONDITION, "LEASE_REQUIRED",
		    "the tenant hands out credentials under a lease only");
	if (credential_is_expired(&f->credential, now_ms) && f->owner.policy.block_expired)
		return lk_fail(err, LK_FAILED_PRECONDITION, "CREDENTIAL_EXPIRED",
		    "the credential has expired");
	return LK_OK;
}

/* By what is sealed, not by what a list shows of it. */
static lk_status
check_vend(const struct fetch *f, struct lk_error *err)
{
	const struct provider *provider = provider_find(f->credential.provider);
	ProtobufCMessage *message;

	if (!f->owner.policy.sessions_only)
		return LK_OK;
	LK_TRY(lk_decode(&latchkey__credentials__v1__provider_secret__descriptor, f->secret,
	    lk_call_arena(f->call), &message, err));
	const ProviderSecret *secret = (const ProviderSecret *)(const void *)message;
	if (provider && provider->is_session && secret->provider_case == provider->kind &&
	    provider->is_session(secret))
		return LK_OK;
	return lk_fail(err, LK_FAILED_PRECONDITION, "SESSION_ONLY",
	    "the tenant hands out temporary credentials only, and this one is not");
}

/* The lease is this worker's, for this credential and job, and still alive. */
static lk_status
check_lease(struct lk_tx *tx, struct fetch *f, int64_t now_ms, struct lk_error *err)
{
	struct lease lease;

	if (f->req->lease[0] == '\0')
		return LK_OK;
	LK_TRY(lease_load_held(tx, f->req->lease, lk_call_caller(f->call), &lease, err));
	if (f->purpose[0] == '\0')
		lk_text_copy(f->purpose, sizeof f->purpose, lease.job);
	LK_TRY(lease_alive_check(&lease, now_ms, err));
	if (!lk_text_is(lease.credential, f->credential.id) || !lk_text_is(lease.job, f->purpose))
		return lk_fail(err, LK_FAILED_PRECONDITION, "LEASE_OF_OTHER",
		    "the lease is for another credential or another job");
	return LK_OK;
}

static lk_status
fetch_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct fetch *f = arg;
	struct lk_arena *arena = lk_call_arena(f->call);
	const int64_t now_ms = lk_clock_wall_ms(lk_call_clock(f->call));
	struct lk_bytes sealed;

	LK_TRY(credential_load_sealed(tx, f->owner.tenant, f->owner.id, f->req->provider, arena,
	    &f->credential, &sealed, err));
	LK_TRY(check_lease(tx, f, now_ms, err));
	LK_TRY(check_usable(f, now_ms, err));
	LK_TRY(signed_fetch_check(f->credentials, tx, f->call, f->req, &f->transport,
	    f->owner.policy.needs_signature, err));
	LK_TRY(vault_unseal(
	    &f->credentials->vault, tx, &f->credential, sealed, arena, &f->secret, err));
	LK_TRY(check_vend(f, err));
	LK_TRY(credential_touch(tx, &f->credential, now_ms, err));
	const struct lk_audit_event event = fetch_event(f, NULL);
	return lk_audit_write(tx, f->call, &event, err);
}

/* The refusal stands in the trail under its reason; when it cannot be written that failure is the
 * answer. */
static lk_status
record_refusal(struct fetch *f, lk_status status, struct lk_error *err)
{
	const struct lk_audit_event event = fetch_event(f, err->reason);

	lk_counter_add(f->credentials->metrics, FETCHES_REFUSED, 1);
	if (status == LK_DEADLINE_EXCEEDED || status == LK_UNAVAILABLE ||
	    status == LK_RESOURCE_EXHAUSTED)
		return status; /* nobody was refused: the service could not work */
	struct lk_error failure = { 0 };
	const lk_status written =
	    lk_audit_refusal(f->credentials->host->store, f->call, &event, &failure);
	if (written == LK_OK)
		return status;
	*err = failure;
	return written;
}

static lk_status
check_request(struct fetch *f, struct lk_error *err)
{
	const struct lk_caller *caller = lk_call_caller(f->call);
	const struct provider *provider;

	if (caller->kind != LK_CALLER_USER && caller->kind != LK_CALLER_PRINCIPAL)
		return lk_fail(
		    err, LK_PERMISSION_DENIED, "WORKERS_ONLY", "only workers fetch credentials");
	if (f->req->owner[0] == '\0')
		return lk_fail_field(
		    err, "owner", "OWNER_MISSING", "owner must be a user's id or e-mail");
	LK_TRY(provider_require(f->req->provider, &provider, err));
	if (f->req->lease[0] && f->req->purpose[0] == '\0')
		return LK_OK; /* the lease says what for */
	LK_TRY(credential_purpose_check(f->req->purpose, err));
	lk_text_copy(f->purpose, sizeof f->purpose, f->req->purpose);
	return LK_OK;
}

/* Durable or failed: on the store's thread. */
static void
written(void *arg, lk_status status, const struct lk_error *error)
{
	struct fetch *f = arg;

	f->status = status;
	if (status != LK_OK)
		f->error = *error;
	lk_call_resume(f->call);
}

/* What keys has to be asked about waits for a worker, before it counts against the rate. */
static lk_status
find_owner(struct fetch *f, struct lk_error *err)
{
	const struct credentials *credentials = f->credentials;
	const FetchCredentialRequest *req = f->req;
	const bool known =
	    owners_recall(credentials->owners, f->call, req->owner, req->tenant, &f->owner);

	if (!known && !lk_call_may_block(f->call))
		return lk_call_defer(f->call);
	LK_TRY(fetch_rate_take(credentials->fetch_rate, lk_call_caller(f->call)->id, err));
	LK_TRY(transports_find(credentials->transports, lk_call_caller(f->call), req->transport_id,
	    &f->transport, err));
	if (known)
		return LK_OK;
	f->status =
	    owners_ask(credentials->owners, f->call, req->owner, req->tenant, &f->owner, &f->error);
	return LK_OK;
}

static lk_status
submit(struct fetch *f, struct lk_error *err)
{
	LK_TRY(lk_call_may_wait(f->call, err));
	return lk_store_submit(f->credentials->host->store, lk_call_deadline_steady_ms(f->call),
	    fetch_in, written, f, err);
}

static lk_status
answer(struct fetch *f, FetchCredentialResponse *rep, struct lk_error *err)
{
	struct lk_call *call = f->call;
	struct lk_arena *arena = lk_call_arena(call);
	const struct lk_transport_call place = { lk_call_request_id(call), lk_call_method(call) };

	lk_counter_add(f->credentials->metrics, FETCHES_ANSWERED, 1);
	LK_TRY(encode_secret(
	    arena, &f->transport, &place, f->req->transport_id, f->secret, &rep->secret, err));
	lk_transport_wipe(&f->transport);
	return encode_credential(
	    arena, &f->credential, lk_clock_wall_ms(lk_call_clock(call)), &rep->credential, err);
}

static lk_status
finish(struct fetch *f, FetchCredentialResponse *rep, struct lk_error *err)
{
	if (f->status != LK_OK && !lk_call_may_block(f->call))
		return lk_call_defer(f->call);
	if (f->status == LK_OK)
		return answer(f, rep, err);
	*err = f->error;
	return record_refusal(f, f->status, err);
}

static lk_status
begin(struct fetch *f, FetchCredentialResponse *rep, struct lk_error *err)
{
	LK_TRY(check_request(f, err));
	LK_TRY(find_owner(f, err));
	lk_call_keep(f->call, f);
	if (f->status != LK_OK)
		return finish(f, rep, err);
	const lk_status status = submit(f, &f->error);
	if (status == LK_OK)
		return lk_call_later(f->call); /* `f` is the writer's now */
	f->status = status;
	return finish(f, rep, err);
}

lk_status
fetch_credential(struct credentials *credentials, struct lk_call *call,
    const FetchCredentialRequest *req, FetchCredentialResponse *rep, struct lk_error *err)
{
	struct fetch *f = lk_call_kept(call);

	if (f)
		return finish(f, rep, err);
	f = LK_ARENA_NEW(lk_call_arena(call), struct fetch);
	if (!f)
		return lk_fail_oom(err);
	f->credentials = credentials;
	f->call = call;
	f->req = req;
	return begin(f, rep, err);
}
