/* From a request's header to a caller. Every credential that is shown must be good; the row of the
 * method decides which of the two says who calls. */
#include "auth/authenticator.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "auth/cache.h"
#include "latchkey/common/v1/frame.pb-c.h"

enum { TOKENS_KEPT = 8192, ASSERTIONS_KEPT = 4096 };

typedef Latchkey__Common__V1__RequestHeader RequestHeader;
typedef Latchkey__Common__V1__Assertion AssertionMsg;

/* Services ask these of each other; everything else they do is on a LK_PERM_SERVICE row. Nobody but
 * tokens is shown keys: from any other service the question would be an oracle for guesses. */
static const lk_permissions SERVICE_PERMISSIONS = (lk_permissions)1 << LK_PERM_FEED_READ;
static const lk_permissions TOKENS_PERMISSIONS = (lk_permissions)1 << LK_PERM_KEYS_VERIFY;
static const char TOKENS[] = "tokens";
/* What somebody shows a gateway it asks about, and it hears what to forget of the answers. */
static const lk_permissions GATEWAY_PERMISSIONS =
    (lk_permissions)1 << LK_PERM_FEED_READ | (lk_permissions)1 << LK_PERM_TOKENS_VALIDATE;

struct lk_auth {
	struct lk_auth_config config;
	char audience[LK_URI_SIZE];   /* "latchkey:<instance>" */
	struct lk_auth_cache *tokens; /* keyed hash of the text → struct kept */
	struct lk_assertion_cache *assertions;
};

static lk_status
token_refused(struct lk_error *err)
{
	return lk_fail(err, LK_UNAUTHENTICATED, "TOKEN_REFUSED", "the token was not accepted");
}

/* ---- Assertions ---- */

static bool
assertion_from_wire(const AssertionMsg *wire, struct lk_assertion *out)
{
	memset(out, 0, sizeof *out);
	if (wire->signature.len != sizeof out->signature ||
	    !lk_text_copy(out->caller, sizeof out->caller, wire->caller) ||
	    !lk_text_copy(out->callee, sizeof out->callee, wire->callee) ||
	    !lk_text_copy(out->method, sizeof out->method, wire->method) ||
	    !lk_text_copy(out->instance, sizeof out->instance, wire->instance))
		return false;
	out->issued_at_ms = wire->issued_at_ms;
	out->expires_at_ms = wire->expires_at_ms;
	memcpy(out->signature, wire->signature.data, sizeof out->signature);
	return true;
}

static lk_permissions
peer_permissions(const struct lk_known_peer *peer)
{
	if (peer->role == LK_PEER_OPERATOR)
		return LK_PERMISSIONS_ALL;
	if (peer->role == LK_PEER_GATEWAY)
		return GATEWAY_PERMISSIONS;
	return lk_text_is(peer->name, TOKENS) ? SERVICE_PERMISSIONS | TOKENS_PERMISSIONS
					      : SERVICE_PERMISSIONS;
}

static void
caller_from_peer(const struct lk_known_peer *peer, struct lk_caller *out)
{
	static const enum lk_caller_kind kinds[] = { [LK_PEER_OPERATOR] = LK_CALLER_OPERATOR,
		[LK_PEER_SERVICE] = LK_CALLER_SERVICE,
		[LK_PEER_GATEWAY] = LK_CALLER_GATEWAY };

	out->kind = kinds[peer->role];
	memcpy(out->id, peer->name, sizeof out->id);
	out->permissions = peer_permissions(peer);
	out->all_tenants = true;
	out->all_workgroups = true;
}

static lk_status
assertion_authenticate(struct lk_auth *auth, struct lk_call *call, const AssertionMsg *wire,
    struct lk_caller *out, struct lk_error *err)
{
	const struct lk_auth_config *config = &auth->config;
	const struct lk_known_peer *peer;
	struct lk_assertion assertion;

	if (!assertion_from_wire(wire, &assertion))
		return lk_fail(
		    err, LK_UNAUTHENTICATED, "ASSERTION_REFUSED", "the assertion was not accepted");
	LK_TRY(lk_assertion_cache_verify(auth->assertions, &assertion, config->peers,
	    config->service, lk_call_method(call), config->instance, config->clock, &peer, err));
	caller_from_peer(peer, out);
	return LK_OK;
}

/* ---- Tokens: what they state ---- */

/* A verified token as it is kept. Claims come last and are cut after the last workgroup. */
struct kept {
	uint64_t epoch; /* of the key set it was verified with */
	struct lk_claims claims;
};

static size_t
kept_size(const struct kept *kept)
{
	return offsetof(struct kept, claims.workgroups) +
	       kept->claims.workgroups_count * sizeof kept->claims.workgroups[0];
}

static lk_status
verify_with(struct lk_auth *auth, struct lk_bytes token, const struct lk_jwks *jwks,
    struct lk_claims *out, struct lk_error *err)
{
	struct lk_jwks_about about;

	lk_jwks_source_about(auth->config.jwks, &about);
	const struct lk_token_rules rules = { about.issuer, auth->audience, about.typ,
		auth->config.clock };
	return lk_token_verify((const char *)token.data, token.len, jwks, &rules, out, err);
}

/* With the keys that are known; when the token names another key, once more with newer ones. */
static lk_status
verify_fresh(struct lk_auth *auth, struct lk_call *call, struct lk_bytes token,
    struct lk_claims *out, struct lk_error *err)
{
	LK_AUTO(lk_jwks_unrefp) struct lk_jwks *known = NULL;
	LK_AUTO(lk_jwks_unrefp) struct lk_jwks *newer = NULL;
	struct lk_error why = { 0 };
	char kid[LK_KID_SIZE];

	LK_TRY(lk_jwks_source_get(
	    auth->config.jwks, NULL, lk_call_deadline_steady_ms(call), &known, err));
	if (verify_with(auth, token, known, out, &why) == LK_OK)
		return LK_OK;
	if (!lk_text_is(why.reason, "TOKEN_KID_UNKNOWN") ||
	    !lk_token_kid((const char *)token.data, token.len, kid))
		return token_refused(err);
	LK_TRY(lk_jwks_source_get(
	    auth->config.jwks, kid, lk_call_deadline_steady_ms(call), &newer, err));
	if (verify_with(auth, token, newer, out, &why) != LK_OK)
		return token_refused(err);
	return LK_OK;
}

/* A verified token stays verified until it expires or a key is withdrawn. */
static lk_status
token_claims(struct lk_auth *auth, struct lk_call *call, struct lk_bytes token, bool may_block,
    struct kept *out, struct lk_error *err)
{
	const int64_t now_ms = lk_clock_wall_ms(auth->config.clock);
	const uint64_t epoch = lk_jwks_source_epoch(auth->config.jwks);
	uint8_t hash[LK_DIGEST_LEN];
	size_t len;

	if (token.len > LK_TOKEN_MAX)
		return token_refused(err);
	lk_auth_cache_hash(auth->tokens, token, hash);
	if (lk_auth_cache_get(auth->tokens, hash, now_ms, out, sizeof *out, &len) &&
	    out->epoch == epoch && lk_jwks_source_is_fresh(auth->config.jwks) &&
	    now_ms >= out->claims.not_before_s * 1000)
		return LK_OK;
	if (!may_block) /* a signature costs a hundred microseconds, and the keys may be missing */
		return lk_call_defer(call);
	LK_TRY(verify_fresh(auth, call, token, &out->claims, err));
	out->epoch = epoch;
	lk_auth_cache_put(
	    auth->tokens, hash, out->claims.expires_at_s * 1000, lk_bytes(out, kept_size(out)));
	return LK_OK;
}

/* ---- Tokens: what holds of it now ---- */

static bool
standing_fits(
    const struct lk_auth *auth, const struct lk_claims *claims, const struct lk_standing *standing)
{
	const int64_t now_ms = lk_clock_wall_ms(auth->config.clock);

	return standing->active && lk_text_is(standing->caller.id, claims->subject) &&
	       lk_text_is(standing->caller.tenant, claims->tenant) &&
	       (standing->expires_at_ms == 0 || now_ms < standing->expires_at_ms) &&
	       claims->tenant_generation >= standing->tenant_generation &&
	       claims->user_generation >= standing->user_generation &&
	       claims->key_generation >= standing->key_generation &&
	       claims->session_generation >= standing->session_generation;
}

static const char *
claims_workgroup(const struct lk_claims *claims, const char *id)
{
	for (size_t i = 0; i < claims->workgroups_count; i++) {
		if (lk_text_is(claims->workgroups[i], id))
			return claims->workgroups[i];
	}
	return NULL;
}

/* Neither wider than the token nor than what holds now. */
static lk_status
workgroups_narrow(const struct lk_claims *claims, struct lk_arena *arena, struct lk_caller *caller,
    struct lk_error *err)
{
	const size_t most =
	    caller->all_workgroups ? claims->workgroups_count : caller->workgroups_count;
	size_t count = 0;

	if (claims->all_workgroups)
		return LK_OK;
	const char **both = lk_arena_array(arena, most, sizeof *both);
	if (both == NULL)
		return lk_fail_oom(err);
	for (size_t i = 0; i < most; i++) {
		const char *id =
		    caller->all_workgroups ? claims->workgroups[i] : caller->workgroups[i];
		if (claims_workgroup(claims, id) == NULL)
			continue;
		both[count] = lk_arena_text(arena, id);
		if (both[count++] == NULL)
			return lk_fail_oom(err);
	}
	caller->all_workgroups = false;
	caller->workgroups = both;
	caller->workgroups_count = count;
	return LK_OK;
}

static lk_status
standing_ask(struct lk_auth *auth, struct lk_call *call, const struct lk_claims *claims,
    bool may_block, struct lk_standing *out, struct lk_error *err)
{
	const struct lk_standing_source *source = &auth->config.standing;
	const lk_status status =
	    source->get(source->user, claims->subject, claims->key, claims->session, may_block,
		lk_call_deadline_steady_ms(call), lk_call_arena(call), out, err);

	return status == LK_ABORTED && !may_block ? lk_call_defer(call) : status;
}

static lk_status
revocation_ask(struct lk_auth *auth, struct lk_call *call, const struct lk_claims *claims,
    bool may_block, struct lk_error *err)
{
	const struct lk_revocation_source *source = &auth->config.revocations;
	bool revoked = false;

	if (source->get == NULL)
		return LK_OK;
	const lk_status status = source->get(source->user, claims->token, may_block,
	    lk_call_deadline_steady_ms(call), &revoked, err);
	if (status == LK_ABORTED && !may_block)
		return lk_call_defer(call);
	LK_TRY(status);
	return revoked ? token_refused(err) : LK_OK;
}

static lk_status
token_authenticate(struct lk_auth *auth, struct lk_call *call, const char *token, bool may_block,
    struct lk_caller *out, struct lk_error *err)
{
	struct lk_standing standing = { 0 };
	struct kept token_kept;
	const struct lk_claims *claims = &token_kept.claims;

	LK_TRY(token_claims(auth, call, lk_bytes_of(token), may_block, &token_kept, err));
	if (claims->actor.subject[0] !=
	    '\0') /* made for the platform; nobody signs in for others */
		return token_refused(err);
	LK_TRY(revocation_ask(auth, call, claims, may_block, err));
	LK_TRY(standing_ask(auth, call, claims, may_block, &standing, err));
	if (!standing_fits(auth, claims, &standing))
		return token_refused(err);
	*out = standing.caller;
	memcpy(out->key, claims->key, sizeof out->key);
	memcpy(out->session, claims->session, sizeof out->session);
	memcpy(out->token, claims->token, sizeof out->token);
	out->permissions &= claims->scope;
	return workgroups_narrow(claims, lk_call_arena(call), out, err);
}

/* ---- The two functions rpc asks ---- */

static bool
needs_assertion(int permission)
{
	return permission == LK_PERM_SERVICE || permission == LK_PERM_OPERATOR;
}

/* Both shown: both are checked. A row for services or operators takes the assertion's caller, any
 * other the token's. */
static lk_status
credentials_check(struct lk_auth *auth, struct lk_call *call, const RequestHeader *header,
    int permission, bool may_block, struct lk_caller *out, struct lk_error *err)
{
	const bool token = header->authorization[0] != '\0', assertion = header->assertion != NULL;
	struct lk_caller by_assertion = { 0 }, by_token = { 0 };

	if (assertion)
		LK_TRY(assertion_authenticate(auth, call, header->assertion, &by_assertion, err));
	if (token)
		LK_TRY(token_authenticate(
		    auth, call, header->authorization, may_block, &by_token, err));
	if (assertion && (!token || needs_assertion(permission)))
		*out = by_assertion;
	else if (token)
		*out = by_token;
	return LK_OK;
}

static lk_status
authenticate(void *user, struct lk_call *call, const RequestHeader *header, bool may_block,
    const struct lk_caller **out_caller, struct lk_error *err)
{
	const struct lk_method *row = lk_call_row(call);
	const int permission = row == NULL ? LK_PERM_CALLER : row->permission;
	struct lk_caller *caller = LK_ARENA_NEW(lk_call_arena(call), struct lk_caller);

	if (caller == NULL)
		return lk_fail_oom(err);
	caller->kind = LK_CALLER_ANONYMOUS;
	if (permission != LK_PERM_PUBLIC)
		LK_TRY(credentials_check(user, call, header, permission, may_block, caller, err));
	*out_caller = caller;
	return LK_OK;
}

static lk_status
authorize(void *user, struct lk_call *call, const struct lk_caller *caller, int permission,
    struct lk_error *err)
{
	(void)user;
	(void)call;
	if (permission == LK_PERM_PUBLIC)
		return LK_OK;
	if (caller == NULL || caller->kind == LK_CALLER_ANONYMOUS)
		return lk_fail(err, LK_UNAUTHENTICATED, "CREDENTIALS_MISSING",
		    "this needs an access token or an assertion");
	if (permission == LK_PERM_REPORTER)
		return LK_OK;
	if (permission == LK_PERM_CALLER)
		return caller->kind != LK_CALLER_GATEWAY
			   ? LK_OK
			   : lk_fail(err, LK_PERMISSION_DENIED, "NOT_FOR_GATEWAYS",
				 "a gateway asks this as its caller only");
	if (permission == LK_PERM_SERVICE)
		return caller->kind == LK_CALLER_SERVICE
			   ? LK_OK
			   : lk_fail(err, LK_PERMISSION_DENIED, "SERVICES_ONLY",
				 "only services of this installation may ask this");
	if (permission == LK_PERM_OPERATOR)
		return caller->kind == LK_CALLER_OPERATOR
			   ? LK_OK
			   : lk_fail(err, LK_PERMISSION_DENIED, "OPERATORS_ONLY",
				 "only operators may do this");
	return lk_caller_require(caller, (enum lk_permission)permission, err);
}

/* ---- Life ---- */

lk_status
lk_auth_new(struct lk_auth **out, const struct lk_auth_config *config, struct lk_error *err)
{
	LK_AUTO(lk_auth_freep) struct lk_auth *auth = LK_ALLOC(struct lk_auth);

	if (auth == NULL)
		return lk_fail_oom(err);
	auth->config = *config;
	if (snprintf(auth->audience, sizeof auth->audience, "latchkey:%s", config->instance) >=
	    (int)sizeof auth->audience)
		return lk_fail(err, LK_INVALID_ARGUMENT, "ASSERTION_INSTANCE_INVALID",
		    "the installation's id is too long");
	LK_TRY(lk_auth_cache_new(&auth->tokens, TOKENS_KEPT, err));
	LK_TRY(lk_assertion_cache_new(&auth->assertions, ASSERTIONS_KEPT, err));
	*out = LK_TAKE(auth);
	return LK_OK;
}

void
lk_auth_free(struct lk_auth *auth)
{
	if (auth == NULL)
		return;
	lk_auth_cache_free(auth->tokens);
	lk_assertion_cache_free(auth->assertions);
	lk_free(auth);
}

struct lk_authenticator
lk_auth_authenticator(struct lk_auth *auth)
{
	return (struct lk_authenticator){ auth, authenticate, authorize };
}
