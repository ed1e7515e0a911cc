/* Choosing keys by filter: what a list shows, and what a dry run shows and then takes. */
#include "keys_world.h"

enum { HOUR_MS = 3600000 };

static size_t
listed(struct world *w, const char *who, const ListKeysRequest *req)
{
	ListKeysResponse *rep;

	ask_ok(w, who, "ListKeys", req, &rep);
	return rep->n_keys;
}

static struct world_key
key_for(struct world *w, const char *who, const char *name, const char *ttl)
{
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	CreateKeyResponse *rep;

	req.name = text(name);
	req.ttl = text(ttl);
	ask_ok(w, who, "CreateKey", &req, &rep);
	return (struct world_key){ rep->key->id, rep->secret_key };
}

static void
G8_keys_are_listed_by_state_and_name_and_end_of_life(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const int64_t now_ms = w->clock.clock.wall_ms(&w->clock.clock);
	ListKeysRequest req = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;

	key_for(w, ada, "short", "1m");
	key_for(w, ada, "shorter", "30m");
	world_revoke(w, ada, key_for(w, ada, "gone", "90d").id);
	key_for(w, ada, "long", "90d");
	assert_int_equal(listed(w, ada, &req), 3);
	req.name = text("short");
	assert_int_equal(listed(w, ada, &req), 2);
	req.name = text("horter");
	assert_int_equal(listed(w, ada, &req), 0);
	req.name = text("");
	req.expiring_before_at_ms = now_ms + HOUR_MS;
	assert_int_equal(listed(w, ada, &req), 2);
	req.expiring_before_at_ms = 0;
	req.state = text("revoked");
	assert_int_equal(listed(w, ada, &req), 1);
	atomic_store(&w->clock.ahead_ms, 2 * 60000);
	req.state = text("expired");
	assert_int_equal(listed(w, ada, &req), 1);
	req.state = text("active");
	assert_int_equal(listed(w, ada, &req), 2);
	req.state = text("asleep");
	ask_field(w, ada, "ListKeys", &req, "state", "KEY_STATE_UNKNOWN");
}

static void
I6_keys_not_used_since_are_found_and_new_ones_are_spared(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	ListKeysRequest req = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;

	key_for(w, ada, "old", "90d");
	atomic_store(&w->clock.ahead_ms, HOUR_MS);
	req.unused_since_at_ms = w->clock.clock.wall_ms(&w->clock.clock) - HOUR_MS / 2;
	key_for(w, ada, "new", "90d");
	assert_int_equal(listed(w, ada, &req), 1);
	req.unused_since_at_ms -= HOUR_MS;
	assert_int_equal(listed(w, ada, &req), 0);
}

static void
L12_operators_look_across_tenants_and_nobody_else(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *bob = world_redeem(w, world_tenant(w, "proteomics", "panomics").ticket);
	ListKeysRequest req = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	RevokeKeysRequest revoke = LATCHKEY__KEYS__V1__REVOKE_KEYS_REQUEST__INIT;

	world_key(w, ada, "wanted a");
	world_key(w, bob, "wanted b");
	req.all_tenants = true;
	req.name = text("wanted");
	assert_int_equal(listed(w, OPERATOR, &req), 2);
	ask_fails(w, ada, "ListKeys", &req, LK_PERMISSION_DENIED, "OPERATORS_ONLY");
	revoke.matching = &req;
	revoke.dry_run = true;
	ask_fails(w, ada, "RevokeKeys", &revoke, LK_PERMISSION_DENIED, "OPERATORS_ONLY");
	req.tenant = text("genomics");
	ask_field(w, OPERATOR, "ListKeys", &req, "all_tenants", "FILTER_CONFLICT");
}

static void
L6_a_revocation_takes_what_its_dry_run_showed_or_nothing(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key a = world_key(w, ada, "old a"), b = world_key(w, ada, "old b");
	const struct world_key other = world_key(w, ada, "other");
	ListKeysRequest which = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	RevokeKeysRequest dry = LATCHKEY__KEYS__V1__REVOKE_KEYS_REQUEST__INIT, real = dry;
	RevokeKeysResponse *shown, *taken;

	which.name = text("old");
	dry.matching = real.matching = &which;
	dry.dry_run = true;
	ask_field(w, ada, "RevokeKeys", &real, "confirmation", "CONFIRMATION_REQUIRED");
	ask_ok(w, ada, "RevokeKeys", &dry, &shown);
	assert_int_equal(shown->n_keys, 2);
	assert_string_equal(shown->keys[0]->state, "active");
	assert_false(shown->more);
	expect_active(w, SERVICE, a.secret);
	const struct world_key late = world_key(w, ada, "old, but later");
	real.confirmation = shown->confirmation;
	real.reason = text("tidying");
	ask_fails(w, ada, "RevokeKeys", &real, LK_FAILED_PRECONDITION, "KEYS_CHANGED");
	expect_active(w, SERVICE, a.secret);
	world_revoke(w, ada, late.id);
	ask_ok(w, ada, "RevokeKeys", &real, &taken);
	assert_int_equal(taken->n_keys, 2);
	assert_string_equal(taken->keys[1]->revoke_reason, "tidying");
	expect_refused(w, SERVICE, a.secret, "KEY_REFUSED");
	expect_refused(w, SERVICE, b.secret, "KEY_REFUSED");
	expect_active(w, SERVICE, other.secret);
}

LK_TESTS(KEYS_CASE(G8_keys_are_listed_by_state_and_name_and_end_of_life),
    KEYS_CASE(I6_keys_not_used_since_are_found_and_new_ones_are_spared),
    KEYS_CASE(L12_operators_look_across_tenants_and_nobody_else),
    KEYS_CASE(L6_a_revocation_takes_what_its_dry_run_showed_or_nothing))
