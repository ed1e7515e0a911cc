/* What a request must be; see aws_endpoint.h. */
#include "aws_endpoint.h"

#include <string.h>
#include <strings.h>

#include "crypto/secret.h"

static bool
refuse(struct aws_refusal *out, int status, const char *code, const char *message)
{
	*out = (struct aws_refusal){ status, code, message };
	return false;
}

/* The value of a header that is there once; out_count says how often it is. */
static struct lk_bytes
header(const char *head, const char *name, size_t *out_count)
{
	const size_t name_len = strlen(name);
	struct lk_bytes value = lk_bytes(head, 0);

	*out_count = 0;
	for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
		const char *at = line + 2;
		if (strncasecmp(at, name, name_len) != 0 || at[name_len] != ':')
			continue;
		at += name_len + 1;
		at += strspn(at, " \t");
		size_t len = strcspn(at, "\r\n");
		while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t'))
			len--;
		value = lk_bytes(at, len);
		(*out_count)++;
	}
	return value;
}

bool
aws_request_ok(const char *head, const char *token, struct aws_refusal *out_refusal)
{
	static const char line[] = "GET /credentials HTTP/1.";
	size_t count;

	if (strncmp(head, "GET ", 4) != 0)
		return refuse(
		    out_refusal, 405, "METHOD_UNKNOWN", "credentials are asked for by GET");
	if (strncmp(head, line, sizeof line - 1) != 0)
		return refuse(out_refusal, 404, "PATH_UNKNOWN", "the path is /credentials");
	const struct lk_bytes shown = header(head, "Authorization", &count);
	if (count != 1)
		return refuse(out_refusal, 401, "AUTHORIZATION_MISSING",
		    "set AWS_CONTAINER_AUTHORIZATION_TOKEN");
	if (shown.len != strlen(token) || !lk_secret_equal(shown.data, token, shown.len))
		return refuse(out_refusal, 403, "AUTHORIZATION_REFUSED",
		    "AWS_CONTAINER_AUTHORIZATION_TOKEN is not this endpoint's");
	return true;
}
