/* Leases: granted, listed, kept, ended. holder.c keeps one from a thread. */
#include <latchkey/leases.h>

#include "ask.h"

latchkey_status
latchkey_lease_grant(latchkey_client *client, const latchkey_lease_request *request,
    const latchkey_call *call, latchkey_lease **out_lease, latchkey_error *out_error)
{
	Latchkey__Credentials__V1__GrantLeaseRequest body =
	    LATCHKEY__CREDENTIALS__V1__GRANT_LEASE_REQUEST__INIT;

	body.owner = (char *)request->owner;
	body.tenant = (char *)request->tenant;
	body.provider = (char *)request->provider;
	body.worker = (char *)request->worker;
	body.job = (char *)request->job;
	body.ttl = (char *)request->ttl;
	return (latchkey_status)ask_for(client, M_LEASE_GRANT, &body.base, call,
	    offsetof(GrantLeaseResponse, lease), out_lease, error_inside(out_error));
}

latchkey_status
latchkey_lease_list_get(latchkey_client *client, const latchkey_lease_filter *filter,
    const latchkey_page *page, const latchkey_call *call, latchkey_lease_list **out_list,
    latchkey_error *out_error)
{
	Latchkey__Credentials__V1__ListLeasesRequest body =
	    LATCHKEY__CREDENTIALS__V1__LIST_LEASES_REQUEST__INIT;
	PageRequestMsg wire = PAGE_WIRE(page);

	body.page = &wire;
	if (filter) {
		body.owner = (char *)filter->owner;
		body.all_owners = filter->all_owners;
		body.tenant = (char *)filter->tenant;
		body.held = filter->held;
		body.include_ended = filter->include_ended;
	}
	return (latchkey_status)ask_for(
	    client, M_LEASE_LIST, &body.base, call, WHOLE, out_list, error_inside(out_error));
}

latchkey_status
latchkey_lease_heartbeat(latchkey_client *client, const char *id, const latchkey_call *call,
    latchkey_lease **out_lease, latchkey_error *out_error)
{
	Latchkey__Credentials__V1__HeartbeatLeaseRequest body =
	    LATCHKEY__CREDENTIALS__V1__HEARTBEAT_LEASE_REQUEST__INIT;

	body.id = (char *)id;
	return (latchkey_status)ask_for(client, M_LEASE_HEARTBEAT, &body.base, call,
	    offsetof(HeartbeatLeaseResponse, lease), out_lease, error_inside(out_error));
}

latchkey_status
latchkey_lease_end(latchkey_client *client, const char *id, const latchkey_call *call,
    latchkey_lease **out_lease, latchkey_error *out_error)
{
	Latchkey__Credentials__V1__EndLeaseRequest body =
	    LATCHKEY__CREDENTIALS__V1__END_LEASE_REQUEST__INIT;

	body.id = (char *)id;
	return (latchkey_status)ask_for(client, M_LEASE_END, &body.base, call,
	    offsetof(EndLeaseResponse, lease), out_lease, error_inside(out_error));
}
