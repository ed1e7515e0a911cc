/* The rules of a lease: who grants it, who sees it, how long it lives. */
#include "test.h"

#include "credentials/lease.h"

static const int64_t NOW_MS = 1700000000000;

static struct lk_caller
user(const char *id, lk_permissions permissions)
{
	struct lk_caller caller = {
		.kind = LK_CALLER_USER, .tenant = "tnt_a", .permissions = permissions
	};

	lk_text_copy(caller.id, sizeof caller.id, id);
	return caller;
}

static void
its_owner_and_a_dispatcher_grant_it_and_the_worker_does_not(void **state)
{
	const struct lk_caller owner = user("usr_a", lk_permission_bit(LK_PERM_CREDENTIALS_MANAGE));
	const struct lk_caller lame = user("usr_a", 0);
	const struct lk_caller other = user("usr_b", lk_permission_bit(LK_PERM_CREDENTIALS_MANAGE));
	struct lk_caller dispatcher = { .kind = LK_CALLER_PRINCIPAL,
		.id = "prn_d",
		.permissions = lk_permission_bit(LK_PERM_CREDENTIALS_LEASE) };
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lease_grant_check(&owner, "usr_a", "prn_w", &err), &err);
	expect_ok(lease_grant_check(&owner, "usr_a", "usr_a", &err), &err);
	expect_fail(lease_grant_check(&lame, "usr_a", "prn_w", &err), &err, LK_PERMISSION_DENIED,
	    "PERMISSION_MISSING");
	expect_fail(lease_grant_check(&other, "usr_a", "prn_w", &err), &err, LK_PERMISSION_DENIED,
	    "PERMISSION_MISSING");
	expect_ok(lease_grant_check(&dispatcher, "usr_a", "prn_w", &err), &err);
	expect_fail(lease_grant_check(&dispatcher, "usr_a", "prn_d", &err), &err,
	    LK_PERMISSION_DENIED, "LEASE_TO_ONESELF");
}

static void
worker_granter_owner_and_administrator_reach_it(void **state)
{
	const struct lease lease = {
		.tenant = "tnt_a", .owner = "usr_a", .worker = "usr_w", .granted_by = "usr_g"
	};
	const char *const parties[] = { "usr_a", "usr_w", "usr_g" };
	struct lk_caller admin = user("usr_x", lk_permission_bit(LK_PERM_CREDENTIALS_MANAGE_ANY));
	const struct lk_caller nobody = user("usr_x", lk_permission_bit(LK_PERM_CREDENTIALS_FETCH));

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(parties); i++) {
		const struct lk_caller party = user(parties[i], 0);
		assert_true(lease_is_reached_by(&lease, &party));
	}
	assert_true(lease_is_reached_by(&lease, &admin));
	assert_false(lease_is_reached_by(&lease, &nobody));
	lk_text_copy(admin.tenant, sizeof admin.tenant, "tnt_b");
	assert_false(lease_is_reached_by(&lease, &admin));
	admin.kind = LK_CALLER_OPERATOR;
	assert_true(lease_is_reached_by(&lease, &admin));
}

static void
it_lives_from_heartbeat_to_heartbeat_until_it_is_ended(void **state)
{
	struct lease lease = { .beat_ttl_ms = 1000 };
	struct lk_error err = { 0 };

	(void)state;
	lease_beat(&lease, NOW_MS);
	expect_ok(lease_alive_check(&lease, NOW_MS + 999, &err), &err);
	expect_fail(lease_alive_check(&lease, NOW_MS + 1000, &err), &err, LK_FAILED_PRECONDITION,
	    "LEASE_ENDED");
	assert_int_equal(LEASE_LAPSED, lease_state_at(&lease, NOW_MS + 1000));
	lease_beat(&lease, NOW_MS + 500);
	expect_ok(lease_alive_check(&lease, NOW_MS + 1000, &err), &err);
	lease.ended_at_ms = NOW_MS + 600;
	assert_int_equal(LEASE_ENDED, lease_state_at(&lease, NOW_MS + 700));
	expect_fail(lease_alive_check(&lease, NOW_MS + 700, &err), &err, LK_FAILED_PRECONDITION,
	    "LEASE_ENDED");
}

static void
ttl_and_worker_are_checked(void **state)
{
	struct lk_error err = { 0 };
	int64_t ms = 0;

	(void)state;
	expect_ok(lease_ttl("", &ms, &err), &err);
	assert_int_equal(LEASE_TTL_DEFAULT_MS, ms);
	expect_ok(lease_ttl("1d", &ms, &err), &err);
	expect_field(lease_ttl("999ms", &ms, &err), &err, "ttl", "LEASE_TTL_INVALID");
	expect_field(lease_ttl("25h", &ms, &err), &err, "ttl", "LEASE_TTL_INVALID");
	expect_field(lease_ttl("soon", &ms, &err), &err, "ttl", "DURATION_INVALID");
	expect_ok(lease_worker_check("usr_01h0000000000000000000000a", &err), &err);
	expect_ok(lease_worker_check("prn_01h0000000000000000000000a", &err), &err);
	expect_field(
	    lease_worker_check("ben@genomics.example", &err), &err, "worker", "WORKER_INVALID");
	expect_field(lease_worker_check("key_01h0000000000000000000000a", &err), &err, "worker",
	    "WORKER_INVALID");
}

LK_TESTS(LK_CASE(its_owner_and_a_dispatcher_grant_it_and_the_worker_does_not),
    LK_CASE(worker_granter_owner_and_administrator_reach_it),
    LK_CASE(it_lives_from_heartbeat_to_heartbeat_until_it_is_ended),
    LK_CASE(ttl_and_worker_are_checked))
