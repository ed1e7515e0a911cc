/* Trusted issuers and their subjects: each function fills a request and names its answer. */
#include <latchkey/issuers.h>

#include "ask.h"

latchkey_status
latchkey_issuer_add(latchkey_client *client, const latchkey_issuer_request *request,
    const latchkey_call *call, latchkey_issuer **out_issuer, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__AddIssuerRequest body =
	    LATCHKEY__ACCOUNTS__V1__ADD_ISSUER_REQUEST__INIT;

	body.issuer = (char *)request->issuer;
	body.audience = (char *)request->audience;
	body.jwks = (char *)request->jwks;
	body.tenant = (char *)request->tenant;
	return (latchkey_status)ask_for(client, M_ISSUER_ADD, &body.base, call,
	    offsetof(AddIssuerResponse, issuer), out_issuer, error_inside(out_error));
}

latchkey_status
latchkey_issuer_list_get(latchkey_client *client, const char *tenant, const latchkey_call *call,
    latchkey_issuer_list **out_list, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__ListIssuersRequest body =
	    LATCHKEY__ACCOUNTS__V1__LIST_ISSUERS_REQUEST__INIT;

	body.tenant = (char *)tenant;
	return (latchkey_status)ask_for(
	    client, M_ISSUER_LIST, &body.base, call, WHOLE, out_list, error_inside(out_error));
}

latchkey_status
latchkey_issuer_remove(latchkey_client *client, const char *issuer, const char *tenant,
    const latchkey_call *call, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__RemoveIssuerRequest body =
	    LATCHKEY__ACCOUNTS__V1__REMOVE_ISSUER_REQUEST__INIT;

	body.issuer = (char *)issuer;
	body.tenant = (char *)tenant;
	return (latchkey_status)ask_for(
	    client, M_ISSUER_REMOVE, &body.base, call, WHOLE, NULL, error_inside(out_error));
}

latchkey_status
latchkey_subject_link(latchkey_client *client, const latchkey_subject_request *request,
    const latchkey_call *call, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__LinkSubjectRequest body =
	    LATCHKEY__ACCOUNTS__V1__LINK_SUBJECT_REQUEST__INIT;

	body.user = (char *)request->user;
	body.tenant = (char *)request->tenant;
	body.issuer = (char *)request->issuer;
	body.subject = (char *)request->subject;
	return (latchkey_status)ask_for(
	    client, M_SUBJECT_LINK, &body.base, call, WHOLE, NULL, error_inside(out_error));
}

latchkey_status
latchkey_subject_unlink(latchkey_client *client, const latchkey_subject_request *request,
    const latchkey_call *call, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__UnlinkSubjectRequest body =
	    LATCHKEY__ACCOUNTS__V1__UNLINK_SUBJECT_REQUEST__INIT;

	body.user = (char *)request->user;
	body.tenant = (char *)request->tenant;
	body.issuer = (char *)request->issuer;
	body.subject = (char *)request->subject;
	return (latchkey_status)ask_for(
	    client, M_SUBJECT_UNLINK, &body.base, call, WHOLE, NULL, error_inside(out_error));
}
