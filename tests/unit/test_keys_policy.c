/* Policy: the table of profiles, its values as text, and which changes take something away. */
#include <string.h>

#include "base/base.h"
#include "keys/policy.h"
#include "test.h"

static const int64_t day_ms = INT64_C(86400000);

static struct policy
of(enum policy_profile profile)
{
	struct policy policy;

	policy_of_profile(profile, &policy);
	return policy;
}

static void
every_profile_is_consistent(void **state)
{
	(void)state;
	for (int i = 0; i < PROFILE_COUNT; i++) {
		const struct policy policy = of((enum policy_profile)i);
		struct lk_error err = { 0 };
		expect_ok(policy_check(&policy, &err), &err);
	}
}

static void
every_cell_reads_back_as_it_is_written(void **state)
{
	(void)state;
	for (int i = 0; i < PROFILE_COUNT; i++) {
		const struct policy policy = of((enum policy_profile)i);
		for (int name = 0; name < POLICY_COUNT; name++) {
			struct policy other = of(PROFILE_LABKEY);
			struct lk_error err = { 0 };
			char text[POLICY_TEXT_SIZE];
			policy_text(&policy, (enum policy_name)name, text);
			expect_ok(
			    policy_set(&other, policy_name((enum policy_name)name), text, &err),
			    &err);
			assert_int_equal(other.values[name], policy.values[name]);
		}
	}
}

/* What the four platforms do, and what is done where nobody says: written down a second time, in
 * the order panomics, geneious, labkey, ica, default. */
static const char *const promised[][1 + PROFILE_COUNT] = {
	{ "max_active_keys_per_user", "0", "0", "0", "10", "10" },
	{ "ttl_default", "90d", "0", "365d", "0", "90d" },
	{ "ttl_max", "0", "0", "365d", "0", "365d" },
	{ "ttl_user_may_choose", "yes", "no", "no", "no", "yes" },
	{ "ttl_allow_never", "no", "yes", "no", "yes", "no" },
	{ "require_name", "yes", "yes", "no", "yes", "yes" },
	{ "self_service", "full", "full", "create_only", "full", "full" },
	{ "accept", "all", "all", "all", "jwt", "all" },
	{ "api_keys_enabled", "yes", "no", "no", "yes", "yes" },
	{ "default_member_manages_keys", "no", "yes", "yes", "yes", "yes" },
	{ "admin_owned_keys", "allow", "allow", "allow", "warn", "allow" },
	{ "keys_may_manage_keys", "allow", "allow", "deny", "allow", "allow" },
	{ "password_login", "on", "on", "on", "on", "on" },
	{ "token_ttl_default", "15m", "15m", "15m", "1h", "15m" },
	{ "token_ttl_max", "1h", "1h", "1h", "8h", "1h" },
	{ "on_disable", "suspend", "block_new", "suspend", "suspend", "suspend" },
	{ "rotate_after", "0", "0", "0", "365d", "0" },
	{ "external_ttl_default", "90d", "90d", "90d", "90d", "90d" },
	{ "external_ttl_max", "0", "0", "0", "0", "365d" },
	{ "vend", "preferred", "preferred", "preferred", "preferred", "preferred" },
	{ "require_lease", "no", "no", "no", "no", "no" },
	{ "require_signed_fetch", "no", "no", "no", "no", "no" },
	{ "external_unique_scope", "user", "user", "user", "user", "user" },
	{ "external_on_expiry", "block", "block", "block", "block", "block" },
	{ "api_keys_allowed", "yes", "yes", "yes", "yes", "yes" },
	{ "self_registration", "off", "off", "off", "off", "off" },
	{ "rotate_overlap_max", "7d", "7d", "7d", "7d", "7d" },
};

static void
P5_G4_L5_I3_every_field_of_every_profile_is_what_was_promised(void **state)
{
	(void)state;
	assert_int_equal(LK_ARRAY_LEN(promised), POLICY_COUNT);
	for (size_t row = 0; row < LK_ARRAY_LEN(promised); row++) {
		enum policy_name name;
		assert_true(policy_find(promised[row][0], &name));
		for (int i = 0; i < PROFILE_COUNT; i++) {
			const struct policy policy = of((enum policy_profile)i);
			char text[POLICY_TEXT_SIZE];
			policy_text(&policy, name, text);
			if (strcmp(text, promised[row][1 + i]) != 0)
				fail_msg("%s of %s is %s", promised[row][0],
				    profile_name((enum policy_profile)i), text);
		}
	}
}

static void
profiles_differ_where_the_platforms_do(void **state)
{
	(void)state;
	assert_int_equal(of(PROFILE_PANOMICS).values[POLICY_MAX_ACTIVE_KEYS_PER_USER], 0);
	assert_int_equal(of(PROFILE_ICA).values[POLICY_MAX_ACTIVE_KEYS_PER_USER], 10);
	assert_int_equal(of(PROFILE_LABKEY).values[POLICY_TTL_MAX], 365 * day_ms);
	assert_int_equal(of(PROFILE_GENEIOUS).values[POLICY_API_KEYS_ENABLED], POLICY_NO);
	assert_int_equal(of(PROFILE_GENEIOUS).values[POLICY_ON_DISABLE], ON_DISABLE_BLOCK_NEW);
	assert_int_equal(of(PROFILE_LABKEY).values[POLICY_KEYS_MAY_MANAGE_KEYS], KEYS_MANAGE_DENY);
	assert_int_equal(of(PROFILE_ICA).values[POLICY_ADMIN_OWNED_KEYS], ADMIN_KEYS_WARN);
	assert_int_equal(
	    of(PROFILE_PANOMICS).values[POLICY_DEFAULT_MEMBER_MANAGES_KEYS], POLICY_NO);
}

static void
an_unknown_value_is_named(void **state)
{
	struct policy policy = of(PROFILE_DEFAULT);
	struct lk_error err = { 0 };

	(void)state;
	expect_field(policy_set(&policy, "ttl_mux", "1d", &err), &err, "values", "POLICY_UNKNOWN");
	expect_contains(err.message, "ttl_mux");
}

static void
a_text_that_is_no_value_names_its_row(void **state)
{
	static const struct {
		const char *name, *text;
	} bad[] = { { "ttl_max", "90x" }, { "ttl_max", "" }, { "ttl_max", "never" },
		{ "ttl_max", "-1d" }, { "max_active_keys_per_user", "ten" },
		{ "max_active_keys_per_user", "" }, { "max_active_keys_per_user", "-1" },
		{ "max_active_keys_per_user", "007" },
		{ "max_active_keys_per_user", "9999999999999999999999" },
		{ "require_name", "true" }, { "require_name", "YES" }, { "on_disable", "" },
		{ "self_service", "some" } };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct policy policy = of(PROFILE_DEFAULT);
		struct lk_error err = { 0 };
		expect_field(policy_set(&policy, bad[i].name, bad[i].text, &err), &err, bad[i].name,
		    "POLICY_VALUE_INVALID");
	}
}

static void
values_that_contradict_each_other_are_refused(void **state)
{
	static const struct {
		const char *name, *text, *field;
	} bad[] = { { "ttl_max", "1d", "ttl_default" }, { "ttl_default", "0", "ttl_default" },
		{ "ttl_allow_never", "yes", "ttl_allow_never" },
		{ "token_ttl_max", "0", "token_ttl_max" },
		{ "token_ttl_max", "25h", "token_ttl_max" },
		{ "token_ttl_default", "2h", "token_ttl_default" },
		{ "external_ttl_max", "1d", "external_ttl_default" } };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct policy policy = of(PROFILE_DEFAULT);
		struct lk_error err = { 0 };
		expect_ok(policy_set(&policy, bad[i].name, bad[i].text, &err), &err);
		expect_field(policy_check(&policy, &err), &err, bad[i].field, "POLICY_CONFLICT");
	}
}

static bool
change_narrows(enum policy_profile profile, const char *name, const char *text)
{
	const struct policy before = of(profile);
	struct policy after = before;
	struct lk_error err = { 0 };

	expect_ok(policy_set(&after, name, text, &err), &err);
	return policy_narrows(&before, &after);
}

static void
only_changes_that_take_something_away_narrow(void **state)
{
	(void)state;
	assert_true(change_narrows(PROFILE_DEFAULT, "api_keys_enabled", "no"));
	assert_true(change_narrows(PROFILE_DEFAULT, "keys_may_manage_keys", "deny"));
	assert_true(change_narrows(PROFILE_DEFAULT, "default_member_manages_keys", "no"));
	assert_true(change_narrows(PROFILE_DEFAULT, "token_ttl_max", "30m"));
	assert_true(change_narrows(PROFILE_DEFAULT, "accept", "jwt"));
	assert_true(change_narrows(PROFILE_GENEIOUS, "on_disable", "suspend"));
	assert_false(change_narrows(PROFILE_GENEIOUS, "api_keys_enabled", "yes"));
	assert_false(change_narrows(PROFILE_DEFAULT, "max_active_keys_per_user", "5"));
	assert_false(change_narrows(PROFILE_DEFAULT, "token_ttl_max", "2h"));
	assert_false(change_narrows(PROFILE_DEFAULT, "api_keys_enabled", "yes"));
}

static void
switching_off_suspends_keys_or_only_blocks_new_ones(void **state)
{
	struct policy policy = of(PROFILE_DEFAULT);
	struct lk_error err = { 0 };

	(void)state;
	assert_true(policy_keys_work(&policy));
	expect_ok(policy_set(&policy, "api_keys_enabled", "no", &err), &err);
	assert_false(policy_keys_work(&policy));
	expect_ok(policy_set(&policy, "on_disable", "block_new", &err), &err);
	assert_true(policy_keys_work(&policy));
}

static void
an_unknown_profile_is_refused(void **state)
{
	enum policy_profile profile;
	struct lk_error err = { 0 };

	(void)state;
	expect_field(profile_parse("Panomics", &profile, &err), &err, "profile", "PROFILE_UNKNOWN");
	expect_ok(profile_parse("", &profile, &err), &err);
	assert_int_equal(profile, PROFILE_DEFAULT);
}

LK_TESTS(LK_CASE(every_profile_is_consistent), LK_CASE(every_cell_reads_back_as_it_is_written),
    LK_CASE(P5_G4_L5_I3_every_field_of_every_profile_is_what_was_promised),
    LK_CASE(profiles_differ_where_the_platforms_do), LK_CASE(an_unknown_value_is_named),
    LK_CASE(a_text_that_is_no_value_names_its_row),
    LK_CASE(values_that_contradict_each_other_are_refused),
    LK_CASE(only_changes_that_take_something_away_narrow),
    LK_CASE(switching_off_suspends_keys_or_only_blocks_new_ones),
    LK_CASE(an_unknown_profile_is_refused))
