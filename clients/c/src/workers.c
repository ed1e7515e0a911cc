/* Workers' keys: enrolled, removed, listed. */
#include <latchkey/workers.h>

#include "ask.h"

latchkey_status
latchkey_worker_enrol(latchkey_client *client, const char *worker, const char *public_path,
    const latchkey_call *call, latchkey_worker **out_worker, latchkey_error *out_error)
{
	Latchkey__Credentials__V1__EnrolWorkerRequest body =
	    LATCHKEY__CREDENTIALS__V1__ENROL_WORKER_REQUEST__INIT;
	struct lk_error *err = error_inside(out_error);
	struct lk_peer_key peer;

	PUBLIC_TRY(lk_peer_file_load(public_path, &peer, err));
	if (!lk_text_is(peer.role, "worker"))
		return (latchkey_status)lk_fail(err, LK_INVALID_ARGUMENT, "PEER_KEY_INVALID",
		    "the key of \"%s\" is not that of a worker", peer.name);
	body.worker = (char *)worker;
	body.public_key = (ProtobufCBinaryData){ sizeof peer.public_key, peer.public_key };
	return (latchkey_status)ask_for(client, M_WORKER_ENROL, &body.base, call,
	    offsetof(EnrolWorkerResponse, worker), out_worker, err);
}

latchkey_status
latchkey_worker_remove(latchkey_client *client, const char *worker, const latchkey_call *call,
    latchkey_worker **out_worker, latchkey_error *out_error)
{
	Latchkey__Credentials__V1__RemoveWorkerRequest body =
	    LATCHKEY__CREDENTIALS__V1__REMOVE_WORKER_REQUEST__INIT;

	body.worker = (char *)worker;
	return (latchkey_status)ask_for(client, M_WORKER_REMOVE, &body.base, call,
	    offsetof(RemoveWorkerResponse, worker), out_worker, error_inside(out_error));
}

latchkey_status
latchkey_worker_list_get(latchkey_client *client, const latchkey_page *page,
    const latchkey_call *call, latchkey_worker_list **out_list, latchkey_error *out_error)
{
	Latchkey__Credentials__V1__ListWorkersRequest body =
	    LATCHKEY__CREDENTIALS__V1__LIST_WORKERS_REQUEST__INIT;
	PageRequestMsg wire = PAGE_WIRE(page);

	body.page = &wire;
	return (latchkey_status)ask_for(
	    client, M_WORKER_LIST, &body.base, call, WHOLE, out_list, error_inside(out_error));
}
