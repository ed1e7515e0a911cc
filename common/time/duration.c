/* Parsing and printing durations; instants are in instant.c. See duration.h. */
#include "time/duration.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/scope.h"
#include "time/instant.h"

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

struct unit {
	const char *name;
	int64_t ms;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A run of digits at *at, times a unit read later; false without digits or past the largest
 * duration. */
static bool
number_read(const char **at, int64_t *out)
{
	int64_t value = 0;

	if (!is_digit(**at))
		return false;
	for (; is_digit(**at); (*at)++) {
		value = value * 10 + (**at - '0');
		if (value > LK_INSTANT_MAX_MS)
			return false;
	}
	*out = value;
	return true;
}

static bool
amount_add(int64_t *sum, int64_t count, int64_t unit_ms)
{
	if (count > (LK_INSTANT_MAX_MS - *sum) / unit_ms)
		return false;
	*sum += count * unit_ms;
	return true;
}

/* 90d, 500ms, 3600. */
static bool
simple_read(const char *text, int64_t *out_ms)
{
	static const struct unit units[] = { { "", SECOND_MS }, { "ms", 1 }, { "s", SECOND_MS },
		{ "m", MINUTE_MS }, { "h", HOUR_MS }, { "d", DAY_MS }, { "w", 7 * DAY_MS } };
	int64_t count;

	if (!number_read(&text, &count))
		return false;
	for (size_t i = 0; i < LK_ARRAY_LEN(units); i++)
		if (strcmp(text, units[i].name) == 0)
			return amount_add(out_ms, count, units[i].ms);
	return false;
}

/* Some of `units`, each at most once and in their order; at least one. */
static bool
iso_part_read(const char **at, const struct unit *units, size_t units_count, int64_t *sum)
{
	size_t next = 0;
	bool any = false;

	while (is_digit(**at)) {
		int64_t count;
		if (!number_read(at, &count))
			return false;
		while (next < units_count && units[next].name[0] != **at)
			next++;
		if (next == units_count || !amount_add(sum, count, units[next].ms))
			return false;
		next++;
		(*at)++;
		any = true;
	}
	return any;
}

/* ISO 8601-1 5.5.2.2 without years and months, whose length depends on the calendar, and without
 * fractions. */
static bool
iso_read(const char *text, int64_t *out_ms)
{
	static const struct unit date_units[] = { { "W", 7 * DAY_MS }, { "D", DAY_MS } };
	static const struct unit time_units[] = { { "H", HOUR_MS }, { "M", MINUTE_MS },
		{ "S", SECOND_MS } };

	if (*text != 'T' && !iso_part_read(&text, date_units, LK_ARRAY_LEN(date_units), out_ms))
		return false;
	if (*text == '\0')
		return true;
	if (*text != 'T')
		return false;
	text++;
	return iso_part_read(&text, time_units, LK_ARRAY_LEN(time_units), out_ms) && *text == '\0';
}

lk_status
lk_duration_parse(const char *field, const char *text, int64_t *out_ms, struct lk_error *err)
{
	int64_t ms = 0;

	if (text == NULL || !(*text == 'P' ? iso_read(text + 1, &ms) : simple_read(text, &ms)) ||
	    ms == 0)
		return lk_fail_field(err, field, "DURATION_INVALID",
		    "%s must be a duration like 90d, 12h, 30m, 45s or P90D, longer than zero",
		    field);
	*out_ms = ms;
	return LK_OK;
}

/* Told apart by the dash after a four-digit year. */
static bool
looks_like_instant(const char *text)
{
	return strnlen(text, 5) == 5 && is_digit(text[0]) && text[4] == '-';
}

lk_status
lk_ttl_parse(const char *field, const char *text, struct lk_ttl *out, struct lk_error *err)
{
	struct lk_ttl ttl = { LK_TTL_DURATION, 0 };

	if (lk_text_is(text, "never"))
		ttl.kind = LK_TTL_NEVER;
	else if (text != NULL && looks_like_instant(text))
		ttl.kind = LK_TTL_INSTANT;
	if ((ttl.kind == LK_TTL_INSTANT && lk_instant_parse(field, text, &ttl.ms, NULL) != LK_OK) ||
	    (ttl.kind == LK_TTL_DURATION && lk_duration_parse(field, text, &ttl.ms, NULL) != LK_OK))
		return lk_fail_field(err, field, "DURATION_INVALID",
		    "%s must be a duration like 90d, 12h or P90D, an instant like "
		    "2030-01-31T00:00:00Z, or never",
		    field);
	*out = ttl;
	return LK_OK;
}

void
lk_duration_format(int64_t ms, char *out, size_t out_size)
{
	static const struct unit units[] = { { "d", DAY_MS }, { "h", HOUR_MS }, { "m", MINUTE_MS },
		{ "s", SECOND_MS }, { "ms", 1 } };

	if (ms == 0) {
		snprintf(out, out_size, "none");
		return;
	}
	for (size_t i = 0; i < LK_ARRAY_LEN(units); i++) {
		if (ms % units[i].ms != 0)
			continue;
		snprintf(out, out_size, "%" PRId64 "%s", ms / units[i].ms, units[i].name);
		return;
	}
}
