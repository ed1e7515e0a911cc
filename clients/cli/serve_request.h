/* One line of a caller of `latchkey validate --serve`. */
#ifndef LATCHKEY_CLI_SERVE_REQUEST_H
#define LATCHKEY_CLI_SERVE_REQUEST_H

#include <latchkey/keys.h>

#include "base/base.h"

enum {
	SERVE_LINE_MAX = 16 * 1024, /* bytes of a line, without its newline */
	SERVE_ID_MAX = 128,         /* bytes of an id */
};

enum serve_ask { SERVE_VALIDATE, SERVE_COUNTS };

/* Texts are borrowed from `document`. */
struct serve_request {
	enum serve_ask ask;
	const char *credential;
	latchkey_requirements requirements;
	const char *id; /* a text; or NULL */
	bool has_number;
	int64_t number; /* an id that is a number */
	void *document;
};

/*
 * {"id": text or whole number, "credential": text, "audience", "source_address", "permission",
 * "workgroup": texts}, or {"id": …, "ask": "counts"}; an object and nothing else, no member twice,
 * no member of another name. INVALID_ARGUMENT JSON_INVALID, MEMBER_UNKNOWN, MEMBER_INVALID,
 * CREDENTIAL_MISSING; the id is filled also then, where it could be read. serve_request_wipe() in
 * any case.
 */
lk_status serve_request_parse(
    struct lk_bytes line, struct serve_request *out_request, struct lk_error *err);
void serve_request_wipe(struct serve_request *request);

#endif
