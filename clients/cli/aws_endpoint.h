/* One question of the container credentials protocol, read and answered. */
#ifndef LATCHKEY_CLI_AWS_ENDPOINT_H
#define LATCHKEY_CLI_AWS_ENDPOINT_H

#include "base/base.h"

enum { AWS_REQUEST_MAX = 16 * 1024 };

/* What tools print of a refusal: "code" and "message". */
struct aws_refusal {
	int status; /* of HTTP */
	const char *code, *message;
};

/*
 * The head of a request, which ends with an empty line: GET of the one path, with `token` verbatim
 * in its only Authorization header. True when that may be answered; else *out_refusal says why not.
 */
bool aws_request_ok(const char *head, const char *token, struct aws_refusal *out_refusal);

#endif
