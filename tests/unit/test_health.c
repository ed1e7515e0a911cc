/* HealthService/Check from memory. */
#include "daemon/health.h"

#include "auth/permission.h"
#include "latchkey/health/v1/health.pb-c.h"
#include "rpc/call.h"
#include "test.h"

static void
check_tells_who_and_in_which_state(void **state)
{
	struct lk_clock_frozen clock;
	struct lk_health health;
	const struct lk_method_table *table = lk_health_method_table();
	Latchkey__Health__V1__CheckRequest req = LATCHKEY__HEALTH__V1__CHECK_REQUEST__INIT;
	Latchkey__Health__V1__CheckResponse rep = LATCHKEY__HEALTH__V1__CHECK_RESPONSE__INIT;

	(void)state;
	lk_clock_frozen_init(&clock, 1234);
	lk_health_init(&health, "keys", "0.1.0", "test", &clock.clock);
	const struct lk_call_setup setup = { .method = "latchkey.health.v1.HealthService/Check",
		.user = &health };
	LK_AUTO(lk_call_freep) struct lk_call *call = lk_call_new(&setup);
	expect_ok(table->methods[0].invoke(call, &req.base, &rep.base), lk_call_error(call));
	assert_string_equal(rep.service, "keys");
	assert_string_equal(rep.version, "0.1.0");
	assert_string_equal(rep.instance, "test");
	assert_int_equal(rep.started_at_ms, 1234);
	assert_string_equal(rep.state, "serving");
	lk_health_drain(&health);
	expect_ok(table->methods[0].invoke(call, &req.base, &rep.base), lk_call_error(call));
	assert_string_equal(rep.state, "draining");
}

static void
check_is_public_inline_and_fits_its_contract(void **state)
{
	const struct lk_method_table *table = lk_health_method_table();
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_method_table_check(table, &err), &err);
	assert_int_equal(table->methods[0].permission, LK_PERM_PUBLIC);
	assert_int_equal(table->methods[0].where, LK_INLINE);
}

LK_TESTS(LK_CASE(check_tells_who_and_in_which_state),
    LK_CASE(check_is_public_inline_and_fits_its_contract))
