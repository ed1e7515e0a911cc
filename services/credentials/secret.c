/* The secret that a call brings. */
#include "secret.h"

#include "encode.h"

lk_status
secret_take(struct credentials *credentials, struct lk_call *call, const SealedSecretMsg *sealed,
    const ProviderSecret **out_secret, struct lk_bytes *out_packed, struct lk_error *err)
{
	const struct lk_transport_call place = { lk_call_request_id(call), lk_call_method(call) };
	LK_AUTO(lk_transport_wipe) struct lk_transport transport = { 0 };

	if (!sealed)
		return lk_fail_field(err, "secret", "SECRET_MISSING", "the secret is missing");
	LK_TRY(transports_find(
	    credentials->transports, lk_call_caller(call), sealed->transport_id, &transport, err));
	return decode_secret(
	    lk_call_arena(call), &transport, &place, sealed, out_secret, out_packed, err);
}
