/* EnrolWorker, RemoveWorker, ListWorkers. */
#include "workers.h"

#include "audit/audit.h"
#include "daemon/page.h"
#include "daemon/write.h"
#include "encode.h"
#include "lease.h"
#include "worker_store.h"

#include <string.h>

struct enrolment {
	struct lk_call *call;
	struct worker worker;
	WorkerMsg **answer;
};

static lk_status
record(struct lk_tx *tx, struct enrolment *e, const char *action, struct lk_error *err)
{
	const struct lk_audit_event event = { .action = action, .object = e->worker.id };

	LK_TRY(lk_audit_write(tx, e->call, &event, err));
	return encode_worker(lk_call_arena(e->call), &e->worker, e->answer, err);
}

static lk_status
enrol_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct enrolment *e = arg;

	LK_TRY(worker_save(tx, &e->worker, err));
	return record(tx, e, "worker.enrolled", err);
}

lk_status
workers_enrol(struct lk_call *call, const EnrolWorkerRequest *req, EnrolWorkerResponse *rep)
{
	const struct credentials *credentials = lk_call_user(call);
	struct lk_error *err = lk_call_error(call);
	struct enrolment e = { .call = call, .answer = &rep->worker };

	LK_TRY(lease_worker_check(req->worker, err));
	if (req->public_key.len != sizeof e.worker.public_key)
		return lk_fail_field(err, "public_key", "PUBLIC_KEY_INVALID",
		    "public_key must be the %d bytes of an Ed25519 key", LK_SIGN_PUBLIC_LEN);
	memcpy(e.worker.public_key, req->public_key.data, sizeof e.worker.public_key);
	lk_text_copy(e.worker.id, sizeof e.worker.id, req->worker);
	lk_text_copy(e.worker.enrolled_by, sizeof e.worker.enrolled_by, lk_call_caller(call)->id);
	e.worker.enrolled_at_ms = lk_clock_wall_ms(lk_call_clock(call));
	return lk_call_write(call, credentials->host->store, enrol_in, &e, &rep->base, err);
}

struct removal {
	struct enrolment e;
	const char *id;
};

static lk_status
remove_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct removal *r = arg;

	LK_TRY(worker_load(tx, r->id, &r->e.worker, err));
	LK_TRY(worker_delete(tx, r->id, err));
	return record(tx, &r->e, "worker.removed", err);
}

lk_status
workers_remove(struct lk_call *call, const RemoveWorkerRequest *req, RemoveWorkerResponse *rep)
{
	const struct credentials *credentials = lk_call_user(call);
	struct removal r = { { .call = call, .answer = &rep->worker }, req->worker };

	return lk_call_write(
	    call, credentials->host->store, remove_in, &r, &rep->base, lk_call_error(call));
}

struct listing {
	const char *after;
	size_t limit, count;
	struct worker *found;
};

static lk_status
list_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct listing *l = arg;

	return worker_list(tx, l->after, l->limit, l->found, &l->count, err);
}

/* Principals come before users. */
static lk_status
read_page(const ListWorkersRequest *req, struct lk_page *out, struct lk_error *err)
{
	if (lk_page_read(LK_ID_PRINCIPAL, req->page, out, NULL) == LK_OK)
		return LK_OK;
	return lk_page_read(LK_ID_USER, req->page, out, err);
}

lk_status
workers_list(struct lk_call *call, const ListWorkersRequest *req, ListWorkersResponse *rep)
{
	const struct credentials *credentials = lk_call_user(call);
	struct lk_arena *arena = lk_call_arena(call);
	struct lk_error *err = lk_call_error(call);
	struct listing l = { .count = 0 };
	struct lk_page page;

	LK_TRY(read_page(req, &page, err));
	l.after = page.after;
	l.limit = page.size + 1; /* one more tells whether another page follows */
	l.found = lk_arena_array(arena, l.limit, sizeof *l.found);
	if (!l.found)
		return lk_fail_oom(err);
	LK_TRY(lk_store_read(
	    credentials->host->store, lk_call_deadline_steady_ms(call), list_in, &l, err));
	LK_TRY(lk_page_cut(arena, &page, l.found[page.size - 1].id, &l.count, &rep->page, err));
	rep->n_workers = l.count;
	return encode_workers(arena, l.found, rep->n_workers, &rep->workers, err);
}
