/*
 * Passwords: the right one verifies, nothing else does, and the stored text says how it was
 * made.
 */
#include <string.h>

#include "base/base.h"
#include "crypto/password.h"
#include "test.h"

static void
the_right_password_verifies_and_others_do_not(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	char hash[LK_PASSWORD_HASH_SIZE];

	expect_ok(lk_password_hash(lk_bytes_of("correct horse"), hash, &err), &err);
	expect_contains(hash, "$argon2id$");
	assert_true(lk_password_verify(hash, lk_bytes_of("correct horse")));
	assert_false(lk_password_verify(hash, lk_bytes_of("correct hors")));
	assert_false(lk_password_verify(hash, lk_bytes_of("")));
	assert_false(lk_password_needs_rehash(hash));
}

static void
two_hashes_of_one_password_differ(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	char a[LK_PASSWORD_HASH_SIZE], b[LK_PASSWORD_HASH_SIZE];

	expect_ok(lk_password_hash(lk_bytes_of("x"), a, &err), &err);
	expect_ok(lk_password_hash(lk_bytes_of("x"), b, &err), &err);
	assert_string_not_equal(a, b);
}

static void
no_hash_verifies_nothing(void **state)
{
	(void)state;

	assert_false(lk_password_verify(NULL, lk_bytes_of("x")));
	assert_false(lk_password_verify("", lk_bytes_of("x")));
	assert_false(lk_password_verify("x", lk_bytes_of("x")));
	assert_true(lk_password_needs_rehash("x"));
}

static void
an_empty_or_endless_password_is_refused(void **state)
{
	(void)state;
	static char endless[LK_PASSWORD_MAX + 1];
	struct lk_error err = { 0 };
	char hash[LK_PASSWORD_HASH_SIZE];

	expect_field(
	    lk_password_hash(lk_bytes_of(""), hash, &err), &err, "password", "PASSWORD_LENGTH");
	expect_field(lk_password_hash(lk_bytes(endless, sizeof endless), hash, &err), &err,
	    "password", "PASSWORD_LENGTH");
}

LK_TESTS(LK_CASE(the_right_password_verifies_and_others_do_not),
    LK_CASE(two_hashes_of_one_password_differ), LK_CASE(no_hash_verifies_nothing),
    LK_CASE(an_empty_or_endless_password_is_refused))
