/* See confine.h. The sandbox is read off the options, so that a new one with a path is not
 * forgotten. */
#include "daemon/confine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "log/log.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

enum { VERSIONS_MAX = 999 };

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static const void *
field(const struct lk_option *option, const void *config)
{
	return (const char *)config + option->offset;
}

static lk_status
add_folder_of(struct lk_sandbox *sandbox, const char *path, struct lk_error *err)
{
	char folder[LK_SANDBOX_PATH_SIZE];
	char *slash;

	if (!lk_text_copy(folder, sizeof folder, path) || !(slash = strrchr(folder, '/')))
		return lk_fail(err, LK_FAILED_PRECONDITION, "SANDBOX_FULL",
		    "a path is too long to limit this process to its folder");
	slash[slash == folder] = '\0';
	return lk_sandbox_add(sandbox, folder, true, err);
}

/* Later versions lie beside the first: pepper.2, pepper.7; those between may be retired
 * (services/keys/peppers.h). */
static lk_status
add_versions(struct lk_sandbox *sandbox, const char *path, struct lk_error *err)
{
	char next[LK_SANDBOX_PATH_SIZE];

	for (unsigned version = 2; version <= VERSIONS_MAX; version++) {
		if ((size_t)snprintf(next, sizeof next, "%s.%u", path, version) >= sizeof next)
			return LK_OK;
		if (access(next, F_OK) == 0)
			LK_TRY(lk_sandbox_add(sandbox, next, false, err));
	}
	return LK_OK;
}

/* Files named within a text: kek-2=file:/PATH, passphrase:/PATH?from=file:/PATH. */
static lk_status
add_named_files(struct lk_sandbox *sandbox, const char *text, bool writable, struct lk_error *err)
{
	char path[LK_SANDBOX_PATH_SIZE];

	for (const char *at = text; *at; at++) {
		const bool begun = at == text || at[-1] == ':' || at[-1] == '=';
		if (*at != '/' || at[1] == '/' || !begun)
			continue;
		const size_t len = strcspn(at, " ,?&;");
		if (len >= sizeof path)
			return lk_fail(err, LK_FAILED_PRECONDITION, "SANDBOX_FULL",
			    "a path is too long to limit this process to it");
		memcpy(path, at, len);
		path[len] = '\0';
		LK_TRY(writable ? add_folder_of(sandbox, path, err)
				: lk_sandbox_add(sandbox, path, false, err));
		at += len - 1;
	}
	return LK_OK;
}

/* Where secrets come from, by what each source is called (crypto/kek_source.h). What a token's
 * library reads and writes nobody can say beforehand. */
static lk_status
add_sources(struct lk_sandbox *sandbox, const char *text, struct lk_error *err)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");

	if (strstr(text, "pkcs11:")) {
		sandbox->network = sandbox->dials = true;
		sandbox->modules = sandbox->reads_anything = true;
		LK_TRY(lk_sandbox_add(sandbox, "/", true, err));
	}
	if (strstr(text, "secret:"))
		LK_TRY(lk_sandbox_add(sandbox,
		    credentials && *credentials ? credentials : "/run/secrets", false, err));
	return add_named_files(sandbox, text, false, err);
}

static lk_status
add_listener(struct lk_sandbox *sandbox, const char *text, struct lk_error *err)
{
	sandbox->listens = true;
	sandbox->ipc = begins(text, "ipc://");
	sandbox->network |= !sandbox->ipc;
	sandbox->http = !strstr(text, "://");
	return sandbox->ipc ? add_folder_of(sandbox, text + strlen("ipc://"), err) : LK_OK;
}

/* An address: of a database, of this process, or of others, several by comma. */
static lk_status
add_address(struct lk_sandbox *sandbox, const char *option, const char *text, struct lk_error *err)
{
	if (lk_text_is(option, "listen"))
		return add_listener(sandbox, text, err);
	if (begins(text, "sqlite://")) {
		sandbox->writes = true;
		return add_folder_of(sandbox, text + strlen("sqlite://"), err);
	}
	if (begins(text, "postgresql:"))
		sandbox->network = sandbox->dials = sandbox->reads_anything = true;
	if (strstr(text, "tcp://"))
		sandbox->network = sandbox->dials = true;
	return LK_OK;
}

static lk_status
add_option(struct lk_sandbox *sandbox, const struct lk_option *option, const void *config,
    struct lk_error *err)
{
	const char *text;

	if (option->type.kind != LK_OPTION_PATH && option->type.kind != LK_OPTION_STRING)
		return LK_OK;
	memcpy(&text, field(option, config), sizeof text);
	if (!text)
		return LK_OK;
	if (option->type.kind == LK_OPTION_PATH) {
		LK_TRY(lk_sandbox_add(sandbox, text, false, err));
		return lk_text_is(option->name, "pepper-file") ? add_versions(sandbox, text, err)
							       : LK_OK;
	}
	if (lk_text_is(option->name, "audit-checkpoints")) {
		sandbox->writes |= begins(text, "file:");
		return add_named_files(sandbox, text, true, err);
	}
	LK_TRY(add_sources(sandbox, text, err));
	return add_address(sandbox, option->name, text, err);
}

/* The last one counts, as in lk_config_load. */
static const char *
config_file(int argc, char **argv)
{
	static const char name[] = "--config";
	const char *file = getenv("LATCHKEY_CONFIG");

	for (int i = 1; i < argc; i++) {
		if (lk_text_is(argv[i], name) && i + 1 < argc)
			file = argv[++i];
		else if (begins(argv[i], name) && argv[i][sizeof name - 1] == '=')
			file = argv[i] + sizeof name;
	}
	return file && *file ? file : NULL;
}

/* LATCHKEY_STORE_URL_FILE=PATH: read again at SIGHUP. */
static lk_status
add_variables(struct lk_sandbox *sandbox, struct lk_error *err)
{
	static const char ending[] = "_FILE";

	for (char **entry = environ; *entry; entry++) {
		const char *equals = strchr(*entry, '=');
		if (!equals || !begins(*entry, "LATCHKEY_") || equals[1] != '/' ||
		    (size_t)(equals - *entry) < sizeof ending ||
		    memcmp(equals - (sizeof ending - 1), ending, sizeof ending - 1) != 0)
			continue;
		LK_TRY(lk_sandbox_add(sandbox, equals + 1, false, err));
	}
	return LK_OK;
}

lk_status
lk_confine_wish(const struct lk_config_table *table, int argc, char **argv, const void *config,
    struct lk_sandbox *out_sandbox, struct lk_error *err)
{
	const char *file = config_file(argc, argv);

	for (size_t i = 0; i < table->count; i++)
		LK_TRY(add_option(out_sandbox, &table->options[i], config, err));
	LK_TRY(add_variables(out_sandbox, err));
	return file ? lk_sandbox_add(out_sandbox, file, false, err) : LK_OK;
}

enum wanted { SANDBOX_NO, SANDBOX_YES, SANDBOX_LOG }; /* the option's words, in their order */

/* A process without the option has no sandbox. */
static enum wanted
wanted(const struct lk_config_table *table, const void *config)
{
	for (size_t i = 0; i < table->count; i++) {
		if (lk_text_is(table->options[i].name, "sandbox"))
			return *(const int *)field(&table->options[i], config);
	}
	return SANDBOX_NO;
}

static void
tell(const struct lk_sandbox *sandbox, const struct lk_sandbox_limits *limits)
{
	if (!limits->files)
		lk_log(LK_LOG_WARN, "sandbox.without_files");
	if (!limits->calls)
		lk_log(LK_LOG_WARN, "sandbox.without_calls");
	else if (sandbox->only_logs)
		lk_log(LK_LOG_WARN, "sandbox.only_logs");
}

static void
freep(struct lk_sandbox **sandbox)
{
	lk_free(*sandbox);
}

lk_status
lk_confine(const struct lk_config_table *table, int argc, char **argv, const void *config,
    struct lk_error *err)
{
	const enum wanted want = wanted(table, config);
	struct lk_sandbox_limits limits;

	if (SANITIZED || want == SANDBOX_NO)
		return LK_OK;
	LK_AUTO(freep) struct lk_sandbox *sandbox = LK_ALLOC(struct lk_sandbox);
	if (!sandbox)
		return lk_fail_oom(err);
	sandbox->only_logs = want == SANDBOX_LOG;
	LK_TRY(lk_confine_wish(table, argc, argv, config, sandbox, err));
	LK_TRY(lk_sandbox_enter(sandbox, &limits, err));
	tell(sandbox, &limits);
	return LK_OK;
}
