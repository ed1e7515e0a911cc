/* Permissions as names, sets and scopes. */
#include <string.h>

#include "auth/permission.h"
#include "base/base.h"
#include "test.h"

static void
every_name_reads_back_as_itself(void **state)
{
	(void)state;
	for (int i = 0; i < LK_PERM_COUNT; i++) {
		enum lk_permission read;
		const char *name = lk_permission_name((enum lk_permission)i);
		assert_true(lk_permission_parse(name, &read));
		assert_int_equal(read, i);
		assert_true(strlen(lk_permission_help((enum lk_permission)i)) > 5);
	}
}

static void
names_outside_the_list_are_refused(void **state)
{
	static const char *const names[] = { "", "api_keys", "api_keys.manage ", "API_KEYS.MANAGE",
		"api_keys.manage_any.more", "*" };
	enum lk_permission read;

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(names); i++)
		assert_false(lk_permission_parse(names[i], &read));
	assert_false(lk_permission_parse(NULL, &read));
	assert_null(lk_permission_name(LK_PERM_PUBLIC));
	assert_null(lk_permission_name(LK_PERM_COUNT));
}

static void
an_unknown_name_in_a_list_names_the_field(void **state)
{
	char good[] = "audit.read", bad[] = "audit.write";
	char *const names[] = { good, bad };
	lk_permissions set = 7;
	struct lk_error err = { 0 };

	(void)state;
	expect_field(lk_permissions_parse("permissions", names, 2, &set, &err), &err, "permissions",
	    "PERMISSION_UNKNOWN");
	assert_int_equal(set, 7);
	expect_ok(lk_permissions_parse("permissions", names, 1, &set, &err), &err);
	assert_int_equal(set, lk_permission_bit(LK_PERM_AUDIT_READ));
}

static void
kinds_of_caller_are_in_no_set(void **state)
{
	(void)state;
	assert_false(lk_permissions_has(LK_PERMISSIONS_ALL, LK_PERM_SERVICE));
	assert_false(lk_permissions_has(LK_PERMISSIONS_ALL, LK_PERM_PUBLIC));
	assert_false(lk_permissions_has(LK_PERMISSIONS_ALL, LK_PERM_COUNT));
}

static void
delegating_are_those_that_mint_power(void **state)
{
	(void)state;
	assert_true(lk_permissions_has(LK_PERMISSIONS_DELEGATING, LK_PERM_API_KEYS_MANAGE));
	assert_true(lk_permissions_has(LK_PERMISSIONS_DELEGATING, LK_PERM_USERS_ACT_FOR));
	assert_false(lk_permissions_has(LK_PERMISSIONS_DELEGATING, LK_PERM_KEYS_VERIFY));
	assert_int_equal(LK_PERMISSIONS_DELEGATING & ~LK_PERMISSIONS_ALL, 0);
}

static void
every_set_survives_its_scope(void **state)
{
	struct lk_test_rng rng = lk_test_rng();
	char scope[LK_SCOPE_SIZE];

	(void)state;
	for (size_t i = lk_test_repeat("scopes", 20000, 500); i > 0; i--) {
		const lk_permissions set =
		    (lk_permissions)lk_test_rng_next(&rng) & LK_PERMISSIONS_ALL;
		lk_permissions read = 0;
		lk_scope_format(set, scope, sizeof scope);
		expect_ok(lk_scope_parse(scope, &read, NULL), NULL);
		assert_int_equal(read, set);
	}
	lk_permissions all = 0;
	lk_scope_format(LK_PERMISSIONS_ALL, scope, sizeof scope);
	expect_ok(lk_scope_parse(scope, &all, NULL), NULL);
	assert_int_equal(all, LK_PERMISSIONS_ALL);
}

static void
a_scope_that_does_not_fit_is_narrower_never_wider(void **state)
{
	char scope[40];
	lk_permissions read = 0;

	(void)state;
	lk_scope_format(LK_PERMISSIONS_ALL, scope, sizeof scope);
	expect_ok(lk_scope_parse(scope, &read, NULL), NULL);
	assert_true(read != 0 && read != LK_PERMISSIONS_ALL);
}

static void
crooked_scopes_are_refused(void **state)
{
	static const char *const scopes[] = { " ", " audit.read", "audit.read ",
		"audit.read  feed.read", "audit.read,feed.read", "audit.read\tfeed.read", "x" };
	struct lk_error err = { 0 };
	lk_permissions read = 0;

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(scopes); i++)
		expect_field(
		    lk_scope_parse(scopes[i], &read, &err), &err, "scope", "PERMISSION_UNKNOWN");
	expect_ok(lk_scope_parse("", &read, &err), &err);
	assert_int_equal(read, 0);
}

LK_TESTS(LK_CASE(every_name_reads_back_as_itself), LK_CASE(names_outside_the_list_are_refused),
    LK_CASE(an_unknown_name_in_a_list_names_the_field), LK_CASE(kinds_of_caller_are_in_no_set),
    LK_CASE(delegating_are_those_that_mint_power), LK_CASE(every_set_survives_its_scope),
    LK_CASE(a_scope_that_does_not_fit_is_narrower_never_wider), LK_CASE(crooked_scopes_are_refused))
