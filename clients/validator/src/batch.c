/*
 * Whoever comes while few messages are under way sends one, with everything that waits; the others
 * wait for it. So a lone question leaves at once, and many that come together fill messages by
 * themselves.
 */
#include "batch.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SENDERS_MAX = 4 };

typedef Latchkey__Tokens__V1__ValidateTokenRequest ValidateTokenRequest;
typedef Latchkey__Tokens__V1__ValidateTokensResponse ValidateTokensResponse;

/* One message's answer, shared by those who asked. */
struct reply {
	atomic_uint references;
	struct lk_arena *arena;
};

struct batch {
	struct batch_config config;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct ask *first, **last;
	unsigned senders;
	atomic_uint_fast64_t messages;
};

lk_status
batch_new(struct batch **out_batch, const struct batch_config *config, struct lk_error *err)
{
	struct batch *batch = LK_ALLOC(struct batch);

	if (!batch)
		return lk_fail_oom(err);
	batch->config = *config;
	batch->last = &batch->first;
	pthread_mutex_init(&batch->lock, NULL);
	pthread_cond_init(&batch->changed, NULL);
	*out_batch = batch;
	return LK_OK;
}

void
batch_free(struct batch *batch)
{
	if (!batch)
		return;
	pthread_cond_destroy(&batch->changed);
	pthread_mutex_destroy(&batch->lock);
	lk_free(batch);
}

static void
reply_unref(struct reply *reply)
{
	if (!reply || atomic_fetch_sub(&reply->references, 1) != 1)
		return;
	lk_arena_free(reply->arena);
	lk_free(reply);
}

/* ---- One message ---- */

static lk_status
message_send(struct batch *batch, struct ask **asks, size_t count, struct reply *reply,
    ValidateTokensResponse **out, struct lk_error *err)
{
	ValidateTokenRequest *requests[BATCH_MESSAGE_MAX];
	const struct batch_config *config = &batch->config;
	const uint64_t number = config->number(config->user);
	const int64_t sent_ms = config->now_ms(config->user);

	for (size_t i = 0; i < count; i++) {
		requests[i] = &asks[i]->request;
		asks[i]->number = number;
		asks[i]->sent_ms = sent_ms;
	}
	atomic_fetch_add(&batch->messages, 1);
	LK_TRY(config->send(config->user, requests, count, asks[0], &reply->arena, out, err));
	if ((*out)->n_responses != count)
		return lk_fail(
		    err, LK_INTERNAL, "REPLY_INCOMPLETE", "the service answered another question");
	return LK_OK;
}

static void
message_exchange(struct batch *batch, struct ask **asks, size_t count)
{
	struct reply *reply = LK_ALLOC(struct reply);
	ValidateTokensResponse *answer = NULL;
	struct lk_error error = { 0 };

	lk_status status =
	    reply ? message_send(batch, asks, count, reply, &answer, &error) : lk_fail_oom(&error);
	if (reply)
		atomic_init(&reply->references, (unsigned)count);
	for (size_t i = 0; i < count; i++) {
		asks[i]->status = status;
		asks[i]->error = error;
		asks[i]->reply = reply;
		asks[i]->answer = status == LK_OK ? answer->responses[i] : NULL;
	}
}

/* ---- Who sends ---- */

/* Under the lock. */
static size_t
take_waiting(struct batch *batch, struct ask *out[BATCH_MESSAGE_MAX])
{
	size_t count = 0;

	while (batch->first && count < BATCH_MESSAGE_MAX) {
		out[count++] = batch->first;
		batch->first = batch->first->next;
	}
	if (!batch->first)
		batch->last = &batch->first;
	return count;
}

/* Under the lock, which is let go while the message is under way. */
static void
send_waiting(struct batch *batch)
{
	struct ask *asks[BATCH_MESSAGE_MAX];
	const size_t count = take_waiting(batch, asks);

	batch->senders++;
	pthread_mutex_unlock(&batch->lock);
	message_exchange(batch, asks, count);
	pthread_mutex_lock(&batch->lock);
	batch->senders--;
	for (size_t i = 0; i < count; i++)
		asks[i]->done = true;
	pthread_cond_broadcast(&batch->changed);
}

lk_status
batch_ask(struct batch *batch, struct ask *ask, struct lk_error *err)
{
	ask->next = NULL;
	ask->done = false;
	ask->reply = NULL;
	pthread_mutex_lock(&batch->lock);
	*batch->last = ask;
	batch->last = &ask->next;
	while (!ask->done) {
		if (batch->first && batch->senders < SENDERS_MAX)
			send_waiting(batch);
		else
			pthread_cond_wait(&batch->changed, &batch->lock);
	}
	pthread_mutex_unlock(&batch->lock);
	if (ask->status != LK_OK && err)
		*err = ask->error;
	return ask->status;
}

void
batch_release(struct ask *ask)
{
	reply_unref(ask->reply);
	ask->reply = NULL;
	ask->answer = NULL;
}

uint64_t
batch_messages(const struct batch *batch)
{
	return atomic_load(&batch->messages);
}
