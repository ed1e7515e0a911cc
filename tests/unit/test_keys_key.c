/* The rules of a key: name, life, limit, rights at creation. */
#include <string.h>

#include "keys/key.h"
#include "test.h"

static const int64_t now_ms = INT64_C(1700000000000);
static const int64_t day_ms = INT64_C(86400000);
static const struct key_maker anybody = { .permissions = 0xffffffff };

#define BIT(symbol) lk_permission_bit(LK_PERM_##symbol)

static struct policy
of(enum policy_profile profile)
{
	struct policy policy;

	policy_of_profile(profile, &policy);
	return policy;
}

static void
a_name_is_one_to_sixty_four_printable_characters(void **state)
{
	const struct policy policy = of(PROFILE_DEFAULT);
	struct lk_error err = { 0 };
	char text[10001];

	(void)state;
	memset(text, 'x', sizeof text);
	text[64] = '\0';
	expect_ok(key_name_check(&policy, text, &err), &err);
	expect_ok(key_name_check(&policy, "Séquenceur №1", &err), &err);
	text[64] = 'x';
	text[65] = '\0';
	expect_field(key_name_check(&policy, text, &err), &err, "name", "KEY_NAME_INVALID");
	text[65] = 'x';
	text[10000] = '\0';
	expect_field(key_name_check(&policy, text, &err), &err, "name", "KEY_NAME_INVALID");
	expect_field(key_name_check(&policy, "", &err), &err, "name", "KEY_NAME_INVALID");
	expect_field(key_name_check(&policy, "a\nb", &err), &err, "name", "KEY_NAME_INVALID");
	expect_field(key_name_check(&policy, " a", &err), &err, "name", "KEY_NAME_INVALID");
	expect_field(key_name_check(&policy, "\xff", &err), &err, "name", "KEY_NAME_INVALID");
}

static void
a_name_may_be_left_out_where_policy_says_so(void **state)
{
	const struct policy policy = of(PROFILE_LABKEY);
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(key_name_check(&policy, "", &err), &err);
	expect_field(key_name_check(&policy, "\t", &err), &err, "name", "KEY_NAME_INVALID");
}

static void
L5_a_life_above_the_maximum_names_the_maximum(void **state)
{
	const struct policy policy = of(PROFILE_DEFAULT);
	struct lk_error err = { 0 };
	int64_t at_ms;

	(void)state;
	expect_ok(key_expiry(&policy, "365d", false, now_ms, &at_ms, &err), &err);
	assert_int_equal(at_ms, now_ms + 365 * day_ms);
	expect_field(
	    key_expiry(&policy, "366d", false, now_ms, &at_ms, &err), &err, "ttl", "TTL_TOO_LONG");
	expect_contains(err.message, "365d");
	expect_field(key_expiry(&policy, "2050-01-01T00:00:00Z", false, now_ms, &at_ms, &err), &err,
	    "ttl", "TTL_TOO_LONG");
}

static void
a_life_without_a_maximum_still_ends(void **state)
{
	const struct policy policy = of(PROFILE_PANOMICS);
	struct lk_error err = { 0 };
	int64_t at_ms;

	(void)state;
	expect_ok(key_expiry(&policy, "3650d", false, now_ms, &at_ms, &err), &err);
	expect_field(key_expiry(&policy, "2930000d", false, now_ms, &at_ms, &err), &err, "ttl",
	    "TTL_TOO_LONG");
	expect_field(key_expiry(&policy, "never", false, now_ms, &at_ms, &err), &err, "ttl",
	    "TTL_NEVER_REFUSED");
}

static void
nothing_said_takes_the_default_of_the_policy(void **state)
{
	const struct policy policy = of(PROFILE_DEFAULT), endless = of(PROFILE_GENEIOUS);
	struct lk_error err = { 0 };
	int64_t at_ms;

	(void)state;
	expect_ok(key_expiry(&policy, "", false, now_ms, &at_ms, &err), &err);
	assert_int_equal(at_ms, now_ms + 90 * day_ms);
	expect_ok(key_expiry(&endless, "", false, now_ms, &at_ms, &err), &err);
	assert_int_equal(at_ms, 0);
}

static void
policy_may_reserve_the_choice_of_life(void **state)
{
	const struct policy policy = of(PROFILE_ICA);
	struct lk_error err = { 0 };
	int64_t at_ms;

	(void)state;
	expect_field(
	    key_expiry(&policy, "30d", false, now_ms, &at_ms, &err), &err, "ttl", "TTL_FIXED");
	expect_ok(key_expiry(&policy, "30d", true, now_ms, &at_ms, &err), &err);
	expect_ok(key_expiry(&policy, "never", true, now_ms, &at_ms, &err), &err);
	assert_int_equal(at_ms, 0);
}

static void
bad_lives_name_the_field(void **state)
{
	static const char *const bad[] = { "90x", "-1d", "0", " 1d", "2001-01-01T00:00:00Z", "1d ",
		"99999999999999999999d" };
	const struct policy policy = of(PROFILE_DEFAULT);

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct lk_error err = { 0 };
		int64_t at_ms = 7;
		expect_field(
		    key_expiry(&policy, bad[i], false, now_ms, &at_ms, &err), &err, "ttl", NULL);
		assert_int_equal(at_ms, 7);
	}
}

static void
the_limit_is_told_with_its_count(void **state)
{
	const struct policy policy = of(PROFILE_ICA), open = of(PROFILE_PANOMICS);
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(key_limit_check(&policy, 9, &err), &err);
	expect_fail(
	    key_limit_check(&policy, 10, &err), &err, LK_RESOURCE_EXHAUSTED, "KEY_LIMIT_REACHED");
	expect_contains(err.message, "10 active keys, and 10 exist");
	expect_ok(key_limit_check(&open, 1000000, &err), &err);
}

static void
keys_are_made_only_where_they_are_enabled(void **state)
{
	struct policy policy = of(PROFILE_DEFAULT);
	struct lk_error err = { 0 };
	bool warn;

	(void)state;
	expect_ok(key_creation_check(&policy, true, 0, &warn, &err), &err);
	policy.values[POLICY_SELF_SERVICE] = SELF_SERVICE_NONE;
	expect_fail(key_creation_check(&policy, true, 0, &warn, &err), &err, LK_PERMISSION_DENIED,
	    "SELF_SERVICE_OFF");
	expect_ok(key_creation_check(&policy, false, 0, &warn, &err), &err);
	policy.values[POLICY_API_KEYS_ENABLED] = POLICY_NO;
	policy.values[POLICY_ON_DISABLE] = ON_DISABLE_BLOCK_NEW;
	expect_fail(key_creation_check(&policy, false, 0, &warn, &err), &err,
	    LK_FAILED_PRECONDITION, "API_KEYS_DISABLED");
}

static void
I7_administrators_may_be_kept_from_owning_keys(void **state)
{
	const role_set admin = role_bit(ROLE_TENANT_ADMIN);
	struct policy policy = of(PROFILE_ICA);
	struct lk_error err = { 0 };
	bool warn;

	(void)state;
	expect_ok(key_creation_check(&policy, true, admin, &warn, &err), &err);
	assert_true(warn);
	expect_ok(key_creation_check(&policy, true, role_bit(ROLE_MEMBER), &warn, &err), &err);
	assert_false(warn);
	policy.values[POLICY_ADMIN_OWNED_KEYS] = ADMIN_KEYS_DENY;
	expect_fail(key_creation_check(&policy, true, admin, &warn, &err), &err,
	    LK_FAILED_PRECONDITION, "ADMIN_OWNED_KEY");
}

static void
a_key_has_no_more_than_owner_and_maker(void **state)
{
	const struct policy policy = of(PROFILE_DEFAULT);
	const lk_permissions owner = BIT(API_KEYS_MANAGE) | BIT(CREDENTIALS_MANAGE);
	const struct key_maker narrow = { .permissions = BIT(API_KEYS_MANAGE) };
	struct lk_error err = { 0 };
	struct key key = { 0 };

	(void)state;
	expect_fail(key_permissions_choose(&policy, owner, &anybody, BIT(AUDIT_READ), &key, &err),
	    &err, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
	expect_contains(err.message, "audit.read");
	expect_fail(
	    key_permissions_choose(&policy, owner, &narrow, BIT(CREDENTIALS_MANAGE), &key, &err),
	    &err, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
	expect_ok(
	    key_permissions_choose(&policy, owner, &anybody, BIT(CREDENTIALS_MANAGE), &key, &err),
	    &err);
	assert_int_equal(key.permissions, BIT(CREDENTIALS_MANAGE));
	assert_false(key.all_permissions);
}

static void
a_narrow_maker_makes_a_narrow_key(void **state)
{
	const struct policy policy = of(PROFILE_DEFAULT);
	const lk_permissions owner = BIT(CREDENTIALS_MANAGE) | BIT(AUDIT_READ);
	const struct key_maker less = { .permissions = BIT(AUDIT_READ) | BIT(API_KEYS_MANAGE) };
	const struct key_maker limited = { .permissions = 0xffffffff, .limited = true };
	const struct key_maker nothing = { .permissions = 0 };
	struct lk_error err = { 0 };
	struct key key = { 0 };

	(void)state;
	expect_ok(key_permissions_choose(&policy, owner, &less, 0, &key, &err), &err);
	assert_false(key.all_permissions);
	assert_int_equal(key.permissions, BIT(AUDIT_READ));
	expect_ok(key_permissions_choose(&policy, owner, &limited, 0, &key, &err), &err);
	assert_false(key.all_permissions);
	expect_fail(key_permissions_choose(&policy, owner, &nothing, 0, &key, &err), &err,
	    LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
}

static void
delegating_permissions_are_given_by_name_and_by_leave(void **state)
{
	const struct policy policy = of(PROFILE_DEFAULT), strict = of(PROFILE_LABKEY);
	const lk_permissions owner = BIT(API_KEYS_MANAGE) | BIT(CREDENTIALS_MANAGE);
	struct lk_error err = { 0 };
	struct key key = { 0 };

	(void)state;
	expect_ok(key_permissions_choose(&policy, owner, &anybody, 0, &key, &err), &err);
	assert_true(key.all_permissions);
	assert_int_equal(key_permissions_now(&policy, owner, true, 0), BIT(CREDENTIALS_MANAGE));
	expect_ok(
	    key_permissions_choose(&policy, owner, &anybody, BIT(API_KEYS_MANAGE), &key, &err),
	    &err);
	assert_int_equal(
	    key_permissions_now(&policy, owner, false, key.permissions), BIT(API_KEYS_MANAGE));
	expect_fail(
	    key_permissions_choose(&strict, owner, &anybody, BIT(API_KEYS_MANAGE), &key, &err),
	    &err, LK_PERMISSION_DENIED, "PERMISSION_DELEGATING");
	assert_int_equal(key_permissions_now(&strict, owner, false, BIT(API_KEYS_MANAGE)), 0);
}

static void
a_key_loses_what_its_owner_loses(void **state)
{
	const struct policy policy = of(PROFILE_DEFAULT);

	(void)state;
	assert_int_equal(key_permissions_now(&policy, 0, true, 0), 0);
	assert_int_equal(key_permissions_now(&policy, BIT(AUDIT_READ), false,
			     BIT(CREDENTIALS_MANAGE) | BIT(AUDIT_READ)),
	    BIT(AUDIT_READ));
}

static void
revoking_twice_is_refused(void **state)
{
	struct key key = { .expires_at_ms = now_ms };
	struct lk_error err = { 0 };

	(void)state;
	assert_int_equal(key_state(&key, now_ms - 1), KEY_ACTIVE);
	assert_int_equal(key_state(&key, now_ms), KEY_EXPIRED);
	expect_ok(key_revoke_check(&key, &err), &err);
	key.revoked_at_ms = now_ms;
	assert_int_equal(key_state(&key, now_ms - 1), KEY_REVOKED);
	expect_fail(
	    key_revoke_check(&key, &err), &err, LK_FAILED_PRECONDITION, "KEY_ALREADY_REVOKED");
}

LK_TESTS(LK_CASE(a_name_is_one_to_sixty_four_printable_characters),
    LK_CASE(a_name_may_be_left_out_where_policy_says_so),
    LK_CASE(L5_a_life_above_the_maximum_names_the_maximum),
    LK_CASE(a_life_without_a_maximum_still_ends),
    LK_CASE(nothing_said_takes_the_default_of_the_policy),
    LK_CASE(policy_may_reserve_the_choice_of_life), LK_CASE(bad_lives_name_the_field),
    LK_CASE(the_limit_is_told_with_its_count), LK_CASE(keys_are_made_only_where_they_are_enabled),
    LK_CASE(I7_administrators_may_be_kept_from_owning_keys),
    LK_CASE(a_key_has_no_more_than_owner_and_maker), LK_CASE(a_narrow_maker_makes_a_narrow_key),
    LK_CASE(delegating_permissions_are_given_by_name_and_by_leave),
    LK_CASE(a_key_loses_what_its_owner_loses), LK_CASE(revoking_twice_is_refused))
