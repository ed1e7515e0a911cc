/* Loading options while memory runs short: all of them, or none and nothing to free. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "config/config.h"
#include "test.h"
#include "torture.h"

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

struct sources {
	const char *argv[4], *environment[3];
	struct settings settings;
};

static lk_status
load(void *arg, struct lk_error *err)
{
	struct sources *sources = arg;
	const struct lk_config_input input = { 3, sources->argv, sources->environment, NULL };

	memset(&sources->settings, 0, sizeof sources->settings);
	return lk_config_load_from(&table, &input, &sources->settings, err);
}

static void
all_or_nothing(void *arg, lk_status answered)
{
	struct sources *sources = arg;
	const struct settings *settings = &sources->settings;

	if (answered == LK_OK) {
		assert_string_equal(settings->instance, "hold");
		assert_string_equal(settings->store_url, "sqlite:///data/x.db");
		assert_string_equal(settings->password, "swordfish");
		assert_int_equal(settings->workers, 7);
	} else {
		assert_null(settings->instance);
		assert_null(settings->store_url);
		assert_null(settings->password);
	}
	lk_config_free(&table, &sources->settings);
}

static void
options_come_whole_or_not_at_all(void **state)
{
	static const char file_text[] = "instance = hold\nworkers = 7\n";
	const char *dir = lk_test_tmpdir();
	const char *file = lk_test_path(dir, "test.conf"), *secret = lk_test_path(dir, "password");
	LK_AUTO(lk_freep) char *secret_variable = NULL;
	struct sources sources = { .argv = { "latchkey-test", "--config", file } };

	(void)state;
	lk_test_write_file(file, file_text, sizeof file_text - 1);
	lk_test_write_file(secret, "swordfish\n", 10);
	assert_true(asprintf(&secret_variable, "LATCHKEY_PASSWORD_FILE=%s", secret) > 0);
	sources.environment[0] = secret_variable;
	sources.environment[1] = "LATCHKEY_STORE_URL=sqlite:///data/x.db";
	assert_true(lk_torture(load, all_or_nothing, &sources) > 3);
}

LK_TESTS(LK_CASE(options_come_whole_or_not_at_all))
