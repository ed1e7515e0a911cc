/* The signature of a worker over what it fetches, once. */
#include "signed_fetch.h"

#include "auth/fetch_signature.h"
#include "worker_store.h"

static lk_status
required(struct lk_error *err)
{
	return lk_fail(err, LK_FAILED_PRECONDITION, "SIGNATURE_REQUIRED",
	    "this fetch must be signed with the worker's enrolled key");
}

static lk_status
refused(struct lk_error *err)
{
	return lk_fail(err, LK_PERMISSION_DENIED, "SIGNATURE_REFUSED",
	    "the fetch is not signed as it must be: another key, another request or another time");
}

static bool
is_in_its_time(int64_t signed_at_ms, int64_t now_ms)
{
	return signed_at_ms > now_ms - LK_FETCH_SIGNATURE_TTL_MS &&
	       signed_at_ms < now_ms + LK_FETCH_SIGNATURE_TTL_MS;
}

static lk_status
check(const struct credentials *credentials, struct lk_call *call,
    const FetchCredentialRequest *req, const struct lk_transport *transport,
    const struct worker *worker, struct lk_error *err)
{
	const FetchSignatureMsg *signature = req->signature;
	struct lk_fetch_claim claim = {
		.instance = credentials->host->instance,
		.worker = worker->id,
		.owner = req->owner,
		.tenant = req->tenant,
		.provider = req->provider,
		.purpose = req->purpose,
		.lease = req->lease,
		.signed_at_ms = signature->signed_at_ms,
		.nonce = lk_bytes(signature->nonce.data, signature->nonce.len),
	};

	lk_transport_binding(transport, claim.binding);
	if (claim.nonce.len != LK_FETCH_NONCE_LEN ||
	    !is_in_its_time(claim.signed_at_ms, lk_clock_wall_ms(lk_call_clock(call))) ||
	    !lk_fetch_signature_ok(worker->public_key, &claim,
		lk_bytes(signature->signature.data, signature->signature.len)))
		return refused(err);
	return LK_OK;
}

lk_status
signed_fetch_check(struct credentials *credentials, struct lk_tx *tx, struct lk_call *call,
    const FetchCredentialRequest *req, const struct lk_transport *transport, bool needs_signature,
    struct lk_error *err)
{
	struct worker worker;
	bool enrolled;

	LK_TRY(worker_find(tx, lk_call_caller(call)->id, &worker, &enrolled, err));
	if (!enrolled)
		return needs_signature ? required(err) : LK_OK;
	if (!req->signature)
		return required(err);
	LK_TRY(check(credentials, call, req, transport, &worker, err));
	return fetch_nonce_use(tx, worker.id,
	    lk_bytes(req->signature->nonce.data, req->signature->nonce.len),
	    lk_clock_wall_ms(lk_call_clock(call)),
	    req->signature->signed_at_ms + LK_FETCH_SIGNATURE_TTL_MS, err);
}
