/* store migrate: an installation, or one service of it, moves to another database. The services do
 * the work (services/README.md); here their progress becomes lines, and their results an answer. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "store_child.h"
#include "time/clock.h"

enum { URL_SIZE = 4096, LINE_SIZE = 4096, QUIET_MS = 1000 };

static const char mark[] = "{service}";

/* `given` with each {service} in it become the name of one. */
static bool
url_for(const char *given, const char *service, char out[URL_SIZE])
{
	size_t len = 0;
	const char *at;

	while ((at = strstr(given, mark)) != NULL && len < URL_SIZE) {
		len += (size_t)snprintf(
		    out + len, URL_SIZE - len, "%.*s%s", (int)(at - given), given, service);
		given = at + strlen(mark);
	}
	if (len < URL_SIZE)
		len += (size_t)snprintf(out + len, URL_SIZE - len, "%s", given);
	return len < URL_SIZE;
}

/* ---- What the service tells ---- */

struct telling {
	struct cli *cli;
	const char *service;
	int64_t said_at_ms;
	bool done;
};

static const char *
text_of(const json_t *line, const char *name)
{
	const char *text = json_string_value(json_object_get(line, name));

	return text ? text : "";
}

static uint64_t
number_of(const json_t *line, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(line, name));
}

static void
progress_json(const struct telling *telling, const json_t *line)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };

	lk_json_object(&json, NULL);
	lk_json_object(&json, "progress");
	lk_json_string(&json, "service", telling->service);
	lk_json_string(&json, "step", text_of(line, "step"));
	lk_json_string(&json, "table", text_of(line, "table"));
	lk_json_int(&json, "rows", (int64_t)number_of(line, "rows"));
	lk_json_int(&json, "of_rows", (int64_t)number_of(line, "of_rows"));
	lk_json_object_end(&json);
	lk_json_object_end(&json);
	const char *text = lk_json_text(&json);
	fprintf(stderr, "%s\n", text ? text : "{}");
}

/* The end of each table that has rows, and in between once a second. */
static void
progress(struct telling *telling, const json_t *line)
{
	const uint64_t rows = number_of(line, "rows"), of_rows = number_of(line, "of_rows");
	const int64_t now_ms = lk_clock_steady_ms(lk_clock_system());

	if ((rows != of_rows || rows == 0) && now_ms - telling->said_at_ms < QUIET_MS)
		return;
	telling->said_at_ms = now_ms;
	if (telling->cli->out.json)
		progress_json(telling, line);
	else
		fprintf(stderr, "latchkey-%s: %s %s: %llu of %llu rows\n", telling->service,
		    text_of(line, "step"), text_of(line, "table"), (unsigned long long)rows,
		    (unsigned long long)of_rows);
}

static void
show_table(const struct telling *telling, const json_t *line)
{
	struct out *out = &telling->cli->out;

	out_object(out, NULL);
	out_text(out, "service", telling->service);
	out_text(out, "table", text_of(line, "table"));
	out_number(out, "rows", number_of(line, "rows"));
	out_text(out, "digest", text_of(line, "digest"));
	out_object_end(out);
}

static latchkey_status
status_named(const char *name)
{
	for (uint32_t status = 1; status <= LK_UNAUTHENTICATED; status++)
		if (strcmp(lk_status_name(status), name) == 0)
			return (latchkey_status)status;
	return LATCHKEY_UNKNOWN;
}

static latchkey_status
hear(struct telling *telling, const json_t *line)
{
	const json_t *error = json_object_get(line, "error");

	if (error)
		return cli_refuse(telling->cli, status_named(text_of(error, "status")), "",
		    text_of(error, "reason"), "%s: %s", telling->service,
		    text_of(error, "message"));
	if (json_is_true(json_object_get(line, "done")))
		telling->done = true;
	else if (strcmp(text_of(line, "step"), "compared") == 0)
		show_table(telling, line);
	else
		progress(telling, line);
	return LATCHKEY_OK;
}

static latchkey_status
hear_all(struct telling *telling, FILE *answers)
{
	latchkey_status status = LATCHKEY_OK;
	char text[LINE_SIZE];

	while (status == LATCHKEY_OK && fgets(text, sizeof text, answers)) {
		json_t *line = json_loads(text, 0, NULL);

		status = hear(telling, line);
		json_decref(line);
	}
	return status;
}

/* ---- The command ---- */

static latchkey_status
migrate(struct cli *cli, const char *service)
{
	struct telling telling = {
		.cli = cli, .service = service, .said_at_ms = lk_clock_steady_ms(lk_clock_system())
	};
	struct store_child child = { 0 };
	char from[URL_SIZE], to[URL_SIZE];

	if (!url_for(cli_value(cli, OPT_FROM), service, from) ||
	    !url_for(cli_value(cli, OPT_TO), service, to))
		return cli_refuse(
		    cli, LATCHKEY_INVALID_ARGUMENT, "", "STORE_URL_INVALID", "the URL is too long");
	latchkey_status status = store_child_start(cli, service, from, to, &child);

	lk_wipe(from, sizeof from);
	lk_wipe(to, sizeof to);
	if (status != LATCHKEY_OK)
		return status;
	status = hear_all(&telling, child.answers);
	const bool ended_well = store_child_end(&child);

	if (status == LATCHKEY_OK && !(ended_well && telling.done))
		return cli_refuse(cli, LATCHKEY_UNAVAILABLE, "", "STORE_MOVE_INTERRUPTED",
		    "latchkey-%s ended before all was moved; nothing is lost, run it again",
		    service);
	return status;
}

/* False: the options do not say what to move. */
static bool
is_understood(const struct cli *cli)
{
	const char *from = cli_value(cli, OPT_FROM), *to = cli_value(cli, OPT_TO);

	if (!from || !to)
		return false;
	return args_has(&cli->args, OPT_SERVICE) || (strstr(from, mark) && strstr(to, mark));
}

int
run_store_migrate(struct cli *cli)
{
	static const char *const columns[] = { "service", "table", "rows", NULL };
	const char *only = cli_value(cli, OPT_SERVICE);
	bool some = false;

	if (!is_understood(cli))
		return cli_misused(cli,
		    "say --from URL and --to URL, with {service} in both, or for one --service");
	out_list(&cli->out, "tables", columns);
	for (int i = 0; i < LATCHKEY_SERVICE_COUNT; i++) {
		const char *service = latchkey_service_name((latchkey_service)i);

		if (only && strcmp(only, service) != 0)
			continue;
		some = true;
		CLI_TRY(cli, migrate(cli, service));
	}
	if (!some)
		return cli_misused(cli, "--service is keys, tokens or credentials");
	out_list_end(&cli->out);
	return cli_answer(cli);
}
