/* The caller's side of assertions: one signature for each (callee, method) every 45 seconds. */
#include <stdio.h>
#include <string.h>

#include "auth/assertion.h"
#include "auth/cache.h"
#include "auth/signed_text.h"

enum { KEPT_MS = 45000, KEPT_MAX = 256 };

struct lk_assertion_maker {
	char name[LK_CALLER_NAME_SIZE];
	char instance[LK_INSTANCE_SIZE];
	const struct lk_sign_key *key;
	const struct lk_clock *clock;
	struct lk_auth_cache *made; /* hash of callee and method → struct lk_assertion */
};

lk_status
lk_assertion_maker_new(struct lk_assertion_maker **out, const char *name, const char *instance,
    const struct lk_sign_key *key, const struct lk_clock *clock, struct lk_error *err)
{
	LK_AUTO(lk_assertion_maker_freep)
	struct lk_assertion_maker *maker = LK_ALLOC(struct lk_assertion_maker);

	if (maker == NULL)
		return lk_fail_oom(err);
	if (!lk_text_copy(maker->name, sizeof maker->name, name))
		return lk_fail(err, LK_INVALID_ARGUMENT, "ASSERTION_NAME_INVALID",
		    "the caller's name is too long");
	if (!lk_text_copy(maker->instance, sizeof maker->instance, instance))
		return lk_fail(err, LK_INVALID_ARGUMENT, "ASSERTION_INSTANCE_INVALID",
		    "the installation's id is too long");
	maker->key = key;
	maker->clock = clock;
	LK_TRY(lk_auth_cache_new(&maker->made, KEPT_MAX, err));
	*out = LK_TAKE(maker);
	return LK_OK;
}

void
lk_assertion_maker_free(struct lk_assertion_maker *maker)
{
	if (maker == NULL)
		return;
	lk_auth_cache_free(maker->made);
	lk_free(maker);
}

static lk_status
assertion_fill(const struct lk_assertion_maker *maker, const char *callee, const char *method,
    struct lk_assertion *out, struct lk_error *err)
{
	memset(out, 0, sizeof *out);
	if (!lk_text_copy(out->callee, sizeof out->callee, callee) ||
	    !lk_text_copy(out->method, sizeof out->method, method))
		return lk_fail(err, LK_INVALID_ARGUMENT, "ASSERTION_NAME_INVALID",
		    "the name of the service or method is too long");
	memcpy(out->caller, maker->name, sizeof out->caller);
	memcpy(out->instance, maker->instance, sizeof out->instance);
	return LK_OK;
}

lk_status
lk_assertion_make(struct lk_assertion_maker *maker, const char *callee, const char *method,
    struct lk_assertion *out, struct lk_error *err)
{
	const int64_t now_ms = lk_clock_wall_ms(maker->clock);
	struct lk_assertion fresh;
	struct lk_signed_text name;
	uint8_t hash[LK_DIGEST_LEN];
	size_t len;

	LK_TRY(assertion_fill(maker, callee, method, &fresh, err));
	lk_signed_text_begin(&name, fresh.callee);
	lk_signed_text_add_text(&name, fresh.method);
	lk_auth_cache_hash(maker->made, lk_signed_text_bytes(&name), hash);
	if (lk_auth_cache_get(maker->made, hash, now_ms, out, sizeof *out, &len) &&
	    out->issued_at_ms <= now_ms)
		return LK_OK;
	fresh.issued_at_ms = now_ms;
	fresh.expires_at_ms = now_ms + LK_ASSERTION_TTL_MS;
	lk_assertion_sign(&fresh, maker->key);
	lk_auth_cache_put(maker->made, hash, now_ms + KEPT_MS, lk_bytes(&fresh, sizeof fresh));
	*out = fresh;
	return LK_OK;
}
