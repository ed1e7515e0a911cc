/* JSON lines on standard error, one write(2) each. Only services, daemon and the RPC server log;
 * library code never does. */
#ifndef LK_LOG_H
#define LK_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "time/clock.h"

enum lk_log_level { LK_LOG_DEBUG, LK_LOG_INFO, LK_LOG_WARN, LK_LOG_ERROR, LK_LOG_LEVEL_COUNT_ };

/* The longest line with its newline: PIPE_BUF on Linux, so that lines of several processes in one
 * pipe do not mix. */
enum { LK_LOG_LINE_MAX = 4096, LK_LOG_TEXT_MAX = 1024 };

/* One field of a line, made by the macros below. There is no kind for a secret, so none can be
 * logged by mistake. */
struct lk_log_field {
	enum {
		LK_LOG_KIND_END,
		LK_LOG_KIND_TEXT,
		LK_LOG_KIND_INT,
		LK_LOG_KIND_BOOL,
		LK_LOG_KIND_FAILURE,
		LK_LOG_KIND_TRACE
	} kind;
	const char *name;
	const char *text; /* borrowed for the call; NULL leaves the field out */
	int64_t number;
	const struct lk_error *error;
};

#define LK_LOG_TEXT(name_, value_)                                                                 \
	((struct lk_log_field){ LK_LOG_KIND_TEXT, .name = (name_), .text = (value_) })
#define LK_LOG_ID(name_, value_) LK_LOG_TEXT(name_, value_)
#define LK_LOG_INT(name_, value_)                                                                  \
	((struct lk_log_field){ LK_LOG_KIND_INT, .name = (name_), .number = (value_) })
#define LK_LOG_BOOL(name_, value_)                                                                 \
	((struct lk_log_field){ LK_LOG_KIND_BOOL, .name = (name_), .number = (value_) })
#define LK_LOG_REQUEST(id_) LK_LOG_TEXT("request_id", id_)
/* trace_id of a W3C traceparent; nothing for one that is none */
#define LK_LOG_TRACE(traceparent_)                                                                 \
	((struct lk_log_field){ LK_LOG_KIND_TRACE, .text = (traceparent_) })
/* status, reason, message and field of a struct lk_error */
#define LK_LOG_FAILURE(error_) ((struct lk_log_field){ LK_LOG_KIND_FAILURE, .error = (error_) })

/*
 * lk_log(LK_LOG_INFO, "call.failed", LK_LOG_REQUEST(id), LK_LOG_FAILURE(err));
 * writes
 * {"time":"2026-01-02T03:04:05.678Z","level":"info","service":"latchkey-keys","event":"call.failed",…}.
 * `event` is a constant like "key.revoked". Any thread. Always one whole JSON object: a text over
 * LK_LOG_TEXT_MAX bytes is cut with an ellipsis, and fields that would pass LK_LOG_LINE_MAX are
 * left out and "cut":true put in their place.
 */
#define lk_log(level, event, ...)                                                                  \
	lk_log_write(                                                                              \
	    (level), (event), (const struct lk_log_field[]){ __VA_ARGS__ __VA_OPT__(, ){ 0 } })
void lk_log_write(enum lk_log_level level, const char *event, const struct lk_log_field *fields);

/* The name of this process on each line; a constant, set once before the first thread. */
void lk_log_set_service(const char *name);

/* Lines below it are dropped; LK_LOG_INFO at start. At any time, from any thread. */
void lk_log_set_level(enum lk_log_level level);
bool lk_log_enabled(enum lk_log_level level);
const char *lk_log_level_name(enum lk_log_level level); /* "debug" "info" "warn" "error" */

/* The test seam. `write` gets the whole line with its newline. Borrowed until replaced; NULL is
 * standard error and system time. */
struct lk_log_sink {
	void (*write)(const struct lk_log_sink *sink, const char *line, size_t len);
	const struct lk_clock *clock; /* NULL is the system's */
	void *user;
};
void lk_log_set_sink(const struct lk_log_sink *sink);

#endif
