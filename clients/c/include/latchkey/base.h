/*
 * What every other header of liblatchkey stands on: statuses, errors, secrets, and the rules that
 * all calls share.
 *
 * Unless a function says otherwise:
 *  - `client`, requests and every text in them are borrowed for the length of the call; a text that
 * is NULL is absent; structs that are filled by the caller begin as all zeroes, and zero is each
 * member's default;
 *  - a call blocks until the answer is there or its deadline passes; any thread may call on the
 * same client at the same time; objects may be read by many threads, and are freed once;
 *  - outputs (`out_…`) are written on LATCHKEY_OK only and are yours, to be given to the `…_free`
 * of their type;
 *  - `out_error` means something after a failure only; it is your storage with nothing to free, and
 * may be NULL;
 *  - texts that an accessor returns are UTF-8, never NULL ("" when absent), and live as long as
 * their object;
 *  - `…_at_ms` are milliseconds since 1970-01-01 UTC with 0 for "none" or "never"; `…_ttl_ms` and
 * `timeout_ms` are lengths.
 *
 * Statuses any call may return: LATCHKEY_INVALID_ARGUMENT (the error names the field),
 * LATCHKEY_UNAUTHENTICATED (no identity, or not a good one), LATCHKEY_PERMISSION_DENIED,
 * LATCHKEY_NOT_FOUND (also for what belongs to another tenant), LATCHKEY_RESOURCE_EXHAUSTED (busy,
 * or out of memory), LATCHKEY_UNAVAILABLE (nothing was done: ask again later),
 * LATCHKEY_DEADLINE_EXCEEDED (a read got no answer), LATCHKEY_UNKNOWN (a write was sent and its
 * answer lost: look before doing it again, or do it again with the same idempotency key),
 * LATCHKEY_INTERNAL (a bug).
 */
#ifndef LATCHKEY_BASE_H
#define LATCHKEY_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define LATCHKEY_BEGIN_DECLS extern "C" {
#define LATCHKEY_END_DECLS }
#else
#define LATCHKEY_BEGIN_DECLS
#define LATCHKEY_END_DECLS
#endif

#if defined(__GNUC__)
#define LATCHKEY_API __attribute__((visibility("default")))
#define LATCHKEY_MUST_CHECK __attribute__((warn_unused_result))
#else
#define LATCHKEY_API
#define LATCHKEY_MUST_CHECK
#endif

LATCHKEY_BEGIN_DECLS

/** gRPC's canonical codes, with their numbers. */
typedef enum latchkey_status {
	LATCHKEY_OK = 0,
	LATCHKEY_CANCELLED = 1,
	LATCHKEY_UNKNOWN = 2,
	LATCHKEY_INVALID_ARGUMENT = 3,
	LATCHKEY_DEADLINE_EXCEEDED = 4,
	LATCHKEY_NOT_FOUND = 5,
	LATCHKEY_ALREADY_EXISTS = 6,
	LATCHKEY_PERMISSION_DENIED = 7,
	LATCHKEY_RESOURCE_EXHAUSTED = 8,
	LATCHKEY_FAILED_PRECONDITION = 9,
	LATCHKEY_ABORTED = 10,
	LATCHKEY_OUT_OF_RANGE = 11,
	LATCHKEY_UNIMPLEMENTED = 12,
	LATCHKEY_INTERNAL = 13,
	LATCHKEY_UNAVAILABLE = 14,
	LATCHKEY_DATA_LOSS = 15,
	LATCHKEY_UNAUTHENTICATED = 16
} latchkey_status;

/** "INVALID_ARGUMENT" …; "UNKNOWN" for a number outside the list. */
LATCHKEY_API const char *latchkey_status_name(latchkey_status status);

/** What went wrong with one call. No member ever holds a secret. */
typedef struct latchkey_error {
	uint32_t status;         /**< a latchkey_status */
	char reason[48];         /**< stable, for programs: "KEY_NAME_INVALID" */
	char message[256];       /**< for people */
	char field[48];          /**< the request's member at fault, or "" */
	uint32_t retry_after_ms; /**< when to ask again; 0: no advice */
} latchkey_error;

/** The library's version, "0.1.0". */
LATCHKEY_API const char *latchkey_version(void);

/**
 * Something secret, in memory that is locked, surrounded by guard pages, left out of core dumps and
 * wiped when freed. 1 to 16383 bytes.
 */
typedef struct latchkey_secret latchkey_secret;

/** Copy `len` bytes; wiping yours is up to you. LATCHKEY_INVALID_ARGUMENT SECRET_LENGTH. */
LATCHKEY_API latchkey_status latchkey_secret_new(const void *bytes, size_t len,
    latchkey_secret **out_secret, latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** The bytes, followed by a NUL that latchkey_secret_len() does not count. Valid until freed. */
LATCHKEY_API const char *latchkey_secret_text(const latchkey_secret *secret);
LATCHKEY_API size_t latchkey_secret_len(const latchkey_secret *secret);
/** Wipe and free. NULL is allowed. */
LATCHKEY_API void latchkey_secret_free(latchkey_secret *secret);

/** What one call may say about itself. NULL in place of it means: all defaults. */
typedef struct latchkey_call {
	uint32_t timeout_ms;         /**< for everything, tries included; 0: the client's */
	const char *idempotency_key; /**< of a write: 1 to 64 of [A-Za-z0-9_-]; NULL: a random one
					for this call */
	const char *request_id;      /**< "req_…", to join logs; NULL: a new one */
	const char *traceparent;     /**< W3C Trace Context */
} latchkey_call;

/** Which part of a list. NULL in place of it means: the first 100. */
typedef struct latchkey_page {
	uint32_t size;      /**< 1 to 1000; 0: 100 */
	const char *cursor; /**< what `…_list_next` of the page before said */
} latchkey_page;

LATCHKEY_END_DECLS

#endif
