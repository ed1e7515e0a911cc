/* The forgery corpus of token_corpus.py, which shares no code with us, against the verifier: every
 * forgery is refused for its reason, every control passes. The same corpus meets the real service
 * in e2e/test_tokens_forgery.py. */
#include "forge.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LEAST_FORGERIES = 150, LEAST_CONTROLS = 5, LINE_MAX_LEN = 4 * 1024 * 1024 };

struct counts {
	int forgeries, controls, wrong;
};

static void
judge(struct forge *f, struct counts *counts, char *line)
{
	char *name = strchr(line, '\t'), *hex = strchr(name + 1, '\t');
	static uint8_t token[LINE_MAX_LEN / 2];

	*name++ = '\0';
	*hex++ = '\0';
	const bool control = strcmp(line, "-") == 0;
	size_t len;
	hex[strcspn(hex, "\n")] = '\0';
	assert_true(lk_hex_decode(lk_bytes_of(hex), token, sizeof token, &len));
	const lk_status status = forge_verify_bytes(f, token, len);
	const bool right = control
			       ? status == LK_OK
			       : status == LK_UNAUTHENTICATED && strcmp(f->err.reason, line) == 0;

	counts->forgeries += !control;
	counts->controls += control;
	counts->wrong += !right;
	if (!right)
		print_message("%s: wanted %s, got %s %s\n", name, line, lk_status_name(status),
		    status == LK_OK ? "" : f->err.reason);
}

/* The output of the generator; `out_child` is to be waited for. */
static FILE *
generate(pid_t *out_child)
{
	static char python[] = "/usr/bin/python3", alone[] = "-B";
	char *const argv[] = { python, alone,
		(char *)(uintptr_t)lk_test_data("conformance/token_corpus.py"), NULL };
	posix_spawn_file_actions_t actions;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	assert_int_equal(posix_spawn(out_child, python, &actions, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	return fdopen(ends[0], "r");
}

static void
every_forgery_of_the_corpus_is_refused_for_its_reason(void **state)
{
	struct forge *f = *state;
	struct counts counts = { 0 };
	char *line = malloc(LINE_MAX_LEN);
	pid_t child;
	int status;

	FILE *from = generate(&child);
	assert_non_null(line);
	assert_non_null(from);
	assert_non_null(fgets(line, LINE_MAX_LEN, from));
	lk_jwks_unref(f->jwks);
	f->jwks = NULL;
	expect_ok(lk_jwks_parse(&f->jwks, line, strlen(line), &f->err), &f->err);
	while (fgets(line, LINE_MAX_LEN, from))
		judge(f, &counts, line);
	fclose(from);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	free(line);
	print_message("%d forgeries, %d controls\n", counts.forgeries, counts.controls);
	assert_int_equal(counts.wrong, 0);
	assert_true(counts.forgeries >= LEAST_FORGERIES);
	assert_true(counts.controls >= LEAST_CONTROLS);
}

LK_TESTS(LK_CASE_WITH(
    every_forgery_of_the_corpus_is_refused_for_its_reason, forge_setup, forge_teardown))
