/* The rules of tenants, users, roles, principals, workgroups, tickets, sessions and ids. */
#include <string.h>

#include "keys/principal.h"
#include "keys/session.h"
#include "keys/tenant.h"
#include "keys/ticket.h"
#include "keys/user.h"
#include "keys/workgroup.h"
#include "test.h"

#define BIT(symbol) lk_permission_bit(LK_PERM_##symbol)

static void
a_tenant_names_the_field_that_is_wrong(void **state)
{
	static const char *const bad_names[] = { "", "Genomics", "a_b", "-a", "a-", "a b", "ä",
		"a.b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	static const char *const bad_domains[] = { "", "example", "Example.org", "a..b", ".a.b",
		"a.b.", "-a.b", "a b.c", "a.b\n" };
	enum policy_profile profile;
	struct lk_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(bad_names); i++)
		expect_field(tenant_check(bad_names[i], "a.example", "", &profile, &err), &err,
		    "name", "TENANT_NAME_INVALID");
	for (size_t i = 0; i < LK_ARRAY_LEN(bad_domains); i++)
		expect_field(tenant_check("genomics", bad_domains[i], "", &profile, &err), &err,
		    "domain", "DOMAIN_INVALID");
	expect_field(tenant_check("genomics", "a.example", "x", &profile, &err), &err, "profile",
	    "PROFILE_UNKNOWN");
	expect_ok(tenant_check("genomics", "genomics.example", "panomics", &profile, &err), &err);
}

static void
an_address_is_kept_in_lower_case(void **state)
{
	char out[EMAIL_SIZE];
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(email_normalise("email", "Ada.Lovelace+x@Genomics.Example", out, &err), &err);
	assert_string_equal(out, "ada.lovelace+x@genomics.example");
}

static void
what_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = { "", "ada", "@a.b", "ada@", "ada@example", "a b@c.d",
		"a@b@c.d", ".a@b.c", "a.@b.c", "a..b@c.d", "a@b..c", "a@b.c\n", "a\"b@c.d",
		"<a@b.c>",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b.c" };
	char out[EMAIL_SIZE], longest[EMAIL_SIZE + 10];
	struct lk_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++)
		expect_field(
		    email_normalise("admin_email", bad[i], out, &err), &err, "admin_email", NULL);
	memset(longest, 'a', sizeof longest);
	memcpy(longest + 10, "@a.b", 4);
	longest[sizeof longest - 1] = '\0';
	expect_field(email_normalise("email", longest, out, &err), &err, "email", "EMAIL_INVALID");
}

static void
mutated_addresses_are_accepted_only_in_one_spelling(void **state)
{
	static const char seed[] = "Ada.Lovelace@genomics.example";
	const size_t count = lk_test_repeat("addresses", 200000, 20000);
	struct lk_test_rng rng = lk_test_rng();
	struct lk_error err;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		uint8_t text[64] = { 0 };
		char once[EMAIL_SIZE], twice[EMAIL_SIZE];
		memcpy(text, seed, sizeof seed);
		text[lk_test_rng_mutate(&rng, text, sizeof seed - 1, sizeof text - 1)] = '\0';
		if (email_normalise("email", (const char *)text, once, &err) != LK_OK)
			continue;
		expect_ok(email_normalise("email", once, twice, &err), &err);
		assert_string_equal(once, twice);
	}
}

static void
members_manage_keys_where_policy_says_so(void **state)
{
	struct policy no, yes;

	(void)state;
	policy_of_profile(PROFILE_PANOMICS, &no);
	policy_of_profile(PROFILE_GENEIOUS, &yes);
	assert_int_equal(role_set_permissions(role_bit(ROLE_MEMBER), &no), 0);
	assert_int_equal(role_set_permissions(role_bit(ROLE_MEMBER), &yes),
	    BIT(API_KEYS_MANAGE) | BIT(CREDENTIALS_MANAGE));
	assert_int_equal(role_set_permissions(role_bit(ROLE_AUDITOR), &yes), BIT(AUDIT_READ));
}

static struct roles
built_in(role_set set)
{
	return (struct roles){ .built_in = set };
}

static void
nobody_gives_or_takes_what_they_do_not_hold(void **state)
{
	const role_set set = role_bit(ROLE_TENANT_ADMIN);
	const struct roles admin = built_in(set), member = built_in(role_bit(ROLE_MEMBER)),
			   manager = built_in(role_bit(ROLE_MEMBER) | role_bit(ROLE_KEY_MANAGER)),
			   both = built_in(set | role_bit(ROLE_KEY_MANAGER));
	const lk_permissions held =
	    BIT(ROLES_MANAGE) | BIT(API_KEYS_MANAGE) | BIT(CREDENTIALS_MANAGE);
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(role_change_check(held, &member, &manager, &err), &err);
	expect_fail(role_change_check(held, &member, &admin, &err), &err, LK_PERMISSION_DENIED,
	    "PERMISSION_EXCEEDS");
	expect_fail(role_change_check(held, &admin, &member, &err), &err, LK_PERMISSION_DENIED,
	    "PERMISSION_EXCEEDS");
	expect_ok(role_change_check(held, &admin, &both, &err), &err);
	assert_true(roles_narrow(&both, &admin));
	assert_false(roles_narrow(&admin, &both));
}

static void
an_own_role_is_given_and_taken_by_those_who_hold_it(void **state)
{
	const struct roles none = { 0 };
	struct roles some = { .own = { { .id = "rol_1", .name = "r", .permissions = 0 } },
		.own_count = 1 };
	struct lk_error err = { 0 };

	(void)state;
	some.own[0].permissions = BIT(AUDIT_READ) | BIT(USERS_MANAGE);
	expect_fail(role_change_check(BIT(AUDIT_READ), &none, &some, &err), &err,
	    LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
	expect_contains(err.message, "users.manage");
	expect_fail(role_change_check(BIT(AUDIT_READ), &some, &none, &err), &err,
	    LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
	expect_ok(role_change_check(BIT(AUDIT_READ), &some, &some, &err), &err);
	expect_ok(role_change_check(some.own[0].permissions, &none, &some, &err), &err);
	assert_true(roles_narrow(&some, &none));
	assert_false(roles_narrow(&none, &some));
	assert_int_equal(roles_own_permissions(&some), some.own[0].permissions);
}

static void
an_own_role_has_a_name_of_its_own_and_nothing_of_the_platforms(void **state)
{
	static const char *const bad[] = { "", "Reader", "member", "tenant-admin", "a b" };
	struct lk_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++)
		expect_field(own_role_check(bad[i], BIT(AUDIT_READ), &err), &err, "name",
		    "ROLE_NAME_INVALID");
	expect_field(own_role_check("reader", 0, &err), &err, "permissions", "PERMISSIONS_EMPTY");
	expect_field(own_role_check("reader", BIT(KEYS_VERIFY), &err), &err, "permissions",
	    "PERMISSION_REFUSED");
	expect_field(own_role_check("reader", BIT(TENANTS_MANAGE), &err), &err, "permissions",
	    "PERMISSION_REFUSED");
	expect_ok(own_role_check("reader", BIT(AUDIT_READ) | BIT(CREDENTIALS_FETCH), &err), &err);
}

static void
a_user_moves_only_along_legal_states(void **state)
{
	struct user user = { .state = USER_INVITED, .kind = USER_HUMAN };
	enum user_state next;
	struct lk_error err = { 0 };

	(void)state;
	expect_fail(user_state_asked(&user, "active", &next, &err), &err, LK_FAILED_PRECONDITION,
	    "USER_STATE");
	expect_ok(user_state_asked(&user, "disabled", &next, &err), &err);
	user.state = USER_DISABLED;
	expect_ok(user_state_asked(&user, "active", &next, &err), &err);
	assert_int_equal(next, USER_INVITED);
	user.last_sign_in_at_ms = 1;
	expect_ok(user_state_asked(&user, "active", &next, &err), &err);
	assert_int_equal(next, USER_ACTIVE);
	expect_fail(user_state_asked(&user, "disabled", &next, &err), &err, LK_FAILED_PRECONDITION,
	    "USER_STATE");
	expect_field(
	    user_state_asked(&user, "invited", &next, &err), &err, "state", "STATE_INVALID");
	expect_field(user_state_asked(&user, "", &next, &err), &err, "state", "STATE_INVALID");
}

static void
a_principal_never_manages_people_or_keys(void **state)
{
	struct lk_error err = { 0 };
	lk_permissions out;

	(void)state;
	for (int i = 0; i < LK_PERM_COUNT; i++) {
		char *name = (char *)(uintptr_t)lk_permission_name((enum lk_permission)i);
		const bool allowed =
		    lk_permissions_has(principal_permissions_allowed(), (enum lk_permission)i);
		if (allowed)
			expect_ok(principal_check("fleet", &name, 1, true, 0, &out, &err), &err);
		else
			expect_field(principal_check("fleet", &name, 1, true, 0, &out, &err), &err,
			    "permissions", "PERMISSION_REFUSED");
	}
	assert_false(lk_permissions_has(principal_permissions_allowed(), LK_PERM_USERS_MANAGE));
	assert_false(lk_permissions_has(principal_permissions_allowed(), LK_PERM_API_KEYS_MANAGE));
}

static void
a_principal_names_its_tenants_or_all(void **state)
{
	char *names[] = { (char[]){ "keys.verify" }, (char[]){ "keys.verfy" } };
	struct lk_error err = { 0 };
	lk_permissions out;

	(void)state;
	expect_field(principal_check("fleet", names, 1, false, 0, &out, &err), &err, "tenants",
	    "TENANTS_INVALID");
	expect_field(principal_check("fleet", names, 1, true, 1, &out, &err), &err, "tenants",
	    "TENANTS_INVALID");
	expect_field(principal_check("Fleet", names, 1, true, 0, &out, &err), &err, "name",
	    "PRINCIPAL_NAME_INVALID");
	expect_field(principal_check("fleet", names, 0, true, 0, &out, &err), &err, "permissions",
	    "PERMISSIONS_EMPTY");
	expect_field(principal_check("fleet", names, 2, true, 0, &out, &err), &err, "permissions",
	    "PERMISSION_UNKNOWN");
}

static void
a_workgroup_is_managed_by_its_own_administrators_too(void **state)
{
	static const char *admins[] = { "usr_01hzzzzzzzzzzzzzzzzzzzzzzz" };
	const struct workgroup workgroup = { .admins = { admins, 1, 1 } };
	struct lk_caller caller = { .kind = LK_CALLER_USER,
		.id = "usr_01hyyyyyyyyyyyyyyyyyyyyyyy" };
	struct lk_error err = { 0 };

	(void)state;
	expect_fail(workgroup_manage_check(&workgroup, &caller, &err), &err, LK_PERMISSION_DENIED,
	    "PERMISSION_MISSING");
	lk_text_copy(caller.id, sizeof caller.id, admins[0]);
	expect_ok(workgroup_manage_check(&workgroup, &caller, &err), &err);
	lk_text_copy(caller.key, sizeof caller.key, "key_01hzzzzzzzzzzzzzzzzzzzzzzz");
	expect_fail(workgroup_manage_check(&workgroup, &caller, &err), &err, LK_PERMISSION_DENIED,
	    "PERMISSION_MISSING");
}

static void
a_ticket_opens_once_and_in_time(void **state)
{
	struct ticket ticket = { .has_digest = true, .expires_at_ms = 100 };

	(void)state;
	assert_true(ticket_is_open(&ticket, 99));
	assert_false(ticket_is_open(&ticket, 100));
	ticket.redeemed_at_ms = 50;
	assert_false(ticket_is_open(&ticket, 60));
	ticket = (struct ticket){ .expires_at_ms = 100 };
	assert_false(ticket_is_open(&ticket, 10));
}

static void
a_session_ends_by_word_by_time_and_by_idleness(void **state)
{
	(void)state;
	assert_true(session_is_alive(0, 100, 0, 0, 99));
	assert_false(session_is_alive(0, 100, 0, 0, 100));
	assert_false(session_is_alive(5, 100, 0, 0, 10));
	assert_true(session_is_alive(0, 100, 40, 10, 49));
	assert_false(session_is_alive(0, 100, 40, 10, 50));
}

static void
an_id_packs_and_unpacks(void **state)
{
	const size_t count = lk_test_repeat("ids", 100000, 10000);
	struct lk_clock_frozen clock;
	struct lk_random_seeded random;
	char id[LK_ID_SIZE], back[LK_ID_SIZE];
	struct packed_id packed;

	(void)state;
	lk_clock_frozen_init(&clock, INT64_C(1700000000000));
	lk_random_seeded_init(&random, 7);
	for (size_t i = 0; i < count; i++) {
		lk_id_make(LK_ID_KEY, &clock.clock, &random.random, id);
		assert_true(id_pack(id, &packed));
		id_unpack(LK_ID_KEY, packed, back);
		assert_string_equal(id, back);
	}
	assert_true(id_pack("key_7zzzzzzzzzzzzzzzzzzzzzzzzz", &packed));
	id_unpack(LK_ID_KEY, packed, back);
	assert_string_equal(back, "key_7zzzzzzzzzzzzzzzzzzzzzzzzz");
	assert_false(id_pack("key_8zzzzzzzzzzzzzzzzzzzzzzzzz", &packed));
	assert_false(id_pack("key_0000000000000000000000000u", &packed));
	assert_false(id_pack("key_0", &packed));
	assert_false(id_pack(NULL, &packed));
}

LK_TESTS(LK_CASE(a_tenant_names_the_field_that_is_wrong), LK_CASE(an_address_is_kept_in_lower_case),
    LK_CASE(what_is_no_address_is_refused),
    LK_CASE(mutated_addresses_are_accepted_only_in_one_spelling),
    LK_CASE(members_manage_keys_where_policy_says_so),
    LK_CASE(nobody_gives_or_takes_what_they_do_not_hold),
    LK_CASE(an_own_role_is_given_and_taken_by_those_who_hold_it),
    LK_CASE(an_own_role_has_a_name_of_its_own_and_nothing_of_the_platforms),
    LK_CASE(a_user_moves_only_along_legal_states),
    LK_CASE(a_principal_never_manages_people_or_keys),
    LK_CASE(a_principal_names_its_tenants_or_all),
    LK_CASE(a_workgroup_is_managed_by_its_own_administrators_too),
    LK_CASE(a_ticket_opens_once_and_in_time),
    LK_CASE(a_session_ends_by_word_by_time_and_by_idleness), LK_CASE(an_id_packs_and_unpacks))
