/* RFC 3339 instants; see duration.h. */
#include "time/instant.h"

#include <stdbool.h>
#include <stdio.h>

#include "time/duration.h"

struct civil {
	int year, month, day, hour, minute, second;
};

/* Howard Hinnant, chrono-Compatible Low-Level Date Algorithms: eras of 400 years that begin in
 * March. */
static int64_t
days_from_civil(int year, int month, int day)
{
	const int64_t y = month <= 2 ? year - 1 : year;
	const int64_t era = y / 400;
	const int64_t year_of_era = y - era * 400;
	const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

static struct civil
civil_from_days(int64_t days)
{
	const int64_t z = days + 719468;
	const int64_t era = z / 146097;
	const int64_t day_of_era = z - era * 146097;
	const int64_t year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	const int64_t day_of_year =
	    day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	const int64_t shifted_month = (5 * day_of_year + 2) / 153;
	const int month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);

	return (struct civil){
		.year = (int)(year_of_era + era * 400 + (month <= 2)),
		.month = month,
		.day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1),
	};
}

void
lk_instant_format(int64_t at_ms, char out[LK_INSTANT_SIZE])
{
	out[0] = '\0';
	if (at_ms <= 0)
		return;
	if (at_ms > LK_INSTANT_MAX_MS)
		at_ms = LK_INSTANT_MAX_MS;
	const struct civil c = civil_from_days(at_ms / 86400000);
	const unsigned rest = (unsigned)(at_ms % 86400000);
	snprintf(out, LK_INSTANT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
	    (unsigned)c.year % 10000, (unsigned)c.month % 100, (unsigned)c.day % 100,
	    rest / 3600000, rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
}

/* Exactly `digits` decimal digits. */
static bool
read_digits(const char **at, int digits, int *out)
{
	int value = 0;

	for (int i = 0; i < digits; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		value = value * 10 + (**at - '0');
	}
	*out = value;
	return true;
}

static bool
read_char(const char **at, char wanted)
{
	if (**at != wanted)
		return false;
	(*at)++;
	return true;
}

static bool
read_clock(const char **at, struct civil *c)
{
	return read_digits(at, 2, &c->hour) && read_char(at, ':') &&
	       read_digits(at, 2, &c->minute) && read_char(at, ':') &&
	       read_digits(at, 2, &c->second);
}

/* Decimals of a second as milliseconds, the rest cut. */
static bool
read_fraction(const char **at, int *out_ms)
{
	int ms = 0, scale = 100, digits = 0;

	if (!read_char(at, '.'))
		return true;
	for (; **at >= '0' && **at <= '9'; (*at)++, digits++, scale /= 10)
		ms += (**at - '0') * scale;
	*out_ms = ms;
	return digits > 0;
}

static bool
read_zone(const char **at, int *out_minutes)
{
	int hours, minutes;

	if (read_char(at, 'Z'))
		return true;
	const bool west = **at == '-';
	if (!west && **at != '+')
		return false;
	(*at)++;
	if (!read_digits(at, 2, &hours) || !read_char(at, ':') || !read_digits(at, 2, &minutes))
		return false;
	*out_minutes = (west ? -1 : 1) * (hours * 60 + minutes);
	return hours <= 23 && minutes <= 59;
}

static bool
civil_ok(const struct civil *c)
{
	static const int month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (c->month < 1 || c->month > 12 || c->hour > 23 || c->minute > 59 || c->second > 59)
		return false;
	const bool leap = (c->year % 4 == 0 && c->year % 100 != 0) || c->year % 400 == 0;
	return c->day >= 1 && c->day <= month_days[c->month - 1] + (c->month == 2 && leap);
}

static bool
instant_read(const char *at, int64_t *out_ms)
{
	struct civil c;
	int ms = 0, zone_minutes = 0;

	if (!read_digits(&at, 4, &c.year) || !read_char(&at, '-') ||
	    !read_digits(&at, 2, &c.month) || !read_char(&at, '-') ||
	    !read_digits(&at, 2, &c.day) || !read_char(&at, 'T') || !read_clock(&at, &c) ||
	    !read_fraction(&at, &ms) || !read_zone(&at, &zone_minutes))
		return false;
	if (*at != '\0' || !civil_ok(&c))
		return false;
	const int64_t minutes =
	    days_from_civil(c.year, c.month, c.day) * 1440 + c.hour * 60 + c.minute - zone_minutes;
	*out_ms = (minutes * 60 + c.second) * 1000 + ms;
	return *out_ms > 0 && *out_ms <= LK_INSTANT_MAX_MS;
}

lk_status
lk_instant_parse(const char *field, const char *text, int64_t *out_ms, struct lk_error *err)
{
	int64_t at_ms;

	if (text == NULL || !instant_read(text, &at_ms))
		return lk_fail_field(err, field, "INSTANT_INVALID",
		    "%s must be an instant with zone like 2030-01-31T00:00:00Z, after 1970", field);
	*out_ms = at_ms;
	return LK_OK;
}
