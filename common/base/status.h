/* Statuses and errors. Every fallible function returns lk_status; the details go into the call's
 * lk_error. */
#ifndef LK_BASE_STATUS_H
#define LK_BASE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__clang__) /* gcc has no unchecked-result warning for a type; the clang build finds    \
			  what is dropped */
#define LK_MUST_CHECK __attribute__((warn_unused_result))
#else
#define LK_MUST_CHECK
#endif

/* gRPC's canonical codes, with their numbers (grpc/doc/statuscodes.md). */
typedef enum LK_MUST_CHECK {
	LK_OK = 0,
	LK_CANCELLED = 1,
	LK_UNKNOWN = 2, /* we cannot know whether it happened */
	LK_INVALID_ARGUMENT = 3,
	LK_DEADLINE_EXCEEDED = 4,
	LK_NOT_FOUND = 5,
	LK_ALREADY_EXISTS = 6,
	LK_PERMISSION_DENIED = 7,
	LK_RESOURCE_EXHAUSTED = 8,
	LK_FAILED_PRECONDITION = 9,
	LK_ABORTED = 10,
	LK_OUT_OF_RANGE = 11,
	LK_UNIMPLEMENTED = 12,
	LK_INTERNAL = 13, /* we have a bug */
	LK_UNAVAILABLE = 14,
	LK_DATA_LOSS = 15,
	LK_UNAUTHENTICATED = 16,
} lk_status;

enum { LK_REASON_SIZE = 48, LK_MESSAGE_SIZE = 256, LK_FIELD_SIZE = 48 };

/*
 * What went wrong with one call. The caller owns it; nothing in it needs freeing. `reason` is
 * stable and meant for programs, `message` is for people and never holds a secret, SQL, a path or
 * an address; `field` names the request field at fault or is empty; `retry_after_ms` is 0 when the
 * answer gives no advice.
 */
struct lk_error {
	uint32_t status; /* an lk_status */
	char reason[LK_REASON_SIZE];
	char message[LK_MESSAGE_SIZE];
	char field[LK_FIELD_SIZE];
	uint32_t retry_after_ms;
};

/* Fill `err` (NULL is allowed) and return `status`, so that a failure is one line. The message is
 * cut at its size. */
lk_status lk_fail(struct lk_error *err, lk_status status, const char *reason, const char *format,
    ...) __attribute__((format(printf, 4, 5)));

/* The same for a request field at fault: INVALID_ARGUMENT, with `field` set. */
lk_status lk_fail_field(struct lk_error *err, const char *field, const char *reason,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* RESOURCE_EXHAUSTED, OUT_OF_MEMORY: an allocation failed or an arena met its cap. */
lk_status lk_fail_oom(struct lk_error *err);

void lk_error_clear(struct lk_error *err);

/* "INVALID_ARGUMENT" …; "UNKNOWN" for a number outside the list. Never NULL. */
const char *lk_status_name(uint32_t status);

/* Leave early on failure; the successful story runs straight down the left margin. */
#define LK_TRY(call)                                                                               \
	do {                                                                                       \
		const lk_status lk_try_status_ = (call);                                           \
		if (lk_try_status_ != LK_OK)                                                       \
			return lk_try_status_;                                                     \
	} while (0)

/* For the rare call whose failure changes nothing for the caller. Say why beside it. */
#define LK_IGNORE(call) ((void)!(call))

#endif
