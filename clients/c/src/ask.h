/* One call of the contract: prove who asks, send, wait, and ask again where that cannot do harm. */
#ifndef LATCHKEY_ASK_H
#define LATCHKEY_ASK_H

#include "client.h"

enum who { ANYBODY, IDENTIFIED };

struct method {
	latchkey_service service;
	const char *name;
	const ProtobufCMessageDescriptor *answer;
	enum lk_effect effect;
	enum who who;
};

enum method_symbol {
#define METHOD(symbol, service, name, answer, effect, who) M_##symbol,
#include "methods.def"
#undef METHOD
	METHOD_COUNT
};
extern const struct method methods[METHOD_COUNT];

/* A question. Everything is borrowed. */
struct question {
	enum method_symbol method;
	const ProtobufCMessage *body;
	const latchkey_call *call; /* or NULL */
	const char *request_id;    /* overrides the call's; NULL: none does */
	latchkey_service *service; /* overrides the row's; NULL: it does not */
	int64_t deadline_ms;       /* steady; 0: from the call */
};

/*
 * Ask; the answer lies in the arena, both are yours: LK_AUTO(answer_wipe) struct answer answer = {
 * 0 }. A token refused by the service is made anew, once. A write whose answer was lost is sent
 * again with its idempotency key until the deadline.
 */
struct answer {
	struct lk_arena *arena;
	ProtobufCMessage *message;
};
lk_status ask(latchkey_client *client, const struct question *question, struct answer *out,
    struct lk_error *err);
void answer_wipe(struct answer *answer);

int64_t call_deadline(const latchkey_client *client, const latchkey_call *call);

/*
 * A row of most public functions: ask, and make an object of the part of the answer at `part`
 * (WHOLE: of all of it). The second also takes the secret text at `secret`. Outputs are written
 * together or not at all; `out_object` is a pointer's address, or NULL when it is not wanted.
 */
#define WHOLE SIZE_MAX
lk_status ask_for(latchkey_client *client, enum method_symbol method, const ProtobufCMessage *body,
    const latchkey_call *call, size_t part, void *out_object, struct lk_error *err);
lk_status ask_for_secret(latchkey_client *client, enum method_symbol method,
    const ProtobufCMessage *body, const latchkey_call *call, size_t part, size_t secret,
    void *out_object, latchkey_secret **out_secret, struct lk_error *err);

/* An answer that holds a ticket: `secret` is its text, wiped in the answer, which is taken.
 * INTERNAL REPLY_INCOMPLETE. */
lk_status ticket_take(struct answer *answer, const struct ticket *from, char *secret,
    latchkey_ticket **out_ticket, latchkey_secret **out_secret, struct lk_error *err);

/* Batch forms carry 1 to 64. INVALID_ARGUMENT BATCH_SIZE. */
enum { BATCH_MAX = 64 };
lk_status batch_check(size_t count, struct lk_error *err);

/* A page as it travels. */
#define PAGE_WIRE(page)                                                                            \
	{                                                                                          \
		.base = PROTOBUF_C_MESSAGE_INIT(&latchkey__common__v1__page_request__descriptor),  \
		.size = (page) ? (page)->size : 0,                                                 \
		.cursor = (char *)((page) && (page)->cursor ? (page)->cursor : ""),                \
	}

#endif
