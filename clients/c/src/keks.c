/* Root keys: each function fills a request and names its answer. */
#include <latchkey/keks.h>

#include "ask.h"

latchkey_status
latchkey_kek_list_get(latchkey_client *client, const latchkey_call *call,
    latchkey_kek_list **out_list, latchkey_error *out_error)
{
	Latchkey__Credentials__V1__ListKeksRequest body =
	    LATCHKEY__CREDENTIALS__V1__LIST_KEKS_REQUEST__INIT;

	return (latchkey_status)ask_for(
	    client, M_KEK_LIST, &body.base, call, WHOLE, out_list, error_inside(out_error));
}

latchkey_status
latchkey_kek_rotate(latchkey_client *client, const char *id, const latchkey_call *call,
    latchkey_kek **out_kek, latchkey_error *out_error)
{
	Latchkey__Credentials__V1__RotateKekRequest body =
	    LATCHKEY__CREDENTIALS__V1__ROTATE_KEK_REQUEST__INIT;

	body.id = (char *)id;
	return (latchkey_status)ask_for(client, M_KEK_ROTATE, &body.base, call,
	    offsetof(RotateKekResponse, kek), out_kek, error_inside(out_error));
}

latchkey_status
latchkey_kek_rewrap(latchkey_client *client, const char *after, uint32_t limit,
    const latchkey_call *call, latchkey_rewrap **out_rewrap, latchkey_error *out_error)
{
	Latchkey__Credentials__V1__RewrapKeysRequest body =
	    LATCHKEY__CREDENTIALS__V1__REWRAP_KEYS_REQUEST__INIT;

	body.after = (char *)after;
	body.limit = limit;
	return (latchkey_status)ask_for(
	    client, M_KEK_REWRAP, &body.base, call, WHOLE, out_rewrap, error_inside(out_error));
}

latchkey_status
latchkey_kek_retire(latchkey_client *client, const char *id, const latchkey_call *call,
    latchkey_kek **out_kek, latchkey_error *out_error)
{
	Latchkey__Credentials__V1__RetireKekRequest body =
	    LATCHKEY__CREDENTIALS__V1__RETIRE_KEK_REQUEST__INIT;

	body.id = (char *)id;
	return (latchkey_status)ask_for(client, M_KEK_RETIRE, &body.base, call,
	    offsetof(RetireKekResponse, kek), out_kek, error_inside(out_error));
}
