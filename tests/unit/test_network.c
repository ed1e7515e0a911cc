/* Networks: one spelling each, IPv4 and IPv6 apart, and who lies within. */
#include <string.h>

#include "auth/network.h"
#include "base/base.h"
#include "test.h"

static void
a_network_has_one_spelling(void **state)
{
	static const struct {
		const char *text, *canonical;
	} good[] = {
		{ "10.0.0.0/8", "10.0.0.0/8" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "192.0.2.7", "192.0.2.7/32" },
		{ "2001:DB8::/32", "2001:db8::/32" },
		{ "2001:0db8:0:0:0:0:0:1", "2001:db8::1/128" },
		{ "::/0", "::/0" },
	};
	char text[LK_NETWORK_TEXT_SIZE];
	struct lk_error err = { 0 };
	struct lk_network network;

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(good); i++) {
		expect_ok(lk_network_parse("networks", good[i].text, &network, &err), &err);
		lk_network_text(&network, text);
		assert_string_equal(text, good[i].canonical);
	}
}

static void
what_is_no_network_is_refused(void **state)
{
	static const char *const bad[] = { "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8",
		"10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8 ", " 10.0.0.0/8", "10.0.0/8",
		"010.0.0.0/8", "10.0.0.0/8/8", "2001:db8::1/32", "2001:db8::/129",
		"::ffff:10.0.0.0/104", "fe80::1%eth0", "host.example", "10.0.0.0/4294967304",
		"2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0000/32" };
	struct lk_error err = { 0 };
	struct lk_network network;

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++)
		expect_field(lk_network_parse("networks", bad[i], &network, &err), &err, "networks",
		    "NETWORK_INVALID");
}

static bool
allows(const char *networks, const char *address)
{
	struct lk_networks list;

	assert_true(lk_networks_read(networks, &list));
	return lk_networks_allow(list.items, list.count, address);
}

static void
an_address_is_within_or_not(void **state)
{
	(void)state;
	assert_true(allows("", ""));
	assert_true(allows("", "192.0.2.1"));
	assert_true(allows("10.0.0.0/8", "10.255.255.255"));
	assert_false(allows("10.0.0.0/8", "11.0.0.0"));
	assert_true(allows("10.0.0.0/8", "::ffff:10.1.2.3"));
	assert_false(allows("10.0.0.0/8", ""));
	assert_false(allows("10.0.0.0/8", "nowhere"));
	assert_false(allows("0.0.0.0/0", "2001:db8::1"));
	assert_false(allows("::/0", "192.0.2.1"));
	assert_false(allows("::/0", "::ffff:192.0.2.1"));
	assert_true(allows("::/0", "2001:db8::1"));
	assert_true(allows("10.0.0.0/8,2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(allows("10.0.0.0/8,2001:db8::/33", "2001:db8:8000::1"));
	assert_true(allows("192.0.2.7/32", "192.0.2.7"));
	assert_false(allows("192.0.2.7/32", "192.0.2.6"));
}

static void
a_list_is_bounded_and_holds_each_network_once(void **state)
{
	char ten[] = "10.0.0.0/8", one[] = "10.1.0.0/16", *twice[] = { ten, ten, one },
	     *many[LK_NETWORKS_MAX + 1];
	char text[LK_NETWORKS_TEXT_SIZE];
	struct lk_networks list, inner;
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_networks_parse("n", twice, 3, &list, &err), &err);
	assert_int_equal(list.count, 2);
	lk_networks_text(&list, text);
	assert_string_equal(text, "10.0.0.0/8,10.1.0.0/16");
	for (size_t i = 0; i < LK_ARRAY_LEN(many); i++)
		many[i] = twice[0];
	expect_field(lk_networks_parse("n", many, LK_ARRAY_LEN(many), &list, &err), &err, "n",
	    "NETWORKS_INVALID");
	assert_true(lk_networks_read("10.0.0.0/8,10.1.0.0/16", &list));
	assert_true(lk_networks_read("10.1.2.0/24", &inner));
	assert_true(lk_networks_within(&inner, list.items, list.count));
	assert_true(lk_networks_read("10.1.2.0/24,11.0.0.0/24", &inner));
	assert_false(lk_networks_within(&inner, list.items, list.count));
	assert_false(lk_networks_read("10.0.0.0/8,,", &list));
	assert_false(lk_networks_read("10.0.0.1/8", &list));
}

LK_TESTS(LK_CASE(a_network_has_one_spelling), LK_CASE(what_is_no_network_is_refused),
    LK_CASE(an_address_is_within_or_not), LK_CASE(a_list_is_bounded_and_holds_each_network_once))
