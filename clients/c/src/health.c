/* What a service says of itself. */
#include <latchkey/client.h>

#include "ask.h"

latchkey_status
latchkey_health_check(latchkey_client *client, latchkey_service service, const latchkey_call *call,
    latchkey_health **out_health, latchkey_error *out_error)
{
	Latchkey__Health__V1__CheckRequest body = LATCHKEY__HEALTH__V1__CHECK_REQUEST__INIT;
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	struct lk_error *err = error_inside(out_error);

	PUBLIC_TRY(ask(client,
	    &(struct question){ M_HEALTH_CHECK, &body.base, .call = call, .service = &service },
	    &answer, err));
	return (latchkey_status)object_take(&answer.arena, answer.message, out_health, err);
}
