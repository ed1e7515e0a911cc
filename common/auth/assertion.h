/* Assertions: "I, caller, call this method of callee, now", signed with the caller's Ed25519 key.
 * Bound to method and installation, 60 s. */
#ifndef LK_AUTH_ASSERTION_H
#define LK_AUTH_ASSERTION_H

#include "auth/peers.h"
#include "crypto/sign.h"
#include "time/clock.h"

enum { LK_ASSERTION_TTL_MS = 60000, LK_ASSERTION_SKEW_MS = 5000, LK_METHOD_NAME_SIZE = 96 };

struct lk_assertion {
	char caller[LK_CALLER_NAME_SIZE];
	char callee[LK_CALLER_NAME_SIZE];
	char method[LK_METHOD_NAME_SIZE];
	char instance[LK_INSTANCE_SIZE];
	int64_t issued_at_ms, expires_at_ms;
	uint8_t signature[64];
};

/* Sign the six fields, each with its length, after the label "latchkey assertion v1". Pure. */
void lk_assertion_sign(struct lk_assertion *assertion, const struct lk_sign_key *key);

/*
 * UNAUTHENTICATED ASSERTION_REFUSED unless the caller is a known peer, callee and instance and
 * method are ours, the times are now (skew 5 s, life at most 60 s) and the signature is good. One
 * uniform answer; `err` for the log tells no more.
 */
lk_status lk_assertion_verify(const struct lk_assertion *assertion, const struct lk_peers *peers,
    const char *callee, const char *method, const char *instance, const struct lk_clock *clock,
    const struct lk_known_peer **out_peer, struct lk_error *err);

/*
 * The caller's side: makes assertions and keeps each for 45 s, so that a busy caller signs once a
 * minute for each (callee, method). Thread-safe. `key` is borrowed for the life of the maker.
 */
struct lk_assertion_maker;
lk_status lk_assertion_maker_new(struct lk_assertion_maker **out, const char *name,
    const char *instance, const struct lk_sign_key *key, const struct lk_clock *clock,
    struct lk_error *err);
lk_status lk_assertion_make(struct lk_assertion_maker *maker, const char *callee,
    const char *method, struct lk_assertion *out, struct lk_error *err);
void lk_assertion_maker_free(struct lk_assertion_maker *maker);
LK_DEFINE_FREEP(lk_assertion_maker_freep, struct lk_assertion_maker *, lk_assertion_maker_free)

/* The callee's side: verified assertions are remembered until they expire (bounded, thread-safe),
 * so that the signature is checked once. */
struct lk_assertion_cache;
lk_status lk_assertion_cache_new(
    struct lk_assertion_cache **out, size_t max_entries, struct lk_error *err);
lk_status lk_assertion_cache_verify(struct lk_assertion_cache *cache,
    const struct lk_assertion *assertion, const struct lk_peers *peers, const char *callee,
    const char *method, const char *instance, const struct lk_clock *clock,
    const struct lk_known_peer **out_peer, struct lk_error *err);
void lk_assertion_cache_free(struct lk_assertion_cache *cache);
LK_DEFINE_FREEP(lk_assertion_cache_freep, struct lk_assertion_cache *, lk_assertion_cache_free)

#endif
