/* Agreeing on keys with the credentials service; see sealing.h. */
#include "sealing.h"

#include <string.h>

#include "ask.h"
#include "crypto/box.h"

struct agreed {
	struct lk_transport transport;
	char id[64];
	int64_t ttl_ms;
};

static void
agreed_wipe(struct agreed *agreed)
{
	lk_wipe(agreed, sizeof *agreed);
}

static lk_status
agree(latchkey_client *client, int64_t deadline_ms, void *out, struct lk_error *err)
{
	Latchkey__Credentials__V1__AgreeTransportRequest body =
	    LATCHKEY__CREDENTIALS__V1__AGREE_TRANSPORT_REQUEST__INIT;
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	LK_AUTO(lk_box_pair_wipe) struct lk_box_pair own = { 0 };
	struct agreed *agreed = out;

	lk_box_pair_make(&own);
	body.client_public_key = (ProtobufCBinaryData){ sizeof own.public_key, own.public_key };
	LK_TRY(ask(client,
	    &(struct question){
		.method = M_TRANSPORT_AGREE, .body = &body.base, .deadline_ms = deadline_ms },
	    &answer, err));
	const AgreeTransportResponse *said = (void *)answer.message;
	if (said->server_public_key.len != LK_BOX_PUBLIC_LEN || !*said->transport_id ||
	    !lk_text_copy(agreed->id, sizeof agreed->id, said->transport_id))
		return lk_fail(err, LK_INTERNAL, "REPLY_INCOMPLETE",
		    "the service left out a part of its answer");
	agreed->ttl_ms = said->expires_at_ms - lk_clock_wall_ms(client->clock);
	return lk_transport_init_client(
	    &own, said->server_public_key.data, &agreed->transport, err);
}

static void
agreed_install(latchkey_client *client, void *fetched)
{
	const struct agreed *agreed = fetched;

	client->transport = agreed->transport;
	memcpy(client->transport_id, agreed->id, sizeof client->transport_id);
	lease_begin(client, &client->transport_lease, agreed->ttl_ms);
}

lk_status
sealing_begin(
    latchkey_client *client, int64_t deadline_ms, struct sealing *out, struct lk_error *err)
{
	LK_AUTO(agreed_wipe) struct agreed agreed = { 0 };

	LK_TRY(lease_hold(client, &client->transport_lease,
	    &(struct lease_source){ agree, agreed_install, &agreed }, deadline_ms, err));
	out->transport = client->transport;
	memcpy(out->id, client->transport_id, sizeof out->id);
	out->number = client->transport_lease.number;
	pthread_mutex_unlock(&client->lock);
	return LK_OK;
}

void
sealing_wipe(struct sealing *sealing)
{
	lk_wipe(sealing, sizeof *sealing);
}

void
sealing_refused(latchkey_client *client, const struct sealing *sealing)
{
	lease_drop(client, &client->transport_lease, sealing->number);
}
