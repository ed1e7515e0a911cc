/* A service that moves its rows and ends: see move.h; the work is in store/move.c. */
#include "daemon/move.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "audit_migrations.h"
#include "base/json.h"
#include "feed_migrations.h"
#include "idempotency_migrations.h"
#include "store/move.h"

enum { URL_SIZE = 4096, LINE_SIZE = 1024 };

static const char *const steps[] = {
	[LK_MOVE_BEGUN] = "begun",
	[LK_MOVE_CLEARING] = "clearing",
	[LK_MOVE_COPYING] = "copying",
	[LK_MOVE_COMPARING] = "comparing",
	[LK_MOVE_COMPARED] = "compared",
};

static bool
is_copy(char **argv)
{
	return strcmp(argv[1], "store-copy") == 0;
}

bool
lk_move_asked(int argc, char **argv)
{
	return argc > 1 && (strcmp(argv[1], "store-migrate") == 0 || is_copy(argv));
}

/* ---- What is told ---- */

static bool
say(struct lk_json *json)
{
	const char *text;

	lk_json_object_end(json);
	text = lk_json_text(json);
	return text && printf("%s\n", text) > 0 && fflush(stdout) == 0;
}

static void
add_hex(struct lk_json *json, const char *key, const uint8_t *bytes, size_t len)
{
	char hex[2 * LK_DIGEST_LEN + 1];

	for (size_t i = 0; i < len; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	lk_json_string(json, key, hex);
}

/* Nobody who reads is somebody who does not want it any more. */
static bool
tell(void *user, const struct lk_move_news *news)
{
	char line[LINE_SIZE];
	struct lk_json json = lk_json_fixed(line, sizeof line);

	(void)user;
	lk_json_object(&json, NULL);
	lk_json_string(&json, "step", steps[news->step]);
	lk_json_string(&json, "table", news->table);
	lk_json_int(&json, "rows", (int64_t)news->rows);
	lk_json_int(&json, "of_rows", (int64_t)news->of_rows);
	if (news->step == LK_MOVE_COMPARED)
		add_hex(&json, "digest", news->digest, sizeof news->digest);
	return say(&json);
}

static int
tell_end(lk_status status, const struct lk_error *error)
{
	char line[LINE_SIZE];
	struct lk_json json = lk_json_fixed(line, sizeof line);

	lk_json_object(&json, NULL);
	if (status == LK_OK) {
		lk_json_bool(&json, "done", true);
	} else {
		lk_json_object(&json, "error");
		lk_json_string(&json, "status", lk_status_name(status));
		lk_json_string(&json, "reason", error->reason);
		lk_json_string(&json, "message", error->message);
		lk_json_object_end(&json);
	}
	return say(&json) && status == LK_OK ? 0 : 1;
}

/* ---- What is asked ---- */

static lk_status
read_url(char out[URL_SIZE], struct lk_error *err)
{
	size_t len;

	if (!fgets(out, URL_SIZE, stdin))
		out[0] = '\0';
	len = strcspn(out, "\n");
	if (len == 0 || len + 1 == URL_SIZE)
		return lk_fail(err, LK_INVALID_ARGUMENT, "STORE_URL_INVALID",
		    "standard input says from where and to where, a URL a line");
	out[len] = '\0';
	return LK_OK;
}

static lk_status
read_and_move(bool online, const struct lk_migrations *own, char from[URL_SIZE], char to[URL_SIZE],
    struct lk_error *err)
{
	const struct lk_move move = {
		.from = from,
		.to = to,
		.online = online,
		.migrations = LK_MIGRATIONS(
		    &audit_migrations, &idempotency_migrations, &feed_migrations, own),
		.clock = lk_clock_system(),
		.tell = tell,
	};

	LK_TRY(read_url(from, err));
	LK_TRY(read_url(to, err));
	return lk_store_move(&move, err);
}

static void
let_signals_end_us(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int
lk_move_main(char **argv, const struct lk_migrations *own)
{
	char from[URL_SIZE], to[URL_SIZE];
	struct lk_error error = { 0 };

	let_signals_end_us();
	const lk_status status = read_and_move(is_copy(argv), own, from, to, &error);

	lk_wipe(from, sizeof from);
	lk_wipe(to, sizeof to);
	return tell_end(status, &error);
}
