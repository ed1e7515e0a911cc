/* What a service tells of its move; see store_move.h. */
#include "store_move.h"

#include <jansson.h>
#include <string.h>

#include "time/clock.h"

enum { LINE_SIZE = 4096, QUIET_MS = 1000 };

static const char mark[] = "{service}";

/* `given` with each {service} in it become the name of one. */
bool
store_url_for(const char *given, const char *service, char out[STORE_URL_SIZE])
{
	size_t len = 0;
	const char *at;

	while ((at = strstr(given, mark)) != NULL && len < STORE_URL_SIZE) {
		len += (size_t)snprintf(
		    out + len, STORE_URL_SIZE - len, "%.*s%s", (int)(at - given), given, service);
		given = at + strlen(mark);
	}
	if (len < STORE_URL_SIZE)
		len += (size_t)snprintf(out + len, STORE_URL_SIZE - len, "%s", given);
	return len < STORE_URL_SIZE;
}

bool
store_url_is_for_all(const char *given)
{
	return strstr(given, mark) != NULL;
}

/* ---- What the service tells ---- */

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
progress_json(const struct store_move *move, const json_t *line)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };

	lk_json_object(&json, NULL);
	lk_json_object(&json, "progress");
	lk_json_string(&json, "service", move->service);
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
progress(struct store_move *move, const json_t *line)
{
	const uint64_t rows = number_of(line, "rows"), of_rows = number_of(line, "of_rows");
	const int64_t now_ms = lk_clock_steady_ms(lk_clock_system());

	if ((rows != of_rows || rows == 0) && now_ms - move->said_at_ms < QUIET_MS)
		return;
	move->said_at_ms = now_ms;
	if (move->cli->out.json)
		progress_json(move, line);
	else
		fprintf(stderr, "latchkey-%s: %s %s: %llu of %llu rows\n", move->service,
		    text_of(line, "step"), text_of(line, "table"), (unsigned long long)rows,
		    (unsigned long long)of_rows);
}

static latchkey_status
hear_table(const struct store_move *move, const json_t *line)
{
	const struct store_table table = {
		.service = move->service,
		.name = text_of(line, "table"),
		.digest = text_of(line, "digest"),
		.rows = number_of(line, "rows"),
	};

	return move->table(move->user, &table);
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
hear(struct store_move *move, const json_t *line)
{
	const json_t *error = json_object_get(line, "error");

	if (error)
		return cli_refuse(move->cli, status_named(text_of(error, "status")), "",
		    text_of(error, "reason"), "%s: %s", move->service, text_of(error, "message"));
	if (strcmp(text_of(line, "step"), "compared") == 0)
		return hear_table(move, line);
	if (json_is_true(json_object_get(line, "done")))
		move->done = true;
	else if (strcmp(text_of(line, "step"), "begun") == 0)
		move->begun = true;
	else
		progress(move, line);
	return LATCHKEY_OK;
}

static bool
is_stopped(const struct store_move *move)
{
	return move->stopped && *move->stopped;
}

static latchkey_status
hear_until(struct store_move *move, const bool *enough)
{
	latchkey_status status = LATCHKEY_OK;
	char text[LINE_SIZE];

	while (status == LATCHKEY_OK && !*enough && !is_stopped(move) &&
	       fgets(text, sizeof text, move->child.answers)) {
		json_t *line = json_loads(text, 0, NULL);

		status = hear(move, line);
		json_decref(line);
	}
	return status;
}

static latchkey_status
interrupted(struct store_move *move)
{
	return cli_refuse(move->cli, LATCHKEY_UNAVAILABLE, "", "STORE_MOVE_INTERRUPTED",
	    "latchkey-%s ended before all was moved; nothing is lost, run it again", move->service);
}

/* ---- A move's life ---- */

latchkey_status
store_move_start(struct store_move *move, const char *from, const char *to, bool online)
{
	char source[STORE_URL_SIZE], target[STORE_URL_SIZE];

	if (!store_url_for(from, move->service, source) ||
	    !store_url_for(to, move->service, target))
		return cli_refuse(move->cli, LATCHKEY_INVALID_ARGUMENT, "", "STORE_URL_INVALID",
		    "the URL is too long");
	move->said_at_ms = lk_clock_steady_ms(lk_clock_system());
	const latchkey_status status = store_child_start(move->cli, move->service,
	    online ? "store-copy" : "store-migrate", source, target, &move->child);

	lk_wipe(source, sizeof source);
	lk_wipe(target, sizeof target);
	return status;
}

latchkey_status
store_move_await_begun(struct store_move *move)
{
	const latchkey_status status = hear_until(move, &move->begun);

	return status == LATCHKEY_OK && !move->begun ? interrupted(move) : status;
}

latchkey_status
store_move_finish(struct store_move *move)
{
	const latchkey_status status = hear_until(move, &(bool){ false });
	const bool ended_well = store_child_end(&move->child);

	return status == LATCHKEY_OK && !(ended_well && move->done) ? interrupted(move) : status;
}

void
store_move_abandon(struct store_move *move)
{
	(void)store_child_end(&move->child);
}
