/* What a resource server asks about the keys and tokens that it is shown, decided from memory: may
 * it ask, and are they good. */
#ifndef LK_GATEWAY_JUDGE_H
#define LK_GATEWAY_JUDGE_H

#include "gateway.h"
#include "local.h"
#include "presented.h"

enum judged {
	JUDGED_ELSEWHERE, /* the service has to say it: somebody who may not ask, what is not known,
			     what is malformed */
	JUDGED,           /* the subject is good or not */
	JUDGE_REFUSED,    /* who asks is nobody, as the service would say */
};

struct judgement {
	struct local_verdict judge, subject;
};
void judgement_wipe(struct judgement *judgement); /* one of zeroes is fine */

/*
 * Of whoever shows `by`, and what it asks of; `about->asked_by` is filled in. With `may_ask` memory
 * is filled by asking, which blocks. Only where the gateway has a memory (gateway->local).
 */
enum judged judge(struct gateway *gateway, struct http_request *request, const struct presented *by,
    const struct local_question *about, bool may_ask, struct judgement *out);

/*
 * /v1/validate, and its answer. False, and nothing touched, for another path and JUDGED_ELSEWHERE.
 */
bool validate_here(struct gateway *gateway, struct http_request *request, bool may_ask,
    struct http_answer *answer);

#endif
