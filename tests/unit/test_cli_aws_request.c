/* What `latchkey aws-endpoint` takes for a request of AWS's tools. */
#include "aws_endpoint.h"
#include "test.h"

static const char TOKEN[] = "dG9rZW4";

static void
is_refused(const char *head, int status, const char *code)
{
	struct aws_refusal refusal = { 0 };

	assert_false(aws_request_ok(head, TOKEN, &refusal));
	assert_int_equal(status, refusal.status);
	assert_string_equal(code, refusal.code);
}

static void
the_token_stands_verbatim_in_its_header(void **state)
{
	struct aws_refusal refusal = { 0 };

	(void)state;
	assert_true(
	    aws_request_ok("GET /credentials HTTP/1.1\r\nHost: x\r\nAuthorization: dG9rZW4\r\n\r\n",
		TOKEN, &refusal));
	assert_true(aws_request_ok(
	    "GET /credentials HTTP/1.0\r\nAUTHORIZATION:dG9rZW4 \t\r\n\r\n", TOKEN, &refusal));
	is_refused("GET /credentials HTTP/1.1\r\nAuthorization: dG9rZW5\r\n\r\n", 403,
	    "AUTHORIZATION_REFUSED");
	is_refused("GET /credentials HTTP/1.1\r\nAuthorization: dG9rZW4x\r\n\r\n", 403,
	    "AUTHORIZATION_REFUSED");
	is_refused(
	    "GET /credentials HTTP/1.1\r\nAuthorization: \r\n\r\n", 403, "AUTHORIZATION_REFUSED");
	is_refused("GET /credentials HTTP/1.1\r\nAuthorization: Bearer dG9rZW4\r\n\r\n", 403,
	    "AUTHORIZATION_REFUSED");
}

static void
one_header_one_path_one_method(void **state)
{
	(void)state;
	is_refused("GET /credentials HTTP/1.1\r\n\r\n", 401, "AUTHORIZATION_MISSING");
	is_refused("GET /credentials HTTP/1.1\r\nX-Authorization: dG9rZW4\r\n\r\n", 401,
	    "AUTHORIZATION_MISSING");
	is_refused("GET /credentials HTTP/1.1\r\nAuthorization: dG9rZW4\r\nAuthorization: dG9rZW4"
		   "\r\n\r\n",
	    401, "AUTHORIZATION_MISSING");
	is_refused(
	    "GET /credentials/x HTTP/1.1\r\nAuthorization: dG9rZW4\r\n\r\n", 404, "PATH_UNKNOWN");
	is_refused(
	    "GET /credentials?x HTTP/1.1\r\nAuthorization: dG9rZW4\r\n\r\n", 404, "PATH_UNKNOWN");
	is_refused(
	    "HEAD /credentials HTTP/1.1\r\nAuthorization: dG9rZW4\r\n\r\n", 405, "METHOD_UNKNOWN");
	is_refused("", 405, "METHOD_UNKNOWN");
}

LK_TESTS(LK_CASE(the_token_stands_verbatim_in_its_header), LK_CASE(one_header_one_path_one_method))
