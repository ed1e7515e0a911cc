/* One pass over 55 characters; see trace.h. */
#include "base/trace.h"

#include <string.h>

enum { TRACE_AT = 3, PARENT_AT = 36, PARENT_LEN = 16, FLAGS_AT = 53, FLAGS_LEN = 2 };

static bool
is_hex(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!(text[i] >= '0' && text[i] <= '9') && !(text[i] >= 'a' && text[i] <= 'f'))
			return false;
	return true;
}

static bool
is_zero(const char *text, size_t len)
{
	return strspn(text, "0") >= len;
}

bool
lk_traceparent_ok(const char *text)
{
	return text != NULL && strnlen(text, LK_TRACEPARENT_LEN + 1) == LK_TRACEPARENT_LEN &&
	       strncmp(text, "00-", TRACE_AT) == 0 && text[PARENT_AT - 1] == '-' &&
	       text[FLAGS_AT - 1] == '-' && is_hex(text + TRACE_AT, LK_TRACE_ID_LEN) &&
	       is_hex(text + PARENT_AT, PARENT_LEN) && is_hex(text + FLAGS_AT, FLAGS_LEN) &&
	       !is_zero(text + TRACE_AT, LK_TRACE_ID_LEN) && !is_zero(text + PARENT_AT, PARENT_LEN);
}

void
lk_trace_id(const char *traceparent, char out_id[LK_TRACE_ID_SIZE])
{
	out_id[0] = '\0';
	if (!lk_traceparent_ok(traceparent))
		return;
	memcpy(out_id, traceparent + TRACE_AT, LK_TRACE_ID_LEN);
	out_id[LK_TRACE_ID_LEN] = '\0';
}
