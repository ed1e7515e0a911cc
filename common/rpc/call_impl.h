/* What a call is made of, for the files of rpc that move it along; everybody else uses call.h. */
#ifndef LK_RPC_CALL_IMPL_H
#define LK_RPC_CALL_IMPL_H

#include "latchkey/common/v1/frame.pb-c.h"
#include "rpc/call.h"

typedef Latchkey__Common__V1__RequestHeader RequestHeader;
typedef Latchkey__Common__V1__ReplyHeader ReplyHeader;

enum { LK_REQUEST_ID_MAX = 64 };

/* One method as the dispatcher knows it. */
struct lk_endpoint {
	char *name; /* full */
	size_t name_len;
	const struct lk_method *row;
	const ProtobufCMessageDescriptor *request_type, *reply_type;
	void *user;
};

/* The server, as a call sees it. */
struct lk_call_host {
	void (*resume)(struct lk_call *call);
	bool (*is_full)(struct lk_call *call); /* no other call may wait */
	unsigned (*lingerers_max)(const struct lk_call *call);
	void (*time_anew)(struct lk_call *call);
};

struct lk_call {
	/* For the life of the object. */
	struct lk_arena *arena;
	const struct lk_clock *clock;
	const struct lk_call_host *host; /* NULL: no server */

	/* Of one call; lk_call_reset() clears them. */
	const struct lk_endpoint *endpoint;
	const RequestHeader *header; /* never NULL */
	const struct lk_caller *caller;
	const ProtobufCMessage *request;
	ProtobufCMessage *reply;
	struct lk_bytes body;
	struct lk_bytes packed_reply; /* in place of `reply` when its data is not NULL */
	bool reply_sealed;            /* packed_reply is for the holder of the reply key */
	int64_t deadline_steady_ms;
	uint32_t pipe; /* nng's id of the connection; 0: none */
	bool authenticated;
	bool may_block;
	void *kept; /* what the handler goes on with */
	struct lk_error error;
};

void lk_call_reset(struct lk_call *call); /* wipes the arena */

#endif
