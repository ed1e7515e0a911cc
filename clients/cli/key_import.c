/* key import: a file of digests, a hundred keys at a time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "handlers.h"
#include "show.h"
#include "time/duration.h"

enum { LINE_SIZE = 1024 };

/* The lines of one call. */
struct batch {
	char lines[LATCHKEY_IMPORT_MAX][LINE_SIZE];
	latchkey_foreign_key keys[LATCHKEY_IMPORT_MAX];
	size_t count;
	unsigned long line; /* the last one read, from 1 */
};

/* Cuts the next word off; NULL when there is none. */
static char *
word(char **rest)
{
	char *begin = *rest + strspn(*rest, " \t");
	char *end = begin + strcspn(begin, " \t");

	if (*begin == '\0')
		return NULL;
	*rest = *end ? end + 1 : end;
	*end = '\0';
	return begin;
}

static bool
line_read(char *line, latchkey_foreign_key *out)
{
	char *rest = line;
	const char *owner = word(&rest), *sha256 = owner ? word(&rest) : NULL;
	const char *end = sha256 ? word(&rest) : NULL;
	int64_t end_ms = 0;

	if (!end)
		return false;
	if (strcmp(end, "-") != 0 && lk_instant_parse("end", end, &end_ms, NULL) != LK_OK)
		return false;
	*out = (latchkey_foreign_key){ owner, sha256, rest + strspn(rest, " \t"), end_ms };
	return true;
}

/* Empty lines, and those with # in front, are passed over. */
static latchkey_status
batch_read(struct cli *cli, FILE *file, struct batch *batch)
{
	batch->count = 0;
	while (batch->count < LATCHKEY_IMPORT_MAX) {
		char *line = batch->lines[batch->count];
		if (!fgets(line, LINE_SIZE, file))
			return LATCHKEY_OK;
		batch->line++;
		const size_t len = strcspn(line, "\r\n");
		if (line[len] == '\0' && !feof(file))
			return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "file", "LINE_TOO_LONG",
			    "line %lu is too long", batch->line);
		line[len] = '\0';
		if (len == 0 || line[0] == '#')
			continue;
		if (!line_read(line, &batch->keys[batch->count]))
			return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "file", "LINE_INVALID",
			    "line %lu is not: owner, SHA-256, end or -, name", batch->line);
		batch->count++;
	}
	return LATCHKEY_OK;
}

static latchkey_status
batch_import(struct cli *cli, const struct batch *batch)
{
	LK_AUTO(key_list_freep) latchkey_key_list *list = NULL;
	const latchkey_status status = latchkey_key_import(cli->client,
	    cli_value(cli, OPT_IMPORT_SOURCE), cli_value(cli, OPT_TENANT), batch->keys,
	    batch->count, &cli->call, &list, &cli->error);

	for (size_t i = 0; status == LATCHKEY_OK && i < latchkey_key_list_count(list); i++) {
		out_object(&cli->out, NULL);
		show_key(&cli->out, latchkey_key_list_at(list, i));
		out_object_end(&cli->out);
	}
	return status;
}

static latchkey_status
import_all(struct cli *cli, FILE *file, struct batch *batch)
{
	latchkey_status status = batch_read(cli, file, batch);

	while (status == LATCHKEY_OK && batch->count > 0) {
		status = batch_import(cli, batch);
		if (status == LATCHKEY_OK)
			status = batch_read(cli, file, batch);
	}
	return status;
}

int
run_key_import(struct cli *cli)
{
	static const char *const columns[] = { "id", "name", "state", "owner_name", "expires_at",
		"imported_from", NULL };
	static struct batch batch;

	if (!cli_value(cli, OPT_IMPORT_SOURCE))
		return cli_misused(cli, "key import needs --source NAME");
	CLI_TRY(cli, cli_connect(cli, false));
	FILE *file = fopen(cli_operand(cli, 0), "re");
	if (!file)
		CLI_TRY(cli, cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "file", "FILE_UNREADABLE",
				 "%s cannot be read: %s", cli_operand(cli, 0), strerror(errno)));
	out_list(&cli->out, "keys", columns);
	const latchkey_status status = import_all(cli, file, &batch);
	fclose(file);
	CLI_TRY(cli, status);
	out_list_end(&cli->out);
	return cli_answer(cli);
}
