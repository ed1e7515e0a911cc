/* Filling and naming errors; see status.h. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/scope.h"

/* A cut must not leave half a character behind: the message travels as a protobuf string. */
static void
message_trim(char *message)
{
	size_t len = strlen(message);

	while (len > 0 && !lk_utf8_ok(lk_bytes(message, len)) && len + 4 > LK_MESSAGE_SIZE - 1)
		message[--len] = '\0';
}

static void __attribute__((format(printf, 4, 0))) error_set(
    struct lk_error *err, lk_status status, const char *reason, const char *format, va_list args)
{
	memset(err, 0, sizeof *err);
	err->status = (uint32_t)status;
	snprintf(err->reason, sizeof err->reason, "%s", reason);
	if (vsnprintf(err->message, sizeof err->message, format, args) >= (int)sizeof err->message)
		message_trim(err->message);
}

lk_status
lk_fail(struct lk_error *err, lk_status status, const char *reason, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return status;
	va_start(args, format);
	error_set(err, status, reason, format, args);
	va_end(args);
	return status;
}

lk_status
lk_fail_field(struct lk_error *err, const char *field, const char *reason, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return LK_INVALID_ARGUMENT;
	va_start(args, format);
	error_set(err, LK_INVALID_ARGUMENT, reason, format, args);
	va_end(args);
	snprintf(err->field, sizeof err->field, "%s", field == NULL ? "" : field);
	return LK_INVALID_ARGUMENT;
}

lk_status
lk_fail_oom(struct lk_error *err)
{
	return lk_fail(
	    err, LK_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "not enough memory for this call");
}

void
lk_error_clear(struct lk_error *err)
{
	if (err != NULL)
		memset(err, 0, sizeof *err);
}

const char *
lk_status_name(uint32_t status)
{
	static const char *const names[] = {
		[LK_OK] = "OK",
		[LK_CANCELLED] = "CANCELLED",
		[LK_UNKNOWN] = "UNKNOWN",
		[LK_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
		[LK_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
		[LK_NOT_FOUND] = "NOT_FOUND",
		[LK_ALREADY_EXISTS] = "ALREADY_EXISTS",
		[LK_PERMISSION_DENIED] = "PERMISSION_DENIED",
		[LK_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
		[LK_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
		[LK_ABORTED] = "ABORTED",
		[LK_OUT_OF_RANGE] = "OUT_OF_RANGE",
		[LK_UNIMPLEMENTED] = "UNIMPLEMENTED",
		[LK_INTERNAL] = "INTERNAL",
		[LK_UNAVAILABLE] = "UNAVAILABLE",
		[LK_DATA_LOSS] = "DATA_LOSS",
		[LK_UNAUTHENTICATED] = "UNAUTHENTICATED",
	};

	return status < LK_ARRAY_LEN(names) ? names[status] : names[LK_UNKNOWN];
}
