/* A key's row that somebody changed in the database by hand is found before it is used. */
#include "by_hand.h"
#include "keys/key_seal.h"

static void
INTEGRITY_each_column_that_decides_is_sealed(void **state)
{
	static const char *const changes[] = {
		"UPDATE api_keys SET expires_at_ms = expires_at_ms + 1 WHERE id = $1",
		"UPDATE api_keys SET not_before_ms = 1 WHERE id = $1",
		"UPDATE api_keys SET source_networks = '10.0.0.0/8' WHERE id = $1",
		"UPDATE api_keys SET all_permissions = 1 - all_permissions WHERE id = $1",
		"UPDATE api_keys SET permissions = 'credentials.fetch' WHERE id = $1",
		"UPDATE api_keys SET all_workgroups = 1 - all_workgroups WHERE id = $1",
		"UPDATE api_keys SET generation = generation + 1 WHERE id = $1",
		"UPDATE api_keys SET created_at_ms = created_at_ms - 1 WHERE id = $1",
		"UPDATE api_keys SET name = 'other' WHERE id = $1",
		"UPDATE api_keys SET last4 = 'xxxx' WHERE id = $1",
		"UPDATE api_keys SET suspended_by = 'me' WHERE id = $1",
		"UPDATE api_keys SET replaced_by = 'key_' WHERE id = $1",
		"UPDATE api_keys SET mac = NULL WHERE id = $1",
	};
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	GetKeyRequest get = LATCHKEY__KEYS__V1__GET_KEY_REQUEST__INIT;

	for (size_t i = 0; i < LK_ARRAY_LEN(changes); i++) {
		const struct world_key key = world_key(w, ada, "sound");
		expect_active(w, SERVICE, key.secret);
		by_hand(w, changes[i], key.id);
		expect_refused(w, SERVICE, key.secret, "KEY_REFUSED");
		get.id = key.id;
		ask_fails(w, ada, "GetKey", &get, LK_DATA_LOSS, "ROW_DAMAGED");
		expect_events(w, "key.damaged", key.id, 1);
	}
}

static void
INTEGRITY_the_owner_of_a_key_cannot_be_exchanged(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");
	const struct world_key key = world_key(w, ben, "his");

	by_hand(w,
	    "UPDATE api_keys SET owner = (SELECT id FROM users WHERE email = "
	    "'ada@genomics.example') WHERE id = $1",
	    key.id);
	expect_refused(w, SERVICE, key.secret, "KEY_REFUSED");
	expect_events(w, "key.damaged", key.id, 1);
}

static void
INTEGRITY_a_revoked_key_cannot_be_brought_back(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key key = world_key(w, ada, "hers"), other = world_key(w, ada, "other");

	world_revoke(w, ada, key.id);
	by_hand(w,
	    "UPDATE api_keys SET revoked_at_ms = 0, revoke_reason = '', generation = 1, digest = "
	    "(SELECT k.digest FROM api_keys k WHERE k.revoked_at_ms = 0 LIMIT 1) WHERE id = $1",
	    key.id);
	expect_refused(w, SERVICE, key.secret, "KEY_REFUSED");
	expect_active(w, SERVICE, other.secret);
}

static void
INTEGRITY_a_damaged_key_is_not_changed_but_an_operator_revokes_it(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key key = world_key(w, ada, "hers");
	RotateKeyRequest rotate = LATCHKEY__KEYS__V1__ROTATE_KEY_REQUEST__INIT;
	GetKeyRequest get = LATCHKEY__KEYS__V1__GET_KEY_REQUEST__INIT;
	GetKeyResponse *rep;

	by_hand(w, "UPDATE api_keys SET expires_at_ms = 0 WHERE id = $1", key.id);
	rotate.id = key.id;
	ask_fails(w, ada, "RotateKey", &rotate, LK_DATA_LOSS, "ROW_DAMAGED");
	ask_fails(w, OPERATOR, "RotateKey", &rotate, LK_DATA_LOSS, "ROW_DAMAGED");
	world_revoke(w, OPERATOR, key.id);
	expect_refused(w, SERVICE, key.secret, "KEY_REFUSED");
	get.id = key.id;
	ask_ok(w, ada, "GetKey", &get, &rep);
	assert_string_equal(rep->key->state, "revoked");
	assert_string_equal(rep->key->name, key.id);
	assert_int_equal(rep->key->n_permissions, 0);
	expect_events(w, "key.revoked", key.id, 1);
}

static void
INTEGRITY_rows_from_before_are_sealed_once(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key old = world_key(w, ada, "old"), late = world_key(w, ada, "late");

	by_hand(w, "UPDATE api_keys SET mac = NULL WHERE id = $1", old.id);
	expect_ok(key_seal_old_rows(w->keys, &w->err), &w->err);
	by_hand(w, "UPDATE api_keys SET name = name WHERE id = $1", old.id);
	expect_active(w, SERVICE, old.secret);
	by_hand(w, "UPDATE api_keys SET mac = NULL WHERE id = $1", late.id);
	expect_ok(key_seal_old_rows(w->keys, &w->err), &w->err);
	expect_refused(w, SERVICE, late.secret, "KEY_REFUSED");
	by_hand(w, "DELETE FROM key_seals", late.id);
	expect_fail(key_seal_old_rows(w->keys, &w->err), &w->err, LK_DATA_LOSS, "SEALS_MISSING");
}

LK_TESTS(KEYS_CASE(INTEGRITY_each_column_that_decides_is_sealed),
    KEYS_CASE(INTEGRITY_the_owner_of_a_key_cannot_be_exchanged),
    KEYS_CASE(INTEGRITY_a_revoked_key_cannot_be_brought_back),
    KEYS_CASE(INTEGRITY_a_damaged_key_is_not_changed_but_an_operator_revokes_it),
    KEYS_CASE(INTEGRITY_rows_from_before_are_sealed_once))
