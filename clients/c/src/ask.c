/* The loop around one call; see ask.h. */
#include "ask.h"

#include <string.h>
#include <time.h>

#include "crypto/box.h"
#include "identity.h"

#define METHOD(symbol, service, name, answer, effect, who)                                         \
	{ LATCHKEY_##service, name, &answer##__descriptor, effect, who },
const struct method methods[METHOD_COUNT] = {
#include "methods.def"
};
#undef METHOD

enum {
	ANSWER_CAP = 16 * 1024 * 1024,
	PAUSE_FIRST_MS = 50,
	PAUSE_MOST_MS = 1000,
	IDEMPOTENCY_SIZE = 65
};

/* What stays the same from one try to the next. */
struct tries {
	const struct method *method;
	latchkey_service service;
	struct lk_rpc_request request;
	int64_t deadline_ms;
	bool proven_again; /* a second token was made for this call */
	bool in_doubt;     /* a try was sent and its answer lost: it may have happened */
	uint32_t pause_ms;
	char idempotency_key[IDEMPOTENCY_SIZE];
	struct lk_box_pair replay_pair; /* opens a secret outcome that is answered a second time */
};

static void
tries_wipe(struct tries *tries)
{
	lk_box_pair_wipe(&tries->replay_pair);
}

int64_t
call_deadline(const latchkey_client *client, const latchkey_call *call)
{
	const uint32_t timeout_ms =
	    call && call->timeout_ms ? call->timeout_ms : client->settings.timeout_ms;

	return lk_clock_steady_ms(client->clock) + timeout_ms;
}

void
answer_wipe(struct answer *answer)
{
	if (answer->arena)
		lk_arena_free(answer->arena);
}

/* An outcome that was sealed to an earlier caller's key stays with them. */
static lk_status
replay_open(void *user, struct lk_bytes sealed, struct lk_arena *arena, struct lk_bytes *out_plain,
    struct lk_error *err)
{
	const struct tries *tries = user;

	if (lk_box_open(&tries->replay_pair, sealed, arena, out_plain, err) == LK_OK)
		return LK_OK;
	return lk_fail(err, LK_ALREADY_EXISTS, "ALREADY_CREATED",
	    "an earlier call with this idempotency key made it; its secret is not shown again");
}

/* So that sending it again is no second write: a key, the caller's or a random one. */
static void
write_once_begin(latchkey_client *client, struct tries *tries)
{
	if (!tries->request.idempotency_key) {
		lk_id_make(
		    LK_ID_REQUEST, client->clock, lk_random_system(), tries->idempotency_key);
		tries->request.idempotency_key = tries->idempotency_key;
	}
	lk_box_pair_make(&tries->replay_pair);
	tries->request.reply_public_key =
	    lk_bytes(tries->replay_pair.public_key, sizeof tries->replay_pair.public_key);
	tries->request.open_sealed = replay_open;
	tries->request.open_user = tries;
}

static void
tries_begin(latchkey_client *client, const struct question *question, struct tries *out)
{
	const latchkey_call *call = question->call;

	out->method = &methods[question->method];
	out->service = question->service ? *question->service : out->method->service;
	out->deadline_ms =
	    question->deadline_ms ? question->deadline_ms : call_deadline(client, call);
	out->pause_ms = PAUSE_FIRST_MS;
	out->request = (struct lk_rpc_request){
		.method = out->method->name,
		.body = question->body,
		.effect = out->method->effect,
		.request_id = question->request_id ? question->request_id
			      : call               ? call->request_id
						   : NULL,
		.traceparent = call ? call->traceparent : NULL,
		.idempotency_key = call ? call->idempotency_key : NULL,
	};
	if (out->method->effect == LK_WRITE_ONCE)
		write_once_begin(client, out);
}

/* The service did not get to decide. */
static bool
is_undecided(lk_status status)
{
	return status == LK_UNKNOWN || status == LK_UNAVAILABLE || status == LK_DEADLINE_EXCEEDED ||
	       status == LK_RESOURCE_EXHAUSTED;
}

/* The answer to a write was lost, or the first try of it is still running: its key makes asking
 * again safe. */
static bool
may_ask_again(struct tries *tries, lk_status status)
{
	if (tries->method->effect != LK_WRITE_ONCE)
		return false;
	tries->in_doubt = tries->in_doubt || status == LK_UNKNOWN;
	return status == LK_ABORTED || (tries->in_doubt && is_undecided(status));
}

/* "Nothing was done" is only true of the last try. */
static lk_status
told(const struct tries *tries, lk_status status, struct lk_error *err)
{
	if (!tries->in_doubt || !is_undecided(status))
		return status;
	return lk_fail(err, LK_UNKNOWN, "OUTCOME_UNKNOWN",
	    "the answer was lost: it may or may not have happened");
}

/* False when the deadline comes first. */
static bool
pause_before_next(latchkey_client *client, struct tries *tries)
{
	if (lk_clock_steady_ms(client->clock) + tries->pause_ms >= tries->deadline_ms)
		return false;
	nanosleep(
	    &(struct timespec){ tries->pause_ms / 1000, (long)(tries->pause_ms % 1000) * 1000000 },
	    NULL);
	tries->pause_ms = tries->pause_ms * 2 > PAUSE_MOST_MS ? PAUSE_MOST_MS : tries->pause_ms * 2;
	return true;
}

static lk_status
try_once(latchkey_client *client, struct tries *tries, struct proof *proof, struct lk_arena *arena,
    ProtobufCMessage **out, struct lk_error *err)
{
	struct lk_channel *channel;

	LK_TRY(client_channel(client, tries->service, &channel, err));
	if (tries->method->who == IDENTIFIED)
		LK_TRY(proof_make(client, tries->service, tries->method->name, tries->deadline_ms,
		    arena, proof, err));
	tries->request.authorization = proof->token;
	tries->request.assertion = proof->assertion;
	LK_TRY(time_left(client, tries->deadline_ms, &tries->request.timeout_ms, err));
	return lk_channel_call(channel, &tries->request, tries->method->answer, arena, out, err);
}

lk_status
ask(latchkey_client *client, const struct question *question, struct answer *out,
    struct lk_error *err)
{
	struct lk_error local;
	struct lk_error *said = err ? err : &local; /* reasons decide what comes next */
	LK_AUTO(tries_wipe) struct tries tries = { .pause_ms = 0 };

	tries_begin(client, question, &tries);
	for (;;) {
		LK_AUTO(answer_wipe) struct answer answer = { lk_arena_new(ANSWER_CAP), NULL };
		struct proof proof = { 0 };
		if (!answer.arena)
			return lk_fail_oom(err);
		const lk_status status =
		    try_once(client, &tries, &proof, answer.arena, &answer.message, said);
		if (status == LK_OK) {
			*out = answer;
			answer.arena = NULL;
			return LK_OK;
		}
		if (status == LK_UNAUTHENTICATED && proof.token && !tries.proven_again) {
			proof_refused(client, &proof);
			tries.proven_again = true;
		} else if (!may_ask_again(&tries, status) || !pause_before_next(client, &tries)) {
			return told(&tries, status, err);
		}
	}
}

static void *
part_of(const ProtobufCMessage *message, size_t part)
{
	return part == WHOLE ? (void *)message : *(void *const *)((const char *)message + part);
}

lk_status
ask_for(latchkey_client *client, enum method_symbol method, const ProtobufCMessage *body,
    const latchkey_call *call, size_t part, void *out_object, struct lk_error *err)
{
	LK_AUTO(answer_wipe) struct answer answer = { 0 };

	LK_TRY(ask(client, &(struct question){ .method = method, .body = body, .call = call },
	    &answer, err));
	return out_object
		   ? object_take(&answer.arena, part_of(answer.message, part), out_object, err)
		   : LK_OK;
}

lk_status
ask_for_secret(latchkey_client *client, enum method_symbol method, const ProtobufCMessage *body,
    const latchkey_call *call, size_t part, size_t secret, void *out_object,
    latchkey_secret **out_secret, struct lk_error *err)
{
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	LK_AUTO(secret_freep) latchkey_secret *taken = NULL;

	LK_TRY(ask(client, &(struct question){ .method = method, .body = body, .call = call },
	    &answer, err));
	LK_TRY(secret_take(part_of(answer.message, secret), &taken, err));
	if (out_object)
		LK_TRY(object_take(&answer.arena, part_of(answer.message, part), out_object, err));
	*out_secret = LK_TAKE(taken);
	return LK_OK;
}

lk_status
batch_check(size_t count, struct lk_error *err)
{
	if (count == 0 || count > BATCH_MAX)
		return lk_fail_field(err, "count", "BATCH_SIZE", "1 to %d at once", BATCH_MAX);
	return LK_OK;
}

lk_status
ticket_take(struct answer *answer, const struct ticket *from, char *secret,
    latchkey_ticket **out_ticket, latchkey_secret **out_secret, struct lk_error *err)
{
	struct ticket *ticket = object_new(answer->arena, sizeof *ticket);

	if (!ticket)
		return lk_fail_oom(err);
	if (!from->user)
		return lk_fail(err, LK_INTERNAL, "REPLY_INCOMPLETE",
		    "the service left out a part of its answer");
	LK_TRY(secret_take(secret, out_secret, err));
	*ticket = *from;
	answer->arena = NULL;
	*out_ticket = (latchkey_ticket *)(void *)ticket;
	return LK_OK;
}
