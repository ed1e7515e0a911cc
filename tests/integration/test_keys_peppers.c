/* What a newer pepper, and then the end of the old one, make of keys from before. */
#include "keys_world.h"

/* Version 2 is in use now; version 1 still opens. Yours. */
static struct lk_pepper *
pepper_rotate(struct world *w)
{
	const struct lk_secret32 secret = { { 8 } };
	struct lk_pepper *pepper;

	expect_ok(lk_pepper_new(2, &secret, "test", &pepper, &w->err), &w->err);
	w->keys->setup.old_peppers = (const struct lk_pepper *const *)&w->pepper;
	w->keys->setup.old_peppers_count = 1;
	w->keys->setup.pepper = pepper;
	return pepper;
}

static void
pepper_retire(struct world *w)
{
	w->keys->setup.old_peppers_count = 0;
}

static void
IMPORT_a_key_is_imported_once_whatever_the_pepper(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *dan = world_redeem(w, world_tenant(w, "other", "panomics").ticket);
	ForeignKeyMsg one = LATCHKEY__KEYS__V1__FOREIGN_KEY__INIT, *keys[] = { &one };
	ImportKeysRequest req = LATCHKEY__KEYS__V1__IMPORT_KEYS_REQUEST__INIT;

	one.owner = text("ada@genomics.example");
	one.sha256 = text("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	one.name = text("from before");
	req.source = text("old");
	req.keys = keys;
	req.n_keys = 1;
	ask_ok(w, ada, "ImportKeys", &req, NULL);
	struct lk_pepper *newest = pepper_rotate(w);
	ask_fails(w, ada, "ImportKeys", &req, LK_ALREADY_EXISTS, "KEY_IMPORTED");
	one.owner = text("ada@other.example");
	ask_fails(w, dan, "ImportKeys", &req, LK_ALREADY_EXISTS, "KEY_IMPORTED");
	w->keys->setup.pepper = w->pepper;
	lk_pepper_free(newest);
}

static struct world_key
key_of_an_hour(struct world *w, const char *who)
{
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	CreateKeyResponse *rep;

	req.name = text("short");
	req.ttl = text("1h");
	ask_ok(w, who, "CreateKey", &req, &rep);
	return (struct world_key){ rep->key->id, rep->secret_key };
}

static void
SEAL_keys_that_are_over_outlive_their_pepper(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key expired = key_of_an_hour(w, ada), revoked = world_key(w, ada, "r"),
			       living = world_key(w, ada, "left behind");
	GetKeyRequest get = LATCHKEY__KEYS__V1__GET_KEY_REQUEST__INIT;

	world_revoke(w, ada, revoked.id);
	atomic_store(&w->clock.ahead_ms, INT64_C(3601000));
	struct lk_pepper *newest = pepper_rotate(w);
	pepper_retire(w);
	assert_string_equal(world_key_now(w, ada, revoked.id)->state, "revoked");
	assert_string_equal(world_key_now(w, ada, expired.id)->state, "expired");
	expect_refused(w, SERVICE, expired.secret, "KEY_REFUSED");
	world_revoke(w, ada, expired.id);
	assert_string_equal(world_key_now(w, ada, expired.id)->state, "revoked");
	get.id = living.id;
	ask_fails(w, ada, "GetKey", &get, LK_DATA_LOSS, "ROW_DAMAGED");
	expect_refused(w, SERVICE, living.secret, "KEY_REFUSED");
	w->keys->setup.pepper = w->pepper;
	lk_pepper_free(newest);
}

LK_TESTS(KEYS_CASE(IMPORT_a_key_is_imported_once_whatever_the_pepper),
    KEYS_CASE(SEAL_keys_that_are_over_outlive_their_pepper))
