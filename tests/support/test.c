/* The runner behind LK_TESTS and the checks of lk_status; files and randomness are in files.c and
 * random.c. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test_internal.h"

enum { EXIT_PASSED = 0, EXIT_FAILED = 1, EXIT_MISUSED = 2, EXIT_SKIPPED = 77 };

/* One case on its way through cmocka: what it is, its fixture's state and how far it came. */
struct running {
	const struct lk_test_case *test;
	void *state;
	bool finished;
};

static bool skipped;
static pid_t
    in_case; /* the process that is inside a case, so that a child of it may exit as it likes */

/* A case that calls exit() would end as passed. */
static void
refuse_early_exit(void)
{
	if (in_case == getpid())
		_exit(EXIT_MISUSED);
}

static int
setup(void **state)
{
	struct running *running = *state;

	lk_test_rng_restart();
	return running->test->setup ? running->test->setup(&running->state) : 0;
}

static void
run(void **state)
{
	struct running *running = *state;

	running->test->run(&running->state);
	running->finished = true;
}

static int
teardown(void **state)
{
	struct running *running = *state;

	return running->test->teardown ? running->test->teardown(&running->state) : 0;
}

static int
run_case(const struct lk_test_case *test)
{
	struct running running = { .test = test };
	const struct CMUnitTest unit[] = { { test->name, run, setup, teardown, &running } };

	skipped = false;
	in_case = getpid();
	const int failed = cmocka_run_group_tests_name(test->name, unit, NULL, NULL);
	in_case = 0;
	fflush(NULL);
	if (failed == 0 && skipped)
		return EXIT_SKIPPED;
	if (failed == 0 && !running.finished) {
		fprintf(stderr, "%s did not run to its end\n", test->name);
		return EXIT_MISUSED;
	}
	return failed == 0 ? EXIT_PASSED : EXIT_FAILED;
}

static int
run_named(const char *name, const struct lk_test_case *cases, size_t count)
{
	const struct lk_test_case *found = NULL;
	size_t matches = 0;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(cases[i].name, name) != 0)
			continue;
		found = &cases[i];
		matches++;
	}
	if (matches != 1) {
		fprintf(stderr, "%zu cases are named %s; --list shows them\n", matches, name);
		return EXIT_MISUSED;
	}
	return run_case(found);
}

static int
run_all(const struct lk_test_case *cases, size_t count)
{
	size_t failed = 0;
	size_t passed = 0;

	for (size_t i = 0; i < count; i++) {
		const int status = run_case(&cases[i]);
		passed += status == EXIT_PASSED;
		failed += status != EXIT_PASSED && status != EXIT_SKIPPED;
	}
	printf("%zu passed, %zu failed, %zu skipped\n", passed, failed, count - passed - failed);
	return failed > 0 || passed == 0 ? EXIT_FAILED : EXIT_PASSED;
}

int
lk_test_main(int argc, char **argv, const struct lk_test_case *cases, size_t count)
{
	atexit(refuse_early_exit);
	if (argc == 1)
		return run_all(cases, count);
	if (argc != 2) {
		fprintf(stderr, "usage: %s [--list | CASE]\n", argv[0]);
		return EXIT_MISUSED;
	}
	if (strcmp(argv[1], "--list") != 0)
		return run_named(argv[1], cases, count);
	for (size_t i = 0; i < count; i++)
		puts(cases[i].name);
	return EXIT_PASSED;
}

void
lk_test_note_skip(const char *why)
{
	print_message("skipped: %s\n", why);
	skipped = true;
}

void
lk_test_expect(lk_status got, const struct lk_error *err, lk_status want, const char *reason,
    const char *field, const char *call, const char *file, int line)
{
	const bool compare = want != LK_OK && err;
	const bool same_reason = !compare || !reason || strcmp(err->reason, reason) == 0;
	const bool same_field = !compare || !field || strcmp(err->field, field) == 0;

	if (got == want && same_reason && same_field)
		return;
	print_error("%s\n  answered %s", call, lk_status_name(got));
	if (got != LK_OK && err)
		print_error(" %s \"%s\" field \"%s\"", err->reason, err->message, err->field);
	print_error("\n  expected %s %s%s%s\n", lk_status_name(want), reason ? reason : "",
	    field ? " field " : "", field ? field : "");
	_fail(file, line);
}

void
lk_test_expect_contains(const char *text, const char *part, bool wanted, const char *file, int line)
{
	if (text && (strstr(text, part) != NULL) == wanted)
		return;
	print_error("%s\n  %s \"%s\"\n", text ? text : "(null)",
	    wanted ? "should contain" : "should not contain", part);
	_fail(file, line);
}
