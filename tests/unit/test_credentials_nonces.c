/* Nonces of signed fetches: each worker's own, and as long as they could be shown again. */
#include "postgres.h"
#include "test.h"

#include <string.h>

#include "credentials/worker_store.h"

extern const struct lk_migrations credentials_migrations;

static struct lk_store *store;
static struct lk_error err;

struct use {
	const char *worker;
	const char *nonce;
	int64_t now_ms, until_ms;
};

static int
setup(void **state)
{
	(void)state;
	expect_ok(lk_store_open(lk_test_store_url(), LK_MIGRATIONS(&credentials_migrations), NULL,
		      &store, &err),
	    &err);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	lk_store_close(store);
	return 0;
}

static lk_status
use_in(struct lk_tx *tx, void *arg, struct lk_error *out_err)
{
	const struct use *use = arg;

	return fetch_nonce_use(
	    tx, use->worker, lk_bytes_of(use->nonce), use->now_ms, use->until_ms, out_err);
}

static lk_status
use(const char *worker, const char *nonce, int64_t now_ms, int64_t until_ms)
{
	struct use what = { worker, nonce, now_ms, until_ms };

	return lk_store_write(store, LK_NO_DEADLINE, use_in, &what, &err);
}

static void
a_nonce_counts_once_and_is_forgotten_when_it_is_over(void **state)
{
	(void)state;
	expect_ok(use("usr_1", "one", 10, 20), &err);
	expect_fail(use("usr_1", "one", 20, 30), &err, LK_PERMISSION_DENIED, "SIGNATURE_REPLAYED");
	expect_ok(use("usr_1", "one", 21, 30), &err);
}

static void
the_end_of_one_workers_nonce_is_not_that_of_anothers(void **state)
{
	(void)state;
	expect_ok(use("usr_1", "one", 10, 20), &err);
	expect_ok(use("usr_2", "one", 10, 90), &err);
	expect_ok(use("usr_1", "two", 50, 90), &err); /* forgets what is over */
	expect_fail(use("usr_2", "one", 60, 90), &err, LK_PERMISSION_DENIED, "SIGNATURE_REPLAYED");
}

#define STORED(fn) LK_CASE_WITH(fn, setup, teardown)
LK_TESTS(STORED(a_nonce_counts_once_and_is_forgotten_when_it_is_over),
    STORED(the_end_of_one_workers_nonce_is_not_that_of_anothers))
