/* Accounts that people ask for, and what the caller may do: each function fills a request and names
 * its answer. */
#include <latchkey/registrations.h>

#include "ask.h"

typedef const latchkey_call *call_options;

latchkey_status
latchkey_account_request(latchkey_client *client, const char *tenant, const char *email,
    const char *display_name, call_options call, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__RequestAccountRequest body =
	    LATCHKEY__ACCOUNTS__V1__REQUEST_ACCOUNT_REQUEST__INIT;

	body.tenant = (char *)tenant;
	body.email = (char *)email;
	body.display_name = (char *)display_name;
	return (latchkey_status)ask_for(
	    client, M_ACCOUNT_REQUEST, &body.base, call, WHOLE, NULL, error_inside(out_error));
}

latchkey_status
latchkey_registration_list_get(latchkey_client *client, const char *tenant,
    const latchkey_page *page, call_options call, latchkey_registration_list **out_list,
    latchkey_error *out_error)
{
	Latchkey__Accounts__V1__ListRegistrationsRequest body =
	    LATCHKEY__ACCOUNTS__V1__LIST_REGISTRATIONS_REQUEST__INIT;
	PageRequestMsg wire = PAGE_WIRE(page);

	body.page = &wire;
	body.tenant = (char *)tenant;
	return (latchkey_status)ask_for(client, M_REGISTRATION_LIST, &body.base, call, WHOLE,
	    out_list, error_inside(out_error));
}

latchkey_status
latchkey_registration_admit(latchkey_client *client, const char *registration, const char *tenant,
    const char *const *roles, size_t count, call_options call, latchkey_ticket **out_ticket,
    latchkey_secret **out_secret, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__AdmitRegistrationRequest body =
	    LATCHKEY__ACCOUNTS__V1__ADMIT_REGISTRATION_REQUEST__INIT;
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	struct lk_error *err = error_inside(out_error);

	body.registration = (char *)registration;
	body.tenant = (char *)tenant;
	body.n_roles = count;
	body.roles = (char **)roles;
	PUBLIC_TRY(ask(client, &(struct question){ M_REGISTRATION_ADMIT, &body.base, .call = call },
	    &answer, err));
	const AdmitRegistrationResponse *said = (void *)answer.message;
	const struct ticket from = { said->user, NULL, said->ticket_expires_at_ms };
	return (latchkey_status)ticket_take(
	    &answer, &from, said->secret_ticket, out_ticket, out_secret, err);
}

latchkey_status
latchkey_registration_reject(latchkey_client *client, const char *registration, const char *tenant,
    call_options call, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__RejectRegistrationRequest body =
	    LATCHKEY__ACCOUNTS__V1__REJECT_REGISTRATION_REQUEST__INIT;

	body.registration = (char *)registration;
	body.tenant = (char *)tenant;
	return (latchkey_status)ask_for(
	    client, M_REGISTRATION_REJECT, &body.base, call, WHOLE, NULL, error_inside(out_error));
}

latchkey_status
latchkey_capabilities_get(latchkey_client *client, call_options call,
    latchkey_capabilities **out_capabilities, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__GetCapabilitiesRequest body =
	    LATCHKEY__ACCOUNTS__V1__GET_CAPABILITIES_REQUEST__INIT;

	return (latchkey_status)ask_for(client, M_CAPABILITIES_GET, &body.base, call, WHOLE,
	    out_capabilities, error_inside(out_error));
}
