/* The command line's arguments: words, operands, options, and what is said about those that are
 * wrong. */
#include <string.h>

#include "command.h"
#include "test.h"

enum { WORDS_MAX = 80 };

struct run {
	struct args args;
	char wrong[256];
	bool understood;
};

static struct run
parsed(const char *first, ...)
{
	static char *argv[WORDS_MAX];
	struct run run = { .wrong = "" };
	int argc = 0;
	va_list more;

	argv[argc++] = (char *)"latchkey";
	va_start(more, first);
	for (const char *word = first; word; word = va_arg(more, const char *))
		argv[argc++] = (char *)word;
	va_end(more);
	argv[argc] = NULL;
	run.understood = args_parse(argc, argv, &run.args, run.wrong, sizeof run.wrong);
	return run;
}

#define expect_wrong(part, ...)                                                                    \
	do {                                                                                       \
		struct run run_ = parsed(__VA_ARGS__, NULL);                                       \
		assert_false(run_.understood);                                                     \
		expect_contains(run_.wrong, part);                                                 \
		args_free(&run_.args);                                                             \
	} while (0)

static void
a_command_of_two_words_is_found_with_its_operand_and_options(void **state)
{
	struct run run = parsed(
	    "key", "create", "laptop", "--ttl", "90d", "--permission=a", "--permission", "b", NULL);

	(void)state;
	assert_true(run.understood);
	assert_string_equal("key create", run.args.command->words);
	assert_int_equal(1, run.args.operands_count);
	assert_string_equal("laptop", run.args.operands[0]);
	assert_string_equal("90d", args_value(&run.args, OPT_TTL));
	assert_int_equal(2, run.args.values[OPT_PERMISSION].count);
	assert_string_equal("b", run.args.values[OPT_PERMISSION].at[1]);
	assert_null(args_value(&run.args, OPT_OUT));
	args_free(&run.args);
}

static void
profile_means_the_policy_only_after_tenant_create(void **state)
{
	struct run before =
	    parsed("--profile", "ada", "tenant", "create", "g", "--profile", "panomics", NULL);
	struct run other = parsed("key", "list", "--profile", "ada", NULL);

	(void)state;
	assert_true(before.understood && other.understood);
	assert_string_equal("ada", args_value(&before.args, OPT_PROFILE));
	assert_string_equal("panomics", args_value(&before.args, OPT_POLICY_PROFILE));
	assert_string_equal("ada", args_value(&other.args, OPT_PROFILE));
	args_free(&before.args);
	args_free(&other.args);
}

static void
what_follows_two_dashes_is_left_alone(void **state)
{
	struct run run =
	    parsed("exec", "aws", "--owner", "ben", "--", "aws", "--json", "--", "-x", NULL);

	(void)state;
	assert_true(run.understood);
	assert_false(args_has(&run.args, OPT_JSON));
	assert_string_equal("aws", run.args.rest[0]);
	assert_string_equal("--json", run.args.rest[1]);
	assert_string_equal("--", run.args.rest[2]);
	args_free(&run.args);
}

static void
a_dash_alone_is_an_operand(void **state)
{
	struct run run = parsed("validate", "--json", "-", NULL);

	(void)state;
	assert_true(run.understood);
	assert_string_equal("-", run.args.operands[0]);
	assert_true(args_has(&run.args, OPT_JSON));
	args_free(&run.args);
}

static void
an_operand_may_begin_with_a_hyphen_behind_two_dashes(void **state)
{
	struct run run =
	    parsed("signing-key", "withdraw", "--reason", "stolen", "--", "-Lsz97ZxRo", NULL);

	(void)state;
	assert_true(run.understood);
	assert_int_equal(1, run.args.operands_count);
	assert_string_equal("-Lsz97ZxRo", run.args.operands[0]);
	assert_null(run.args.rest);
	args_free(&run.args);
	expect_wrong("behind --", "signing-key", "withdraw", "-Lsz97ZxRo");
}

static void
wrong_words_are_told_in_a_sentence(void **state)
{
	(void)state;
	expect_wrong("a command is missing", "--json");
	expect_wrong("there is no command frobnicate", "frobnicate");
	expect_wrong("there is no command key frobnicate", "key", "frobnicate");
	expect_wrong("key needs another word", "key");
	expect_wrong("tenant create needs NAME", "tenant", "create");
	expect_wrong("does not take two", "key", "show", "one", "two");
	expect_wrong("does not take x", "key", "list", "--", "x");
}

static void
wrong_options_are_told_by_name(void **state)
{
	(void)state;
	expect_wrong("no option --frob", "key", "list", "--frob");
	expect_wrong("no option -x", "key", "list", "-x");
	expect_wrong("--ttl needs a TTL", "key", "create", "laptop", "--ttl");
	expect_wrong(
	    "--ttl is given twice", "key", "create", "laptop", "--ttl", "1d", "--ttl", "2d");
	expect_wrong("--json takes no value", "key", "list", "--json=yes");
	expect_wrong("no option --ttl", "key", "list", "--ttl", "1d");
}

static void
more_values_than_fit_are_refused(void **state)
{
	char *argv[2 * OPTION_VALUES_MAX + 8];
	struct args args;
	char said[256];
	int argc = 0;

	(void)state;
	for (const char *const *word =
		 (const char *const[]){ "latchkey", "user", "create", "e", NULL };
	     *word; word++)
		argv[argc++] = (char *)*word;
	for (int i = 0; i <= OPTION_VALUES_MAX; i++)
		argv[argc++] = (char *)"--role=r";
	assert_false(args_parse(argc, argv, &args, said, sizeof said));
	expect_contains(said, "more than 64");
	args_free(&args);
}

/* The rows hold together: names are found, options that a command has do not hide each other. */
static void
every_row_is_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < commands_count; i++) {
		const struct command *command = &commands[i];
		assert_non_null(command->run);
		assert_true(*command->words && *command->help && command->least <= command->most);
		for (size_t k = i + 1; k < commands_count; k++)
			assert_string_not_equal(command->words, commands[k].words);
		for (int a = 0; a < OPTION_COUNT; a++) {
			for (int b = a + 1; b < OPTION_COUNT; b++)
				assert_false((command->options >> a & 1) &&
					     (command->options >> b & 1) &&
					     strcmp(option_rows[a].name, option_rows[b].name) == 0);
		}
	}
}

static void
arguments_of_any_kind_do_no_harm(void **state)
{
	static const char *const words[] = { "key", "create", "list", "--", "-", "--json", "--ttl",
		"--ttl=", "--=", "-h", "--help", "", "exec", "aws", "--profile", "--permission",
		"tenant", "\xff\xfe", "=", "--idempotency-key=x" };
	struct lk_test_rng rng = lk_test_rng();

	(void)state;
	for (size_t n = lk_test_repeat("arguments", 200000, 20000); n > 0; n--) {
		char *argv[16] = { (char *)"latchkey" };
		const int argc = 1 + (int)lk_test_rng_below(&rng, 14);
		struct args args;
		char said[64];
		for (int i = 1; i < argc; i++)
			argv[i] =
			    (char *)words[lk_test_rng_below(&rng, sizeof words / sizeof words[0])];
		said[0] = '\0';
		const bool understood = args_parse(argc, argv, &args, said, sizeof said);
		assert_true(understood || *said);
		assert_true(!understood || args.command || args_has(&args, OPT_HELP));
		args_free(&args);
	}
}

LK_TESTS(LK_CASE(a_command_of_two_words_is_found_with_its_operand_and_options),
    LK_CASE(profile_means_the_policy_only_after_tenant_create),
    LK_CASE(what_follows_two_dashes_is_left_alone), LK_CASE(a_dash_alone_is_an_operand),
    LK_CASE(an_operand_may_begin_with_a_hyphen_behind_two_dashes),
    LK_CASE(wrong_words_are_told_in_a_sentence), LK_CASE(wrong_options_are_told_by_name),
    LK_CASE(more_values_than_fit_are_refused), LK_CASE(every_row_is_sound),
    LK_CASE(arguments_of_any_kind_do_no_harm))
