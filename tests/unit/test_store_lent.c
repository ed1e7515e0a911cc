/* What the domain lent to its store is at hand in its transactions. */
#include "store/store.h"
#include "test.h"

static const struct lk_migrations nothing = { "items", NULL, 0, NULL, 0, NULL };

static lk_status
take_lent(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	void **out = arg;

	(void)err;
	*out = lk_tx_lent(tx);
	return LK_OK;
}

static void
what_was_lent_is_at_hand_in_every_transaction(void **state)
{
	LK_AUTO(lk_store_closep) struct lk_store *store = NULL;
	struct lk_error err = { 0 };
	int mine;
	void *read = &mine, *written = &mine;

	(void)state;
	expect_ok(
	    lk_store_open("sqlite://:memory:", LK_MIGRATIONS(&nothing), NULL, &store, &err), &err);
	expect_ok(lk_store_read(store, LK_NO_DEADLINE, take_lent, &read, &err), &err);
	assert_null(read);
	lk_store_lend(store, &mine);
	expect_ok(lk_store_read(store, LK_NO_DEADLINE, take_lent, &read, &err), &err);
	expect_ok(lk_store_write(store, LK_NO_DEADLINE, take_lent, &written, &err), &err);
	assert_ptr_equal(read, &mine);
	assert_ptr_equal(written, &mine);
}

LK_TESTS(LK_CASE(what_was_lent_is_at_hand_in_every_transaction))
