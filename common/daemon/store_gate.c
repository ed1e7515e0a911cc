/* See store_gate.h. */
#include "daemon/store_gate.h"

static lk_status
authenticate(void *user, struct lk_call *call,
    const struct Latchkey__Common__V1__RequestHeader *header, bool may_block,
    const struct lk_caller **out_caller, struct lk_error *err)
{
	const struct lk_store_gate *gate = user;

	if (!lk_store_holds(gate->store)) {
		if (!may_block)
			return lk_call_defer(call);
		LK_TRY(lk_store_hold(gate->store, lk_call_deadline_steady_ms(call), err));
	}
	return gate->inner.authenticate(gate->inner.user, call, header, may_block, out_caller, err);
}

static lk_status
authorize(void *user, struct lk_call *call, const struct lk_caller *caller, int permission,
    struct lk_error *err)
{
	const struct lk_store_gate *gate = user;

	return gate->inner.authorize(gate->inner.user, call, caller, permission, err);
}

struct lk_authenticator
lk_store_gate(struct lk_store_gate *gate, struct lk_store *store, struct lk_authenticator inner)
{
	*gate = (struct lk_store_gate){ store, inner };
	return (struct lk_authenticator){ gate, authenticate, authorize };
}
