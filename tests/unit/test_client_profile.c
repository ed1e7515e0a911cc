/* Profiles and the question who a client speaks as: options, environment, profile, operator, in
 * this order. */
#include <latchkey/latchkey.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "test.h"

#define KEY "lk_01jz0000000000000000000000_secret"
#define SESSION "lks_01jz0000000000000000000000_secret"
#define URL "ipc:///tmp/nowhere/run"

static const char *const variables[] = { "LATCHKEY_URL", "LATCHKEY_KEYS_URL", "LATCHKEY_TOKENS_URL",
	"LATCHKEY_CREDENTIALS_URL", "LATCHKEY_API_KEY", "LATCHKEY_API_KEY_FILE", "LATCHKEY_PROFILE",
	"LATCHKEY_OPERATOR_KEY_FILE" };

static int
clean_environment(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
		unsetenv(variables[i]);
	setenv("XDG_CONFIG_HOME", lk_test_path(lk_test_tmpdir(), "config"), 1);
	return 0;
}

static void
save(const char *name)
{
	const latchkey_profile profile = { .secret = SESSION,
		.url = URL,
		.instance = "one",
		.user = "ada@genomics.example",
		.session_id = "ses_1" };
	latchkey_error err = { 0 };

	if (latchkey_profile_save(name, &profile, &err) != LATCHKEY_OK)
		fail_msg("%s: %s", err.reason, err.message);
}

static const char *
operator_key(void)
{
	const char *path = lk_test_path(lk_test_tmpdir(), "operator.ed25519");
	latchkey_error err = { 0 };

	assert_int_equal(
	    LATCHKEY_OK, latchkey_operator_key_create(path,
			     lk_test_path(lk_test_tmpdir(), "operator.pub"), "operator", &err));
	return path;
}

static void
expect_speaks_as(
    const latchkey_options *options, latchkey_identity_source source, const char *profile)
{
	latchkey_client *client = NULL;
	latchkey_error err = { 0 };

	if (latchkey_client_open(options, &client, &err) != LATCHKEY_OK)
		fail_msg("%s: %s", err.reason, err.message);
	assert_int_equal(source, latchkey_client_source(client));
	assert_string_equal(profile, latchkey_client_profile(client));
	latchkey_client_close(client);
}

static void
expect_refused(const latchkey_options *options, latchkey_status status, const char *reason)
{
	latchkey_client *client = NULL;
	latchkey_error err = { 0 };

	assert_int_equal(status, latchkey_client_open(options, &client, &err));
	assert_string_equal(reason, err.reason);
	assert_null(client);
}

static void
a_saved_profile_is_spoken_as_and_is_private(void **state)
{
	const latchkey_options options = { .profile = "ada" };
	latchkey_client *client = NULL;
	latchkey_error err = { 0 };
	struct stat info;

	(void)state;
	save("ada");
	assert_int_equal(LATCHKEY_OK, latchkey_client_open(&options, &client, &err));
	assert_int_equal(LATCHKEY_SOURCE_SESSION, latchkey_client_source(client));
	assert_string_equal(URL, latchkey_client_url(client));
	latchkey_client_close(client);
	const char *folder = lk_test_path(getenv("XDG_CONFIG_HOME"), "latchkey/profiles");
	assert_int_equal(0, stat(folder, &info));
	assert_int_equal(0700, info.st_mode & 07777);
	assert_int_equal(0, stat(lk_test_path(folder, "ada"), &info));
	assert_int_equal(0600, info.st_mode & 07777);
}

static void
a_profile_that_others_may_read_is_refused(void **state)
{
	const latchkey_options options = { .profile = "ada" };

	(void)state;
	save("ada");
	chmod(lk_test_path(getenv("XDG_CONFIG_HOME"), "latchkey/profiles/ada"), 0640);
	expect_refused(&options, LATCHKEY_FAILED_PRECONDITION, "SECRET_FILE_MODE");
}

static void
a_deleted_profile_is_gone(void **state)
{
	const latchkey_options options = { .profile = "ada", .url = URL };
	latchkey_error err = { 0 };

	(void)state;
	save("ada");
	assert_int_equal(LATCHKEY_OK, latchkey_profile_delete("ada", &err));
	expect_refused(&options, LATCHKEY_NOT_FOUND, "PROFILE_MISSING");
	assert_int_equal(LATCHKEY_NOT_FOUND, latchkey_profile_delete("ada", &err));
}

static void
names_that_could_lead_elsewhere_are_refused(void **state)
{
	static const char *const names[] = { "", "..", ".hidden", "a/b", "../ada", "a b", "a\nb",
		"-x" };
	const latchkey_profile profile = { .secret = SESSION };
	char longest[80];
	latchkey_error err;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		assert_int_equal(
		    LATCHKEY_INVALID_ARGUMENT, latchkey_profile_save(names[i], &profile, &err));
		assert_string_equal("PROFILE_INVALID", err.reason);
		assert_string_equal("profile", err.field);
	}
	memset(longest, 'a', sizeof longest);
	longest[65] = '\0';
	assert_int_equal(LATCHKEY_INVALID_ARGUMENT, latchkey_profile_save(longest, &profile, &err));
	longest[64] = '\0';
	assert_int_equal(LATCHKEY_OK, latchkey_profile_save(longest, &profile, &err));
}

static void
a_value_with_a_newline_is_not_saved(void **state)
{
	const latchkey_profile profile = { .secret = SESSION, .user = "ada\nsecret=other" };
	latchkey_error err;

	(void)state;
	assert_int_equal(LATCHKEY_INVALID_ARGUMENT, latchkey_profile_save("eve", &profile, &err));
	assert_string_equal("user", err.field);
}

static void
a_key_or_profile_goes_before_an_operator_key(void **state)
{
	const latchkey_options by_option = { .profile = "ada" };

	(void)state;
	save("ada");
	setenv("LATCHKEY_URL", URL, 1);
	setenv("LATCHKEY_OPERATOR_KEY_FILE", operator_key(), 1);
	expect_speaks_as(NULL, LATCHKEY_SOURCE_OPERATOR, "");
	expect_speaks_as(&by_option, LATCHKEY_SOURCE_SESSION, "ada");
	setenv("LATCHKEY_PROFILE", "ada", 1);
	expect_speaks_as(NULL, LATCHKEY_SOURCE_SESSION, "ada");
	setenv("LATCHKEY_API_KEY", KEY, 1);
	expect_speaks_as(NULL, LATCHKEY_SOURCE_KEY, "");
	expect_speaks_as(&by_option, LATCHKEY_SOURCE_SESSION, "ada");
}

static void
empty_variables_count_as_unset(void **state)
{
	(void)state;
	setenv("LATCHKEY_URL", URL, 1);
	for (size_t i = 4; i < sizeof variables / sizeof variables[0]; i++)
		setenv(variables[i], "", 1);
	expect_speaks_as(NULL, LATCHKEY_SOURCE_NONE, "");
}

static void
the_profile_default_counts_where_it_exists(void **state)
{
	const latchkey_options anonymous = { .anonymous = true },
			       alone = { .ignore_environment = true, .url = URL };

	(void)state;
	setenv("LATCHKEY_OPERATOR_KEY_FILE", operator_key(), 1);
	setenv("LATCHKEY_URL", URL, 1);
	save("default");
	expect_speaks_as(NULL, LATCHKEY_SOURCE_SESSION, "default");
	expect_speaks_as(&anonymous, LATCHKEY_SOURCE_NONE, "");
	expect_speaks_as(&alone, LATCHKEY_SOURCE_NONE, "");
	latchkey_error err;
	assert_int_equal(LATCHKEY_OK, latchkey_profile_delete("default", &err));
	expect_speaks_as(NULL, LATCHKEY_SOURCE_OPERATOR, "");
}

static void
a_key_file_holds_one_line_and_nothing_else(void **state)
{
	const char *path = lk_test_path(lk_test_tmpdir(), "key");
	const latchkey_options options = { .url = URL, .secret_file = path };
	static const char *const wrong[] = { "", "\n", ("Bearer " KEY "\n"), (KEY "\nmore\n"),
		(KEY " \n"), ("\t" KEY) };

	(void)state;
	lk_test_write_file(path, KEY "\n", strlen(KEY) + 1);
	expect_speaks_as(&options, LATCHKEY_SOURCE_KEY, "");
	lk_test_write_file(path, KEY, strlen(KEY));
	expect_speaks_as(&options, LATCHKEY_SOURCE_KEY, "");
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		lk_test_write_file(path, wrong[i], strlen(wrong[i]));
		expect_refused(&options, LATCHKEY_INVALID_ARGUMENT, "KEY_TEXT_INVALID");
	}
	remove(path);
	expect_refused(&options, LATCHKEY_NOT_FOUND, "SECRET_FILE_MISSING");
}

static void
a_client_needs_an_address_that_is_one(void **state)
{
	char longest[160];
	const latchkey_options wrong = { .url = "http://example" }, far = { .url = longest };

	(void)state;
	expect_refused(NULL, LATCHKEY_INVALID_ARGUMENT, "URL_MISSING");
	expect_refused(&wrong, LATCHKEY_INVALID_ARGUMENT, "URL_INVALID");
	snprintf(longest, sizeof longest, "ipc:///%0120d/run", 0);
	expect_refused(&far, LATCHKEY_INVALID_ARGUMENT, "URL_TOO_LONG");
}

static void
an_operator_key_is_made_once_and_kept(void **state)
{
	const char *secret = lk_test_path(lk_test_tmpdir(), "o.ed25519"),
		   *pub = lk_test_path(lk_test_tmpdir(), "o.pub");
	latchkey_error err;

	(void)state;
	assert_int_equal(LATCHKEY_OK, latchkey_operator_key_create(secret, pub, "olga", &err));
	char *first = lk_test_read_file(secret, NULL), *line = lk_test_read_file(pub, NULL);
	expect_contains(line, " operator olga");
	remove(pub);
	assert_int_equal(LATCHKEY_OK, latchkey_operator_key_create(secret, pub, "other", &err));
	char *second = lk_test_read_file(secret, NULL), *again = lk_test_read_file(pub, NULL);
	assert_string_equal(first, second);
	assert_string_equal(line, again);
	remove(secret);
	assert_int_equal(
	    LATCHKEY_FAILED_PRECONDITION, latchkey_operator_key_create(secret, pub, "olga", &err));
	assert_string_equal("PEER_DIFFERS", err.reason);
	free(first);
	free(second);
	free(line);
	free(again);
}

/* Whatever the file of an operator's key holds, it is a key or refused. */
static void
mutated_operator_keys_and_profiles_do_no_harm(void **state)
{
	const char *path = operator_key(),
		   *folder = lk_test_path(getenv("XDG_CONFIG_HOME"), "latchkey/profiles");
	const latchkey_options options = { .url = URL, .operator_key_file = path },
			       by_profile = { .url = URL, .profile = "m" };
	struct lk_test_rng rng = lk_test_rng();
	size_t key_len, profile_len;

	(void)state;
	save("m");
	const char *profile_path = lk_test_path(folder, "m");
	char *key = lk_test_read_file(path, &key_len),
	     *profile = lk_test_read_file(profile_path, &profile_len);
	for (size_t n = lk_test_repeat("mutations", 5000, 500); n > 0; n--) {
		uint8_t bytes[1024];
		latchkey_client *client = NULL;
		latchkey_error err;
		const bool of_key = n % 2 == 0;
		memcpy(bytes, of_key ? key : profile, of_key ? key_len : profile_len);
		const size_t len =
		    lk_test_rng_mutate(&rng, bytes, of_key ? key_len : profile_len, sizeof bytes);
		lk_test_write_file(of_key ? path : profile_path, bytes, len);
		if (latchkey_client_open(of_key ? &options : &by_profile, &client, &err) ==
		    LATCHKEY_OK)
			latchkey_client_close(client);
		else
			assert_true(*err.reason && !strstr(err.message, "secret"));
	}
	free(key);
	free(profile);
}

#define CASE(fn) LK_CASE_WITH(fn, clean_environment, NULL)
LK_TESTS(CASE(a_saved_profile_is_spoken_as_and_is_private),
    CASE(a_profile_that_others_may_read_is_refused), CASE(a_deleted_profile_is_gone),
    CASE(names_that_could_lead_elsewhere_are_refused), CASE(a_value_with_a_newline_is_not_saved),
    CASE(a_key_or_profile_goes_before_an_operator_key), CASE(empty_variables_count_as_unset),
    CASE(the_profile_default_counts_where_it_exists),
    CASE(a_key_file_holds_one_line_and_nothing_else), CASE(a_client_needs_an_address_that_is_one),
    CASE(an_operator_key_is_made_once_and_kept),
    CASE(mutated_operator_keys_and_profiles_do_no_harm))
