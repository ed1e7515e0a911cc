/* What the gateway reads of a request before it asks anybody: routes, parameters, keys and where it
 * came from. */
#include <string.h>

#include "gateway/front.h"
#include "gateway/presented.h"
#include "gateway/router.h"
#include "gateway/source.h"
#include "gateway/tenant_host.h"
#include "test.h"

struct world {
	struct http_request request;
	struct lk_error err;
};

static int
setup(void **state)
{
	static struct world w;

	memset(&w, 0, sizeof w);
	w.request = (struct http_request){ .arena = lk_arena_new(64 * 1024),
		.method = "GET",
		.version = "HTTP/1.1",
		.target = "/",
		.id = "req_x" };
	*state = &w;
	return w.request.arena ? 0 : 1;
}

static int
teardown(void **state)
{
	lk_arena_free(((struct world *)*state)->request.arena);
	return 0;
}

static void
header(struct world *w, const char *name, const char *value)
{
	w->request.headers[w->request.header_count++] = (struct http_header){ name, value };
}

static void
every_route_names_an_rpc_that_there_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_count; i++) {
		const ProtobufCMethodDescriptor *rpc =
		    protobuf_c_service_descriptor_get_method_by_name(
			routes[i].contract, routes[i].rpc);
		if (!rpc)
			print_error("%s: there is no %s\n", routes[i].path, routes[i].rpc);
		assert_non_null(rpc);
		for (const char *brace = strchr(routes[i].path, '{'); brace;
		     brace = strchr(brace + 1, '{')) {
			char name[64] = "";
			memcpy(name, brace + 1, strcspn(brace + 1, "}"));
			assert_non_null(
			    protobuf_c_message_descriptor_get_field_by_name(rpc->input, name));
		}
	}
}

static void
no_two_routes_are_alike(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_count; i++)
		for (size_t j = 0; j < i; j++)
			assert_false(strcmp(routes[i].method, routes[j].method) == 0 &&
				     strcmp(routes[i].path, routes[j].path) == 0);
}

static void
a_path_gives_its_parameters_decoded(void **state)
{
	struct world *w = *state;
	struct parameters found = { .count = 0 };
	bool other_method;

	w->request.method = "PUT";
	const struct route *route = router_match(
	    &w->request, "/v1/users/ben%40genomics.example/roles", &found, &other_method);
	assert_non_null(route);
	assert_string_equal(route->rpc, "SetUserRoles");
	assert_string_equal(parameter_get(&found, "user"), "ben@genomics.example");
	assert_null(router_match(&w->request, "/v1/users/%ff/roles", &found, &other_method));
	assert_null(router_match(&w->request, "/v1/users//roles", &found, &other_method));
	assert_false(other_method);
	assert_null(router_match(&w->request, "/v1/users", &found, &other_method));
	assert_true(other_method);
	w->request.method = "HEAD";
	assert_non_null(router_match(&w->request, "/v1/users", &found, &other_method));
}

static void
a_query_is_read_or_refused_whole(void **state)
{
	static const char *const bad[] = { "/x?=1", "/x?a=%f", "/x?a=%00", "/x?a=%0a", "/x?a&&b" };
	struct world *w = *state;
	struct parameters found = { .count = 0 };

	w->request.target = "/x?a=1+2&b=%41%2f&c";
	expect_ok(router_query(&w->request, &found, &w->err), &w->err);
	assert_string_equal(parameter_get(&found, "a"), "1 2");
	assert_string_equal(parameter_get(&found, "b"), "A/");
	assert_string_equal(parameter_get(&found, "c"), "");
	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++) {
		w->request.target = bad[i];
		found.count = 0;
		expect_fail(router_query(&w->request, &found, &w->err), &w->err,
		    LK_INVALID_ARGUMENT, "QUERY_INVALID");
	}
}

static void
a_key_is_told_from_a_token(void **state)
{
	struct world *w = *state;
	struct presented shown;

	expect_ok(presented_find(&w->request, &shown, &w->err), &w->err);
	assert_int_equal(shown.kind, PRESENTED_NOTHING);
	header(w, "authorization", "bearer lk_x");
	expect_ok(presented_find(&w->request, &shown, &w->err), &w->err);
	assert_int_equal(shown.kind, PRESENTED_KEY);
	assert_string_equal(shown.secret, "lk_x");
	w->request.headers[0].value = "Bearer a.b.c";
	expect_ok(presented_find(&w->request, &shown, &w->err), &w->err);
	assert_int_equal(shown.kind, PRESENTED_TOKEN);
}

static void
a_malformed_authorization_is_refused(void **state)
{
	static const char *const bad[] = { "", "Bearer", "Bearer ", "Bearer a b", "Digest x",
		"Basic", "Basic !!!!", "Basic YXBpa2V5", "Basic YXBpa2V5Og==", "Basic YTpi",
		"Bearer a\tb", "Basic YXBpa2V5OmEAYg==" };
	struct world *w = *state;
	struct presented shown;

	header(w, "Authorization", "");
	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++) {
		w->request.headers[0].value = bad[i];
		expect_fail(presented_find(&w->request, &shown, &w->err), &w->err,
		    LK_INVALID_ARGUMENT, "CREDENTIAL_MALFORMED");
	}
	w->request.headers[0].value = "Basic YXBpa2V5OmxrX3g="; /* apikey:lk_x */
	expect_ok(presented_find(&w->request, &shown, &w->err), &w->err);
	assert_string_equal(shown.secret, "lk_x");
}

static void
forwarded_addresses_are_believed_from_trusted_proxies_only(void **state)
{
	struct world *w = *state;

	lk_text_copy(w->request.peer, sizeof w->request.peer, "10.0.0.1");
	header(w, "X-Forwarded-For", "6.6.6.6, 203.0.113.9 ,10.0.0.2");
	assert_string_equal(source_address(&w->request, NULL), "10.0.0.1");
	assert_string_equal(source_address(&w->request, "10.0.0.9"), "10.0.0.1");
	assert_string_equal(source_address(&w->request, "10.0.0.1"), "10.0.0.2");
	assert_string_equal(source_address(&w->request, "10.0.0.1, 10.0.0.2"), "203.0.113.9");
	w->request.headers[0].value = "nonsense";
	assert_string_equal(source_address(&w->request, "10.0.0.1"), "10.0.0.1");
	w->request.headers[0].value = "10.0.0.1";
	assert_string_equal(source_address(&w->request, "10.0.0.1"), "10.0.0.1");
	header(w, "x-forwarded-for", "9.9.9.9"); /* a proxy's own line, after its client's */
	assert_string_equal(source_address(&w->request, "10.0.0.1"), "9.9.9.9");
	w->request.headers[0].value = "6.6.6.6, 8.8.8.8";
	w->request.headers[1].value = "10.0.0.2";
	assert_string_equal(source_address(&w->request, "10.0.0.1,10.0.0.2"), "8.8.8.8");
	expect_fail(source_check("10.0.0.1,example.org", &w->err), &w->err, LK_INVALID_ARGUMENT,
	    "CONFIG_INVALID");
}

static void
the_front_lets_a_plain_request_pass(void **state)
{
	struct world *w = *state;
	const char *why;

	header(w, "Host", "latchkey.example:443");
	header(w, "Content-Length", "12");
	assert_int_equal(front_check(&w->request, 1024, &why), 0);
	w->request.headers[1].value = "1025";
	assert_int_equal(front_check(&w->request, 1024, &why), 413);
	w->request.headers[1].value = "";
	assert_int_equal(front_check(&w->request, 1024, &why), 400);
	w->request.headers[1] = (struct http_header){ "X y", "1" };
	assert_int_equal(front_check(&w->request, 1024, &why), 400);
	w->request.headers[1] = (struct http_header){ "X", "a\rb" };
	assert_int_equal(front_check(&w->request, 1024, &why), 400);
	w->request.header_count = 1;
	w->request.version = "HTTP/2.0";
	assert_int_equal(front_check(&w->request, 1024, &why), 505);
}

static void
the_front_refuses_what_is_there_twice_or_coded(void **state)
{
	static const char *const single[] = { "content-type", "Idempotency-Key", "X-Request-Id",
		"X-Latchkey-Require-Permission" };
	struct world *w = *state;
	const char *why;

	header(w, "Host", "latchkey.example");
	header(w, "X", "1");
	header(w, "X", "2");
	assert_int_equal(front_check(&w->request, 1024, &why), 0);
	for (size_t i = 0; i < LK_ARRAY_LEN(single); i++) {
		w->request.headers[1].name = single[i];
		assert_int_equal(front_check(&w->request, 1024, &why), 0);
		w->request.headers[2].name = single[i];
		assert_int_equal(front_check(&w->request, 1024, &why), 400);
		w->request.headers[2].name = "X";
	}
	w->request.headers[1] = (struct http_header){ "Content-Encoding", "gzip" };
	assert_int_equal(front_check(&w->request, 1024, &why), 415);
}

static void
the_front_refuses_dot_segments(void **state)
{
	static const char *const bad[] = { "/..", "/.", "/v1/..", "/v1/../x", "/./x",
		"/v1/..?a=b" };
	static const char *const good[] = { "/.well-known/jwks.json", "/v1/...", "/v1/..a", "/a..",
		"/v1/keys?name=a..b" };
	struct world *w = *state;
	const char *why;

	header(w, "Host", "latchkey.example");
	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++) {
		w->request.target = bad[i];
		assert_int_equal(front_check(&w->request, 1024, &why), 400);
	}
	for (size_t i = 0; i < LK_ARRAY_LEN(good); i++) {
		w->request.target = good[i];
		assert_int_equal(front_check(&w->request, 1024, &why), 0);
	}
}

static void
I15_a_host_selects_a_tenant_or_none(void **state)
{
	static const struct {
		const char *host, *by_domain, *by_label;
	} hosts[] = {
		{ "Genomics.example:443", "genomics.example", "" },
		{ "genomics.keys.example.org", "genomics.keys.example.org", "genomics" },
		{ "a.genomics.keys.example.org", "a.genomics.keys.example.org", "" },
		{ "genomicskeys.example.org", "genomicskeys.example.org", "" },
		{ ".keys.example.org", ".keys.example.org", "" },
		{ "keys.example.org", "keys.example.org", "" },
		{ "front.example.org", "", "" },
		{ "127.0.0.1:7480", "", "" },
		{ "[::1]:7480", "", "" },
		{ "LOCALHOST", "", "" },
		{ ":443", "", "" },
	};
	struct gateway_config by_domain = { .public_url =
						(char *)(uintptr_t) "https://front.example.org/x" };
	struct gateway_config by_label = by_domain;
	struct world *w = *state;

	by_label.tenant_domain = (char *)(uintptr_t) "keys.example.org";
	header(w, "Host", "");
	for (size_t i = 0; i < LK_ARRAY_LEN(hosts); i++) {
		w->request.headers[0].value = hosts[i].host;
		assert_string_equal(tenant_host(&by_domain, &w->request), hosts[i].by_domain);
		assert_string_equal(tenant_host(&by_label, &w->request), hosts[i].by_label);
	}
}

#define IN_WORLD(fn) LK_CASE_WITH(fn, setup, teardown)

LK_TESTS(LK_CASE(every_route_names_an_rpc_that_there_is), LK_CASE(no_two_routes_are_alike),
    IN_WORLD(a_path_gives_its_parameters_decoded), IN_WORLD(a_query_is_read_or_refused_whole),
    IN_WORLD(a_key_is_told_from_a_token), IN_WORLD(a_malformed_authorization_is_refused),
    IN_WORLD(forwarded_addresses_are_believed_from_trusted_proxies_only),
    IN_WORLD(the_front_lets_a_plain_request_pass),
    IN_WORLD(the_front_refuses_what_is_there_twice_or_coded),
    IN_WORLD(the_front_refuses_dot_segments), IN_WORLD(I15_a_host_selects_a_tenant_or_none))
