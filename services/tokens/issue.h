/* From claims to a token that may leave: signed, and on record. */
#ifndef LK_TOKENS_ISSUE_H
#define LK_TOKENS_ISSUE_H

#include "rpc/call.h"
#include "service.h"
#include "wire.h"

/* A token on its way from its claims to whoever asked. Lives as long as the call. */
struct issue {
	struct tokens *tokens;
	struct lk_call *call;
	const char *session; /* that the claims come from, in the arena; "": none */
	struct lk_claims claims;
	char *token; /* signed, in the call's arena; nobody sees it before its row is durable */
	lk_status status; /* how recording it ended */
	struct lk_error error;
};

/* Sign what the claims say. Tens of microseconds; does not block. */
lk_status issue_sign(struct issue *issue, struct lk_error *err);

/*
 * No token leaves before its row is durable. issue_record waits for that. issue_submit does not:
 * after LK_OK the call is resumed with `issue` kept and its status set, as lk_call_later says.
 */
lk_status issue_record(struct issue *issue, struct lk_error *err);
lk_status issue_submit(struct issue *issue, struct lk_error *err);

/* On record now: into the reply, and counted. */
lk_status issue_answer(const struct issue *issue, IssueTokenResponse *rep, struct lk_error *err);

#endif
