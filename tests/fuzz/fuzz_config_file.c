/* Configuration files: read or refused whole, and what is read keeps the rules of its options. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base.h"
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

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
static const struct lk_config_table table = { "latchkey-fuzz", "fuzz", options,
	LK_ARRAY_LEN(options), NULL };

static void
must(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const int fd = memfd_create("config", MFD_CLOEXEC);
	char path[32];
	const char *const argv[] = { "latchkey-fuzz", "--config", path, NULL };
	const char *const environment[] = { NULL };
	const struct lk_config_input input = { 3, argv, environment, stdout };
	struct settings settings = { 0 };
	struct lk_error err = { 0 };

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	must(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	if (lk_config_load_from(&table, &input, &settings, &err) == LK_OK)
		must(settings.workers >= 1 && settings.workers <= 1024 && settings.level <= 2 &&
		     strlen(settings.instance) <= 32 &&
		     lk_text_printable(lk_bytes_of(settings.store_url)));
	else
		must(lk_text_is(err.reason, "CONFIG_INVALID") && settings.instance == NULL);
	lk_config_free(&table, &settings);
	close(fd);
	return 0;
}
