/*
 * init: the state directory of an installation. It asks no service, so it alone of all commands
 * reaches past the library, to the crypto that makes keys. Whatever is there is kept; every file is
 * whole or not there, so that init can be interrupted and run again.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/private_file.h"
#include "crypto/sign.h"
#include "folders.h"
#include "handlers.h"
#include "id/id.h"
#include "init_files.h"

enum { SOCKET_PATH_MAX = 107, INSTANCE_MAX = 32 }; /* sockaddr_un.sun_path without its NUL */

/* ---- where, and under which name ---- */

static latchkey_status
state_dir(struct cli *cli, const char *given, char out[INIT_DIR_SIZE])
{
	char here[INIT_DIR_SIZE] = "";
	size_t len;

	if (*given != '/' && !getcwd(here, sizeof here))
		return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "state", "STATE_INVALID",
		    "the current folder has no path");
	const int wrote = snprintf(out, INIT_DIR_SIZE, "%s%s%s", here, *here ? "/" : "", given);
	if (wrote < 0 || wrote >= INIT_DIR_SIZE)
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "state", "STATE_INVALID",
		    "the path is too long");
	for (len = strlen(out); len > 1 && out[len - 1] == '/'; len--)
		out[len - 1] = '\0';
	if (!lk_text_printable(lk_bytes_of(out)) || strchr(out, ',') || out[len - 1] == ' ')
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "state", "STATE_INVALID",
		    "the path must be printable, without a comma, and end in no space");
	if (len + strlen("/run/credentials.sock") > SOCKET_PATH_MAX)
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "state", "URL_TOO_LONG",
		    "the path of a socket has at most %d bytes and %s/run/credentials.sock has %zu",
		    SOCKET_PATH_MAX, out, len + strlen("/run/credentials.sock"));
	return LATCHKEY_OK;
}

static bool
instance_ok(const char *name)
{
	const size_t len = strlen(name);

	return len > 0 && len <= INSTANCE_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

/* The name it has, the name that is asked for, or a new one; those that are there must agree. */
static latchkey_status
instance_choose(struct cli *cli, struct installation *installation)
{
	const char *asked = cli_value(cli, OPT_INSTANCE);
	char made[LK_ID_SIZE];

	if (asked && !instance_ok(asked))
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "instance", "INSTANCE_INVALID",
		    "an instance is [a-z0-9-]{1,32}");
	if (*installation->instance && asked && strcmp(asked, installation->instance) != 0)
		return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "instance", "INSTANCE_DIFFERS",
		    "this installation is %s already; keys and tokens are bound to that name",
		    installation->instance);
	if (*installation->instance)
		return LATCHKEY_OK;
	lk_id_make(LK_ID_REQUEST, lk_clock_system(), lk_random_system(), made);
	/* the last characters of an id are random */
	snprintf(installation->instance, sizeof installation->instance, "%s%s", asked ? "" : "lk-",
	    asked ? asked : made + LK_ID_LEN - 12);
	return LATCHKEY_OK;
}

/* What the gateway's own options say of it in full is said by its --check-config. */
static latchkey_status
http_choose(struct cli *cli, struct installation *installation)
{
	const char *asked = cli_value(cli, OPT_HTTP);

	installation->http = asked ? asked : "127.0.0.1:7480";
	if (strspn(installation->http, "0123456789abcdefABCDEF.:[]") !=
		strlen(installation->http) ||
	    !strchr(installation->http, ':') || strlen(installation->http) >= INIT_HTTP_SIZE)
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "http", "HTTP_INVALID",
		    "http is ADDRESS:PORT, both numbers");
	return LATCHKEY_OK;
}

/* ---- secrets ---- */

/* A new secret would not open what the old one closed. */
static latchkey_status
refuse_lost(
    struct cli *cli, const struct installation *installation, const char *service, const char *name)
{
	char path[INIT_PATH_SIZE], file[64];

	snprintf(file, sizeof file, "%s.db", service);
	installation_path(installation, "data", file, path);
	if (access(path, F_OK) != 0)
		return LATCHKEY_OK;
	return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "", "SECRET_LOST",
	    "secrets/%s is gone and data/%s needs it: put it back from a backup", name, file);
}

static latchkey_status
random_secret(
    struct cli *cli, const struct installation *installation, const char *service, const char *kind)
{
	char path[INIT_PATH_SIZE], name[64];
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 secret = { 0 };

	snprintf(name, sizeof name, "%s.%s", service, kind);
	installation_path(installation, "secrets", name, path);
	if (access(path, F_OK) == 0)
		return (latchkey_status)lk_secret_file_load32(path, name, &secret, cli_err(cli));
	const latchkey_status status = refuse_lost(cli, installation, service, name);
	if (status != LATCHKEY_OK)
		return status;
	lk_secret32_random(&secret);
	return (latchkey_status)lk_secret_file_create(
	    path, name, lk_bytes(secret.bytes, sizeof secret.bytes), cli_err(cli));
}

/* The public half stands beside those of all others; it must be that of the private one. */
static latchkey_status
public_half(struct cli *cli, const struct installation *installation, const char *role,
    const char *name, const struct lk_sign_key *key)
{
	char path[INIT_PATH_SIZE], file[64];
	struct lk_peer_key peer = { .public_key = { 0 } }, there;

	memcpy(peer.public_key, lk_sign_key_public(key), sizeof peer.public_key);
	lk_text_copy(peer.role, sizeof peer.role, role);
	lk_text_copy(peer.name, sizeof peer.name, name);
	snprintf(file, sizeof file, "%s.pub", name);
	installation_path(installation, "peers", file, path);
	if (access(path, F_OK) != 0)
		return (latchkey_status)lk_peer_file_create(path, &peer, cli_err(cli));
	if (lk_peer_file_load(path, &there, cli_err(cli)) != LK_OK)
		return (latchkey_status)cli->error.status;
	if (memcmp(there.public_key, peer.public_key, sizeof peer.public_key) != 0)
		return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "", "PEER_DIFFERS",
		    "peers/%s is not the public half of the key in secrets/; put the right one "
		    "back",
		    file);
	return LATCHKEY_OK;
}

static latchkey_status
peer_pair(
    struct cli *cli, const struct installation *installation, const char *role, const char *name)
{
	char path[INIT_PATH_SIZE], file[64];
	LK_AUTO(lk_sign_key_freep) struct lk_sign_key *key = NULL;
	lk_status status;

	snprintf(file, sizeof file, "%s.ed25519", name);
	installation_path(installation, "secrets", file, path);
	if (access(path, F_OK) == 0) {
		status = lk_sign_key_load(path, file, &key, cli_err(cli));
	} else {
		status = lk_sign_key_generate(&key, cli_err(cli));
		if (status == LK_OK)
			status = lk_sign_key_create_file(key, path, file, cli_err(cli));
	}
	return status == LK_OK ? public_half(cli, installation, role, name, key)
			       : (latchkey_status)status;
}

static latchkey_status
operator_pair(struct cli *cli, const struct installation *installation)
{
	char secret[INIT_PATH_SIZE], pub[INIT_PATH_SIZE];

	installation_path(installation, "secrets", "operator.ed25519", secret);
	installation_path(installation, "peers", "operator.pub", pub);
	return latchkey_operator_key_create(secret, pub, "operator", &cli->error);
}

/* ---- the whole ---- */

static latchkey_status
folders_make(struct cli *cli, const struct installation *installation)
{
	static const struct {
		const char *name;
		mode_t mode;
	} folders[] = { { "run", 0750 }, { "data", 0700 }, { "secrets", 0700 }, { "peers", 0755 } };
	char path[INIT_PATH_SIZE];
	latchkey_status status = folders_above(cli, installation->dir);

	if (status == LATCHKEY_OK)
		status = folder_own(cli, installation->dir, 0750);
	for (size_t i = 0; i < LK_ARRAY_LEN(folders) && status == LATCHKEY_OK; i++) {
		installation_path(installation, folders[i].name, "", path);
		status = folder_own(cli, path, folders[i].mode);
	}
	return status;
}

static latchkey_status
secrets_make(struct cli *cli, const struct installation *installation)
{
	static const char *const kinds[LATCHKEY_SERVICE_COUNT] = { "pepper", "kek", "kek" };
	latchkey_status status = (latchkey_status)lk_crypto_init(cli_err(cli));

	for (int i = 0; i < LATCHKEY_SERVICE_COUNT && status == LATCHKEY_OK; i++)
		status = random_secret(
		    cli, installation, latchkey_service_name((latchkey_service)i), kinds[i]);
	for (int i = 0; i < LATCHKEY_SERVICE_COUNT && status == LATCHKEY_OK; i++)
		status = peer_pair(
		    cli, installation, "service", latchkey_service_name((latchkey_service)i));
	if (status == LATCHKEY_OK)
		status = peer_pair(cli, installation, "gateway", "gateway");
	return status == LATCHKEY_OK ? operator_pair(cli, installation) : status;
}

int
run_init(struct cli *cli)
{
	struct installation installation = { .instance = "" };

	if (!cli_value(cli, OPT_STATE) || !*cli_value(cli, OPT_STATE))
		return cli_misused(cli, "init needs --state DIR");
	if (state_dir(cli, cli_value(cli, OPT_STATE), installation.dir) != LATCHKEY_OK)
		return cli_misused(cli, "%s: %s", cli->error.field, cli->error.message);
	CLI_TRY(cli, folders_make(cli, &installation));
	CLI_TRY(cli, installation_instance(cli, &installation));
	CLI_TRY(cli, instance_choose(cli, &installation));
	CLI_TRY(cli, http_choose(cli, &installation));
	CLI_TRY(cli, secrets_make(cli, &installation));
	CLI_TRY(cli, installation_files(cli, &installation));
	out_text(&cli->out, "instance", installation.instance);
	out_text(&cli->out, "state", installation.dir);
	return cli_answer(cli);
}
