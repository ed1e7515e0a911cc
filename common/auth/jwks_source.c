/* The token keys of the installation: asked for when first needed, when a kid is unknown, and every
 * now and then, because a key that was withdrawn tells nobody. */
#include "auth/jwks_source.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "auth/signed_text.h"
#include "base/instant.h"
#include "latchkey/tokens/v1/tokens.pb-c.h"

enum { ASK_PAUSE_MS = 1000, ASK_TIMEOUT_MS = 1000, ANSWER_MAX = 256 * 1024 };

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
	uint64_t doubts; /* an answer asked for before the last one says nothing */
	atomic_uint_least64_t epoch;
	struct lk_jwks *jwks; /* NULL at first */
	struct lk_jwks_about about;
	atomic_int_least64_t heard_steady_ms; /* of the last good answer */
	atomic_bool doubted;                  /* since the last good answer */

	pthread_t poller;
	pthread_cond_t ending;
	bool polling, end, poll_now;
};

/* ---- What tokens signs ---- */

static void
statement_text(
    struct lk_signed_text *text, const char *instance, const struct lk_jwks_statement *statement)
{
	lk_signed_text_begin(text, "latchkey jwks v2");
	lk_signed_text_add_text(text, instance);
	lk_signed_text_add_text(text, statement->service);
	lk_signed_text_add_text(text, statement->jwks);
	lk_signed_text_add_text(text, statement->issuer);
	lk_signed_text_add_text(text, statement->platform_audience);
	lk_signed_text_add_text(text, statement->token_typ);
	lk_signed_text_add_int(text, statement->signed_at_ms);
}

void
lk_jwks_sign(const struct lk_sign_key *key, const char *instance,
    const struct lk_jwks_statement *statement, uint8_t out_signature[LK_SIGNATURE_LEN])
{
	struct lk_signed_text text;

	statement_text(&text, instance, statement);
	lk_sign(key, lk_signed_text_bytes(&text), out_signature);
}

bool
lk_jwks_signature_ok(const uint8_t public_key[32], const char *instance,
    const struct lk_jwks_statement *statement, const uint8_t signature[LK_SIGNATURE_LEN])
{
	struct lk_signed_text text;

	statement_text(&text, instance, statement);
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
		.says = {
			.service = reply->service,
			.jwks = reply->jwks,
			.issuer = reply->issuer,
			.platform_audience = reply->platform_audience,
			.token_typ = reply->token_typ,
			.signed_at_ms = reply->signed_at_ms,
		},
		.signature = lk_bytes(reply->signature.data, reply->signature.len),
	};
	return LK_OK;
}

static bool
is_near(int64_t a_ms, int64_t b_ms)
{
	return a_ms <= b_ms + LK_JWKS_STALE_MS && b_ms <= a_ms + LK_JWKS_STALE_MS;
}

static bool
answer_ok(const struct lk_jwks_source *source, const struct lk_jwks_answer *answer,
    struct lk_jwks_about *out_about)
{
	const struct lk_known_peer *peer = lk_peers_find(source->peers, SIGNER);
	const struct lk_jwks_statement *says = &answer->says;

	return peer != NULL && peer->role == LK_PEER_SERVICE && lk_text_is(says->service, SIGNER) &&
	       lk_text_copy(out_about->issuer, sizeof out_about->issuer, says->issuer) &&
	       lk_token_typ_parse(says->token_typ, &out_about->typ) &&
	       is_near(says->signed_at_ms, lk_clock_wall_ms(source->clock)) &&
	       answer->signature.len == LK_SIGNATURE_LEN &&
	       lk_jwks_signature_ok(
		   peer->public_key, source->instance, says, answer->signature.data);
}

/* Under the lock. Takes `jwks`; answers what it replaced. */
static struct lk_jwks *
keys_replace(struct lk_jwks_source *source, struct lk_jwks *jwks, const struct lk_jwks_about *about)
{
	struct lk_jwks *old = source->jwks;

	if (!lk_jwks_covers(jwks, old) || (old != NULL && source->about.typ != about->typ))
		atomic_fetch_add(&source->epoch, 1);
	source->jwks = jwks;
	source->about = *about;
	atomic_store(&source->heard_steady_ms, lk_clock_steady_ms(source->clock));
	atomic_store(&source->doubted, false);
	return old;
}

/* An answer older than the remembered one is a replay, unless the remembered one is of the future:
 * then a clock was set back. Takes `jwks`. */
static void
answer_keep(struct lk_jwks_source *source, struct lk_jwks *jwks, const struct lk_jwks_about *about,
    int64_t signed_at_ms, uint64_t doubts)
{
	pthread_mutex_lock(&source->lock);
	if (doubts == source->doubts &&
	    (signed_at_ms >= source->signed_at_ms ||
		source->signed_at_ms > lk_clock_wall_ms(source->clock))) {
		jwks = keys_replace(source, jwks, about);
		source->signed_at_ms = signed_at_ms;
	}
	pthread_mutex_unlock(&source->lock);
	lk_jwks_unref(jwks);
}

static void
source_ask(struct lk_jwks_source *source, int64_t deadline_steady_ms, uint64_t doubts)
{
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(ANSWER_MAX);
	struct lk_jwks_answer answer;
	struct lk_jwks_about about;
	struct lk_jwks *jwks;

	if (arena == NULL ||
	    source->ask(source->user, deadline_steady_ms, arena, &answer, NULL) != LK_OK ||
	    !answer_ok(source, &answer, &about) ||
	    lk_jwks_parse(&jwks, answer.says.jwks, strlen(answer.says.jwks), NULL) != LK_OK)
		return; /* whoever waits finds out by looking again */
	answer_keep(source, jwks, &about, answer.says.signed_at_ms, doubts);
}

/* Who is told has nobody to ask, and is told in time. */
bool
lk_jwks_source_is_fresh(struct lk_jwks_source *source)
{
	return source->ask == NULL ||
	       (!atomic_load(&source->doubted) &&
		   lk_clock_steady_ms(source->clock) - atomic_load(&source->heard_steady_ms) <
		       LK_JWKS_STALE_MS);
}

void
lk_jwks_source_doubt(struct lk_jwks_source *source)
{
	if (source->ask == NULL)
		return;
	pthread_mutex_lock(&source->lock);
	source->doubts++;
	source->next_ask_steady_ms = INT64_MIN;
	atomic_store(&source->doubted, true);
	source->poll_now = true;
	pthread_cond_signal(&source->ending);
	pthread_mutex_unlock(&source->lock);
}

/* Under the lock. */
static bool
is_enough(struct lk_jwks_source *source, const char *missing_kid)
{
	return source->jwks != NULL && lk_jwks_source_is_fresh(source) &&
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
	if (source->ask == NULL)
		return;
	source->asking = true;
	const uint64_t doubts = source->doubts;
	pthread_mutex_unlock(&source->lock);
	source_ask(source, deadline_steady_ms, doubts);
	pthread_mutex_lock(&source->lock);
	source->asking = false;
	pthread_cond_broadcast(&source->asked);
}

/* The same for who misses something. Strangers may make up kids: so at most once a second, and the
 * poller's questions do not count, because the kid may be newer than its last one. An answer that
 * was doubted while it was on its way counts for nothing: it is asked for once more. */
static void
source_seek(struct lk_jwks_source *source, const char *missing_kid, int64_t deadline_steady_ms)
{
	const int64_t now_ms = lk_clock_steady_ms(source->clock);

	while (source->asking && !is_enough(source, missing_kid))
		pthread_cond_wait(&source->asked, &source->lock);
	if (is_enough(source, missing_kid) || now_ms < source->next_ask_steady_ms)
		return;
	const uint64_t doubts = source->doubts;
	source->next_ask_steady_ms = now_ms + ASK_PAUSE_MS;
	source_refresh(source, deadline_steady_ms);
	if (source->doubts != doubts && !is_enough(source, missing_kid)) {
		source->next_ask_steady_ms = now_ms + ASK_PAUSE_MS;
		source_refresh(source, deadline_steady_ms);
	}
}

lk_status
lk_jwks_source_get(struct lk_jwks_source *source, const char *missing_kid,
    int64_t deadline_steady_ms, struct lk_jwks **out, struct lk_error *err)
{
	pthread_mutex_lock(&source->lock);
	if (!is_enough(source, missing_kid))
		source_seek(source, missing_kid, deadline_steady_ms);
	struct lk_jwks *jwks = is_enough(source, NULL) ? lk_jwks_ref(source->jwks) : NULL;
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
lk_jwks_source_about(struct lk_jwks_source *source, struct lk_jwks_about *out)
{
	pthread_mutex_lock(&source->lock);
	*out = source->about;
	pthread_mutex_unlock(&source->lock);
}

void
lk_jwks_source_set(
    struct lk_jwks_source *source, struct lk_jwks *jwks, const char *issuer, enum lk_token_typ typ)
{
	struct lk_jwks_about about = { .typ = typ };

	LK_IGNORE(!lk_text_copy(about.issuer, sizeof about.issuer, issuer));
	pthread_mutex_lock(&source->lock);
	struct lk_jwks *old = keys_replace(source, lk_jwks_ref(jwks), &about);
	pthread_mutex_unlock(&source->lock);
	lk_jwks_unref(old);
}

uint64_t
lk_jwks_source_epoch(struct lk_jwks_source *source)
{
	return atomic_load(&source->epoch);
}

/* ---- The poller ---- */

void
lk_jwks_source_refresh(struct lk_jwks_source *source)
{
	pthread_mutex_lock(&source->lock);
	source_refresh(source, INT64_MAX);
	pthread_mutex_unlock(&source->lock);
}

static void *
poll_until_end(void *arg)
{
	struct lk_jwks_source *source = arg;
	struct timespec next;

	pthread_mutex_lock(&source->lock);
	while (!source->end) {
		source->poll_now = false;
		source_refresh(source, INT64_MAX);
		clock_gettime(CLOCK_MONOTONIC, &next);
		next.tv_sec += LK_JWKS_POLL_MS / 1000;
		while (!source->end && !source->poll_now &&
		       pthread_cond_timedwait(&source->ending, &source->lock, &next) == 0)
			continue;
	}
	pthread_mutex_unlock(&source->lock);
	return NULL;
}

lk_status
lk_jwks_source_poll(struct lk_jwks_source *source, struct lk_error *err)
{
	if (source->ask == NULL)
		return LK_OK;
	if (pthread_create(&source->poller, NULL, poll_until_end, source) != 0)
		return lk_fail(err, LK_RESOURCE_EXHAUSTED, "NO_THREAD",
		    "the thread that asks for the keys of tokens could not be started");
	source->polling = true;
	return LK_OK;
}

static void
poller_stop(struct lk_jwks_source *source)
{
	if (!source->polling)
		return;
	pthread_mutex_lock(&source->lock);
	source->end = true;
	pthread_cond_signal(&source->ending);
	pthread_mutex_unlock(&source->lock);
	pthread_join(source->poller, NULL);
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
	lk_cond_init(&source->ending);
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
	poller_stop(source);
	lk_jwks_unref(source->jwks);
	pthread_cond_destroy(&source->ending);
	pthread_cond_destroy(&source->asked);
	pthread_mutex_destroy(&source->lock);
	lk_free(source);
}
