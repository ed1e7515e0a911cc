/* Messages as JSON and back: the spellings of fields, and everything that is refused. */
#include <stdio.h>
#include <string.h>

#include "gateway/json_read.h"
#include "gateway/json_write.h"
#include "latchkey/accounts/v1/accounts.pb-c.h"
#include "latchkey/common/v1/types.pb-c.h"
#include "latchkey/keys/v1/keys.pb-c.h"
#include "test.h"

typedef Latchkey__Common__V1__Identity IdentityMsg;

struct world {
	struct lk_arena *arena;
	struct lk_error err;
	IdentityMsg identity;
};

static int
setup(void **state)
{
	static struct world w;

	w.arena = lk_arena_new(1024 * 1024);
	lk_error_clear(&w.err);
	latchkey__common__v1__identity__init(&w.identity);
	*state = &w;
	return w.arena ? 0 : 1;
}

static int
teardown(void **state)
{
	lk_arena_free(((struct world *)*state)->arena);
	return 0;
}

static lk_status
read_text(struct world *w, const char *text)
{
	latchkey__common__v1__identity__init(&w->identity);
	return json_read(lk_bytes_of(text), w->arena, &w->identity.base, &w->err);
}

static void
an_instant_is_a_time_and_a_wide_number_a_text(void **state)
{
	struct world *w = *state;
	struct lk_bytes text;
	Latchkey__Common__V1__Generations generations = LATCHKEY__COMMON__V1__GENERATIONS__INIT;

	generations.tenant = UINT64_MAX;
	w->identity.generations = &generations;
	w->identity.expires_at_ms = 1767323045678;
	w->identity.kind = LATCHKEY__COMMON__V1__SUBJECT_KIND__SUBJECT_KIND_HUMAN;
	expect_ok(json_write(&w->identity.base, w->arena, &text, &w->err), &w->err);
	expect_contains((const char *)text.data, "\"expiresAt\":\"2026-01-02T03:04:05.678Z\"");
	expect_contains((const char *)text.data, "\"tenant\":\"18446744073709551615\"");
	expect_contains((const char *)text.data, "\"kind\":\"human\"");
	expect_contains((const char *)text.data, "\"permissions\":[]");
	expect_contains((const char *)text.data, "\"allWorkgroups\":false");
}

static void
no_instant_is_null(void **state)
{
	struct world *w = *state;
	struct lk_bytes text;

	expect_ok(json_write(&w->identity.base, w->arena, &text, &w->err), &w->err);
	expect_contains((const char *)text.data, "\"expiresAt\":null");
	expect_lacks((const char *)text.data, "generations");
}

static void
both_spellings_of_a_field_are_read(void **state)
{
	struct world *w = *state;

	expect_ok(read_text(w, "{\"allWorkgroups\":true,\"tenant_name\":\"genomics\","
			       "\"permissions\":[\"a\",\"b\"],\"kind\":\"service\","
			       "\"generations\":{\"user\":\"7\",\"key\":8},"
			       "\"expiresAt\":\"2026-01-02T03:04:05.678Z\"}"),
	    &w->err);
	assert_true(w->identity.all_workgroups);
	assert_string_equal(w->identity.tenant_name, "genomics");
	assert_int_equal(w->identity.n_permissions, 2);
	assert_string_equal(w->identity.permissions[1], "b");
	assert_int_equal(
	    w->identity.kind, LATCHKEY__COMMON__V1__SUBJECT_KIND__SUBJECT_KIND_SERVICE);
	assert_int_equal(w->identity.generations->user, 7);
	assert_int_equal(w->identity.generations->key, 8);
	assert_int_equal(w->identity.expires_at_ms, 1767323045678);
}

static void
what_is_wrong_is_refused_and_names_the_field(void **state)
{
	static const struct {
		const char *text, *field, *reason;
	} cases[] = {
		{ "{\"subject\":1}", "subject", "FIELD_TYPE" },
		{ "{\"subjct\":\"x\"}", "subjct", "FIELD_UNKNOWN" },
		{ "{\"tenantName\":\"a\",\"tenant_name\":\"b\"}", "tenant_name", "FIELD_TWICE" },
		{ "{\"allTenants\":\"true\"}", "allTenants", "FIELD_TYPE" },
		{ "{\"allTenants\":1}", "allTenants", "FIELD_TYPE" },
		{ "{\"permissions\":\"a\"}", "permissions", "FIELD_TYPE" },
		{ "{\"permissions\":[7]}", "permissions", "FIELD_TYPE" },
		{ "{\"kind\":\"god\"}", "kind", "FIELD_TYPE" },
		{ "{\"kind\":1}", "kind", "FIELD_TYPE" },
		{ "{\"expiresAt\":1767323045678}", "expiresAt", "FIELD_TYPE" },
		{ "{\"expiresAt\":\"tomorrow\"}", "expiresAt", "INSTANT_INVALID" },
		{ "{\"generations\":{\"user\":-1}}", "user", "FIELD_TYPE" },
		{ "{\"generations\":{\"user\":1.0}}", "user", "FIELD_TYPE" },
		{ "{\"generations\":{\"user\":\"01\"}}", "user", "FIELD_TYPE" },
		{ "{\"generations\":{\"user\":\"18446744073709551616\"}}", "user", "FIELD_TYPE" },
		{ "{\"generations\":[]}", "generations", "FIELD_TYPE" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < LK_ARRAY_LEN(cases); i++)
		expect_field(read_text(w, cases[i].text), &w->err, cases[i].field, cases[i].reason);
}

static void
what_is_no_json_object_is_refused(void **state)
{
	static const char *const cases[] = { "[]", "7", "{", "{}}", "nul",
		"{\"subject\":\"\\u0000\"}", "{\"subject\":\"a\",\"subject\":\"b\"}",
		"{\"subject\":\"\xff\"}", "{'subject':1}", "{\"subject\":\"a\",}" };
	struct world *w = *state;

	for (size_t i = 0; i < LK_ARRAY_LEN(cases); i++)
		expect_fail(read_text(w, cases[i]), &w->err, LK_INVALID_ARGUMENT, "JSON_INVALID");
}

static void
depth_and_number_of_values_are_bounded(void **state)
{
	struct world *w = *state;
	char deep[4 * JSON_READ_DEPTH_MAX];
	LK_AUTO(lk_freep) char *many = lk_alloc(2 * JSON_READ_VALUES_MAX + 64);

	memset(deep, '[', sizeof deep);
	deep[sizeof deep - 1] = '\0';
	expect_fail(read_text(w, deep), &w->err, LK_INVALID_ARGUMENT, "JSON_INVALID");
	assert_non_null(many);
	snprintf(many, 64, "{\"permissions\":[");
	memset(many + strlen(many), ',', JSON_READ_VALUES_MAX + 1);
	expect_fail(read_text(w, many), &w->err, LK_INVALID_ARGUMENT, "JSON_INVALID");
}

static void
a_query_fills_a_field_by_its_text(void **state)
{
	Latchkey__Keys__V1__ListKeysRequest list = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	struct world *w = *state;

	expect_ok(json_read_text("includeRevoked", "true", w->arena, &list.base, &w->err), &w->err);
	expect_ok(json_read_text("owner", "true", w->arena, &list.base, &w->err), &w->err);
	assert_true(list.include_revoked);
	assert_string_equal(list.owner, "true");
	expect_field(json_read_text("allOwners", "1", w->arena, &list.base, &w->err), &w->err,
	    "allOwners", "FIELD_TYPE");
	expect_field(json_read_text("page", "x", w->arena, &list.base, &w->err), &w->err, "page",
	    "FIELD_UNKNOWN");
	expect_field(json_read_text("nothing", "x", w->arena, &list.base, &w->err), &w->err,
	    "nothing", "FIELD_UNKNOWN");
}

static void
a_query_reaches_into_a_message(void **state)
{
	Latchkey__Keys__V1__ListKeysRequest list = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	struct world *w = *state;

	expect_ok(json_read_text("page.size", "50", w->arena, &list.base, &w->err), &w->err);
	expect_ok(json_read_text("page.cursor", "c", w->arena, &list.base, &w->err), &w->err);
	assert_int_equal(list.page->size, 50);
	assert_string_equal(list.page->cursor, "c");
	expect_field(json_read_text("page.", "x", w->arena, &list.base, &w->err), &w->err, "",
	    "FIELD_UNKNOWN");
	expect_field(json_read_text("owner.size", "x", w->arena, &list.base, &w->err), &w->err,
	    "owner.size", "FIELD_UNKNOWN");
	expect_field(json_read_text(".size", "x", w->arena, &list.base, &w->err), &w->err, ".size",
	    "FIELD_UNKNOWN");
}

/* Of two values a proxy might have judged the other one. */
static void
a_field_is_given_once_wherever(void **state)
{
	Latchkey__Keys__V1__ListKeysRequest list = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	struct world *w = *state;

	expect_ok(json_read(lk_bytes_of("{\"owner\":\"ada\",\"page\":{\"size\":7}}"), w->arena,
		      &list.base, &w->err),
	    &w->err);
	expect_field(json_read_text("owner", "ben", w->arena, &list.base, &w->err), &w->err,
	    "owner", "FIELD_TWICE");
	expect_field(json_read_text("page.size", "8", w->arena, &list.base, &w->err), &w->err,
	    "size", "FIELD_TWICE");
	assert_string_equal(list.owner, "ada");
	expect_ok(json_read_text("allOwners", "true", w->arena, &list.base, &w->err), &w->err);
	expect_field(json_read_text("all_owners", "true", w->arena, &list.base, &w->err), &w->err,
	    "all_owners", "FIELD_TWICE");
}

static void
memory_that_is_short_is_told(void **state)
{
	struct world *w = *state;
	struct lk_arena *small = lk_arena_new(64);

	assert_non_null(small);
	expect_fail(json_read(lk_bytes_of("{\"subject\":\"a long text that does not fit into so "
					  "small an arena, whatever else is there\"}"),
			small, &w->identity.base, &w->err),
	    &w->err, LK_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY");
	lk_arena_free(small);
}

#define IN_WORLD(fn) LK_CASE_WITH(fn, setup, teardown)

LK_TESTS(IN_WORLD(an_instant_is_a_time_and_a_wide_number_a_text), IN_WORLD(no_instant_is_null),
    IN_WORLD(both_spellings_of_a_field_are_read),
    IN_WORLD(what_is_wrong_is_refused_and_names_the_field),
    IN_WORLD(what_is_no_json_object_is_refused), IN_WORLD(depth_and_number_of_values_are_bounded),
    IN_WORLD(a_query_fills_a_field_by_its_text), IN_WORLD(a_query_reaches_into_a_message),
    IN_WORLD(a_field_is_given_once_wherever), IN_WORLD(memory_that_is_short_is_told))
