/* W3C Trace Context: 00-<32 hex: trace>-<16 hex: parent>-<2 hex: flags>. We hand it on as it came.
 */
#ifndef LK_BASE_TRACE_H
#define LK_BASE_TRACE_H

#include <stdbool.h>

enum { LK_TRACEPARENT_LEN = 55, LK_TRACE_ID_LEN = 32, LK_TRACE_ID_SIZE = LK_TRACE_ID_LEN + 1 };

/* Of version 00, lower case, neither part all zeroes (3.2.2). What is not, is as if it were not
 * there. NULL is none. */
bool lk_traceparent_ok(const char *text);

/* The trace of a good one; "" of any other. */
void lk_trace_id(const char *traceparent, char out_id[LK_TRACE_ID_SIZE]);

#endif
