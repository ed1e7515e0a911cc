/* Configuration files and env.sh; see init_files.h. */
#include "init_files.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/private_file.h"

enum { FILE_TEXT_SIZE = 16 * 1024 };

void
installation_path(const struct installation *installation, const char *folder, const char *name,
    char out[INIT_PATH_SIZE])
{
	snprintf(out, INIT_PATH_SIZE, "%s%s%.32s%s%.64s", installation->dir, *folder ? "/" : "",
	    folder, *name ? "/" : "", name);
}

/* ---- configurations ---- */

struct text {
	char bytes[FILE_TEXT_SIZE];
	size_t len;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text->len += (size_t)vsnprintf(
	    text->bytes + text->len, sizeof text->bytes - text->len, format, args);
	va_end(args);
	if (text->len >= sizeof text->bytes)
		text->len = sizeof text->bytes - 1;
}

static void
add_socket(struct text *text, const char *option, const struct installation *installation,
    const char *service)
{
	add(text, "%s = ipc://%s/run/%s.sock\n", option, installation->dir, service);
}

static void
keys_only(struct text *text, const struct installation *installation)
{
	add(text, "pepper-file = %s/secrets/keys.pepper\n", installation->dir);
	add_socket(text, "tokens-url", installation, "tokens");
}

static void
tokens_only(struct text *text, const struct installation *installation)
{
	add(text, "kek-file = %s/secrets/tokens.kek\n", installation->dir);
	add_socket(text, "keys-url", installation, "keys");
	add(text, "issuer = urn:latchkey:%s\n", installation->instance);
	add(text, "audience = urn:latchkey:%s:platform\n", installation->instance);
}

static void
credentials_only(struct text *text, const struct installation *installation)
{
	add(text, "kek-file = %s/secrets/credentials.kek\n", installation->dir);
	add_socket(text, "keys-url", installation, "keys");
	add_socket(text, "tokens-url", installation, "tokens");
}

/* It has no database, and a key for what it hears of services only. */
static void
gateway_all(struct text *text, const struct installation *installation)
{
	add(text, "peers-dir = %s/peers\n", installation->dir);
	add(text, "peer-key-file = %s/secrets/gateway.ed25519\n", installation->dir);
	add(text, "listen = %s\n", installation->http);
	add_socket(text, "keys-url", installation, "keys");
	add_socket(text, "tokens-url", installation, "tokens");
	add_socket(text, "credentials-url", installation, "credentials");
}

/* What each of those has that owns data. */
static void
owner(struct text *text, const struct installation *installation, const char *service)
{
	add_socket(text, "listen", installation, service);
	add(text, "store-url = sqlite://%s/data/%s.db\n", installation->dir, service);
	add(text, "peers-dir = %s/peers\n", installation->dir);
	add(text, "peer-key-file = %s/secrets/%s.ed25519\n", installation->dir, service);
}

static latchkey_status
configuration(struct cli *cli, const struct installation *installation, const char *service,
    void (*own)(struct text *text, const struct installation *installation))
{
	char path[INIT_PATH_SIZE], file[64];
	struct text text = { .len = 0 };

	snprintf(file, sizeof file, "%s.conf", service);
	installation_path(installation, "", file, path);
	if (access(path, F_OK) == 0)
		return LATCHKEY_OK;
	add(&text, "# latchkey-%s; all options: latchkey-%s --help\n", service, service);
	add(&text, "instance = %s\n", installation->instance);
	if (own != gateway_all)
		owner(&text, installation, service);
	own(&text, installation);
	return (latchkey_status)lk_private_file_create(
	    path, file, lk_bytes(text.bytes, text.len), cli_err(cli));
}

/* "instance = NAME" of one file, if it is there. */
static void
instance_read(const char *path, char out[INIT_INSTANCE_SIZE])
{
	char line[256];
	FILE *file = fopen(path, "re");

	while (file && !*out && fgets(line, sizeof line, file)) {
		char name[INIT_INSTANCE_SIZE];
		if (sscanf(line, " instance = %32[a-z0-9-]", name) == 1)
			lk_text_copy(out, INIT_INSTANCE_SIZE, name);
	}
	if (file)
		fclose(file);
}

latchkey_status
installation_instance(struct cli *cli, struct installation *installation)
{
	char path[INIT_PATH_SIZE], file[64], found[INIT_INSTANCE_SIZE];

	for (int i = 0; i < LATCHKEY_SERVICE_COUNT; i++) {
		*found = '\0';
		snprintf(file, sizeof file, "%s.conf", latchkey_service_name((latchkey_service)i));
		installation_path(installation, "", file, path);
		instance_read(path, found);
		if (*found && *installation->instance && strcmp(found, installation->instance) != 0)
			return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "instance",
			    "INSTANCE_DIFFERS", "%s says %s and another configuration says %s",
			    file, found, installation->instance);
		if (*found)
			lk_text_copy(installation->instance, sizeof installation->instance, found);
	}
	return LATCHKEY_OK;
}

/* ---- env.sh ---- */

/* As one word of a shell: '…', where ' is written '\''. */
static void
add_quoted(struct text *text, const char *word)
{
	add(text, "'");
	for (; *word; word++)
		add(text, *word == '\'' ? "'\\''" : "%c", *word);
	add(text, "'");
}

static void
add_export(
    struct text *text, const char *name, const char *before, const char *value, const char *after)
{
	char whole[INIT_PATH_SIZE + 64];

	snprintf(whole, sizeof whole, "%s%s%s", before, value, after);
	add(text, "export %s=", name);
	add_quoted(text, whole);
	add(text, "\n");
}

/* The folder that this program lies in; false when the kernel does not say. */
static bool
program_dir(char out[INIT_DIR_SIZE])
{
	const ssize_t len = readlink("/proc/self/exe", out, INIT_DIR_SIZE - 1);

	if (len <= 0)
		return false;
	out[len] = '\0';
	char *slash = strrchr(out, '/');
	if (!slash || slash == out)
		return false;
	*slash = '\0';
	return true;
}

/* "listen = ADDRESS" of the gateway's configuration, which may have been edited. */
static void
http_read(const struct installation *installation, char out[INIT_HTTP_SIZE])
{
	char path[INIT_PATH_SIZE], line[256];

	installation_path(installation, "", "gateway.conf", path);
	FILE *file = fopen(path, "re");
	*out = '\0';
	while (file && !*out && fgets(line, sizeof line, file)) {
		char found[INIT_HTTP_SIZE];
		if (sscanf(line, " listen = %79[][0-9a-fA-F:.]", found) == 1)
			lk_text_copy(out, INIT_HTTP_SIZE, found);
	}
	if (file)
		fclose(file);
}

static latchkey_status
environment_file(struct cli *cli, const struct installation *installation)
{
	char path[INIT_PATH_SIZE], programs[INIT_DIR_SIZE], http[INIT_HTTP_SIZE];
	struct text text = { .len = 0 };

	add(&text, "# For a shell: talk to this installation as its operator.   . env.sh\n");
	if (program_dir(programs)) {
		add(&text, "latchkey_programs=");
		add_quoted(&text, programs);
		add(&text, "\ncase \":$PATH:\" in\n*\":$latchkey_programs:\"*) ;;\n");
		add(&text, "*) export PATH=\"$latchkey_programs:$PATH\" ;;\nesac\nunset "
			   "latchkey_programs\n");
	}
	add(&text, "unset LATCHKEY_API_KEY LATCHKEY_API_KEY_FILE LATCHKEY_PROFILE\n");
	add(&text, "unset LATCHKEY_KEYS_URL LATCHKEY_TOKENS_URL LATCHKEY_CREDENTIALS_URL\n");
	add_export(&text, "LATCHKEY_URL", "ipc://", installation->dir, "/run");
	add_export(&text, "LATCHKEY_OPERATOR_KEY_FILE", "", installation->dir,
	    "/secrets/operator.ed25519");
	add_export(
	    &text, "LATCHKEY_STORE_URL", "sqlite://", installation->dir, "/data/{service}.db");
	http_read(installation, http);
	if (*http)
		add_export(&text, "LATCHKEY_HTTP_URL", "http://", http, "");
	installation_path(installation, "", "env.sh", path);
	return (latchkey_status)lk_private_file_replace(
	    path, "env.sh", lk_bytes(text.bytes, text.len), cli_err(cli));
}

latchkey_status
installation_files(struct cli *cli, const struct installation *installation)
{
	latchkey_status status = configuration(cli, installation, "keys", keys_only);

	if (status == LATCHKEY_OK)
		status = configuration(cli, installation, "tokens", tokens_only);
	if (status == LATCHKEY_OK)
		status = configuration(cli, installation, "credentials", credentials_only);
	if (status == LATCHKEY_OK)
		status = configuration(cli, installation, "gateway", gateway_all);
	return status == LATCHKEY_OK ? environment_file(cli, installation) : status;
}
