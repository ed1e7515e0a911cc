/*
 * Answers of AWS's container credentials protocol (docs.aws.amazon.com, "Container credential
 * provider"). Pure, callable from any thread; `json` is a writer that begins with this and is the
 * caller's to wipe. Where memory is short lk_json_text() is NULL afterwards.
 */
#ifndef LK_AWS_CONTAINER_H
#define LK_AWS_CONTAINER_H

#include "base/json.h"

/* Tools ask again some minutes before an answer is over: a replaced or deleted secret is used no
 * longer than that. */
enum { LK_AWS_FRESH_MS = 60 * 60 * 1000 };

struct lk_aws_keys {
	const char *access_key_id, *secret_access_key;
	const char *session_token; /* NULL or "": none */
	int64_t expires_at_ms;     /* when the credential is over; 0: never */
};

/*
 * AccessKeyId, SecretAccessKey, Token, Expiration: all four always, for tools read an empty Token
 * as none. Expiration is when the credential is over, an hour from now at most. What policy hands
 * out though it is over has an hour, too: tools would not use what they are told is over.
 */
void lk_aws_container_credentials(
    struct lk_json *json, const struct lk_aws_keys *keys, int64_t now_ms);

/* What tools print of a refusal: code, message, and requestId where there is one (NULL: none). */
void lk_aws_container_refusal(
    struct lk_json *json, const char *code, const char *message, const char *request_id);

#endif
