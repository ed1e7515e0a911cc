/* The table of methods: one row per rpc of a .proto service block, written in a methods.def,
 * checked at start-up. */
#ifndef LK_RPC_METHOD_H
#define LK_RPC_METHOD_H

#include <protobuf-c/protobuf-c.h>

#include "base/base.h"

struct lk_call;

enum lk_effect {
	LK_READ,       /* may be asked again at will */
	LK_WRITE_ONCE, /* never sent a second time by itself */
};

enum lk_where {
	LK_INLINE, /* in nng's callback: under about 10 µs and never blocking (see lk_call_defer) */
	LK_WORKER, /* on a worker thread: may block */
};

/*
 * A handler. `req` is decoded and checked; `rep` is an initialised reply to be filled from
 * lk_call_arena(). On failure fill lk_call_error() and return its status: the reply is then header
 * only. Runs on any thread, many at a time.
 */
typedef lk_status (*lk_method_fn)(
    struct lk_call *call, const ProtobufCMessage *req, ProtobufCMessage *rep);

struct lk_method {
	const char *rpc; /* as in the service block: "CreateKey" */
	lk_method_fn invoke;
	size_t req_size,
	    rep_size;   /* sizeof the generated structs: checked against the descriptor */
	int permission; /* a value of auth/permission.h; carried to the authenticator unread */
	enum lk_effect effect;
	enum lk_where where;
	uint32_t max_request; /* bytes of the body; above it INVALID_ARGUMENT */
};

struct lk_method_table {
	const ProtobufCServiceDescriptor *service;
	const struct lk_method *methods;
	size_t count;
};

/*
 * FAILED_PRECONDITION METHOD_TABLE_INVALID, with a message naming the rpc, unless every rpc of the
 * descriptor has exactly one row, no row stands for anything else, sizes are those of the
 * descriptor's messages, every row has a handler and a max_request in 1..LK_FRAME_MESSAGE_MAX, and
 * no message type is recursive.
 */
lk_status lk_method_table_check(const struct lk_method_table *table, struct lk_error *err);

/*
 * A row of methods.def is
 *     LK_METHOD(CreateKey, keys_create, CreateKeyRequest, CreateKeyResponse, PERMISSION,
 * LK_WRITE_ONCE, LK_WORKER, 8192) and service.c makes of it one typed thunk per row (a cast of
 * data, never of a function), then the table: #define LK_METHOD LK_METHOD_THUNK #include
 * "methods.def" #undef LK_METHOD static const struct lk_method keys_methods[] = { #define LK_METHOD
 * LK_METHOD_ROW #include "methods.def" #undef LK_METHOD
 *     };
 */
#define LK_METHOD_THUNK(rpc, fn, Req, Rep, permission, effect, where, max_request)                 \
	static lk_status fn##_invoke(                                                              \
	    struct lk_call *call, const ProtobufCMessage *req, ProtobufCMessage *rep)              \
	{                                                                                          \
		return fn(call, (const Req *)(const void *)req, (Rep *)(void *)rep);               \
	}
#define LK_METHOD_ROW(rpc, fn, Req, Rep, permission, effect, where, max_request)                   \
	{ #rpc, fn##_invoke, sizeof(Req), sizeof(Rep), permission, effect, where, max_request },

/* After the table: no build where an rpc of the block has no row. `Service` is the struct that
 * protobuf-c makes of the block: a function pointer for each rpc. */
#define LK_METHODS_COMPLETE(Service, rows)                                                         \
	_Static_assert(sizeof(Service) ==                                                          \
			   sizeof(ProtobufCService) + LK_ARRAY_LEN(rows) * sizeof(void (*)(void)), \
	    "every rpc of " #Service " has a row in its methods.def, and no other has")

#endif
