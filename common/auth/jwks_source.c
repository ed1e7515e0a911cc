/* The token keys of the installation: asked for when first needed and when a kid is unknown. */
#include "auth/jwks_source.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "auth/signed_text.h"
#include "latchkey/tokens/v1/tokens.pb-c.h"

enum { ASK_PAUSE_MS = 1000, ASK_TIMEOUT_MS = 2000, ANSWER_MAX = 256 * 1024 };

static const char METHOD[] = "latchkey.tokens.v1.TokenService/GetJwks";
static const char SIGNER[] = "tokens";

struct lk_jwks_source {
	lk_jwks_ask_fn *ask; /* NULL: this process is told by lk_jwks_source_set */
	void *user;
	const struct lk_peers *peers;
	const struct lk_clock *clock;
	char instance[LK_INSTANCE_SIZE];

	pthread_mutex_t lock;
	pthread_cond_t asked; /* somebody's question was answered, well or not */
	bool asking;
	int64_t next_ask_steady_ms, signed_at_ms;
	atomic_uint_least64_t epoch;
	struct lk_jwks *jwks; /* NULL at first */
	char issuer[LK_URI_SIZE];
};

/* ---- What tokens signs ---- */

static void
answer_text(struct lk_signed_text *text, const char *instance, const char *service,
    const char *jwks, const char *issuer, const char *platform_audience, int64_t signed_at_ms)
{
	lk_signed_text_begin(text, "latchkey jwks v1");
	lk_signed_text_add_text(text, instance);
	lk_signed_text_add_text(text, service);
	lk_signed_text_add_text(text, jwks);
	lk_signed_text_add_text(text, issuer);
	lk_signed_text_add_text(text, platform_audience);
	lk_signed_text_add_int(text, signed_at_ms);
}

void
lk_jwks_sign(const struct lk_sign_key *key, const char *instance, const char *service,
    const char *jwks, const char *issuer, const char *platform_audience, int64_t signed_at_ms,
    uint8_t out_signature[64])
{
	struct lk_signed_text text;

	answer_text(&text, instance, service, jwks, issuer, platform_audience, signed_at_ms);
	lk_sign(key, lk_signed_text_bytes(&text), out_signature);
}

bool
lk_jwks_signature_ok(const uint8_t public_key[32], const char *instance, const char *service,
    const char *jwks, const char *issuer, const char *platform_audience, int64_t signed_at_ms,
    const uint8_t signature[64])
{
	struct lk_signed_text text;

	answer_text(&text, instance, service, jwks, issuer, platform_audience, signed_at_ms);
	return !text.failed && lk_sign_verify(public_key, lk_signed_text_bytes(&text),
				   lk_bytes(signature, LK_SIGNATURE_LEN));
}

/* ---- Asking ---- */

static lk_status
unavailable(struct lk_error *err)
{
	return lk_fail(
	    err, LK_UNAVAILABLE, "JWKS_UNAVAILABLE", "the keys of tokens cannot be had right now");
}

/* `user` is the channel to tokens. */
static lk_status
ask_by_rpc(void *user, int64_t deadline_steady_ms, struct lk_arena *arena,
    struct lk_jwks_answer *out, struct lk_error *err)
{
	Latchkey__Tokens__V1__GetJwksRequest body = LATCHKEY__TOKENS__V1__GET_JWKS_REQUEST__INIT;
	const Latchkey__Tokens__V1__GetJwksResponse *reply;
	ProtobufCMessage *message;

	(void)deadline_steady_ms; /* others wait for this answer, too: it has a time of its own */
	const struct lk_rpc_request request = {
		.method = METHOD,
		.body = &body.base,
		.effect = LK_READ,
		.timeout_ms = ASK_TIMEOUT_MS,
	};
	LK_TRY(lk_channel_call(user, &request, &latchkey__tokens__v1__get_jwks_response__descriptor,
	    arena, &message, err));
	reply = (const void *)message;
	*out = (struct lk_jwks_answer){
		.jwks = reply->jwks,
		.service = reply->service,
		.issuer = reply->issuer,
		.platform_audience = reply->platform_audience,
		.signed_at_ms = reply->signed_at_ms,
		.signature = lk_bytes(reply->signature.data, reply->signature.len),
	};
	return LK_OK;
}

static bool
answer_ok(const struct lk_jwks_source *source, const struct lk_jwks_answer *answer)
{
	const struct lk_known_peer *peer = lk_peers_find(source->peers, SIGNER);

	return peer != NULL && peer->role == LK_PEER_SERVICE &&
	       lk_text_is(answer->service, SIGNER) && strlen(answer->issuer) < LK_URI_SIZE &&
	       answer->signature.len == LK_SIGNATURE_LEN &&
	       lk_jwks_signature_ok(peer->public_key, source->instance, answer->service,
		   answer->jwks, answer->issuer, answer->platform_audience, answer->signed_at_ms,
		   answer->signature.data);
}

/* Keep what a good answer says; an older one than the remembered is a replay. Takes `jwks`. */
static void
answer_keep(
    struct lk_jwks_source *source, struct lk_jwks *jwks, const char *issuer, int64_t signed_at_ms)
{
	pthread_mutex_lock(&source->lock);
	if (signed_at_ms >= source->signed_at_ms) {
		struct lk_jwks *old = source->jwks;
		if (!lk_jwks_covers(jwks, old))
			atomic_fetch_add(&source->epoch, 1);
		source->jwks = jwks;
		source->signed_at_ms = signed_at_ms;
		LK_IGNORE(!lk_text_copy(source->issuer, sizeof source->issuer, issuer));
		jwks = old;
	}
	pthread_mutex_unlock(&source->lock);
	lk_jwks_unref(jwks);
}

static void
source_ask(struct lk_jwks_source *source, int64_t deadline_steady_ms)
{
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(ANSWER_MAX);
	struct lk_jwks_answer answer;
	struct lk_jwks *jwks;

	if (arena == NULL ||
	    source->ask(source->user, deadline_steady_ms, arena, &answer, NULL) != LK_OK ||
	    !answer_ok(source, &answer) ||
	    lk_jwks_parse(&jwks, answer.jwks, strlen(answer.jwks), NULL) != LK_OK)
		return; /* whoever waits finds out by looking again */
	answer_keep(source, jwks, answer.issuer, answer.signed_at_ms);
}

/* Under the lock. */
static bool
is_enough(const struct lk_jwks_source *source, const char *missing_kid)
{
	return source->jwks != NULL &&
	       (missing_kid == NULL || lk_jwks_find(source->jwks, missing_kid) != NULL);
}

/* Under the lock, which is let go while asking. One thread asks, the others wait for its answer. */
static void
source_refresh(struct lk_jwks_source *source, int64_t deadline_steady_ms)
{
	if (source->asking) {
		while (source->asking)
			pthread_cond_wait(&source->asked, &source->lock);
		return;
	}
	const int64_t now_ms = lk_clock_steady_ms(source->clock);
	if (source->ask == NULL || now_ms < source->next_ask_steady_ms)
		return;
	source->asking = true;
	source->next_ask_steady_ms = now_ms + ASK_PAUSE_MS;
	pthread_mutex_unlock(&source->lock);
	source_ask(source, deadline_steady_ms);
	pthread_mutex_lock(&source->lock);
	source->asking = false;
	pthread_cond_broadcast(&source->asked);
}

lk_status
lk_jwks_source_get(struct lk_jwks_source *source, const char *missing_kid,
    int64_t deadline_steady_ms, struct lk_jwks **out, struct lk_error *err)
{
	pthread_mutex_lock(&source->lock);
	if (!is_enough(source, missing_kid))
		source_refresh(source, deadline_steady_ms);
	struct lk_jwks *jwks = source->jwks == NULL ? NULL : lk_jwks_ref(source->jwks);
	pthread_mutex_unlock(&source->lock);
	if (jwks == NULL)
		return unavailable(err);
	*out = jwks;
	return LK_OK;
}

struct lk_jwks *
lk_jwks_source_peek(struct lk_jwks_source *source)
{
	pthread_mutex_lock(&source->lock);
	struct lk_jwks *jwks = source->jwks == NULL ? NULL : lk_jwks_ref(source->jwks);
	pthread_mutex_unlock(&source->lock);
	return jwks;
}

void
lk_jwks_source_issuer(struct lk_jwks_source *source, char out[LK_URI_SIZE])
{
	pthread_mutex_lock(&source->lock);
	memcpy(out, source->issuer, LK_URI_SIZE);
	pthread_mutex_unlock(&source->lock);
}

void
lk_jwks_source_set(struct lk_jwks_source *source, struct lk_jwks *jwks, const char *issuer)
{
	answer_keep(source, lk_jwks_ref(jwks), issuer, lk_clock_wall_ms(source->clock));
}

uint64_t
lk_jwks_source_epoch(struct lk_jwks_source *source)
{
	return atomic_load(&source->epoch);
}

/* ---- Life ---- */

lk_status
lk_jwks_source_new_with(struct lk_jwks_source **out, lk_jwks_ask_fn *ask, void *user,
    const struct lk_peers *peers, const char *instance, const struct lk_clock *clock,
    struct lk_error *err)
{
	LK_AUTO(lk_jwks_source_freep)
	struct lk_jwks_source *source = LK_ALLOC(struct lk_jwks_source);

	if (source == NULL)
		return lk_fail_oom(err);
	pthread_mutex_init(&source->lock, NULL);
	pthread_cond_init(&source->asked, NULL);
	source->ask = ask;
	source->user = user;
	source->peers = peers;
	source->clock = clock;
	source->next_ask_steady_ms = INT64_MIN;
	if (!lk_text_copy(source->instance, sizeof source->instance, instance))
		return lk_fail(err, LK_INVALID_ARGUMENT, "ASSERTION_INSTANCE_INVALID",
		    "the installation's id is too long");
	*out = LK_TAKE(source);
	return LK_OK;
}

lk_status
lk_jwks_source_new(struct lk_jwks_source **out, struct lk_channel *tokens,
    const struct lk_peers *peers, const char *instance, const struct lk_clock *clock,
    struct lk_error *err)
{
	return lk_jwks_source_new_with(
	    out, tokens == NULL ? NULL : ask_by_rpc, tokens, peers, instance, clock, err);
}

void
lk_jwks_source_free(struct lk_jwks_source *source)
{
	if (source == NULL)
		return;
	lk_jwks_unref(source->jwks);
	pthread_cond_destroy(&source->asked);
	pthread_mutex_destroy(&source->lock);
	lk_free(source);
}
