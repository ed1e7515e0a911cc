/* postgresql://role:password@host1,host2/database?schema=keys&…: libpq's URL and one word of ours.
 */
#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "store/postgres_internal.h"

static lk_status
url_fail(struct lk_error *err, const char *what)
{
	return lk_fail(err, LK_INVALID_ARGUMENT, "STORE_URL_INVALID", "%s", what);
}

/* An identifier that needs no quotes. */
static bool
schema_ok(const char *name)
{
	const size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!(islower((unsigned char)name[i]) || name[i] == '_' ||
			(i > 0 && isdigit((unsigned char)name[i]))))
			return false;
	return len > 0 && len < LK_PG_NAME_SIZE && strncmp(name, "pg_", 3) != 0;
}

/* Take schema=… out of the query of `url`, which libpq would refuse. */
static lk_status
take_schema(char *url, char out_schema[LK_PG_NAME_SIZE], struct lk_error *err)
{
	static const char word[] = "schema=";
	char *at = strchr(url, '?');

	out_schema[0] = '\0';
	while (at && strncmp(at + 1, word, sizeof word - 1) != 0)
		at = strchr(at + 1, '&');
	if (!at)
		return LK_OK;
	char *value = at + sizeof word;
	const size_t len = strcspn(value, "&");

	if (len >= LK_PG_NAME_SIZE)
		return url_fail(err, "the name of a schema is too long");
	memcpy(out_schema, value, len);
	out_schema[len] = '\0';
	if (value[len] == '&') /* the first word keeps the mark before it */
		memmove(at + 1, value + len + 1, strlen(value + len + 1) + 1);
	else
		*at = '\0';
	if (!schema_ok(out_schema))
		return url_fail(err, "a schema is named by a-z, 0-9 and _");
	return LK_OK;
}

static const char *
option_of(const struct lk_pg_target *target, const char *keyword)
{
	for (const PQconninfoOption *option = target->options; option->keyword; option++)
		if (strcmp(option->keyword, keyword) == 0)
			return option->val;
	return NULL;
}

/* "a,b,c" as three texts inside `text`. */
static size_t
split(char *text, const char **out_parts)
{
	size_t count = 0;

	while (text && count < LK_PG_HOSTS_MAX) {
		char *comma = strchr(text, ',');

		if (comma)
			*comma = '\0';
		out_parts[count++] = *text ? text : NULL;
		text = comma ? comma + 1 : NULL;
	}
	return count;
}

static bool
is_here(const char *host)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "::1" };

	if (!host || host[0] == '/' || host[0] == '@')
		return true;
	for (size_t i = 0; i < LK_ARRAY_LEN(names); i++)
		if (strcmp(host, names[i]) == 0)
			return true;
	return false;
}

static lk_status
split_hosts(struct lk_pg_target *target, struct lk_error *err)
{
	size_t ports;

	target->host_text = lk_text_dup(option_of(target, "host"));
	target->port_text = lk_text_dup(option_of(target, "port"));
	if ((option_of(target, "host") && !target->host_text) ||
	    (option_of(target, "port") && !target->port_text))
		return lk_fail_oom(err);
	target->count = split(target->host_text, target->hosts);
	ports = split(target->port_text, target->ports);
	if (target->count == 0)
		target->count = 1;
	if (ports > 1 && ports != target->count)
		return url_fail(err, "as many ports as hosts are given, or one for all");
	for (size_t i = 1; ports == 1 && i < target->count; i++)
		target->ports[i] = target->ports[0];
	for (size_t i = 0; i < target->count; i++) {
		if (target->ports[i] &&
		    strspn(target->ports[i], "0123456789") != strlen(target->ports[i]))
			return url_fail(err, "a port is a number");
		target->verify |= !is_here(target->hosts[i]);
	}
	target->verify &= option_of(target, "sslmode") == NULL;
	return LK_OK;
}

static lk_status
check_words(const struct lk_pg_target *target, struct lk_error *err)
{
	const char *attrs = option_of(target, "target_session_attrs");

	if (attrs && !lk_text_is(attrs, "read-write"))
		return url_fail(err, "target_session_attrs can only be read-write");
	if (option_of(target, "hostaddr"))
		return url_fail(err, "a database host is given by host, not by hostaddr");
	return LK_OK;
}

void
lk_pg_target_wipe(struct lk_pg_target *target)
{
	PQconninfoFree(target->options);
	lk_free(target->host_text);
	lk_free(target->port_text);
	*target = (struct lk_pg_target){ 0 };
}

/* libpq wants to see its own scheme. */
static char *
whole_url(const char *location)
{
	static const char scheme[] = "postgresql://";
	const size_t len = strlen(location);
	char *url = (char *)lk_alloc(sizeof scheme + len);

	if (url) {
		memcpy(url, scheme, sizeof scheme - 1);
		memcpy(url + sizeof scheme - 1, location, len);
	}
	return url;
}

lk_status
lk_pg_target_parse(const char *location, struct lk_pg_target *out_target, struct lk_error *err)
{
	LK_AUTO(lk_freep) char *url = whole_url(location);
	struct lk_pg_target target = { 0 };
	lk_status status;

	if (!url)
		return lk_fail_oom(err);
	LK_TRY(take_schema(url, target.schema, err));
	target.options = PQconninfoParse(url, NULL); /* its message may quote the password */
	lk_wipe(url, strlen(url));
	if (!target.options)
		return url_fail(err,
		    "a PostgreSQL database is postgresql://ROLE@HOST/DATABASE, also with "
		    "?schema=NAME and libpq's own words");
	status = split_hosts(&target, err);
	if (status == LK_OK)
		status = check_words(&target, err);
	if (status != LK_OK) {
		lk_pg_target_wipe(&target);
		return status;
	}
	*out_target = target;
	return LK_OK;
}
