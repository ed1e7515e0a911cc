/* The API key or token that a request shows, wherever it may stand: never in the target, which ends
 * up in logs. */
#ifndef LK_GATEWAY_PRESENTED_H
#define LK_GATEWAY_PRESENTED_H

#include "http.h"

enum presented_kind {
	PRESENTED_NOTHING,
	PRESENTED_KEY,   /* an API key, or a session's secret */
	PRESENTED_TOKEN, /* three parts: a JWT */
};

enum { PRESENTED_MAX = 8 * 1024 };

struct presented {
	enum presented_kind kind;
	const char *secret; /* in the request's arena */
	const char *client; /* Basic: the user name, decoded as a form's field (RFC 6749 2.3.1)
			       where it had to be; else "" */
};

/*
 * `Authorization: Bearer X`, Basic with user name `apikey` and X as password (LabKey, .netrc),
 * `X-API-Key: X` or `apikey: X`. INVALID_ARGUMENT CREDENTIAL_MALFORMED for another scheme, an empty
 * or over-long one, and CREDENTIAL_TWICE for two.
 */
lk_status presented_find(
    const struct http_request *request, struct presented *out_presented, struct lk_error *err);

/* A key or token by itself, where a protocol has no scheme around it. CREDENTIAL_MALFORMED. */
lk_status presented_bare(const char *value, struct presented *out_presented, struct lk_error *err);

/* Basic with any user name and any printable password, as OAuth clients and people send it. */
lk_status presented_basic(const struct http_request *request, const char *value,
    struct presented *out_presented, struct lk_error *err);

#endif
