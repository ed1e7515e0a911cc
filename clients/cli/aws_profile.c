/* aws-profile: a profile of AWS's configuration file whose credentials come from
 * credential-process. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/private_file.h"
#include "fetching.h"
#include "folders.h"
#include "handlers.h"
#include "user_file.h"

enum { PATH_SIZE = 4096, ARENA_CAP = 4 * LK_PRIVATE_FILE_MAX };

struct profile_file {
	struct lk_arena *arena;
	const char *path, *old;
};

static void
profile_file_wipe(struct profile_file *file)
{
	if (file->arena)
		lk_arena_free(file->arena);
}

static latchkey_status
out_of_memory(struct cli *cli)
{
	return cli_refuse(cli, LATCHKEY_RESOURCE_EXHAUSTED, "", "OUT_OF_MEMORY", "out of memory");
}

static latchkey_status
find_file(struct cli *cli, struct profile_file *file)
{
	const char *given = cli_value(cli, OPT_AWS_CONFIG), *home = getenv("HOME");

	if (!given)
		given = getenv("AWS_CONFIG_FILE");
	if (given && *given)
		file->path = lk_arena_text(file->arena, given);
	else if (home && *home == '/')
		file->path = lk_arena_format(file->arena, "%s/.aws/config", home);
	else
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "aws-config",
		    "AWS_CONFIG_UNKNOWN", "no place for the file: set HOME, or say --aws-config");
	return file->path ? LATCHKEY_OK : out_of_memory(cli);
}

/* A word of the configuration file: nothing in it may be taken for another line or another word. */
static bool
is_word(const char *text)
{
	return *text && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789._@:/+-") == strlen(text);
}

static const char *
with_option(struct profile_file *file, const char *command, const char *name, const char *value)
{
	if (!command || !value)
		return command;
	return lk_arena_format(file->arena, "%s --%s %s", command, name, value);
}

/* "/usr/bin/latchkey credential-process aws --owner ben@genomics.example" */
static const char *
process_of(struct cli *cli, struct profile_file *file)
{
	char self[PATH_SIZE] = "";
	const char *command;

	if (readlink("/proc/self/exe", self, sizeof self - 1) <= 0 || !is_word(self))
		lk_text_copy(self, sizeof self, "latchkey");
	command = with_option(
	    file, lk_arena_text(file->arena, self), "profile", cli_value(cli, OPT_PROFILE));
	command = with_option(file, command, "url", cli_value(cli, OPT_URL));
	if (command)
		command = lk_arena_format(file->arena, "%s credential-process aws", command);
	command = with_option(file, command, "owner", cli_value(cli, OPT_OWNER));
	command = with_option(file, command, "tenant", cli_value(cli, OPT_TENANT));
	return with_option(file, command, "purpose", cli_value(cli, OPT_PURPOSE));
}

static latchkey_status
check_words(struct cli *cli)
{
	static const enum option words[] = { OPT_PROFILE, OPT_URL, OPT_OWNER, OPT_TENANT,
		OPT_PURPOSE, OPT_REGION };
	bool fine = is_word(cli_operand(cli, 0));

	for (size_t i = 0; i < LK_ARRAY_LEN(words) && fine; i++)
		fine = !cli_value(cli, words[i]) || is_word(cli_value(cli, words[i]));
	return fine ? LATCHKEY_OK
		    : cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "", "WORD_INVALID",
			  "what goes into the file is letters, digits and ._@:/+-");
}

/* Where the credential says it is; asking for it shows that the profile will work. */
static latchkey_status
find_region(struct cli *cli, struct profile_file *file, const char **out)
{
	char purpose[FETCHING_PURPOSE_SIZE];
	LK_AUTO(fetched_freep) latchkey_fetched *fetched = NULL;

	*out = cli_value(cli, OPT_REGION);
	if (*out)
		return LATCHKEY_OK;
	fetching_purpose("aws-profile", getppid(), purpose);
	latchkey_status status = fetching_of(cli, "aws", purpose, &fetched);
	if (status != LATCHKEY_OK)
		return status;
	*out = lk_arena_text(file->arena, latchkey_fetched_field(fetched, "region"));
	return *out ? LATCHKEY_OK : out_of_memory(cli);
}

/* Copies `old` without the section under `head`. */
static char *
copy_without(const char *old, const char *head, char *to)
{
	const size_t head_len = strcspn(head, "\n");
	bool skipping = false;

	for (const char *line = old; *line;) {
		const size_t len = strcspn(line, "\n") + (strchr(line, '\n') ? 1 : 0);
		if (*line == '[')
			skipping =
			    strcspn(line, "\n") == head_len && strncmp(line, head, head_len) == 0;
		if (!skipping)
			to = mempcpy(to, line, len);
		line += len;
	}
	return to;
}

static const char *
write_new(struct cli *cli, struct profile_file *file, const char *region)
{
	const char *name = cli_operand(cli, 0), *process = process_of(cli, file);
	const char *head = strcmp(name, "default") == 0
			       ? "[default]\n"
			       : lk_arena_format(file->arena, "[profile %s]\n", name);
	const char *section =
	    head && process ? lk_arena_format(file->arena,
				  "%sregion = %s\ncredential_process = %s\n", head, region, process)
			    : NULL;
	char *out =
	    section ? lk_arena_alloc(file->arena, strlen(file->old) + strlen(section) + 2) : NULL;

	if (!out)
		return NULL;
	char *to = copy_without(file->old, head, out);
	if (to > out && to[-1] != '\n')
		*to++ = '\n';
	memcpy(to, section, strlen(section) + 1);
	return out;
}

int
run_aws_profile(struct cli *cli)
{
	LK_AUTO(profile_file_wipe)
	struct profile_file file = { .arena = lk_arena_new(ARENA_CAP) };
	const char *region = NULL;

	if (!file.arena)
		CLI_TRY(cli, out_of_memory(cli));
	CLI_TRY(cli, check_words(cli));
	CLI_TRY(cli, find_file(cli, &file));
	CLI_TRY(cli, user_file_read(cli, file.arena, file.path, "AWS configuration", &file.old));
	CLI_TRY(cli, find_region(cli, &file, &region));
	const char *text = write_new(cli, &file, region);
	if (!text)
		CLI_TRY(cli, out_of_memory(cli));
	if (*file.path == '/')
		CLI_TRY(cli, folders_above(cli, file.path));
	CLI_TRY(cli, (latchkey_status)lk_private_file_replace(
			 file.path, "AWS configuration", lk_bytes_of(text), cli_err(cli)));
	out_text(&cli->out, "file", file.path);
	out_text(&cli->out, "profile", cli_operand(cli, 0));
	return cli_answer(cli);
}
