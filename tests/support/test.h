/*
 * What every C test starts from: cmocka, one runnable case per ctest entry, checks of lk_status and
 * lk_error, temporary directories, seeded randomness and repetition counts. A file ends with
 * LK_TESTS(LK_CASE(a_sentence), …), which is main.
 *
 *   program              runs all cases
 *   program --list       prints the cases, one a line
 *   program CASE         runs that case; exits 0 passed, 1 failed, 77 skipped, 2 unless exactly one
 * case ran
 *
 * A test program is one thread at a time in here; nothing is safe to call from the threads a test
 * starts, but lk_test_rng_*.
 */
#ifndef LK_TESTS_SUPPORT_TEST_H
#define LK_TESTS_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/status.h"

struct lk_test_case {
	const char *name;
	CMUnitTestFunction run;
	CMFixtureFunction setup;    /* may be NULL; sets *state; non-zero fails the case */
	CMFixtureFunction teardown; /* may be NULL; runs also after a failure */
};

#define LK_CASE(fn) LK_CASE_WITH(fn, NULL, NULL)
#define LK_CASE_WITH(fn, setup_fn, teardown_fn)                                                    \
	{                                                                                          \
#fn, fn, setup_fn, teardown_fn                                                     \
	}

#define LK_TESTS(...)                                                                              \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		static const struct lk_test_case cases[] = { __VA_ARGS__ };                        \
		return lk_test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);            \
	}

int lk_test_main(int argc, char **argv, const struct lk_test_case *cases, size_t count);

/* Ends the case as skipped; say what is missing. */
#define lk_test_skip(why)                                                                          \
	do {                                                                                       \
		lk_test_note_skip(why);                                                            \
		skip();                                                                            \
	} while (0)
void lk_test_note_skip(const char *why);

/*
 * expect_ok(key_create(…, &err), &err);
 * expect_fail(key_revoke(…, &err), &err, LK_FAILED_PRECONDITION, "KEY_ALREADY_REVOKED");
 * expect_field(key_create(…, &err), &err, "name", "KEY_NAME_INVALID");      INVALID_ARGUMENT naming
 * the field They end the case and print status, reason, message and field of what came. `err` may
 * be NULL where a function has none; a NULL reason is not compared.
 */
#define expect_ok(call, err)                                                                       \
	lk_test_expect((call), (err), LK_OK, NULL, NULL, #call, __FILE__, __LINE__)
#define expect_fail(call, err, status, reason)                                                     \
	lk_test_expect((call), (err), (status), (reason), NULL, #call, __FILE__, __LINE__)
#define expect_field(call, err, field, reason)                                                     \
	lk_test_expect(                                                                            \
	    (call), (err), LK_INVALID_ARGUMENT, (reason), (field), #call, __FILE__, __LINE__)
void lk_test_expect(lk_status got, const struct lk_error *err, lk_status want, const char *reason,
    const char *field, const char *call, const char *file, int line);

#define expect_contains(text, part)                                                                \
	lk_test_expect_contains((text), (part), true, __FILE__, __LINE__)
#define expect_lacks(text, part) lk_test_expect_contains((text), (part), false, __FILE__, __LINE__)
void lk_test_expect_contains(
    const char *text, const char *part, bool wanted, const char *file, int line);

/* A new directory, 0700, short enough for sockets in it; removed with all it holds when the program
 * ends. Borrowed. */
const char *lk_test_tmpdir(void);

/* DIR/NAME, borrowed until the program ends. */
const char *lk_test_path(const char *dir, const char *name);

/* The path of a file or folder below tests/, wherever the program runs. Borrowed until the program
 * ends. */
const char *lk_test_data(const char *below_tests);

/* The whole file, NUL-terminated; ends the case when it cannot be read. Yours (free). out_len may
 * be NULL. */
char *lk_test_read_file(const char *path, size_t *out_len);
void lk_test_write_file(const char *path, const void *data, size_t len);

/*
 * Random numbers from a seed that is printed (`seed 123`) and that LATCHKEY_TEST_SEED sets again.
 * Each case starts from the seed, so that a case alone sees what it saw among others. Not for
 * secrets.
 */
struct lk_test_rng {
	uint64_t state;
};
struct lk_test_rng lk_test_rng(void);
uint64_t lk_test_rng_next(struct lk_test_rng *rng);
size_t lk_test_rng_below(struct lk_test_rng *rng, size_t limit); /* limit ≥ 1 */
void lk_test_rng_fill(struct lk_test_rng *rng, void *out, size_t len);

/* Change 1 to 4 places of data: flip, overwrite, insert, delete, double or cut. Returns the new
 * length, ≤ cap. */
size_t lk_test_rng_mutate(struct lk_test_rng *rng, uint8_t *data, size_t len, size_t cap);

/* How often to repeat: `full` under LATCHKEY_FULL=1, otherwise `quick`. Prints `repetitions
 * name=N`, which tests/run shows. */
size_t lk_test_repeat(const char *name, size_t full, size_t quick);

#endif
