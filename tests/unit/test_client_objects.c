/* Secrets, errors and the table of providers, as callers of the library see them. */
#include <latchkey/latchkey.h>
#include <string.h>

#include "base/base.h"
#include "test.h"

static void
a_secret_keeps_its_bytes_and_ends_in_nul(void **state)
{
	latchkey_secret *secret = NULL;
	latchkey_error err;

	(void)state;
	assert_int_equal(LATCHKEY_OK, latchkey_secret_new("abc\0def", 7, &secret, &err));
	assert_int_equal(7, latchkey_secret_len(secret));
	assert_memory_equal("abc\0def", latchkey_secret_text(secret), 8);
	latchkey_secret_free(secret);
	latchkey_secret_free(NULL);
}

static void
a_secret_is_neither_empty_nor_endless(void **state)
{
	static char much[16384];
	latchkey_secret *secret = NULL;
	latchkey_error err;

	(void)state;
	assert_int_equal(LATCHKEY_INVALID_ARGUMENT, latchkey_secret_new("", 0, &secret, &err));
	assert_string_equal("SECRET_LENGTH", err.reason);
	assert_int_equal(
	    LATCHKEY_INVALID_ARGUMENT, latchkey_secret_new(much, sizeof much, &secret, &err));
	assert_int_equal(LATCHKEY_OK, latchkey_secret_new(much, sizeof much - 1, &secret, &err));
	latchkey_secret_free(secret);
}

static void
an_error_may_be_left_out(void **state)
{
	latchkey_secret *secret = NULL;

	(void)state;
	assert_int_equal(LATCHKEY_INVALID_ARGUMENT, latchkey_secret_new("", 0, &secret, NULL));
}

static void
providers_have_their_fields_in_order(void **state)
{
	static const char *const aws[] = { "access_key_id", "secret_access_key", "region",
		"session_token" };
	unsigned flags;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(aws[i], latchkey_provider_field("aws", i, NULL));
	assert_null(latchkey_provider_field("aws", 4, NULL));
	assert_string_equal("token", latchkey_provider_field("dnanexus", 0, &flags));
	assert_int_equal(LATCHKEY_FIELD_SECRET, flags);
	assert_non_null(latchkey_provider_field("aws", 3, &flags));
	assert_int_equal(LATCHKEY_FIELD_SECRET | LATCHKEY_FIELD_OPTIONAL, flags);
	assert_null(latchkey_provider_field("azure", 0, NULL));
	assert_null(latchkey_provider_field(NULL, 0, NULL));
	assert_string_equal("aws", latchkey_provider_name(0));
	for (size_t i = 0; i < 3; i++)
		assert_non_null(latchkey_provider_field(latchkey_provider_name(i), 0, NULL));
	assert_null(latchkey_provider_name(3));
}

static void
names_are_there_for_numbers_outside_their_lists(void **state)
{
	(void)state;
	assert_string_equal("NOT_FOUND", latchkey_status_name(LATCHKEY_NOT_FOUND));
	assert_string_equal("UNKNOWN", latchkey_status_name((latchkey_status)99));
	assert_string_equal("principal", latchkey_kind_name(LATCHKEY_KIND_PRINCIPAL));
	assert_string_equal("", latchkey_kind_name((latchkey_kind)77));
	assert_string_equal("credentials", latchkey_service_name(LATCHKEY_CREDENTIALS));
}

LK_TESTS(LK_CASE(a_secret_keeps_its_bytes_and_ends_in_nul),
    LK_CASE(a_secret_is_neither_empty_nor_endless), LK_CASE(an_error_may_be_left_out),
    LK_CASE(providers_have_their_fields_in_order),
    LK_CASE(names_are_there_for_numbers_outside_their_lists))
