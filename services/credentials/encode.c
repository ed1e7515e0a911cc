/* Between wire messages and the domain's structs. */
#include "encode.h"

#include "rpc/decode.h"

lk_status
encode_credential(struct lk_arena *arena, const struct credential *credential, int64_t now_ms,
    CredentialMsg **out, struct lk_error *err)
{
	CredentialMsg *msg = LK_ARENA_NEW(arena, CredentialMsg);

	if (!msg)
		return lk_fail_oom(err);
	latchkey__credentials__v1__credential__init(msg);
	msg->version = (uint32_t)credential->version;
	msg->created_at_ms = credential->created_at_ms;
	msg->expires_at_ms = credential->expires_at_ms;
	msg->last_used_at_ms = credential->last_used_at_ms;
	LK_TRY(lk_field_copy(arena, credential->id, &msg->id, err));
	LK_TRY(lk_field_copy(arena, credential->tenant, &msg->tenant, err));
	LK_TRY(lk_field_copy(arena, credential->owner, &msg->owner, err));
	LK_TRY(lk_field_copy(arena, credential->provider, &msg->provider, err));
	LK_TRY(lk_field_copy(arena, credential->label, &msg->label, err));
	LK_TRY(lk_field_copy(arena, credential->hint, &msg->hint, err));
	LK_TRY(lk_field_copy(arena,
	    credential_is_expired(credential, now_ms) ? "expired" : "active", &msg->state, err));
	*out = msg;
	return LK_OK;
}

lk_status
encode_credentials(struct lk_arena *arena, const struct credential *credentials, size_t count,
    int64_t now_ms, CredentialMsg ***out, struct lk_error *err)
{
	CredentialMsg **list = lk_arena_array(arena, count, sizeof *list);

	if (!list)
		return lk_fail_oom(err);
	for (size_t i = 0; i < count; i++)
		LK_TRY(encode_credential(arena, &credentials[i], now_ms, &list[i], err));
	*out = list;
	return LK_OK;
}

lk_status
decode_secret(struct lk_arena *arena, const struct lk_transport *transport,
    const struct lk_transport_call *call, const SealedSecretMsg *sealed,
    const ProviderSecret **out_secret, struct lk_bytes *out_packed, struct lk_error *err)
{
	ProtobufCMessage *message;

	LK_TRY(lk_transport_open(transport, call, lk_bytes(sealed->sealed.data, sealed->sealed.len),
	    arena, out_packed, err));
	LK_TRY(lk_decode(&latchkey__credentials__v1__provider_secret__descriptor, *out_packed,
	    arena, &message, err));
	*out_secret = (const ProviderSecret *)(const void *)message;
	return LK_OK;
}

lk_status
encode_secret(struct lk_arena *arena, const struct lk_transport *transport,
    const struct lk_transport_call *call, const char *transport_id, struct lk_bytes packed,
    SealedSecretMsg **out, struct lk_error *err)
{
	SealedSecretMsg *msg = LK_ARENA_NEW(arena, SealedSecretMsg);
	struct lk_bytes blob;

	if (!msg)
		return lk_fail_oom(err);
	latchkey__credentials__v1__sealed_secret__init(msg);
	LK_TRY(lk_transport_seal(transport, call, packed, arena, &blob, err));
	LK_TRY(lk_field_copy(arena, transport_id, &msg->transport_id, err));
	msg->sealed.data = (uint8_t *)(uintptr_t)blob.data;
	msg->sealed.len = blob.len;
	*out = msg;
	return LK_OK;
}

lk_status
encode_lease(struct lk_arena *arena, const struct lease *lease, int64_t now_ms, LeaseMsg **out,
    struct lk_error *err)
{
	LeaseMsg *msg = LK_ARENA_NEW(arena, LeaseMsg);
	const char *state = lease_state_name(lease_state_at(lease, now_ms));

	if (!msg)
		return lk_fail_oom(err);
	latchkey__credentials__v1__lease__init(msg);
	msg->beat_ttl_ms = lease->beat_ttl_ms;
	msg->created_at_ms = lease->created_at_ms;
	msg->heartbeat_at_ms = lease->heartbeat_at_ms;
	msg->expires_at_ms = lease->expires_at_ms;
	msg->ended_at_ms = lease->ended_at_ms;
	LK_TRY(lk_field_copy(arena, lease->id, &msg->id, err));
	LK_TRY(lk_field_copy(arena, lease->tenant, &msg->tenant, err));
	LK_TRY(lk_field_copy(arena, lease->owner, &msg->owner, err));
	LK_TRY(lk_field_copy(arena, lease->provider, &msg->provider, err));
	LK_TRY(lk_field_copy(arena, lease->credential, &msg->credential, err));
	LK_TRY(lk_field_copy(arena, lease->worker, &msg->worker, err));
	LK_TRY(lk_field_copy(arena, lease->job, &msg->job, err));
	LK_TRY(lk_field_copy(arena, lease->granted_by, &msg->granted_by, err));
	LK_TRY(lk_field_copy(arena, lease->ended_by, &msg->ended_by, err));
	LK_TRY(lk_field_copy(arena, state, &msg->state, err));
	*out = msg;
	return LK_OK;
}

lk_status
encode_leases(struct lk_arena *arena, const struct lease *leases, size_t count, int64_t now_ms,
    LeaseMsg ***out, struct lk_error *err)
{
	LeaseMsg **list = lk_arena_array(arena, count, sizeof *list);

	if (!list)
		return lk_fail_oom(err);
	for (size_t i = 0; i < count; i++)
		LK_TRY(encode_lease(arena, &leases[i], now_ms, &list[i], err));
	*out = list;
	return LK_OK;
}

lk_status
encode_worker(
    struct lk_arena *arena, const struct worker *worker, WorkerMsg **out, struct lk_error *err)
{
	WorkerMsg *msg = LK_ARENA_NEW(arena, WorkerMsg);

	if (!msg)
		return lk_fail_oom(err);
	latchkey__credentials__v1__worker__init(msg);
	msg->enrolled_at_ms = worker->enrolled_at_ms;
	msg->public_key.len = sizeof worker->public_key;
	msg->public_key.data = lk_arena_copy(arena, worker->public_key, sizeof worker->public_key);
	if (!msg->public_key.data)
		return lk_fail_oom(err);
	LK_TRY(lk_field_copy(arena, worker->id, &msg->id, err));
	LK_TRY(lk_field_copy(arena, worker->enrolled_by, &msg->enrolled_by, err));
	*out = msg;
	return LK_OK;
}

lk_status
encode_workers(struct lk_arena *arena, const struct worker *workers, size_t count, WorkerMsg ***out,
    struct lk_error *err)
{
	WorkerMsg **list = lk_arena_array(arena, count, sizeof *list);

	if (!list)
		return lk_fail_oom(err);
	for (size_t i = 0; i < count; i++)
		LK_TRY(encode_worker(arena, &workers[i], &list[i], err));
	*out = list;
	return LK_OK;
}
