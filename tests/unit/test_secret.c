/*
 * Guarded memory and comparison: a long-lived secret can be read, not written, and not read
 * past its end.
 */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "crypto/secret.h"
#include "test.h"

static void
initialising_twice_is_fine(void **state)
{
	(void)state;
	struct lk_error err = { 0 };

	expect_ok(lk_crypto_init(&err), &err);
	expect_ok(lk_crypto_init(&err), &err);
}

static void
a_secret_holds_what_it_was_given(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	LK_AUTO(lk_secret_freep) struct lk_secret *secret = NULL;

	expect_ok(lk_secret_new(lk_bytes_of("correct horse"), &secret, &err), &err);
	const struct lk_bytes held = lk_secret_bytes(secret);
	assert_int_equal(held.len, 13);
	assert_memory_equal(held.data, "correct horse", 13);
}

static void
random_secrets_differ(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	struct lk_secret32 a = { 0 }, b = { 0 };

	expect_ok(lk_crypto_init(&err), &err);
	lk_secret32_random(&a);
	lk_secret32_random(&b);
	assert_false(lk_secret_equal(&a, &b, sizeof a));
}

static void
a_secret_of_no_bytes_or_too_many_is_refused(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	struct lk_secret *secret = NULL;

	static const uint8_t bytes[LK_SECRET_MAX + 1];

	expect_fail(
	    lk_secret_new(lk_bytes(bytes, 0), &secret, &err), &err, LK_INTERNAL, "SECRET_LENGTH");
	expect_fail(lk_secret_new(lk_bytes(bytes, sizeof bytes), &secret, &err), &err, LK_INTERNAL,
	    "SECRET_LENGTH");
	assert_null(secret);
}

/* Whether touching that byte ends the process. */
static bool
dies(volatile uint8_t *at, bool writes)
{
	const struct rlimit no_core = { 0 };
	int status = 0;
	const pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGSEGV, SIG_DFL);
		if (writes)
			*at = 1;
		_exit(*at - *at);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void
a_secret_cannot_be_written_or_read_past_its_end(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	LK_AUTO(lk_secret_freep) struct lk_secret *secret = NULL;

	expect_ok(lk_secret_new(lk_bytes_of("a long-lived secret"), &secret, &err), &err);
	uint8_t *bytes = (uint8_t *)(uintptr_t)lk_secret_bytes(secret).data;
	assert_false(dies(bytes, false));
	assert_true(dies(bytes, true));
	assert_true(dies(bytes + lk_secret_bytes(secret).len, false));
}

static void
equality_sees_every_byte(void **state)
{
	(void)state;
	struct lk_secret32 a = { 0 }, b;

	lk_secret32_random(&a);
	b = a;
	assert_true(lk_secret_equal(&a, &b, sizeof a));
	for (size_t bit = 0; bit < sizeof a * 8; bit++) {
		b = a;
		b.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(lk_secret_equal(&a, &b, sizeof a));
	}
	assert_true(lk_secret_equal(&a, &b, 0));
}

static void
wiping_leaves_zeros(void **state)
{
	(void)state;
	static const struct lk_secret32 zero;
	struct lk_secret32 a;
	uint8_t buffer[100];

	lk_secret32_random(&a);
	lk_secret32_wipe(&a);
	assert_memory_equal(&a, &zero, sizeof a);
	memset(buffer, 1, sizeof buffer);
	{
		LK_AUTO(lk_wipe_view) struct lk_wiped wiped = { buffer, sizeof buffer };
	}
	for (size_t i = 0; i < sizeof buffer; i++)
		assert_int_equal(buffer[i], 0);
}

LK_TESTS(LK_CASE(initialising_twice_is_fine), LK_CASE(a_secret_holds_what_it_was_given),
    LK_CASE(random_secrets_differ), LK_CASE(a_secret_of_no_bytes_or_too_many_is_refused),
    LK_CASE(a_secret_cannot_be_written_or_read_past_its_end), LK_CASE(equality_sees_every_byte),
    LK_CASE(wiping_leaves_zeros))
