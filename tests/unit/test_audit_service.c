/* AuditService: who may read what, filters and pages. */
#include "audit_world.h"

/* ---- Who may read ---- */

static void
three_tenants_worth(struct world *w)
{
	record_as(w, "ops", "", "tenant.created");
	record_as(w, "usr_1", TENANT_A, "key.created");
	record_as(w, "usr_2", TENANT_B, "key.created");
	record_as(w, "usr_1", TENANT_A, "key.revoked");
}

static void
a_user_sees_the_own_tenant_newest_first(void **state)
{
	struct world *w = *state;

	three_tenants_worth(w);
	expect_ok(list_tenant(w, ""), &w->err);
	assert_int_equal(w->list.n_events, 2);
	assert_string_equal(w->list.events[0]->action, "key.revoked");
	assert_string_equal(w->list.events[1]->action, "key.created");
	expect_fail(list_tenant(w, TENANT_B), &w->err, LK_NOT_FOUND, "TENANT_NOT_FOUND");
	expect_fail(list_tenant(w, "tnt_unknown"), &w->err, LK_NOT_FOUND, "TENANT_NOT_FOUND");
}

static void
a_principal_sees_its_list(void **state)
{
	static const char *const tenants[] = { TENANT_B };
	struct world *w = *state;

	three_tenants_worth(w);
	w->caller = (struct lk_caller){ .kind = LK_CALLER_PRINCIPAL,
		.id = "prn_1",
		.permissions = LK_PERMISSIONS_ALL,
		.tenants = tenants,
		.tenants_count = 1 };
	expect_ok(list_tenant(w, ""), &w->err);
	assert_int_equal(w->list.n_events, 1);
	assert_string_equal(w->list.events[0]->tenant, TENANT_B);
	expect_fail(list_tenant(w, TENANT_A), &w->err, LK_NOT_FOUND, "TENANT_NOT_FOUND");
	w->caller.all_tenants = true;
	expect_ok(list_tenant(w, ""), &w->err);
	assert_int_equal(w->list.n_events, 3); /* not what belongs to no tenant */
}

static void
an_operator_sees_everything(void **state)
{
	struct world *w = *state;

	three_tenants_worth(w);
	w->caller = (struct lk_caller){ .kind = LK_CALLER_OPERATOR,
		.id = "ops",
		.permissions = LK_PERMISSIONS_ALL,
		.all_tenants = true };
	expect_ok(list_tenant(w, ""), &w->err);
	assert_int_equal(w->list.n_events, 4);
	expect_ok(list_tenant(w, TENANT_B), &w->err);
	assert_int_equal(w->list.n_events, 1);
}

static void
reading_needs_audit_read(void **state)
{
	struct world *w = *state;

	w->caller.permissions &= ~lk_permission_bit(LK_PERM_AUDIT_READ);
	expect_fail(list_tenant(w, ""), &w->err, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
}

static void
the_chain_is_for_operators(void **state)
{
	struct world *w = *state;

	expect_fail(read_chain(w, 0, 10), &w->err, LK_PERMISSION_DENIED, "OPERATORS_ONLY");
	w->caller.kind = LK_CALLER_PRINCIPAL;
	w->caller.all_tenants = true;
	expect_fail(read_chain(w, 0, 10), &w->err, LK_PERMISSION_DENIED, "OPERATORS_ONLY");
}

/* ---- Filters and pages ---- */

static void
filters_are_exact(void **state)
{
	struct world *w = *state;
	ListEventsRequest req = LATCHKEY__AUDIT__V1__LIST_EVENTS_REQUEST__INIT;
	char action[] = "key.created", actor[] = "usr_2", part[] = "key";

	three_tenants_worth(w);
	w->caller.kind = LK_CALLER_OPERATOR;
	req.action = action;
	expect_ok(list(w, &req), &w->err);
	assert_int_equal(w->list.n_events, 2);
	req.actor = actor;
	expect_ok(list(w, &req), &w->err);
	assert_int_equal(w->list.n_events, 1);
	req.action = part;
	expect_ok(list(w, &req), &w->err);
	assert_int_equal(w->list.n_events, 0);
	latchkey__audit__v1__list_events_request__init(&req);
	req.since_at_ms = NOW_MS + 1;
	expect_ok(list(w, &req), &w->err);
	assert_int_equal(w->list.n_events, 0);
}

/* Walks all pages of `size`; every row once, newest first. */
static size_t
walk(struct world *w, uint32_t size)
{
	ListEventsRequest req = LATCHKEY__AUDIT__V1__LIST_EVENTS_REQUEST__INIT;
	Latchkey__Common__V1__PageRequest page = LATCHKEY__COMMON__V1__PAGE_REQUEST__INIT;
	char cursor[32] = "";
	size_t rows = 0;

	page.size = size;
	page.cursor = cursor;
	req.page = &page;
	do {
		expect_ok(list(w, &req), &w->err);
		assert_true(w->list.n_events <= size);
		rows += w->list.n_events;
		snprintf(cursor, sizeof cursor, "%s", w->list.page->next_cursor);
	} while (cursor[0] != '\0');
	return rows;
}

static void
pages_show_every_row_once(void **state)
{
	struct world *w = *state;

	w->events = 23;
	expect_ok(record(w), &w->err);
	assert_int_equal(walk(w, 1), 23);
	assert_int_equal(walk(w, 7), 23);
	assert_int_equal(walk(w, 23), 23);
	assert_int_equal(walk(w, 1000), 23);
}

static void
the_largest_page_fits_the_memory_of_a_call(void **state)
{
	struct world *w = *state;

	w->events = 1500;
	expect_ok(record(w), &w->err);
	assert_int_equal(walk(w, 1000), 1500);
	expect_ok(lk_audit_seal_now(w->sealer, &w->err), &w->err);
	w->caller.kind = LK_CALLER_OPERATOR;
	expect_ok(read_chain(w, 0, 1000), &w->err);
	assert_true(lk_arena_used(lk_call_arena(w->call)) < (size_t)224 * 1024);
	assert_int_equal(verify_chain(w, 1000), 1500);
}

static void
a_page_of_large_rows_ends_early_and_goes_on(void **state)
{
	struct world *w = *state;
	char detail[513];

	memset(detail, 'd', 512);
	detail[512] = '\0';
	w->event.detail = detail;
	w->events = 900;
	expect_ok(record(w), &w->err);
	expect_ok(list_tenant(w, ""), &w->err);
	assert_true(lk_arena_used(lk_call_arena(w->call)) < (size_t)224 * 1024);
	assert_int_equal(walk(w, 1000), 900);
	expect_ok(lk_audit_seal_now(w->sealer, &w->err), &w->err);
	w->caller.kind = LK_CALLER_OPERATOR;
	assert_int_equal(verify_chain(w, 1000), 900);
}

static void
bad_pages_name_their_field(void **state)
{
	static const char *const cursors[] = { "x", "-1", "1 ", "9999999999999999999", "0x10" };
	struct world *w = *state;
	ListEventsRequest req = LATCHKEY__AUDIT__V1__LIST_EVENTS_REQUEST__INIT;
	Latchkey__Common__V1__PageRequest page = LATCHKEY__COMMON__V1__PAGE_REQUEST__INIT;

	req.page = &page;
	page.size = 1001;
	expect_field(list(w, &req), &w->err, "page.size", "PAGE_SIZE_INVALID");
	page.size = 10;
	for (size_t i = 0; i < LK_ARRAY_LEN(cursors); i++) {
		page.cursor = (char *)(uintptr_t)cursors[i];
		expect_field(list(w, &req), &w->err, "page.cursor", "CURSOR_INVALID");
	}
	w->caller.kind = LK_CALLER_OPERATOR;
	expect_field(read_chain(w, 0, 0), &w->err, "max_rows", "PAGE_SIZE_INVALID");
	expect_field(read_chain(w, 0, 1001), &w->err, "max_rows", "PAGE_SIZE_INVALID");
	expect_field(read_chain(w, UINT64_MAX, 1), &w->err, "after_sequence", "SEQUENCE_INVALID");
}

static void
the_method_table_fits_its_contract(void **state)
{
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_method_table_check(lk_audit_method_table(), &err), &err);
}

LK_TESTS(LK_CASE_WITH(a_user_sees_the_own_tenant_newest_first, audit_setup, audit_teardown),
    LK_CASE_WITH(a_principal_sees_its_list, audit_setup, audit_teardown),
    LK_CASE_WITH(an_operator_sees_everything, audit_setup, audit_teardown),
    LK_CASE_WITH(reading_needs_audit_read, audit_setup, audit_teardown),
    LK_CASE_WITH(the_chain_is_for_operators, audit_setup, audit_teardown),
    LK_CASE_WITH(filters_are_exact, audit_setup, audit_teardown),
    LK_CASE_WITH(pages_show_every_row_once, audit_setup, audit_teardown),
    LK_CASE_WITH(a_page_of_large_rows_ends_early_and_goes_on, audit_setup, audit_teardown),
    LK_CASE_WITH(the_largest_page_fits_the_memory_of_a_call, audit_setup, audit_teardown),
    LK_CASE_WITH(bad_pages_name_their_field, audit_setup, audit_teardown),
    LK_CASE(the_method_table_fits_its_contract))
