/* See shredder.h. */
#include "shredder.h"

#include <pthread.h>
#include <time.h>

#include "audit/audit.h"
#include "auth/peer_call.h"
#include "log/log.h"
#include "tenant_key_store.h"
#include "wire.h"

enum { EVERY_S = 60, PAGE = 64, ARENA = 256 * 1024, PATIENCE_MS = 5000 };

struct shredder {
	struct lk_host *host;
	struct lk_caller self; /* who acts when nobody asks */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool started, ending, hinted;
	bool failing; /* the thread's own */
};

/* ---- One pass ---- */

struct page {
	const struct shredder *shredder;
	struct lk_arena *arena;
	char after[LK_ID_SIZE];
	struct tenant_key *rows; /* PAGE of them */
	size_t count;
	const char *tenant; /* to destroy */
};

static void
page_wipe(struct page *page)
{
	lk_arena_free(page->arena);
}

static lk_status
read_page(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct page *page = arg;

	lk_arena_reset(page->arena);
	page->rows = lk_arena_array(page->arena, PAGE, sizeof *page->rows);
	if (!page->rows)
		return lk_fail_oom(err);
	return tenant_key_page(tx, page->after, PAGE, page->arena, page->rows, &page->count, err);
}

static lk_status
ask_keys(const struct page *page, const FindDeletedTenantsResponse **out, struct lk_error *err)
{
	const struct lk_host *host = page->shredder->host;
	FindDeletedTenantsRequest body = LATCHKEY__ACCOUNTS__V1__FIND_DELETED_TENANTS_REQUEST__INIT;
	char *ids[PAGE];
	ProtobufCMessage *reply;

	for (size_t i = 0; i < page->count; i++)
		ids[i] = page->rows[i].tenant;
	body.ids = ids;
	body.n_ids = page->count;
	const struct lk_peer_question question = {
		.callee = "keys",
		.method = "latchkey.accounts.v1.AccountService/FindDeletedTenants",
		.body = &body.base,
		.effect = LK_READ,
		.deadline_steady_ms = lk_clock_steady_ms(host->clock) + PATIENCE_MS,
	};
	LK_TRY(lk_peer_ask(host->keys, host->maker, host->clock, &question,
	    &latchkey__accounts__v1__find_deleted_tenants_response__descriptor, page->arena, &reply,
	    err));
	*out = (const FindDeletedTenantsResponse *)(const void *)reply;
	return LK_OK;
}

/* Who works under a lease on one of them is told by the tenant's id. */
static lk_status
destroy_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct page *page = arg;
	const struct shredder *shredder = page->shredder;
	const struct lk_audit_event event = {
		.action = "tenant_key.destroyed",
		.tenant = page->tenant,
		.object = page->tenant,
	};
	bool destroyed;

	LK_TRY(tenant_key_destroy(tx, page->tenant, &destroyed, err));
	if (!destroyed)
		return LK_OK;
	LK_TRY(lk_audit_write_as(
	    tx, &shredder->self, "", lk_clock_wall_ms(shredder->host->clock), &event, err));
	return lk_feed_emit(shredder->host->feed, tx, page->arena, LK_FEED_CREDENTIAL_DELETED,
	    page->tenant, 0, err);
}

static bool
is_of_page(const struct page *page, const char *tenant)
{
	for (size_t i = 0; i < page->count; i++)
		if (lk_text_is(page->rows[i].tenant, tenant))
			return true;
	return false;
}

static lk_status
destroy_page(struct page *page, struct lk_error *err)
{
	const FindDeletedTenantsResponse *gone;

	LK_TRY(ask_keys(page, &gone, err));
	for (size_t i = 0; i < gone->n_ids; i++) {
		page->tenant = gone->ids[i];
		if (is_of_page(page, page->tenant))
			LK_TRY(lk_store_write(
			    page->shredder->host->store, LK_NO_DEADLINE, destroy_in, page, err));
	}
	return LK_OK;
}

static lk_status
pass(const struct shredder *shredder, struct lk_error *err)
{
	LK_AUTO(page_wipe)
	struct page page = { .shredder = shredder, .arena = lk_arena_new(ARENA) };

	if (!page.arena)
		return lk_fail_oom(err);
	do {
		LK_TRY(lk_store_read(shredder->host->store, LK_NO_DEADLINE, read_page, &page, err));
		if (page.count == 0)
			return LK_OK;
		lk_text_copy(page.after, sizeof page.after, page.rows[page.count - 1].tenant);
		LK_TRY(destroy_page(&page, err));
	} while (page.count == PAGE);
	return LK_OK;
}

/* ---- The thread ---- */

/* Until a hint or the next minute; false at the end. */
static bool
rest(struct shredder *shredder)
{
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	next.tv_sec += shredder->failing ? 1 : EVERY_S;
	pthread_mutex_lock(&shredder->lock);
	while (!shredder->ending && !shredder->hinted &&
	       pthread_cond_timedwait(&shredder->changed, &shredder->lock, &next) == 0)
		continue;
	shredder->hinted = false;
	const bool goes_on = !shredder->ending;
	pthread_mutex_unlock(&shredder->lock);
	return goes_on;
}

static void *
run(void *arg)
{
	struct shredder *shredder = arg;

	while (rest(shredder)) {
		struct lk_error err = { 0 };
		const bool failed = pass(shredder, &err) != LK_OK;
		if (failed && !shredder->failing)
			lk_log(LK_LOG_WARN, "deleted_tenants.unknown", LK_LOG_FAILURE(&err));
		shredder->failing = failed;
	}
	return NULL;
}

struct shredder *
shredder_new(struct lk_host *host)
{
	struct shredder *shredder = LK_ALLOC(struct shredder);
	pthread_condattr_t monotonic;

	if (!shredder)
		return NULL;
	shredder->host = host;
	shredder->hinted = true; /* the first pass is at start */
	shredder->self.kind = LK_CALLER_SERVICE;
	lk_text_copy(shredder->self.id, sizeof shredder->self.id, host->service);
	pthread_mutex_init(&shredder->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&shredder->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return shredder;
}

lk_status
shredder_start(struct shredder *shredder, struct lk_error *err)
{
	shredder->started = pthread_create(&shredder->thread, NULL, run, shredder) == 0;
	if (!shredder->started)
		return lk_fail(err, LK_RESOURCE_EXHAUSTED, "NO_THREAD",
		    "the thread that destroys the keys of deleted tenants could not be started");
	return LK_OK;
}

void
shredder_stop(struct shredder *shredder)
{
	pthread_mutex_lock(&shredder->lock);
	shredder->ending = true;
	pthread_cond_signal(&shredder->changed);
	pthread_mutex_unlock(&shredder->lock);
	if (shredder->started)
		pthread_join(shredder->thread, NULL);
	shredder->started = false;
}

void
shredder_free(struct shredder *shredder)
{
	if (!shredder)
		return;
	shredder_stop(shredder);
	pthread_cond_destroy(&shredder->changed);
	pthread_mutex_destroy(&shredder->lock);
	lk_free(shredder);
}

void
shredder_hint(struct shredder *shredder)
{
	pthread_mutex_lock(&shredder->lock);
	shredder->hinted = true;
	pthread_cond_signal(&shredder->changed);
	pthread_mutex_unlock(&shredder->lock);
}
