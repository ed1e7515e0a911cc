/* A handler's write that happens once, while memory runs short: rows and remembered outcome stand
 * together or not at all. */
#include <string.h>

#include "auth/caller.h"
#include "crypto/box.h"
#include "daemon/write.h"
#include "idempotency_migrations.h"
#include "latchkey/common/v1/frame.pb-c.h"
#include "latchkey/keys/v1/keys.pb-c.h"
#include "test.h"
#include "torture.h"

typedef Latchkey__Keys__V1__CreateKeyResponse CreateKeyResponse;
typedef Latchkey__Keys__V1__Key Key;

static const struct lk_migration steps[] = { { "0001_thing.sql",
    "CREATE TABLE thing (id INTEGER PRIMARY KEY) STRICT;", "aa" } };
static const struct lk_migrations things = { "things", steps, 1, NULL, 0, NULL };

struct world {
	struct lk_store *store;
	struct lk_box_pair reply_pair;
	int64_t rows, remembered;
};

static lk_status
make_thing(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	static const Key key = LATCHKEY__KEYS__V1__KEY__INIT;
	CreateKeyResponse *rep = arg;
	static char id[] = "key_01arz3ndektsv4rrffq69g5fav", secret[] = "lk_example";
	static Key made;

	made = key;
	made.id = id;
	rep->key = &made;
	rep->secret_key = secret;
	return lk_tx_exec(tx, "INSERT INTO thing (id) VALUES (NULL)", LK_NO_ARGS, NULL, err);
}

static lk_status
count(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct world *w = arg;
	bool has = false;

	LK_TRY(lk_tx_query_first(tx,
	    "SELECT (SELECT count(*) FROM thing), (SELECT count(*) FROM idempotency)", LK_NO_ARGS,
	    &rows, &has, err));
	w->rows = lk_col_int(&rows, 0);
	w->remembered = lk_col_int(&rows, 1);
	return LK_OK;
}

/* One call as the server would make it, with the same key and body each time. */
static lk_status
call_once(struct world *w, struct lk_error *err)
{
	static char method[] = "latchkey.keys.v1.KeyService/CreateKey", once[] = "once";
	static const struct lk_caller ada = { .kind = LK_CALLER_USER, .id = "usr_a" };
	Latchkey__Common__V1__RequestHeader header = LATCHKEY__COMMON__V1__REQUEST_HEADER__INIT;
	CreateKeyResponse rep = LATCHKEY__KEYS__V1__CREATE_KEY_RESPONSE__INIT;

	header.method = method;
	header.idempotency_key = once;
	header.reply_public_key.data = w->reply_pair.public_key;
	header.reply_public_key.len = LK_BOX_PUBLIC_LEN;
	const struct lk_call_setup setup = { .method = method,
		.caller = &ada,
		.header = &header,
		.body = lk_bytes_of("body"),
		.may_block = true };
	LK_AUTO(lk_call_freep) struct lk_call *call = lk_call_new(&setup);
	if (!call)
		return lk_fail_oom(err);
	return lk_call_write(call, w->store, make_thing, &rep, &rep.base, err);
}

static lk_status
call_in_a_new_store(void *arg, struct lk_error *err)
{
	struct world *w = arg;

	lk_store_close(w->store);
	w->store = NULL;
	LK_TRY(lk_store_open("sqlite://:memory:", LK_MIGRATIONS(&idempotency_migrations, &things),
	    NULL, &w->store, err));
	return call_once(w, err);
}

static void
once_or_not_at_all(void *arg, lk_status answered)
{
	struct world *w = arg;
	struct lk_error err = { 0 };

	if (!w->store)
		return;
	expect_ok(lk_store_read(w->store, LK_NO_DEADLINE, count, w, &err), &err);
	assert_int_equal(w->rows, w->remembered);
	if (answered == LK_OK)
		assert_int_equal(w->rows, 1);
	expect_ok(call_once(w, &err), &err); /* sent again, with memory */
	expect_ok(lk_store_read(w->store, LK_NO_DEADLINE, count, w, &err), &err);
	assert_int_equal(w->rows, 1);
	assert_int_equal(w->remembered, 1);
}

static void
a_write_without_memory_that_is_sent_again_happens_once(void **state)
{
	struct world w = { 0 };

	(void)state;
	lk_box_pair_make(&w.reply_pair);
	assert_true(lk_torture(call_in_a_new_store, once_or_not_at_all, &w) > 10);
	lk_store_close(w.store);
	lk_box_pair_wipe(&w.reply_pair);
}

LK_TESTS(LK_CASE(a_write_without_memory_that_is_sent_again_happens_once))
