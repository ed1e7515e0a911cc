/* The options that every service shares, as a service builds them. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "config/config.h"
#include "daemon/host.h"
#include "log/log.h"
#include "test.h"

#define LK_OPTION(kind, field, name, preset, help) LK_OPTION_FIELD(kind, field)
struct common {
#include "daemon/options_common.def"
};
#undef LK_OPTION

static const struct lk_option options[] = {
#define LK_OPTION(kind, field, name, preset, help)                                                 \
	LK_OPTION_ROW(struct common, kind, field, name, preset, help)
#include "daemon/options_common.def"
#undef LK_OPTION
};
static const struct lk_config_table table = { "latchkey-test", "tests", options,
	LK_ARRAY_LEN(options), NULL };

static void
a_service_starts_from_five_values_and_sound_defaults(void **state)
{
	const char *argv[] = { "latchkey-test", "--listen", "ipc:///s/run/keys.sock", "--store-url",
		"sqlite:///s/data/keys.db", "--log-level", "warn", NULL };
	const char *environment[] = { "LATCHKEY_INSTANCE=lab-1", "LATCHKEY_PEERS_DIR=/s/peers",
		"LATCHKEY_PEER_KEY_FILE=/s/secrets/keys.key", NULL };
	const struct lk_config_input input = { 7, argv, environment, NULL };
	struct common config = { 0 };
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_config_load_from(&table, &input, &config, &err), &err);
	assert_string_equal(config.instance, "lab-1");
	assert_string_equal(config.listen_url, "ipc:///s/run/keys.sock");
	assert_string_equal(config.store_url, "sqlite:///s/data/keys.db");
	assert_string_equal(config.peers_dir, "/s/peers");
	assert_string_equal(config.peer_key_file, "/s/secrets/keys.key");
	assert_int_equal(config.workers, 16);
	assert_int_equal(config.contexts, 256);
	assert_int_equal(config.queue_limit, 192);
	assert_int_equal(config.log_level, LK_LOG_WARN);
	struct lk_host_setup setup = { LK_HOST_OPTIONS(config) };
	expect_ok(lk_host_check(&setup, &err), &err);
	setup.workers = 64;
	expect_fail(lk_host_check(&setup, &err), &err, LK_INVALID_ARGUMENT, "CONFIG_INVALID");
	setup.contexts = 257;
	expect_ok(lk_host_check(&setup, &err), &err);
	lk_config_free(&table, &config);
	assert_null(config.instance);
}

static void
the_words_of_the_log_level_are_its_names_in_order(void **state)
{
	char words[64];

	(void)state;
	snprintf(words, sizeof words, "%s|%s|%s|%s", lk_log_level_name(LK_LOG_DEBUG),
	    lk_log_level_name(LK_LOG_INFO), lk_log_level_name(LK_LOG_WARN),
	    lk_log_level_name(LK_LOG_ERROR));
	for (size_t i = 0; i < table.count; i++)
		if (strcmp(options[i].name, "log-level") == 0)
			assert_string_equal(options[i].type.words, words);
}

LK_TESTS(LK_CASE(a_service_starts_from_five_values_and_sound_defaults),
    LK_CASE(the_words_of_the_log_level_are_its_names_in_order))
