/* Where the configuration came from, to read it again; see daemon.h and reload.h. */
#include "daemon/reload.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "daemon/confine.h"
#include "daemon/daemon.h"
#include "log/log.h"

static struct {
	const struct lk_config_table *table;
	const struct lk_option *level;
	int argc;
	char **argv;
} source;

static const struct lk_option *
level_of(const struct lk_config_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		if (lk_text_is(table->options[i].name, "log-level"))
			return &table->options[i];
	}
	return NULL;
}

static void
level_set(const void *config)
{
	const int *level = (const void *)((const char *)config + source.level->offset);

	lk_log_set_level((enum lk_log_level) * level);
}

lk_status
lk_daemon_configure(const struct lk_config_table *table, int argc, char **argv, void *out_config,
    struct lk_error *err)
{
	LK_TRY(lk_config_load(table, argc, argv, out_config, err));
	source.table = table;
	source.argc = argc;
	source.argv = argv;
	source.level = level_of(table);
	if (source.level)
		level_set(out_config);
	return lk_confine(table, argc, argv, out_config, err);
}

/* No field is larger than a pointer or int64_t. */
static size_t
config_size(const struct lk_config_table *table)
{
	size_t size = 0;

	for (size_t i = 0; i < table->count; i++) {
		if (table->options[i].offset + sizeof(int64_t) > size)
			size = table->options[i].offset + sizeof(int64_t);
	}
	return size;
}

lk_status
lk_reload_log_level(struct lk_error *err)
{
	if (!source.level)
		return LK_OK;
	LK_AUTO(lk_freep) void *config = lk_alloc(config_size(source.table));
	if (!config)
		return lk_fail_oom(err);
	LK_TRY(lk_config_load(source.table, source.argc, source.argv, config, err));
	level_set(config);
	lk_config_free(source.table, config);
	return LK_OK;
}
