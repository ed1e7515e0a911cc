/* Leases over RPC: read the request, ask the rules, write the rows, tell the feed. */
#include "leases.h"

#include "audit/audit.h"
#include "credential_store.h"
#include "daemon/page.h"
#include "daemon/write.h"
#include "encode.h"
#include "keys_peer.h"
#include "lease_store.h"
#include "whose.h"

struct leasing {
	struct credentials *credentials;
	struct lk_call *call;
	struct lease lease;
	LeaseMsg **answer;
};

static int64_t
now_of(const struct lk_call *call)
{
	return lk_clock_wall_ms(lk_call_clock(call));
}

static lk_status
record(struct lk_tx *tx, struct leasing *l, const char *action, struct lk_error *err)
{
	const struct lk_audit_event event = {
		.action = action,
		.tenant = l->lease.tenant,
		.object = l->lease.id,
		.owner = l->lease.owner,
		.purpose = l->lease.job,
		.detail = l->lease.worker,
	};

	return lk_audit_write(tx, l->call, &event, err);
}

static lk_status
answer(struct leasing *l, struct lk_error *err)
{
	return encode_lease(lk_call_arena(l->call), &l->lease, now_of(l->call), l->answer, err);
}

/* ---- Grant ---- */

static lk_status
grant_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct leasing *l = arg;
	struct credential credential;
	struct lk_bytes sealed;

	LK_TRY(credential_load_sealed(tx, l->lease.tenant, l->lease.owner, l->lease.provider,
	    lk_call_arena(l->call), &credential, &sealed, err));
	lk_text_copy(l->lease.credential, sizeof l->lease.credential, credential.id);
	LK_TRY(lease_insert(tx, &l->lease, err));
	LK_TRY(record(tx, l, "lease.granted", err));
	return answer(l, err);
}

/* Who is not named is the caller. */
static const char *
or_caller(const struct lk_call *call, const char *id)
{
	return id[0] ? id : lk_call_caller(call)->id;
}

/* A user of another tenant is told of as one that does not exist. A principal has its list. */
static lk_status
check_worker(
    const struct leasing *l, const struct owner *owner, const char *worker, struct lk_error *err)
{
	struct owner found;

	LK_TRY(lease_worker_check(worker, err));
	if (lk_text_is(worker, owner->id) || !lk_id_ok(LK_ID_USER, worker))
		return LK_OK;
	return keys_peer_owner(l->credentials->host, l->call, worker, owner->tenant, &found, err);
}

static lk_status
read_grant(struct leasing *l, const GrantLeaseRequest *req, struct lk_error *err)
{
	const struct lk_caller *caller = lk_call_caller(l->call);
	const char *worker = or_caller(l->call, req->worker);
	const struct provider *provider;
	struct owner owner;

	LK_TRY(keys_peer_owner(l->credentials->host, l->call, or_caller(l->call, req->owner),
	    req->tenant, &owner, err));
	LK_TRY(lease_grant_check(caller, owner.id, worker, err));
	LK_TRY(check_worker(l, &owner, worker, err));
	LK_TRY(provider_require(req->provider, &provider, err));
	LK_TRY(credential_job_check(req->job, err));
	LK_TRY(lease_ttl(req->ttl, &l->lease.beat_ttl_ms, err));
	LK_TRY(keys_peer_active(&owner, err));
	lk_id_make(LK_ID_LEASE, lk_call_clock(l->call), lk_random_system(), l->lease.id);
	lk_text_copy(l->lease.tenant, sizeof l->lease.tenant, owner.tenant);
	lk_text_copy(l->lease.owner, sizeof l->lease.owner, owner.id);
	lk_text_copy(l->lease.provider, sizeof l->lease.provider, provider->name);
	lk_text_copy(l->lease.worker, sizeof l->lease.worker, worker);
	lk_text_copy(l->lease.job, sizeof l->lease.job, req->job);
	lk_text_copy(l->lease.granted_by, sizeof l->lease.granted_by, caller->id);
	l->lease.created_at_ms = now_of(l->call);
	lease_beat(&l->lease, l->lease.created_at_ms);
	return LK_OK;
}

lk_status
leases_grant(struct lk_call *call, const GrantLeaseRequest *req, GrantLeaseResponse *rep)
{
	struct lk_error *err = lk_call_error(call);
	struct leasing l = {
		.credentials = lk_call_user(call), .call = call, .answer = &rep->lease
	};

	LK_TRY(read_grant(&l, req, err));
	return lk_call_write(call, l.credentials->host->store, grant_in, &l, &rep->base, err);
}

/* ---- List ---- */

struct listing {
	struct lease_filter filter;
	struct lease *found; /* filter.limit of them */
	size_t count;
};

static lk_status
list_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct listing *l = arg;

	return lease_list(tx, &l->filter, l->found, &l->count, err);
}

/* Who works or dispatches sees what they have to do with; the others as credentials are listed. */
static lk_status
list_filter(struct lk_call *call, const ListLeasesRequest *req, struct whose *whose,
    struct lease_filter *out, struct lk_error *err)
{
	const struct lk_caller *caller = lk_call_caller(call);
	const struct whose_wish wish = { req->owner, req->tenant, req->all_owners };

	out->include_ended = req->include_ended;
	out->now_ms = now_of(call);
	if (caller->kind == LK_CALLER_PRINCIPAL || req->held) {
		out->party = caller->id;
		return LK_OK;
	}
	LK_TRY(whose_find(lk_call_user(call), call, &wish, whose, err));
	out->tenant = whose->tenant;
	out->owner = whose->owner;
	return LK_OK;
}

lk_status
leases_list(struct lk_call *call, const ListLeasesRequest *req, ListLeasesResponse *rep)
{
	struct credentials *credentials = lk_call_user(call);
	struct lk_arena *arena = lk_call_arena(call);
	struct lk_error *err = lk_call_error(call);
	struct listing l = { .count = 0 };
	struct whose whose;
	struct lk_page page;

	LK_TRY(list_filter(call, req, &whose, &l.filter, err));
	LK_TRY(lk_page_read(LK_ID_LEASE, req->page, &page, err));
	l.filter.after = page.after;
	l.filter.limit = page.size + 1; /* one more tells whether another page follows */
	l.found = lk_arena_array(arena, l.filter.limit, sizeof *l.found);
	if (!l.found)
		return lk_fail_oom(err);
	LK_TRY(lk_store_read(
	    credentials->host->store, lk_call_deadline_steady_ms(call), list_in, &l, err));
	LK_TRY(lk_page_cut(arena, &page, l.found[page.size - 1].id, &l.count, &rep->page, err));
	rep->n_leases = l.count;
	return encode_leases(arena, l.found, rep->n_leases, l.filter.now_ms, &rep->leases, err);
}

/* ---- Heartbeat ---- */

struct beat {
	struct leasing l;
	const char *id;
	bool blocks_expired;
};

static lk_status
find_held_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct beat *b = arg;

	LK_TRY(lease_load_held(tx, b->id, lk_call_caller(b->l.call), &b->l.lease, err));
	return lease_alive_check(&b->l.lease, now_of(b->l.call), err);
}

/* Where policy hands out no expired one, nobody goes on working with it. */
static lk_status
check_unexpired(struct lk_tx *tx, const struct beat *b, struct lk_error *err)
{
	struct credential credential;

	LK_TRY(credential_load(tx, b->l.lease.credential, &credential, err));
	if (b->blocks_expired && credential_is_expired(&credential, now_of(b->l.call)))
		return lk_fail(err, LK_FAILED_PRECONDITION, "CREDENTIAL_EXPIRED",
		    "the credential has expired");
	return LK_OK;
}

static lk_status
beat_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct beat *b = arg;

	LK_TRY(find_held_in(tx, b, err));
	LK_TRY(check_unexpired(tx, b, err));
	lease_beat(&b->l.lease, now_of(b->l.call));
	LK_TRY(lease_update(tx, &b->l.lease, err));
	return answer(&b->l, err);
}

lk_status
leases_heartbeat(
    struct lk_call *call, const HeartbeatLeaseRequest *req, HeartbeatLeaseResponse *rep)
{
	struct credentials *credentials = lk_call_user(call);
	struct lk_store *store = credentials->host->store;
	struct lk_error *err = lk_call_error(call);
	struct beat b = {
		.l = { .credentials = credentials, .call = call, .answer = &rep->lease },
		.id = req->id,
	};
	struct owner owner;

	LK_TRY(lk_store_read(store, lk_call_deadline_steady_ms(call), find_held_in, &b, err));
	LK_TRY(keys_peer_owner(
	    credentials->host, call, b.l.lease.owner, b.l.lease.tenant, &owner, err));
	LK_TRY(keys_peer_active(&owner, err));
	b.blocks_expired = owner.policy.block_expired;
	return lk_call_write(call, store, beat_in, &b, &rep->base, err);
}

/* ---- End ---- */

static lk_status
end_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct beat *b = arg;
	struct leasing *l = &b->l;
	const struct lk_caller *caller = lk_call_caller(l->call);
	const int64_t now_ms = now_of(l->call);

	LK_TRY(lease_load_reached(tx, b->id, caller, &l->lease, err));
	if (lease_state_at(&l->lease, now_ms) == LEASE_ACTIVE) {
		l->lease.ended_at_ms = now_ms;
		lk_text_copy(l->lease.ended_by, sizeof l->lease.ended_by, caller->id);
		LK_TRY(lease_update(tx, &l->lease, err));
		LK_TRY(lk_feed_emit(l->credentials->host->feed, tx, lk_call_arena(l->call),
		    LK_FEED_LEASE_ENDED, l->lease.id, 0, err));
		LK_TRY(record(tx, l, "lease.ended", err));
	}
	return answer(l, err);
}

lk_status
leases_end(struct lk_call *call, const EndLeaseRequest *req, EndLeaseResponse *rep)
{
	struct credentials *credentials = lk_call_user(call);
	struct beat b = {
		.l = { .credentials = credentials, .call = call, .answer = &rep->lease },
		.id = req->id,
	};

	return lk_call_write(
	    call, credentials->host->store, end_in, &b, &rep->base, lk_call_error(call));
}
