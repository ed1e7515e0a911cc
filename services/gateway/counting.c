/* See counting.h. */
#include "counting.h"

#include <stdlib.h>
#include <string.h>

#include "gathering.h"
#include "problem.h"

enum { CLASSES = 3 };

_Static_assert(HTTP_GET_2XX == 0 && HTTP_OTHER_5XX == 7 * CLASSES - 1, "as metrics.def says");

/* A method's rows; those of all others are the last. */
static size_t
method_rows(const char *method)
{
	static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" };
	size_t i = 0;

	while (i < LK_ARRAY_LEN(methods) && strcmp(methods[i], method) != 0)
		i++;
	return i * CLASSES;
}

static size_t
class_row(unsigned status)
{
	return status >= 500 ? 2 : status >= 400 ? 1 : 0;
}

void
count_answer(struct gateway *gateway, const struct http_request *request,
    const struct http_answer *answer, int64_t duration_us)
{
	lk_counter_add(
	    gateway->metrics, method_rows(request->method) + class_row(answer->status), 1);
	lk_histogram_observe_us(gateway->metrics, HTTP_DURATION, (uint64_t)duration_us);
}

/* ---- The page ---- */

/* In the arena; NULL when memory is short. */
static const char *
prometheus_text(struct gateway *gateway, struct lk_arena *arena)
{
	struct lk_families families;
	char *text = NULL;
	const char *copy = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	lk_families_init(&families, arena);
	gather(gateway, &families);
	lk_families_print(&families, out);
	if (fclose(out) == 0)
		copy = lk_arena_text_n(arena, text, len);
	free(text); /* open_memstream's own */
	return copy;
}

void
counting_page(void *user, struct http_request *request, struct http_answer *answer)
{
	struct gateway *gateway = user;
	struct http_load load;

	if (strcmp(request->target, "/metrics") != 0 || strcmp(request->method, "GET") != 0) {
		problem_plain(request, 404, "PATH_UNKNOWN", "there is GET /metrics here", answer);
	} else {
		http_server_load(gateway->server, &load);
		lk_gauge_set(gateway->metrics, HTTP_CONNECTIONS, load.connections);
		lk_gauge_set(gateway->metrics, HTTP_BUSY, load.busy);
		answer->status = 200;
		answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
		answer->body = lk_bytes_of(prometheus_text(gateway, request->arena));
		http_answer_header(answer, "Cache-Control", "no-store");
	}
	answer_finish(request, answer);
}
