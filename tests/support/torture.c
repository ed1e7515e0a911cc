/* Failing allocations: see torture.h. */
#include "torture.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static atomic_llong left; /* allocations until the one to fail; counting goes on below zero */
static atomic_bool armed, lasting;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_sodium_malloc(size_t size);
void *__real_sodium_allocarray(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
void *__wrap_sodium_malloc(size_t size);
void *__wrap_sodium_allocarray(size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t limit);

static bool
fails_now(void)
{
	if (!atomic_load(&armed))
		return false;
	const long long before = atomic_fetch_sub(&left, 1);
	if (before == 1 || (before < 1 && atomic_load(&lasting))) {
		errno = ENOMEM;
		return true;
	}
	return false;
}

void *
__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
	return fails_now() ? NULL : __real_realloc(old, size);
}

void *
__wrap_reallocarray(void *old, size_t count, size_t size)
{
	size_t bytes = 0;

	if (__builtin_mul_overflow(count, size, &bytes) || fails_now())
		return NULL;
	return __real_realloc(old, bytes);
}

void *
__wrap_sodium_malloc(size_t size)
{
	return fails_now() ? NULL : __real_sodium_malloc(size);
}

void *
__wrap_sodium_allocarray(size_t count, size_t size)
{
	return fails_now() ? NULL : __real_sodium_allocarray(count, size);
}

char *
__wrap_strndup(const char *text, size_t limit)
{
	const size_t len = strnlen(text, limit);
	char *copy = fails_now() ? NULL : __real_malloc(len + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *
__wrap_strdup(const char *text)
{
	return __wrap_strndup(text, strlen(text));
}

static bool
arm(size_t nth, bool from_there_on)
{
	const bool carried_out = atomic_load(&armed) && atomic_load(&left) < 1;

	atomic_store(&armed, false);
	atomic_store(&left, (long long)nth);
	atomic_store(&lasting, from_there_on);
	atomic_store(&armed, nth > 0);
	return carried_out;
}

bool
lk_torture_fail(size_t nth)
{
	return arm(nth, false);
}

bool
lk_torture_fail_from(size_t nth)
{
	return arm(nth, true);
}

static size_t
round_of(bool from_there_on, lk_status (*act)(void *arg, struct lk_error *err),
    void (*check)(void *arg, lk_status answered), void *arg)
{
	for (size_t nth = 1;; nth++) {
		struct lk_error err = { 0 };

		arm(nth, from_there_on);
		const lk_status answered = act(arg, &err);
		const bool failed = lk_torture_fail(0);
		if (!failed)
			expect_ok(answered, &err);
		else if (answered != LK_OK)
			expect_fail(answered, &err, LK_RESOURCE_EXHAUSTED, NULL);
		if (check)
			check(arg, answered);
		if (!failed)
			return nth - 1;
	}
}

size_t
lk_torture(lk_status (*act)(void *arg, struct lk_error *err),
    void (*check)(void *arg, lk_status answered), void *arg)
{
	round_of(true, act, check, arg);
	const size_t allocations = round_of(false, act, check, arg);

	print_message("repetitions allocations=%zu\n", allocations);
	return allocations;
}
