/* Signing and checking assertions; see assertion.h. */
#include "auth/assertion.h"

#include <string.h>

#include "auth/cache.h"
#include "auth/signed_text.h"

static void
assertion_text(struct lk_signed_text *text, const struct lk_assertion *assertion)
{
	lk_signed_text_begin(text, "latchkey assertion v1");
	lk_signed_text_add_text(text, assertion->caller);
	lk_signed_text_add_text(text, assertion->callee);
	lk_signed_text_add_text(text, assertion->method);
	lk_signed_text_add_text(text, assertion->instance);
	lk_signed_text_add_int(text, assertion->issued_at_ms);
	lk_signed_text_add_int(text, assertion->expires_at_ms);
}

void
lk_assertion_sign(struct lk_assertion *assertion, const struct lk_sign_key *key)
{
	struct lk_signed_text text;

	assertion_text(&text, assertion);
	lk_sign(key, lk_signed_text_bytes(&text), assertion->signature);
}

static lk_status
refused(struct lk_error *err)
{
	return lk_fail(
	    err, LK_UNAUTHENTICATED, "ASSERTION_REFUSED", "the assertion was not accepted");
}

static bool
times_ok(const struct lk_assertion *assertion, int64_t now_ms)
{
	const int64_t issued = assertion->issued_at_ms, expires = assertion->expires_at_ms;

	return issued > 0 && expires > issued && expires - issued <= LK_ASSERTION_TTL_MS &&
	       issued <= now_ms + LK_ASSERTION_SKEW_MS && now_ms < expires + LK_ASSERTION_SKEW_MS;
}

static bool
signature_ok(const struct lk_assertion *assertion, const struct lk_known_peer *peer)
{
	struct lk_signed_text text;

	assertion_text(&text, assertion);
	return lk_sign_verify(peer->public_key, lk_signed_text_bytes(&text),
	    lk_bytes(assertion->signature, sizeof assertion->signature));
}

/* Everything but the signature: cheap, and asked on every call. NULL refuses. */
static const struct lk_known_peer *
claimed_peer(const struct lk_assertion *assertion, const struct lk_peers *peers, const char *callee,
    const char *method, const char *instance, const struct lk_clock *clock)
{
	const bool for_us = lk_text_is(assertion->callee, callee) &&
			    lk_text_is(assertion->method, method) &&
			    lk_text_is(assertion->instance, instance);

	if (!for_us || !times_ok(assertion, lk_clock_wall_ms(clock)))
		return NULL;
	return lk_peers_find(peers, assertion->caller);
}

lk_status
lk_assertion_verify(const struct lk_assertion *assertion, const struct lk_peers *peers,
    const char *callee, const char *method, const char *instance, const struct lk_clock *clock,
    const struct lk_known_peer **out_peer, struct lk_error *err)
{
	const struct lk_known_peer *peer =
	    claimed_peer(assertion, peers, callee, method, instance, clock);

	if (peer == NULL || !signature_ok(assertion, peer))
		return refused(err);
	*out_peer = peer;
	return LK_OK;
}

/* ---- The callee's memory ---- */

struct lk_assertion_cache {
	struct lk_auth_cache
	    *verified; /* hash of all fields, signature and key included → nothing */
};

lk_status
lk_assertion_cache_new(struct lk_assertion_cache **out, size_t max_entries, struct lk_error *err)
{
	LK_AUTO(lk_assertion_cache_freep)
	struct lk_assertion_cache *cache = LK_ALLOC(struct lk_assertion_cache);

	if (cache == NULL)
		return lk_fail_oom(err);
	LK_TRY(lk_auth_cache_new(&cache->verified, max_entries, err));
	*out = LK_TAKE(cache);
	return LK_OK;
}

void
lk_assertion_cache_free(struct lk_assertion_cache *cache)
{
	if (cache == NULL)
		return;
	lk_auth_cache_free(cache->verified);
	lk_free(cache);
}

lk_status
lk_assertion_cache_verify(struct lk_assertion_cache *cache, const struct lk_assertion *assertion,
    const struct lk_peers *peers, const char *callee, const char *method, const char *instance,
    const struct lk_clock *clock, const struct lk_known_peer **out_peer, struct lk_error *err)
{
	struct lk_signed_text text;
	uint8_t hash[LK_DIGEST_LEN];
	size_t ignored;

	const struct lk_known_peer *peer =
	    claimed_peer(assertion, peers, callee, method, instance, clock);
	if (peer == NULL)
		return refused(err);
	assertion_text(&text, assertion);
	lk_signed_text_add(&text, lk_bytes(assertion->signature, sizeof assertion->signature));
	lk_signed_text_add(&text, lk_bytes(peer->public_key, sizeof peer->public_key));
	lk_auth_cache_hash(cache->verified, lk_signed_text_bytes(&text), hash);
	if (!lk_auth_cache_get(cache->verified, hash, lk_clock_wall_ms(clock), NULL, 0, &ignored)) {
		if (!signature_ok(assertion, peer))
			return refused(err);
		lk_auth_cache_put(cache->verified, hash,
		    assertion->expires_at_ms + LK_ASSERTION_SKEW_MS, lk_bytes(NULL, 0));
	}
	*out_peer = peer;
	return LK_OK;
}
