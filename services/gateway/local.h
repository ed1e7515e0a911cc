/*
 * Keys and tokens decided here, from memory, by the validator that every other program of the
 * installation may use (clients/validator): under a lease of the feeds of keys and tokens, which
 * answer a change once we have forgotten what it concerns. Only with peer-key-file.
 */
#ifndef LK_GATEWAY_LOCAL_H
#define LK_GATEWAY_LOCAL_H

#include <latchkey/validator.h>

#include "base/base.h"
#include "wire.h"

struct gateway_config;
struct http_request;
struct local;

/* `*out_local` is NULL where the configuration names no key of ours. Errors: those of
 * validator_open_inside. `config` is borrowed for life. */
lk_status local_open(
    const struct gateway_config *config, struct local **out_local, struct lk_error *err);
void local_leave(struct local *local); /* NULL is fine: no change waits for us any more */
void local_close(struct local *local); /* reports what was used */
LK_DEFINE_FREEP(local_closep, struct local *, local_close)

/* Every text is there, if empty; borrowed. */
struct local_question {
	const char *secret, *audience, *source, *permission, *workgroup;
	const char *asked_by;               /* on whose behalf: in the counts of uses */
	const struct http_request *request; /* what it is asked for */
};

/* What was made of a good answer, once. */
struct local_text {
	const char *user, *tenant, *key, *scopes, *workgroups, *actor;
	const char *json;          /* ValidateTokenResponse */
	const char *introspection; /* the same as RFC 7662 says it */
};

/* local_verdict_wipe() lets go of what it points at. */
struct local_verdict {
	latchkey_decision decision;
	struct local_text text; /* of an active one */
	struct kept *kept;
};
void local_verdict_wipe(struct local_verdict *verdict);

/* From memory; false where somebody would have to be asked. Never blocks. */
bool local_recall(
    struct local *local, const struct local_question *question, struct local_verdict *out);
/* Asks where it must. The errors of latchkey_validator_validate. */
lk_status local_decide(struct local *local, const struct local_question *question,
    struct local_verdict *out, struct lk_error *err);

/* The same text of an answer that came another way. */
lk_status local_verdict_of(
    const ValidateTokenResponse *answer, struct local_verdict *out, struct lk_error *err);

/* Signs what the gateway asks as itself; borrowed. */
struct lk_assertion_maker *local_maker(struct local *local);

void local_count(const struct local *local, latchkey_validator_counts *out_counts);

#endif
