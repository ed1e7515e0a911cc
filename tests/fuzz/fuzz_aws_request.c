/* Heads of requests to `latchkey aws-endpoint`: what is let through has the method, the path and
 * the token; what is refused is refused with a status of HTTP and words. */
#include <stdlib.h>
#include <string.h>

#include "cli/aws_endpoint.h"

static const char TOKEN[] = "fuzz-token";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char head[AWS_REQUEST_MAX];
	struct aws_refusal refusal = { 0 };

	if (len >= sizeof head)
		return 0;
	if (len > 0)
		memcpy(head, data, len);
	head[len] = '\0';
	if (aws_request_ok(head, TOKEN, &refusal)) {
		if (strncmp(head, "GET /credentials ", 17) != 0 || !strstr(head, TOKEN))
			abort();
	} else if (refusal.status < 400 || refusal.status > 499 || !refusal.code ||
		   !refusal.message) {
		abort();
	}
	return 0;
}
