/* From the text of an option to the field of its kind, with every rule of the kinds; see config.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "config/settings.h"
#include "time/duration.h"

enum { NAME_MAX_LEN = 32 };

bool
settings_is_text(enum lk_option_kind kind)
{
	return kind == LK_OPTION_STRING || kind == LK_OPTION_NAME || kind == LK_OPTION_PATH ||
	       kind == LK_OPTION_SECRET;
}

/* The value itself is not repeated: it may be a secret that was put in the wrong place. */
static lk_status __attribute__((format(printf, 4, 5)))
refuse(const struct settings *s, size_t index, struct lk_error *err, const char *format, ...)
{
	char source[SETTING_SOURCE_SIZE], rule[LK_MESSAGE_SIZE];
	const char *name = s->table->options[index].name;
	va_list args;

	va_start(args, format);
	vsnprintf(rule, sizeof rule, format, args);
	va_end(args);
	settings_source(s, index, source);
	return lk_fail_field(err, name, "CONFIG_INVALID", "%s (%s) %s", name, source, rule);
}

static void
put(const struct settings *s, size_t index, void *config, const void *value, size_t size)
{
	memcpy((char *)config + s->table->options[index].offset, value, size);
}

static lk_status
apply_text(const struct settings *s, size_t index, void *config, struct lk_error *err)
{
	const struct lk_option *option = &s->table->options[index];
	const char *text = s->rows[index].text;
	const size_t len = strlen(text);

	if (!lk_text_printable(lk_bytes_of(text)))
		return refuse(s, index, err, "must be printable UTF-8 on one line");
	if (len == 0 &&
	    (option->preset == lk_option_required || option->type.kind == LK_OPTION_PATH))
		return refuse(s, index, err, "must not be empty");
	if (option->type.kind == LK_OPTION_PATH && len >= PATH_MAX)
		return refuse(s, index, err, "must be a path of at most %d bytes", PATH_MAX - 1);
	if (option->type.kind == LK_OPTION_NAME &&
	    (len == 0 || len > NAME_MAX_LEN ||
		strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != len))
		return refuse(
		    s, index, err, "must be 1-%d characters of a-z, 0-9 and -", NAME_MAX_LEN);
	const char *copy = lk_text_dup(text);
	if (copy == NULL)
		return lk_fail_oom(err);
	put(s, index, config, &copy, sizeof copy);
	return LK_OK;
}

static lk_status
apply_int(const struct settings *s, size_t index, void *config, struct lk_error *err)
{
	const struct lk_option_type *type = &s->table->options[index].type;
	const char *text = s->rows[index].text;
	char *end = NULL;

	errno = 0;
	const int64_t value = strtoll(text, &end, 10);
	if (strspn(text, "-0123456789") != strlen(text) || end == text || *end != '\0' ||
	    errno != 0 || value < type->min || value > type->max)
		return refuse(s, index, err, "must be a whole number from %" PRId64 " to %" PRId64,
		    type->min, type->max);
	put(s, index, config, &value, sizeof value);
	return LK_OK;
}

static lk_status
apply_bool(const struct settings *s, size_t index, void *config, struct lk_error *err)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on", "0", "1" };

	for (size_t i = 0; i < LK_ARRAY_LEN(words); i++) {
		const bool value = i % 2 == 1;
		if (strcmp(s->rows[index].text, words[i]) != 0)
			continue;
		put(s, index, config, &value, sizeof value);
		return LK_OK;
	}
	return refuse(s, index, err, "must be true or false");
}

/* The bounds of a row are its author's: a bound that cannot be read is no bound. */
static int64_t
bound(const char *text, int64_t otherwise)
{
	int64_t ms;

	return text != NULL && lk_duration_parse("bound", text, &ms, NULL) == LK_OK ? ms
										    : otherwise;
}

static lk_status
apply_duration(const struct settings *s, size_t index, void *config, struct lk_error *err)
{
	const struct lk_option_type *type = &s->table->options[index].type;
	int64_t ms;

	if (lk_duration_parse("value", s->rows[index].text, &ms, NULL) != LK_OK ||
	    ms < bound(type->min_text, 1) || ms > bound(type->max_text, INT64_MAX))
		return refuse(s, index, err,
		    "must be a duration like 90d, 12h or 500ms, from %s to %s",
		    type->min_text == NULL ? "1ms" : type->min_text,
		    type->max_text == NULL ? "any" : type->max_text);
	put(s, index, config, &ms, sizeof ms);
	return LK_OK;
}

static lk_status
apply_enum(const struct settings *s, size_t index, void *config, struct lk_error *err)
{
	const char *text = s->rows[index].text, *words = s->table->options[index].type.words;
	int position = 0;

	for (const char *word = words; *word != '\0'; position++) {
		const size_t len = strcspn(word, "|");
		if (strlen(text) == len && memcmp(text, word, len) == 0) {
			put(s, index, config, &position, sizeof position);
			return LK_OK;
		}
		word += len + (word[len] == '|');
	}
	return refuse(s, index, err, "must be one of %s", words);
}

static lk_status
apply_row(const struct settings *s, size_t index, void *config, struct lk_error *err)
{
	const struct lk_option *option = &s->table->options[index];

	if (s->rows[index].text == NULL) {
		if (option->preset != lk_option_required)
			return LK_OK;
		char name[SETTING_ENVIRONMENT_SIZE];
		settings_environment_name(option->name, "", name);
		return lk_fail_field(err, option->name, "CONFIG_INVALID",
		    "%s is missing: give --%s, %s, or %s = in the configuration file", option->name,
		    option->name, name, option->name);
	}
	switch (option->type.kind) {
	case LK_OPTION_STRING:
	case LK_OPTION_NAME:
	case LK_OPTION_PATH:
	case LK_OPTION_SECRET:
		return apply_text(s, index, config, err);
	case LK_OPTION_INT:
		return apply_int(s, index, config, err);
	case LK_OPTION_BOOL:
		return apply_bool(s, index, config, err);
	case LK_OPTION_DURATION:
		return apply_duration(s, index, config, err);
	case LK_OPTION_ENUM:
		return apply_enum(s, index, config, err);
	}
	return lk_fail(err, LK_INTERNAL, "CONFIG_TABLE", "option %s has no kind", option->name);
}

lk_status
settings_apply(const struct settings *s, void *config, struct lk_error *err)
{
	for (size_t i = 0; i < s->table->count; i++) {
		const lk_status status = apply_row(s, i, config, err);
		if (status == LK_OK)
			continue;
		lk_config_free(s->table, config);
		return status;
	}
	return LK_OK;
}

void
lk_config_free(const struct lk_config_table *table, void *config)
{
	for (size_t i = 0; i < table->count; i++) {
		char *text;
		char *field = (char *)config + table->options[i].offset;
		if (!settings_is_text(table->options[i].type.kind))
			continue;
		memcpy(&text, field, sizeof text);
		if (text != NULL)
			lk_wipe(text, strlen(text));
		lk_free(text);
		text = NULL;
		memcpy(field, &text, sizeof text);
	}
}
