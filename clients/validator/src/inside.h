/*
 * The validator for processes of this installation (the gateway): who it is stands in peers/, and
 * beside each good answer lies what its asker made of it. Not installed.
 */
#ifndef LATCHKEY_VALIDATOR_INSIDE_H
#define LATCHKEY_VALIDATOR_INSIDE_H

#include <latchkey/validator.h>

#include "kept.h"
#include "latchkey/tokens/v1/tokens.pb-c.h"

/* Something made of a good answer, to be kept while it counts; NULL when memory is short. Any
 * thread. */
typedef struct kept *kept_make_fn(
    void *user, const Latchkey__Tokens__V1__ValidateTokenResponse *answer);

struct validator_inside {
	const char *name, *key_file; /* of a peer: its private key, as `latchkey init` writes it */
	kept_make_fn *make;
	void *make_user;
};

/*
 * As latchkey_validator_open(), for a peer of role gateway: changes are answered once it has
 * forgotten what they concern. Also the errors of lk_sign_key_load.
 */
lk_status validator_open_inside(const latchkey_validator_options *options,
    const struct validator_inside *inside, latchkey_validator **out_validator,
    struct lk_error *err);

/* No change waits for it any more, and nothing is decided from memory: before the end. */
void validator_leave(latchkey_validator *validator);

struct validator_question {
	const char *credential;
	latchkey_requirements requirements;
	const char *asked_by; /* usr_… or prn_… on whose behalf, in the counts of uses; or "" */
	const char *request_id, *traceparent; /* of a question that it needs; NULL: none */
};

/* What validator_decide() would answer without asking anybody; false where it would have to ask, or
 * would fail. Never blocks. *out_kept: what was made of the answer, yours (kept_unref); NULL when
 * it is refused. */
bool validator_recall(latchkey_validator *validator, const struct validator_question *question,
    latchkey_decision *out_decision, struct kept **out_kept);
lk_status validator_decide(latchkey_validator *validator, const struct validator_question *question,
    latchkey_decision *out_decision, struct kept **out_kept, struct lk_error *err);

#endif
