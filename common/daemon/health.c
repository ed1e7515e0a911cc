/* HealthService/Check from memory. */
#include "daemon/health.h"

#include "auth/permission.h"
#include "latchkey/health/v1/health.pb-c.h"
#include "rpc/call.h"
#include "rpc/field.h"

typedef Latchkey__Health__V1__CheckRequest CheckRequest;
typedef Latchkey__Health__V1__CheckResponse CheckResponse;

void
lk_health_init(struct lk_health *health, const char *service, const char *version,
    const char *instance, const struct lk_clock *clock)
{
	health->service = service;
	health->version = version;
	health->instance = instance;
	health->started_at_ms = lk_clock_wall_ms(clock);
	atomic_init(&health->draining, false);
}

void
lk_health_drain(struct lk_health *health)
{
	atomic_store(&health->draining, true);
}

static lk_status
health_check(struct lk_call *call, const CheckRequest *req, CheckResponse *rep)
{
	const struct lk_health *health = lk_call_user(call);

	(void)req;
	rep->service = lk_field_borrow(health->service);
	rep->version = lk_field_borrow(health->version);
	rep->instance = lk_field_borrow(health->instance);
	rep->started_at_ms = health->started_at_ms;
	rep->state = lk_field_borrow(atomic_load(&health->draining) ? "draining" : "serving");
	return LK_OK;
}

#define LK_METHOD LK_METHOD_THUNK
#include "daemon/health_methods.def"
#undef LK_METHOD

static const struct lk_method health_methods[] = {
#define LK_METHOD LK_METHOD_ROW
#include "daemon/health_methods.def"
#undef LK_METHOD
};
LK_METHODS_COMPLETE(Latchkey__Health__V1__HealthService_Service, health_methods);

const struct lk_method_table *
lk_health_method_table(void)
{
	static const struct lk_method_table table = {
		&latchkey__health__v1__health_service__descriptor,
		health_methods,
		LK_ARRAY_LEN(health_methods),
	};

	return &table;
}
