/* The chain itself, shared by the sealer and by whoever verifies: pure, no store, no clock. */
#ifndef LK_AUDIT_CHAIN_H
#define LK_AUDIT_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

enum { LK_CHAIN_HASH_SIZE = 32 };

/* A sealed row in plain C; every text non-NULL. */
struct lk_chain_row {
	uint64_t sequence;
	const char *id;
	int64_t at_ms;
	const char *action, *outcome, *actor_kind, *actor, *actor_key, *tenant, *object, *owner,
	    *purpose, *request_id, *detail;
};

/* hash_n = BLAKE2b-256(label ‖ hash_{n-1} ‖ every field of row n with its length); hash_0 =
 * BLAKE2b-256(label ‖ instance ‖ service). */
void lk_chain_begin(const char *instance, const char *service, uint8_t out[LK_CHAIN_HASH_SIZE]);
void lk_chain_next(const uint8_t before[LK_CHAIN_HASH_SIZE], const struct lk_chain_row *row,
    uint8_t out[LK_CHAIN_HASH_SIZE]);

/* The signed head: label "latchkey audit head v1", instance, service, sequence, hash, time, each
 * with its length. */
struct lk_sign_key;
void lk_chain_head_sign(const struct lk_sign_key *key, const char *instance, const char *service,
    uint64_t sequence, const uint8_t hash[LK_CHAIN_HASH_SIZE], int64_t signed_at_ms,
    uint8_t out_signature[64]);
bool lk_chain_head_ok(const uint8_t public_key[32], const char *instance, const char *service,
    uint64_t sequence, const uint8_t hash[LK_CHAIN_HASH_SIZE], int64_t signed_at_ms,
    const uint8_t signature[64]);

#endif
