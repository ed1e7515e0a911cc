/* Options: which source wins, and that each mistake names the option and where it was made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "config/config.h"
#include "test.h"

#define LK_OPTION(kind, field, name, preset, help) LK_OPTION_FIELD(kind, field)
struct settings {
#include "config_options.def"
};
#undef LK_OPTION

static const struct lk_option options[] = {
#define LK_OPTION(kind, field, name, preset, help)                                                 \
	LK_OPTION_ROW(struct settings, kind, field, name, preset, help)
#include "config_options.def"
#undef LK_OPTION
};
static const struct lk_config_table table = { "latchkey-test", "tests", options,
	LK_ARRAY_LEN(options), NULL };

struct run {
	struct settings settings;
	struct lk_error err;
	char *out;
};

static int
run_start(void **state)
{
	*state = calloc(1, sizeof(struct run));
	return *state == NULL;
}

static int
run_end(void **state)
{
	struct run *run = *state;

	lk_alloc_fail_after(-1);
	lk_config_free(&table, &run->settings);
	free(run->out);
	free(run);
	return 0;
}

/* Words of `arguments` and `environment` are split at blanks. */
static void
split(char *text, char **words, size_t cap)
{
	char *rest = NULL;
	size_t count = 0;

	for (char *word = strtok_r(text, " ", &rest); word != NULL && count + 1 < cap;
	     word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	words[count] = NULL;
}

static lk_status
load(struct run *run, const char *arguments, const char *environment)
{
	char *argv[16] = { NULL }, *environ_words[16] = { NULL };
	LK_AUTO(lk_freep) char *argument_text = NULL;
	LK_AUTO(lk_freep) char *environment_text = strdup(environment);
	struct lk_config_input input = { 0, (const char *const *)argv,
		(const char *const *)environ_words, NULL };
	size_t len = 0;

	assert_true(asprintf(&argument_text, "latchkey-test %s", arguments) > 0);
	split(argument_text, argv, LK_ARRAY_LEN(argv));
	split(environment_text, environ_words, LK_ARRAY_LEN(environ_words));
	while (argv[input.argc] != NULL)
		input.argc++;
	lk_config_free(&table, &run->settings);
	memset(&run->settings, 0, sizeof run->settings);
	free(run->out);
	input.out = open_memstream(&run->out, &len);
	const lk_status status = lk_config_load_from(&table, &input, &run->settings, &run->err);
	fclose(input.out);
	return status;
}

static const char *
config_file(const char *text)
{
	const char *path = lk_test_path(lk_test_tmpdir(), "test.conf");

	lk_test_write_file(path, text, strlen(text));
	return path;
}

static const char *
with(const char *before, const char *path, const char *after)
{
	static char text[512];

	snprintf(text, sizeof text, "%s%s%s", before, path, after);
	return text;
}

/* The load is refused with a message that has `part` in it, and leaves nothing behind. */
static void
expect_refused(struct run *run, const char *arguments, const char *environment, const char *part)
{
	expect_fail(
	    load(run, arguments, environment), &run->err, LK_INVALID_ARGUMENT, "CONFIG_INVALID");
	expect_contains(run->err.message, part);
	assert_null(run->settings.instance);
	assert_null(run->settings.store_url);
}

static void
defaults_fill_what_nobody_said(void **state)
{
	struct run *run = *state;

	expect_ok(load(run, "--instance lab", ""), &run->err);
	assert_string_equal(run->settings.instance, "lab");
	assert_string_equal(run->settings.store_url, "sqlite:///tmp/x.db");
	assert_null(run->settings.key_file);
	assert_null(run->settings.password);
	assert_int_equal(run->settings.workers, 4);
	assert_false(run->settings.verbose);
	assert_int_equal(run->settings.max_ttl_ms, 43200000);
	assert_int_equal(run->settings.level, 1);
}

static void
arguments_win_over_environment_over_file_over_defaults(void **state)
{
	struct run *run = *state;
	const char *path = config_file(
	    "workers = 5\nlevel = warn\nstore_url=sqlite:///file.db\ninstance = from-file\n");

	expect_ok(load(run, with("--workers=7 --config ", path, ""),
		      "LATCHKEY_WORKERS=6 LATCHKEY_LEVEL=debug"),
	    &run->err);
	assert_int_equal(run->settings.workers, 7);
	assert_int_equal(run->settings.level, 0);
	assert_string_equal(run->settings.store_url, "sqlite:///file.db");
	assert_string_equal(run->settings.instance, "from-file");
}

static void
the_file_may_be_named_by_the_environment(void **state)
{
	struct run *run = *state;
	const char *path = config_file("instance = from-file\n");

	expect_ok(load(run, "", with("LATCHKEY_CONFIG=", path, "")), &run->err);
	assert_string_equal(run->settings.instance, "from-file");
}

static void
a_value_may_stand_in_a_file_of_its_own(void **state)
{
	struct run *run = *state;
	const char *path = config_file("p w\n\n");

	expect_refused(run, "--instance lab", with("LATCHKEY_PASSWORD_FILE=", path, ""),
	    "password (LATCHKEY_PASSWORD_FILE)");
	path = config_file("p w\n");
	expect_ok(
	    load(run, "--instance lab", with("LATCHKEY_PASSWORD_FILE=", path, "")), &run->err);
	assert_string_equal(run->settings.password, "p w");
}

static void
a_variable_that_is_empty_counts_as_unset(void **state)
{
	struct run *run = *state;

	expect_ok(
	    load(run, "--instance lab", "LATCHKEY_WORKERS= LATCHKEY_KEY_FILE_FILE="), &run->err);
	assert_int_equal(run->settings.workers, 4);
}

static void
the_last_of_two_equal_arguments_counts(void **state)
{
	struct run *run = *state;

	expect_ok(load(run, "--instance a --workers 2 --instance b --verbose", ""), &run->err);
	assert_string_equal(run->settings.instance, "b");
	assert_true(run->settings.verbose);
	expect_ok(load(run, "--instance a --verbose=no", ""), &run->err);
	assert_false(run->settings.verbose);
}

static void
each_bad_value_names_its_option_and_source(void **state)
{
	static const struct {
		const char *arguments, *environment, *part;
	} cases[] = {
		{ "", "", "instance is missing: give --instance, LATCHKEY_INSTANCE" },
		{ "--instance Lab", "", "instance (--instance) must be 1-32 characters of a-z" },
		{ "--instance=", "", "instance (--instance) must not be empty" },
		{ "--instance 123456789012345678901234567890123", "", "must be 1-32" },
		{ "--instance a --workers 0", "",
		    "workers (--workers) must be a whole number from 1 to 1024" },
		{ "--instance a --workers 1025", "", "from 1 to 1024" },
		{ "--instance a --workers 4x", "", "whole number" },
		{ "--instance a --workers=", "", "whole number" },
		{ "--instance a --workers +4", "", "whole number" },
		{ "--instance a --workers 0x4", "", "whole number" },
		{ "--instance a --workers 99999999999999999999", "", "whole number" },
		{ "--instance a", "LATCHKEY_WORKERS=many", "workers (LATCHKEY_WORKERS)" },
		{ "--instance a --verbose=maybe", "", "verbose (--verbose) must be true or false" },
		{ "--instance a --max-ttl 90x", "", "max-ttl (--max-ttl) must be a duration" },
		{ "--instance a --max-ttl 500ms", "", "from 1s to 90d" },
		{ "--instance a --max-ttl 91d", "", "from 1s to 90d" },
		{ "--instance a --max-ttl never", "", "must be a duration" },
		{ "--instance a --level loud", "",
		    "level (--level) must be one of debug|info|warn" },
		{ "--instance a --level inf", "", "must be one of" },
		{ "--instance a --level debug|info", "", "must be one of" },
		{ "--instance a --key-file=", "", "key-file (--key-file) must not be empty" },
		{ "--instance a --store-url x\x01y", "",
		    "store-url (--store-url) must be printable" },
		{ "--instance a --store-url \xFF", "", "must be printable" },
	};
	struct run *run = *state;

	for (size_t i = 0; i < LK_ARRAY_LEN(cases); i++)
		expect_refused(run, cases[i].arguments, cases[i].environment, cases[i].part);
}

static void
each_mistake_in_the_arguments_is_told(void **state)
{
	struct run *run = *state;

	expect_refused(run, "--instance a --nothing 1", "", "unknown option --nothing");
	expect_refused(
	    run, "--instance a --work 1", "", "unknown option --work"); /* no abbreviations */
	expect_refused(run, "--instance a --workers", "", "--workers needs a value");
	expect_refused(run, "--instance a --config", "", "--config needs a value");
	expect_refused(run, "--instance a extra", "", "unexpected argument extra");
	expect_refused(run, "--instance a -w 4", "", "unexpected argument -w");
	expect_refused(run, "--instance a --verbose yes", "", "unexpected argument yes");
	expect_refused(run, "--instance a --", "", "unknown option --");
	expect_refused(
	    run, "--instance a --print-options=html", "", "unknown option --print-options");
	expect_refused(run, "--instance a --password hush", "", "password is a secret");
	expect_lacks(run->err.message, "hush");
}

static void
each_mistake_in_the_file_names_its_line(void **state)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{ "# fine\n; fine\n\n  workers = 5  \nnothing = 1\n",
		    "line 5: unknown option nothing" },
		{ "instance = a\nworkers\n", "line 2: must be: option = value" },
		{ "[keys]\ninstance = a\n", "line 1: sections are not used" },
		{ "workers = 1\n\nworkers = 2\n", "line 3: workers stands on line 1 already" },
		{ "instance = a\nworkers = many\n", "line 2) must be a whole number" },
		{ "= 5\n", "line 1: unknown option" },
	};
	struct run *run = *state;

	for (size_t i = 0; i < LK_ARRAY_LEN(cases); i++) {
		const char *path = config_file(cases[i].text);
		expect_refused(run, with("--config ", path, ""), "", cases[i].part);
		expect_contains(run->err.message, path);
	}
	expect_refused(
	    run, "--config /nowhere/latchkey.conf", "", "/nowhere/latchkey.conf: No such file");
}

static void
a_nul_byte_or_too_much_in_a_file_is_refused(void **state)
{
	struct run *run = *state;
	const char *path = lk_test_path(lk_test_tmpdir(), "odd");
	LK_AUTO(lk_freep) char *much = calloc(1, 70000);

	lk_test_write_file(path, "instance = a\0b\n", 15);
	expect_refused(run, with("--config ", path, ""), "", "line 1: holds a NUL byte");
	lk_test_write_file(path, "a\0b", 3);
	expect_refused(run, "--instance a", with("LATCHKEY_STORE_URL_FILE=", path, ""),
	    "LATCHKEY_STORE_URL_FILE: ");
	memset(much, 'x', 70000);
	lk_test_write_file(path, much, 70000);
	expect_refused(
	    run, "--instance a", with("LATCHKEY_STORE_URL_FILE=", path, ""), "at most 65536 bytes");
	expect_refused(
	    run, "--instance a", "LATCHKEY_STORE_URL_FILE=/nowhere/x", "/nowhere/x: No such file");
	expect_refused(run, "--instance a",
	    "LATCHKEY_STORE_URL=x LATCHKEY_STORE_URL_FILE=/nowhere/x", "are both set");
}

static void
an_empty_file_says_nothing(void **state)
{
	struct run *run = *state;

	expect_ok(load(run, with("--instance lab --config ", config_file(""), ""), ""), &run->err);
	assert_int_equal(run->settings.workers, 4);
}

static void
long_lines_in_the_file_are_read_whole(void **state)
{
	struct run *run = *state;
	char text[3000];

	memset(text, 'u', sizeof text - 1);
	memcpy(text, "instance = a\nstore-url = ", 25);
	text[sizeof text - 1] = '\0';
	expect_ok(load(run, with("--config ", config_file(text), ""), ""), &run->err);
	assert_string_equal(run->settings.store_url, text + 25);
}

static void
questions_about_the_table_need_no_complete_configuration(void **state)
{
	struct run *run = *state;

	expect_fail(load(run, "--help", ""), &run->err, LK_CANCELLED, "CONFIG_ANSWERED");
	expect_contains(run->out, "--workers 1..1024\n      threads (default: 4)\n");
	expect_contains(run->out, "--instance NAME\n      who we are (required)\n");
	expect_fail(load(run, "-h", ""), &run->err, LK_CANCELLED, "CONFIG_ANSWERED");
	expect_fail(load(run, "--version", ""), &run->err, LK_CANCELLED, "CONFIG_ANSWERED");
	expect_contains(run->out, "latchkey-test 0.");
	expect_fail(
	    load(run, "--print-options=markdown", ""), &run->err, LK_CANCELLED, "CONFIG_ANSWERED");
	expect_contains(run->out, "| `--store-url` | `LATCHKEY_STORE_URL` | sqlite:///tmp/x.db | "
				  "where things are \\| kept |\n");
}

static void
checking_answers_ok_or_the_mistake(void **state)
{
	struct run *run = *state;

	expect_fail(load(run, "--check-config --instance a", ""), &run->err, LK_CANCELLED,
	    "CONFIG_ANSWERED");
	assert_string_equal(run->out, "ok\n");
	assert_null(run->settings.instance);
	expect_refused(run, "--check-config --instance a --workers 0", "", "workers (--workers)");
	assert_string_equal(run->out, "");
}

static void
the_printed_table_tells_sources_and_hides_secrets(void **state)
{
	struct run *run = *state;
	const char *path = config_file("store-url = postgres://lk:hush:h@db/keys\nworkers = 5\n");

	expect_fail(load(run, with("--print-config --instance lab --config ", path, ""),
			"LATCHKEY_PASSWORD=hush LATCHKEY_LEVEL=warn"),
	    &run->err, LK_CANCELLED, "CONFIG_ANSWERED");
	expect_lacks(run->out, "hush");
	expect_contains(run->out, "postgres://lk:***@db/keys  ");
	expect_contains(run->out, "test.conf line 2\n");
	expect_contains(run->out, "  LATCHKEY_PASSWORD\n");
	expect_contains(run->out, "  --instance\n");
	expect_contains(run->out, "  default\n");
	expect_contains(run->out, "  unset\n");
	expect_fail(load(run, "--print-config --instance lab",
			"LATCHKEY_STORE_URL=postgres://db/keys?password=hush"),
	    &run->err, LK_CANCELLED, "CONFIG_ANSWERED");
	expect_lacks(run->out, "hush");
}

static void
short_of_memory_the_load_fails_and_leaves_nothing(void **state)
{
	struct run *run = *state;

	for (long n = 0;; n++) {
		lk_alloc_fail_after(n);
		const lk_status status =
		    load(run, "--instance lab --key-file /k", "LATCHKEY_PASSWORD=x");
		const bool failed = lk_alloc_failed();
		lk_alloc_fail_after(-1);
		assert_int_equal(status, failed ? LK_RESOURCE_EXHAUSTED : LK_OK);
		assert_int_equal(run->settings.instance == NULL, failed);
		if (!failed)
			return;
	}
}

static void
mutated_files_are_read_or_refused_whole(void **state)
{
	static const char corpus[] = "# a comment\ninstance = lab\nworkers = 7\nmax-ttl = "
				     "90d\n\nlevel=warn\nverbose = yes\n";
	const size_t rounds = lk_test_repeat("config mutations", 20000, 1000);
	const char *path = lk_test_path(lk_test_tmpdir(), "fuzz.conf");
	struct lk_test_rng rng = lk_test_rng();
	struct run *run = *state;
	uint8_t text[256];

	for (size_t i = 0; i < rounds; i++) {
		memcpy(text, corpus, sizeof corpus - 1);
		const size_t len = lk_test_rng_mutate(&rng, text, sizeof corpus - 1, sizeof text);
		lk_test_write_file(path, text, len);
		if (load(run, with("--config ", path, ""), "") != LK_OK) {
			assert_string_equal(run->err.reason, "CONFIG_INVALID");
			assert_null(run->settings.instance);
			continue;
		}
		assert_in_range(run->settings.workers, 1, 1024);
		assert_in_range(run->settings.level, 0, 2);
		assert_in_range(strlen(run->settings.instance), 1, 32);
	}
}

#define CONFIG_CASE(fn) LK_CASE_WITH(fn, run_start, run_end)

LK_TESTS(CONFIG_CASE(defaults_fill_what_nobody_said),
    CONFIG_CASE(arguments_win_over_environment_over_file_over_defaults),
    CONFIG_CASE(the_file_may_be_named_by_the_environment),
    CONFIG_CASE(a_value_may_stand_in_a_file_of_its_own),
    CONFIG_CASE(a_variable_that_is_empty_counts_as_unset),
    CONFIG_CASE(the_last_of_two_equal_arguments_counts),
    CONFIG_CASE(each_bad_value_names_its_option_and_source),
    CONFIG_CASE(each_mistake_in_the_arguments_is_told),
    CONFIG_CASE(each_mistake_in_the_file_names_its_line),
    CONFIG_CASE(a_nul_byte_or_too_much_in_a_file_is_refused),
    CONFIG_CASE(an_empty_file_says_nothing), CONFIG_CASE(long_lines_in_the_file_are_read_whole),
    CONFIG_CASE(questions_about_the_table_need_no_complete_configuration),
    CONFIG_CASE(checking_answers_ok_or_the_mistake),
    CONFIG_CASE(the_printed_table_tells_sources_and_hides_secrets),
    CONFIG_CASE(short_of_memory_the_load_fails_and_leaves_nothing),
    CONFIG_CASE(mutated_files_are_read_or_refused_whole))
