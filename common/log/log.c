/* One log line: built in a fixed buffer, without the heap, and written at once; see log.h. */
#include "log/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/trace.h"
#include "time/duration.h"

static const char ellipsis[] = "\xE2\x80\xA6";
enum { CLOSING_ROOM = 16 }; /* ,"cut":true} and the newline */

static void
stderr_write(const struct lk_log_sink *sink, const char *line, size_t len)
{
	ssize_t written;

	(void)sink;
	do
		written = write(STDERR_FILENO, line, len);
	while (written < 0 && errno == EINTR);
}

static const struct lk_log_sink stderr_sink = { stderr_write, NULL, NULL };
static _Atomic(const struct lk_log_sink *) current_sink = &stderr_sink;
static atomic_int current_level = LK_LOG_INFO;
static const char *service_name = "latchkey";

void
lk_log_set_service(const char *name)
{
	service_name = name;
}

void
lk_log_set_level(enum lk_log_level level)
{
	atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

bool
lk_log_enabled(enum lk_log_level level)
{
	return (int)level >= atomic_load_explicit(&current_level, memory_order_relaxed);
}

void
lk_log_set_sink(const struct lk_log_sink *sink)
{
	atomic_store(&current_sink, sink == NULL ? &stderr_sink : sink);
}

const char *
lk_log_level_name(enum lk_log_level level)
{
	static const char *const names[LK_LOG_LEVEL_COUNT_] = { "debug", "info", "warn", "error" };

	return names[level];
}

/* Cut a long text at a character's boundary and show that it was cut. */
static void
put_text(struct lk_json *line, const char *name, const char *text)
{
	char shortened[LK_LOG_TEXT_MAX + sizeof ellipsis];
	size_t len = LK_LOG_TEXT_MAX;

	if (strnlen(text, LK_LOG_TEXT_MAX + 1) <= LK_LOG_TEXT_MAX) {
		lk_json_string(line, name, text);
		return;
	}
	while (len > LK_LOG_TEXT_MAX - 3 && ((unsigned char)text[len] & 0xC0) == 0x80)
		len--;
	memcpy(shortened, text, len);
	memcpy(shortened + len, ellipsis, sizeof ellipsis);
	lk_json_string(line, name, shortened);
}

static void
put_failure(struct lk_json *line, const struct lk_error *error)
{
	lk_json_string(line, "status", lk_status_name(error->status));
	lk_json_string(line, "reason", error->reason);
	lk_json_string(line, "message", error->message);
	if (error->field[0] != '\0')
		lk_json_string(line, "field", error->field);
}

static void
put_trace(struct lk_json *line, const char *traceparent)
{
	char id[LK_TRACE_ID_SIZE];

	lk_trace_id(traceparent, id);
	if (id[0] != '\0')
		lk_json_string(line, "trace_id", id);
}

static void
put_field(struct lk_json *line, const struct lk_log_field *field)
{
	switch (field->kind) {
	case LK_LOG_KIND_TEXT:
		if (field->text != NULL)
			put_text(line, field->name, field->text);
		break;
	case LK_LOG_KIND_INT:
		lk_json_int(line, field->name, field->number);
		break;
	case LK_LOG_KIND_BOOL:
		lk_json_bool(line, field->name, field->number != 0);
		break;
	case LK_LOG_KIND_FAILURE:
		if (field->error != NULL)
			put_failure(line, field->error);
		break;
	case LK_LOG_KIND_TRACE:
		put_trace(line, field->text);
		break;
	case LK_LOG_KIND_END:
		break;
	}
}

/* A field that does not fit is taken back whole; what follows it may still fit and be the request
 * id. */
static void
put_fields(struct lk_json *line, const struct lk_log_field *fields)
{
	bool cut = false;

	for (; fields->kind != LK_LOG_KIND_END; fields++) {
		const struct lk_json before = *line;
		put_field(line, fields);
		if (line->failed) {
			*line = before;
			cut = true;
		}
	}
	line->cap += CLOSING_ROOM;
	if (cut)
		lk_json_bool(line, "cut", true);
}

static void
put_head(
    struct lk_json *line, enum lk_log_level level, const char *event, const struct lk_clock *clock)
{
	char time[LK_INSTANT_SIZE];

	lk_instant_format(lk_clock_wall_ms(clock == NULL ? lk_clock_system() : clock), time);
	lk_json_string(line, "time", time);
	lk_json_string(line, "level", lk_log_level_name(level));
	put_text(line, "service", service_name);
	put_text(line, "event", event);
}

void
lk_log_write(enum lk_log_level level, const char *event, const struct lk_log_field *fields)
{
	char text[LK_LOG_LINE_MAX];
	struct lk_json line = lk_json_fixed(text, sizeof text - CLOSING_ROOM);
	const struct lk_log_sink *sink = atomic_load(&current_sink);

	if (!lk_log_enabled(level))
		return;
	lk_json_object(&line, NULL);
	put_head(&line, level, event, sink->clock);
	put_fields(&line, fields);
	lk_json_object_end(&line);
	if (line.failed) /* only an event of control characters, six bytes each, gets here */
		return;
	text[line.len] = '\n';
	sink->write(sink, text, line.len + 1);
}
