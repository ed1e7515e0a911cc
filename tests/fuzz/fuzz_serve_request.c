/* Lines of those who ask `latchkey validate --serve`: what is accepted has a credential or asks for
 * counts, and its id is not too long. */
#include <stdlib.h>
#include <string.h>

#include "cli/serve_request.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct serve_request request;
	struct lk_error err;

	if (len > SERVE_LINE_MAX)
		return 0;
	const lk_status status = serve_request_parse(lk_bytes(data, len), &request, &err);
	if (status == LK_OK && request.ask == SERVE_VALIDATE && !request.credential)
		abort();
	if (request.id && (strlen(request.id) > SERVE_ID_MAX || request.has_number))
		abort();
	serve_request_wipe(&request);
	return 0;
}
