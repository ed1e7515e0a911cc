/* A method table that does not match its service block stops the start and names the rpc. */
#include <string.h>

#include "base/base.h"
#include "latchkey/health/v1/health.pb-c.h"
#include "rpc/method.h"
#include "test.h"

typedef Latchkey__Health__V1__CheckRequest CheckRequest;
typedef Latchkey__Health__V1__CheckResponse CheckResponse;
typedef Latchkey__Health__V1__GetMetricsRequest GetMetricsRequest;
typedef Latchkey__Health__V1__GetMetricsResponse GetMetricsResponse;

static lk_status
check(struct lk_call *call, const CheckRequest *req, CheckResponse *rep)
{
	(void)call;
	(void)req;
	(void)rep;
	return LK_OK;
}

static lk_status
metrics(struct lk_call *call, const GetMetricsRequest *req, GetMetricsResponse *rep)
{
	(void)call;
	(void)req;
	(void)rep;
	return LK_OK;
}

LK_METHOD_THUNK(Check, check, CheckRequest, CheckResponse, 0, LK_READ, LK_INLINE, 16)
LK_METHOD_THUNK(
    GetMetrics, metrics, GetMetricsRequest, GetMetricsResponse, 0, LK_READ, LK_INLINE, 16)
static const struct lk_method good[] = { LK_METHOD_ROW(
    Check, check, CheckRequest, CheckResponse, 0, LK_READ, LK_INLINE, 16) LK_METHOD_ROW(GetMetrics,
    metrics, GetMetricsRequest, GetMetricsResponse, 0, LK_READ, LK_INLINE, 16) };

static void
refused(const struct lk_method *rows, size_t count, const char *names)
{
	const struct lk_method_table table = { &latchkey__health__v1__health_service__descriptor,
		rows, count };
	struct lk_error err = { 0 };

	expect_fail(lk_method_table_check(&table, &err), &err, LK_FAILED_PRECONDITION,
	    "METHOD_TABLE_INVALID");
	expect_contains(err.message, names);
}

static void
a_table_that_matches_is_accepted(void **state)
{
	const struct lk_method_table table = { &latchkey__health__v1__health_service__descriptor,
		good, LK_ARRAY_LEN(good) };
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_method_table_check(&table, &err), &err);
}

static void
an_rpc_without_a_row_is_named(void **state)
{
	(void)state;
	refused(good, 0, "latchkey.health.v1.HealthService/Check: has no row");
}

static void
an_rpc_with_two_rows_is_named(void **state)
{
	const struct lk_method twice[] = { good[0], good[0] };

	(void)state;
	refused(twice, 2, "HealthService/Check: has more than one row");
}

static void
a_row_that_stands_for_nothing_is_named(void **state)
{
	struct lk_method rows[] = { good[0], good[0] };

	(void)state;
	rows[1].rpc = "Chekc";
	refused(rows, 2, "Chekc");
	rows[1].rpc = NULL;
	refused(rows, 2, "(unnamed)");
}

static void
a_row_of_other_types_is_named(void **state)
{
	struct lk_method row = good[0];

	(void)state;
	row.req_size++;
	refused(&row, 1, "Check: its request");
	row = good[0];
	row.rep_size = sizeof(CheckRequest);
	refused(&row, 1, "Check: its reply");
}

static void
a_row_without_a_handler_or_a_limit_is_named(void **state)
{
	struct lk_method row = good[0];

	(void)state;
	row.invoke = NULL;
	refused(&row, 1, "Check: has no handler");
	row = good[0];
	row.max_request = 0;
	refused(&row, 1, "Check: its largest request");
	row.max_request = (1 << 20) + 1;
	refused(&row, 1, "Check: its largest request");
}

LK_TESTS(LK_CASE(a_table_that_matches_is_accepted), LK_CASE(an_rpc_without_a_row_is_named),
    LK_CASE(an_rpc_with_two_rows_is_named), LK_CASE(a_row_that_stands_for_nothing_is_named),
    LK_CASE(a_row_of_other_types_is_named), LK_CASE(a_row_without_a_handler_or_a_limit_is_named))
