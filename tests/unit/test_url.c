/* Addresses: derived, overridden, listed, refused. */
#include <string.h>

#include "base/base.h"
#include "rpc/url.h"
#include "test.h"

static void
sockets_are_named_below_the_installations_address(void **state)
{
	char out[LK_URL_LIST_SIZE];
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_url_of_service(LK_URL_KEYS, "ipc:///srv/run", NULL, out, &err), &err);
	assert_string_equal(out, "ipc:///srv/run/keys.sock");
	expect_ok(lk_url_of_service(LK_URL_TOKENS, "ipc:///srv/run", "", out, &err), &err);
	assert_string_equal(out, "ipc:///srv/run/tokens.sock");
	expect_ok(lk_url_of_service(LK_URL_CREDENTIALS, "ipc:///srv/run", NULL, out, &err), &err);
	assert_string_equal(out, "ipc:///srv/run/credentials.sock");
}

static void
an_override_goes_before_and_may_list_several(void **state)
{
	char out[LK_URL_LIST_SIZE];
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(
	    lk_url_of_service(LK_URL_KEYS, NULL, "ipc:///a.sock,ipc:///b.sock", out, &err), &err);
	assert_string_equal(out, "ipc:///a.sock,ipc:///b.sock");
}

static void
no_address_at_all_is_told(void **state)
{
	char out[LK_URL_LIST_SIZE];
	struct lk_error err = { 0 };

	(void)state;
	expect_field(
	    lk_url_of_service(LK_URL_KEYS, NULL, NULL, out, &err), &err, "url", "URL_MISSING");
	expect_field(lk_url_of_service(LK_URL_KEYS, "", "", out, &err), &err, "url", "URL_MISSING");
}

static void
a_path_has_107_bytes_at_most_and_the_limit_is_told(void **state)
{
	char url[LK_URL_SIZE + 16] = "ipc:///";
	char out[LK_URL_LIST_SIZE];
	struct lk_error err = { 0 };

	(void)state;
	memset(url + strlen(url), 'a', LK_URL_PATH_MAX - 1);
	expect_ok(lk_url_check(url, NULL, &err), &err);
	url[7 + LK_URL_PATH_MAX - 1] = 'a';
	expect_field(lk_url_check(url, NULL, &err), &err, "url", "URL_TOO_LONG");
	expect_contains(err.message, "107");
	url[6 + LK_URL_PATH_MAX - strlen("/keys.sock") + 1] =
	    '\0'; /* fits alone, not with a socket's name */
	expect_ok(lk_url_check(url, NULL, &err), &err);
	expect_field(
	    lk_url_of_service(LK_URL_KEYS, url, NULL, out, &err), &err, "url", "URL_TOO_LONG");
}

static void
services_of_another_host_have_ports_in_a_row(void **state)
{
	char out[LK_URL_LIST_SIZE], host[LK_URL_SIZE];
	const char *path = "x";
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_url_check("tls+tcp://keys.example:7481", &path, &err), &err);
	assert_null(path);
	expect_ok(
	    lk_url_of_service(LK_URL_CREDENTIALS, "tls+tcp://a.example:7481", NULL, out, &err),
	    &err);
	assert_string_equal(out, "tls+tcp://a.example:7483");
	expect_ok(lk_url_of_service(LK_URL_KEYS, NULL, "ipc:///a,tls+tcp://b:1", out, &err), &err);
	assert_true(lk_url_tls_host("tls+tcp://keys-1.example:7481", host));
	assert_string_equal(host, "keys-1.example");
	assert_false(lk_url_tls_host("tls+tcp://10.0.0.1:7481", host));
	assert_false(lk_url_tls_host("tls+tcp://[::1]:7481", host));
	assert_false(lk_url_tls_host("ipc:///a", host));
	expect_field(lk_url_of_service(LK_URL_TOKENS, "tls+tcp://a:65535", NULL, out, &err), &err,
	    "url", "URL_INVALID");
}

static void
what_is_no_address_is_refused(void **state)
{
	static const char *const wrong[] = { "tcp://127.0.0.1:1", "http://x", "/run/keys.sock",
		"ipc://", "ipc:///", "ipc://relative", "ipc:///dir/", "ipc:///a ", "ipc:///a\n",
		"ipc:///a\tb", "inproc://x", "tls+tcp://", "tls+tcp://host",
		"tls+tcp://host:", "tls+tcp://host:0", "tls+tcp://host:65536", "tls+tcp://host:1/x",
		"tls+tcp://:1", "tls+tcp://a b:1", "tls+tcp://host:1,", "tls+tcp://u@host:1",
		"ipc:///a,ipc:///b", "IPC:///a" };
	struct lk_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(wrong); i++)
		expect_field(lk_url_check(wrong[i], NULL, &err), &err, "url", "URL_INVALID");
}

static void
a_list_is_taken_one_by_one(void **state)
{
	const char *list = "ipc:///a,ipc:///b";
	char one[LK_URL_SIZE];
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_url_next(&list, one, &err), &err);
	assert_string_equal(one, "ipc:///a");
	expect_ok(lk_url_next(&list, one, &err), &err);
	assert_string_equal(one, "ipc:///b");
	assert_null(list);
}

static void
an_empty_place_in_a_list_is_refused(void **state)
{
	static const char *const wrong[] = { ",ipc:///a", "ipc:///a,", "ipc:///a,,ipc:///b",
		"ipc:///a, ipc:///b", "ipc:///a ,ipc:///b" };
	char out[LK_URL_LIST_SIZE];
	struct lk_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(wrong); i++)
		expect_fail(lk_url_of_service(LK_URL_KEYS, NULL, wrong[i], out, &err), &err,
		    LK_INVALID_ARGUMENT, NULL);
}

LK_TESTS(LK_CASE(sockets_are_named_below_the_installations_address),
    LK_CASE(an_override_goes_before_and_may_list_several), LK_CASE(no_address_at_all_is_told),
    LK_CASE(a_path_has_107_bytes_at_most_and_the_limit_is_told),
    LK_CASE(services_of_another_host_have_ports_in_a_row), LK_CASE(what_is_no_address_is_refused),
    LK_CASE(a_list_is_taken_one_by_one), LK_CASE(an_empty_place_in_a_list_is_refused))
