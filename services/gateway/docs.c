/* What a reader or a program wants to know of the API: the document, and a page to explore it with.
 */
#include <string.h>

#include "assets.h"
#include "pages.h"
#include "problem.h"

/* Swagger UI sets styles of elements; scripts are its own files only. */
#define PAGE_POLICY                                                                                \
	"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "                \
	"img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; "          \
	"frame-ancestors 'none'"

static void
answer_asset(enum asset which, const char *type, struct http_answer *answer)
{
	answer->status = 200;
	answer->content_type = type;
	answer->body = asset(which);
	http_answer_header(answer, "Cache-Control", "public, max-age=300");
}

lk_status
page_openapi(struct gateway *gateway, struct http_request *request, struct http_answer *answer,
    struct lk_error *err)
{
	(void)gateway;
	(void)request;
	(void)err;
	answer_asset(ASSET_OPENAPI, "application/openapi+json", answer);
	return LK_OK;
}

lk_status
page_docs(struct gateway *gateway, struct http_request *request, struct http_answer *answer,
    struct lk_error *err)
{
	(void)gateway;
	(void)err;
	if (asset(ASSET_UI_SCRIPT).len == 0) {
		problem_plain(request, 404, "EXPLORER_NOT_BUILT",
		    "this gateway was built without npm and has no explorer page; the document is "
		    "at "
		    "/openapi.json",
		    answer);
		return LK_OK;
	}
	answer_asset(ASSET_PAGE, "text/html; charset=utf-8", answer);
	http_answer_header(answer, "Content-Security-Policy", PAGE_POLICY);
	return LK_OK;
}

lk_status
page_docs_file(struct gateway *gateway, struct http_request *request, struct http_answer *answer,
    struct lk_error *err)
{
	static const struct {
		const char *path;
		enum asset which;
		const char *type;
	} files[] = {
		{ "/docs/explorer.js", ASSET_SCRIPT, "text/javascript; charset=utf-8" },
		{ "/docs/swagger-ui-bundle.js", ASSET_UI_SCRIPT, "text/javascript; charset=utf-8" },
		{ "/docs/swagger-ui.css", ASSET_UI_STYLE, "text/css; charset=utf-8" },
	};

	(void)gateway;
	(void)err;
	for (size_t i = 0; i < LK_ARRAY_LEN(files); i++) {
		if (strcmp(request->target, files[i].path) == 0) {
			answer_asset(files[i].which, files[i].type, answer);
			return LK_OK;
		}
	}
	problem_plain(request, 404, "PATH_UNKNOWN", "there is nothing at this path", answer);
	return LK_OK;
}
