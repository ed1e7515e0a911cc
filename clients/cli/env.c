/* env: a credential as lines that a shell takes with eval "$(latchkey env …)". */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "environment.h"
#include "fetching.h"
#include "handlers.h"

/* 'it'\''s': nothing means anything between single quotes. */
static bool
print_quoted(const char *text)
{
	bool fine = putchar('\'') != EOF;

	for (const char *c = text; *c && fine; c++)
		fine = *c == '\'' ? fputs("'\\''", stdout) != EOF : putchar(*c) != EOF;
	return fine && putchar('\'') != EOF;
}

static bool
print_export(const char *entry)
{
	const char *equals = strchr(entry, '=');

	return printf("export %.*s=", (int)(equals - entry), entry) > 0 &&
	       print_quoted(equals + 1) && putchar('\n') != EOF;
}

/* What would lead the tool to another credential goes first. */
static bool
print_shell(const struct child_environment *child)
{
	const char *name;
	bool fine = true;

	for (size_t i = 0; fine && (name = environment_misleading(i)) != NULL; i++)
		fine = printf("%s %s", i == 0 ? "unset" : "", name) > 0;
	fine = fine && putchar('\n') != EOF;
	for (size_t i = child->kept; fine && i < child->kept + child->added; i++)
		fine = print_export(child->entries[i]);
	return fine;
}

static bool
print_json(const struct child_environment *child)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };
	char name[64];

	lk_json_object(&json, NULL);
	lk_json_object(&json, "environment");
	for (size_t i = child->kept; i < child->kept + child->added; i++) {
		const char *entry = child->entries[i], *equals = strchr(entry, '=');
		snprintf(name, sizeof name, "%.*s", (int)(equals - entry), entry);
		lk_json_string(&json, name, equals + 1);
	}
	lk_json_object_end(&json);
	lk_json_object_end(&json);
	const char *text = lk_json_text(&json);
	return text && printf("%s\n", text) > 0;
}

int
run_env(struct cli *cli)
{
	const struct handover *handover = handover_find(cli_operand(cli, 0));
	char purpose[FETCHING_PURPOSE_SIZE];
	LK_AUTO(fetched_freep) latchkey_fetched *fetched = NULL;
	LK_AUTO(environment_free) struct child_environment child = { .kept = 0 };

	if (!handover)
		CLI_TRY(cli, cli_refuse_provider(cli));
	fetching_purpose("env", getppid(), purpose);
	CLI_TRY(cli, fetching_once(cli, purpose, &fetched));
	environment_begin(&child);
	handover->add(&child, fetched);
	if (child.failed)
		CLI_TRY(cli, cli_refuse(cli, LATCHKEY_RESOURCE_EXHAUSTED, "", "OUT_OF_MEMORY",
				 "out of memory"));
	if (!(cli->out.json ? print_json(&child) : print_shell(&child)) || fflush(stdout) != 0)
		CLI_TRY(cli, cli_refuse(cli, LATCHKEY_UNKNOWN, "", "OUTPUT_LOST",
				 "the answer could not be written to standard output"));
	return EXIT_OK;
}
