/* Questions to the service: those that wait at the same time travel in one message. */
#ifndef LATCHKEY_VALIDATOR_BATCH_H
#define LATCHKEY_VALIDATOR_BATCH_H

#include "base/base.h"
#include "latchkey/tokens/v1/tokens.pb-c.h"

enum { BATCH_MESSAGE_MAX = 64 };

/* One caller's question; on the caller's stack. */
struct ask {
	Latchkey__Tokens__V1__ValidateTokenRequest request;
	const char *request_id, *traceparent; /* of what it is asked for; NULL: none */
	/* The answer, or why there is none; `answer` lives until `release`. */
	lk_status status;
	struct lk_error error;
	const Latchkey__Tokens__V1__ValidateTokenResponse *answer;
	struct reply *reply;
	uint64_t number; /* of the change log, before the message was sent */
	int64_t sent_ms; /* CLOCK_BOOTTIME, likewise */

	struct ask *next;
	bool done;
};

/* Sends `count` requests in one message, under the ids of the `first` of them, and fills their
 * answers; on one of the callers' threads. */
struct batch_config {
	void *user;
	lk_status (*send)(void *user, Latchkey__Tokens__V1__ValidateTokenRequest **requests,
	    size_t count, const struct ask *first, struct lk_arena **out_arena,
	    Latchkey__Tokens__V1__ValidateTokensResponse **out_answer, struct lk_error *err);
	uint64_t (*number)(void *user);
	int64_t (*now_ms)(void *user);
};

struct batch;

lk_status batch_new(
    struct batch **out_batch, const struct batch_config *config, struct lk_error *err);
void batch_free(struct batch *batch);

/* Waits for the answer. Whatever it returns, batch_release() afterwards. */
lk_status batch_ask(struct batch *batch, struct ask *ask, struct lk_error *err);
void batch_release(struct ask *ask);

uint64_t batch_messages(const struct batch *batch);

#endif
