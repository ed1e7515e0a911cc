/* Between wire messages and the domain's structs; everything made lies in the call's arena. */
#ifndef LK_CREDENTIALS_ENCODE_H
#define LK_CREDENTIALS_ENCODE_H

#include "credential.h"
#include "crypto/transport.h"
#include "lease.h"
#include "rpc/field.h"
#include "wire.h"
#include "worker_store.h"

/* Metadata only: there is no way from here to the secret. */
lk_status encode_credential(struct lk_arena *arena, const struct credential *credential,
    int64_t now_ms, CredentialMsg **out, struct lk_error *err);
lk_status encode_credentials(struct lk_arena *arena, const struct credential *credentials,
    size_t count, int64_t now_ms, CredentialMsg ***out, struct lk_error *err);

/* The packed ProviderSecret of a SealedSecret, opened and decoded strictly. INVALID_ARGUMENT
 * TRANSPORT_BROKEN, MESSAGE_INVALID. */
lk_status decode_secret(struct lk_arena *arena, const struct lk_transport *transport,
    const struct lk_transport_call *call, const SealedSecretMsg *sealed,
    const ProviderSecret **out_secret, struct lk_bytes *out_packed, struct lk_error *err);
lk_status encode_secret(struct lk_arena *arena, const struct lk_transport *transport,
    const struct lk_transport_call *call, const char *transport_id, struct lk_bytes packed,
    SealedSecretMsg **out, struct lk_error *err);

lk_status encode_lease(struct lk_arena *arena, const struct lease *lease, int64_t now_ms,
    LeaseMsg **out, struct lk_error *err);
lk_status encode_leases(struct lk_arena *arena, const struct lease *leases, size_t count,
    int64_t now_ms, LeaseMsg ***out, struct lk_error *err);

lk_status encode_worker(
    struct lk_arena *arena, const struct worker *worker, WorkerMsg **out, struct lk_error *err);
lk_status encode_workers(struct lk_arena *arena, const struct worker *workers, size_t count,
    WorkerMsg ***out, struct lk_error *err);

#endif
