/* The handlers, one for each row of methods.def. */
#ifndef LK_TOKENS_HANDLERS_H
#define LK_TOKENS_HANDLERS_H

#include "rpc/call.h"
#include "wire.h"

#define LK_METHOD(rpc, fn, Req, Rep, permission, effect, where, max_request)                       \
	lk_status fn(struct lk_call *call, const Req *req, Rep *rep);
#include "methods.def"
#undef LK_METHOD

#endif
