/* backup: every service's database as it is now, sealed to the operator's key; verify and restore
 * it. Services copy their own rows (services/README.md); what a copy holds is said by digests. */
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup_archive.h"
#include "base/alloc.h"
#include "crypto/named_key.h"
#include "handlers.h"
#include "store_move.h"
#include "time/clock.h"

enum { FORMAT = 1 };

/* What credentials and tokens name is keys': copied before it, they name nothing that its copy does
 * not know. */
static const latchkey_service order[LATCHKEY_SERVICE_COUNT] = { LATCHKEY_CREDENTIALS,
	LATCHKEY_TOKENS, LATCHKEY_KEYS };

struct backup {
	struct cli *cli;
	struct lk_sign_key *key;
	struct backup_folder folder;
	json_t *manifest; /* {"format", "made_at", "version", "tables": [{service, table, rows,
			     digest}]} */
	size_t found;     /* tables that were as the manifest says */
};

static void
backup_end(struct backup *backup)
{
	backup_folder_remove(&backup->folder);
	lk_sign_key_free(backup->key);
	json_decref(backup->manifest);
}

/* ---- Before ---- */

static void
heard(int signal)
{
	(void)signal;
	backup_stopped = 1;
}

/* What was begun is cleaned up; a signal that is ignored (nohup) stays so. */
static void
hear_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	const struct sigaction action = { .sa_handler = heard };
	struct sigaction before;

	for (size_t i = 0; i < LK_ARRAY_LEN(signals); i++)
		if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &action, NULL);
}

static latchkey_status
begin(struct backup *backup)
{
	struct cli *cli = backup->cli;
	const char *path = getenv("LATCHKEY_OPERATOR_KEY_FILE");
	char name[LK_PEER_NAME_SIZE];

	if (!path || !*path)
		return cli_refuse(cli, LATCHKEY_UNAUTHENTICATED, "", "OPERATOR_KEY_MISSING",
		    "LATCHKEY_OPERATOR_KEY_FILE says whose the backup is");
	hear_signals();
	lk_status status = lk_crypto_init(cli_err(cli));
	if (status == LK_OK)
		status = lk_named_key_load(path, &backup->key, name, cli_err(cli));
	return status == LK_OK ? backup_folder_make(cli, cli_operand(cli, 0), &backup->folder)
			       : (latchkey_status)status;
}

/* The URL that an option gives, or the installation's own. */
static const char *
store_url(const struct cli *cli, enum option option)
{
	const char *given = cli_value(cli, option), *own = getenv("LATCHKEY_STORE_URL");

	return given ? given : own && *own ? own : NULL;
}

static int
misused(struct cli *cli, const char *option)
{
	return cli_misused(
	    cli, "say --%s URL with {service} in it, or set LATCHKEY_STORE_URL", option);
}

static void
show_table(struct cli *cli, const struct store_table *table)
{
	out_object(&cli->out, NULL);
	out_text(&cli->out, "service", table->service);
	out_text(&cli->out, "table", table->name);
	out_number(&cli->out, "rows", table->rows);
	out_object_end(&cli->out);
}

static const char *const columns[] = { "service", "table", "rows", NULL };

/* ---- backup ---- */

static latchkey_status
note_table(void *user, const struct store_table *table)
{
	struct backup *backup = (struct backup *)user;
	json_t *row = json_pack("{s:s, s:s, s:I, s:s}", "service", table->service, "table",
	    table->name, "rows", (json_int_t)table->rows, "digest", table->digest);

	show_table(backup->cli, table);
	if (json_array_append_new(json_object_get(backup->manifest, "tables"), row) == 0)
		return LATCHKEY_OK;
	return cli_refuse(
	    backup->cli, LATCHKEY_RESOURCE_EXHAUSTED, "", "OUT_OF_MEMORY", "out of memory");
}

/* Told before the work, and seen to again after it. */
static latchkey_status
nothing_there(struct cli *cli)
{
	return access(cli_operand(cli, 0), F_OK) == 0 ? backup_exists(cli, cli_operand(cli, 0))
						      : LATCHKEY_OK;
}

/* Begun one after the other, then all at once. */
static latchkey_status
copy_all(struct backup *backup, const char *from, const char *to)
{
	struct store_move moves[LATCHKEY_SERVICE_COUNT];
	latchkey_status status = LATCHKEY_OK;
	size_t started = 0, finished = 0;

	while (status == LATCHKEY_OK && started < LK_ARRAY_LEN(moves)) {
		struct store_move *move = &moves[started];

		*move = (struct store_move){ .cli = backup->cli,
			.service = latchkey_service_name(order[started]),
			.table = note_table,
			.user = backup,
			.stopped = &backup_stopped };
		status = store_move_start(move, from, to, true);
		if (status != LATCHKEY_OK)
			break;
		started++;
		status = store_move_await_begun(move);
	}
	while (status == LATCHKEY_OK && finished < started)
		status = store_move_finish(&moves[finished++]);
	while (finished < started)
		store_move_abandon(&moves[finished++]);
	return status;
}

static latchkey_status
seal(struct backup *backup)
{
	char *text = json_dumps(backup->manifest, JSON_COMPACT);

	if (!text)
		return cli_refuse(
		    backup->cli, LATCHKEY_RESOURCE_EXHAUSTED, "", "OUT_OF_MEMORY", "out of memory");
	const latchkey_status status = backup_archive_write(
	    backup->cli, backup->key, &backup->folder, text, cli_operand(backup->cli, 0));
	free(text);
	return status;
}

/* Where the copies lie, as a URL for all. */
static latchkey_status
copies_url(const struct backup *backup, const char *prefix, char out[STORE_URL_SIZE])
{
	char *absolute = realpath(backup->folder.path, NULL);
	const bool fits = absolute && !store_url_is_for_all(absolute) &&
			  snprintf(out, STORE_URL_SIZE, "sqlite://%s/%s{service}.db", absolute,
			      prefix) < STORE_URL_SIZE;

	free(absolute);
	return fits ? LATCHKEY_OK
		    : cli_refuse(backup->cli, LATCHKEY_FAILED_PRECONDITION, "", "FOLDER_FAILED",
			  "the folder of the backup has a name that cannot be used");
}

int
run_backup(struct cli *cli)
{
	LK_AUTO(backup_end) struct backup backup = { .cli = cli };
	const char *from = store_url(cli, OPT_FROM);
	char copies[STORE_URL_SIZE];

	if (!from || !store_url_is_for_all(from))
		return misused(cli, "from");
	CLI_TRY(cli, nothing_there(cli));
	CLI_TRY(cli, begin(&backup));
	backup.manifest = json_pack("{s:i, s:I, s:s, s:[]}", "format", FORMAT, "made_at_ms",
	    (json_int_t)lk_clock_wall_ms(lk_clock_system()), "version", latchkey_version(),
	    "tables");
	CLI_TRY(cli, copies_url(&backup, "", copies));
	out_list(&cli->out, "tables", columns);
	CLI_TRY(cli, copy_all(&backup, from, copies));
	CLI_TRY(cli, seal(&backup));
	out_list_end(&cli->out);
	return cli_answer(cli);
}

/* ---- restore and verify ---- */

static latchkey_status
open_archive(struct backup *backup)
{
	char *text = NULL;
	const latchkey_status status = backup_archive_read(
	    backup->cli, backup->key, cli_operand(backup->cli, 0), &backup->folder, &text);

	if (status != LATCHKEY_OK)
		return status;
	backup->manifest = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	lk_free(text);
	if (json_integer_value(json_object_get(backup->manifest, "format")) == FORMAT &&
	    json_array_size(json_object_get(backup->manifest, "tables")) > 0)
		return LATCHKEY_OK;
	return cli_refuse(backup->cli, LATCHKEY_FAILED_PRECONDITION, "", "BACKUP_NEWER",
	    "the backup is of a form that this program does not know");
}

static bool
is_row(const json_t *row, const struct store_table *table)
{
	const char *service = json_string_value(json_object_get(row, "service"));
	const char *name = json_string_value(json_object_get(row, "table"));
	const char *digest = json_string_value(json_object_get(row, "digest"));

	return service && name && digest && strcmp(service, table->service) == 0 &&
	       strcmp(name, table->name) == 0 && strcmp(digest, table->digest) == 0 &&
	       (uint64_t)json_integer_value(json_object_get(row, "rows")) == table->rows;
}

static latchkey_status
differs(struct backup *backup, const char *service, const char *table)
{
	return cli_refuse(backup->cli, LATCHKEY_DATA_LOSS, "", "BACKUP_DIFFERS",
	    "%s: table %s does not hold what it held when the backup was made", service, table);
}

static latchkey_status
check_table(void *user, const struct store_table *table)
{
	struct backup *backup = (struct backup *)user;
	const json_t *tables = json_object_get(backup->manifest, "tables");

	for (size_t i = 0; i < json_array_size(tables); i++) {
		if (!is_row(json_array_get(tables, i), table))
			continue;
		backup->found++;
		show_table(backup->cli, table);
		return LATCHKEY_OK;
	}
	return differs(backup, table->service, table->name);
}

/* Every table, as it was. */
static latchkey_status
put_back(struct backup *backup, const char *to)
{
	char copies[STORE_URL_SIZE];
	const latchkey_status named = copies_url(backup, "", copies);

	if (named != LATCHKEY_OK)
		return named;
	for (size_t i = 0; i < LK_ARRAY_LEN(order); i++) {
		struct store_move move = { .cli = backup->cli,
			.service = latchkey_service_name(order[i]),
			.table = check_table,
			.user = backup,
			.stopped = &backup_stopped };
		latchkey_status status = store_move_start(&move, copies, to, false);

		if (status == LATCHKEY_OK)
			status = store_move_finish(&move);
		if (status != LATCHKEY_OK)
			return status;
	}
	return backup->found == json_array_size(json_object_get(backup->manifest, "tables"))
		   ? LATCHKEY_OK
		   : differs(backup, "all", "of it");
}

static latchkey_status
restore(struct backup *backup, const char *to)
{
	char rehearsal[STORE_URL_SIZE];
	latchkey_status status = begin(backup);

	if (status == LATCHKEY_OK)
		status = open_archive(backup);
	if (status != LATCHKEY_OK)
		return status;
	status = copies_url(backup, "again-", rehearsal);
	return status == LATCHKEY_OK ? put_back(backup, to ? to : rehearsal) : status;
}

int
run_backup_verify(struct cli *cli)
{
	LK_AUTO(backup_end) struct backup backup = { .cli = cli };

	out_list(&cli->out, "tables", columns);
	CLI_TRY(cli, restore(&backup, NULL));
	out_list_end(&cli->out);
	return cli_answer(cli);
}

int
run_backup_restore(struct cli *cli)
{
	LK_AUTO(backup_end) struct backup backup = { .cli = cli };
	const char *to = store_url(cli, OPT_TO);

	if (!to || !store_url_is_for_all(to))
		return misused(cli, "to");
	out_list(&cli->out, "tables", columns);
	CLI_TRY(cli, restore(&backup, to));
	out_list_end(&cli->out);
	return cli_answer(cli);
}
