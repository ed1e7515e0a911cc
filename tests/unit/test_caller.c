/* What a caller reaches and may do. */
#include "auth/caller.h"
#include "base/base.h"
#include "test.h"

#define TENANT_A "tnt_01arz3ndektsv4rrffq69g5faa"
#define TENANT_B "tnt_01arz3ndektsv4rrffq69g5fab"
#define GROUP_A "wkg_01arz3ndektsv4rrffq69g5faa"
#define GROUP_B "wkg_01arz3ndektsv4rrffq69g5fab"

static void
a_user_reaches_the_own_tenant_only(void **state)
{
	const struct lk_caller ben = { .kind = LK_CALLER_USER, .tenant = TENANT_A };

	(void)state;
	assert_true(lk_caller_reaches_tenant(&ben, TENANT_A));
	assert_false(lk_caller_reaches_tenant(&ben, TENANT_B));
	assert_false(lk_caller_reaches_tenant(&ben, ""));
	assert_false(lk_caller_reaches_tenant(&ben, NULL));
}

static void
a_user_gains_nothing_by_a_list(void **state)
{
	const char *const tenants[] = { TENANT_B };
	const struct lk_caller ben = { .kind = LK_CALLER_USER,
		.tenant = TENANT_A,
		.all_tenants = true,
		.tenants = tenants,
		.tenants_count = 1 };

	(void)state;
	assert_false(lk_caller_reaches_tenant(&ben, TENANT_B));
}

static void
a_principal_reaches_its_list_and_no_other(void **state)
{
	const char *const tenants[] = { TENANT_B };
	const struct lk_caller fleet = {
		.kind = LK_CALLER_PRINCIPAL, .tenants = tenants, .tenants_count = 1
	};

	(void)state;
	assert_true(lk_caller_reaches_tenant(&fleet, TENANT_B));
	assert_false(lk_caller_reaches_tenant(&fleet, TENANT_A));
	assert_false(lk_caller_reaches_tenant(&fleet, ""));
}

static void
a_principal_of_all_tenants_reaches_every_named_one(void **state)
{
	const struct lk_caller api = { .kind = LK_CALLER_PRINCIPAL, .all_tenants = true };

	(void)state;
	assert_true(lk_caller_reaches_tenant(&api, TENANT_A));
	assert_false(lk_caller_reaches_tenant(&api, "")); /* what belongs to no tenant */
}

static void
operators_and_services_reach_everything(void **state)
{
	const struct lk_caller operator_ = { .kind = LK_CALLER_OPERATOR };
	const struct lk_caller service = { .kind = LK_CALLER_SERVICE };

	(void)state;
	assert_true(lk_caller_reaches_tenant(&operator_, TENANT_A));
	assert_true(lk_caller_reaches_tenant(&operator_, ""));
	assert_true(lk_caller_reaches_tenant(&service, TENANT_B));
	assert_true(lk_caller_reaches_workgroup(&service, GROUP_B));
}

static void
workgroups_are_a_list_or_all(void **state)
{
	const char *const groups[] = { GROUP_A };
	const struct lk_caller some = {
		.kind = LK_CALLER_USER, .workgroups = groups, .workgroups_count = 1
	};
	const struct lk_caller all = { .kind = LK_CALLER_USER, .all_workgroups = true };

	(void)state;
	assert_true(lk_caller_reaches_workgroup(&some, GROUP_A));
	assert_false(lk_caller_reaches_workgroup(&some, GROUP_B));
	assert_true(lk_caller_reaches_workgroup(&all, GROUP_B));
	assert_false(lk_caller_reaches_workgroup(&all, ""));
}

static void
nobody_has_and_reaches_nothing(void **state)
{
	const struct lk_caller nobody = { .kind = LK_CALLER_ANONYMOUS,
		.permissions = LK_PERMISSIONS_ALL,
		.all_tenants = true,
		.all_workgroups = true };

	(void)state;
	assert_false(lk_caller_has(&nobody, LK_PERM_FEED_READ));
	assert_false(lk_caller_reaches_tenant(&nobody, TENANT_A));
	assert_false(lk_caller_reaches_workgroup(&nobody, GROUP_A));
}

static void
a_missing_permission_is_named(void **state)
{
	const struct lk_caller ben = { .kind = LK_CALLER_USER,
		.permissions = lk_permission_bit(LK_PERM_KEYS_VERIFY) };
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_caller_require(&ben, LK_PERM_KEYS_VERIFY, &err), &err);
	expect_fail(lk_caller_require(&ben, LK_PERM_API_KEYS_MANAGE, &err), &err,
	    LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	expect_contains(err.message, "api_keys.manage");
}

LK_TESTS(LK_CASE(a_user_reaches_the_own_tenant_only), LK_CASE(a_user_gains_nothing_by_a_list),
    LK_CASE(a_principal_reaches_its_list_and_no_other),
    LK_CASE(a_principal_of_all_tenants_reaches_every_named_one),
    LK_CASE(operators_and_services_reach_everything), LK_CASE(workgroups_are_a_list_or_all),
    LK_CASE(nobody_has_and_reaches_nothing), LK_CASE(a_missing_permission_is_named))
