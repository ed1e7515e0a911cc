/* Entries of the list are taken apart here; each kind of source that yields a key is a row. */
#include "crypto/kek_source.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/passphrase.h"
#include "crypto/private_file.h"
#include "crypto/token_key.h"

enum { ENTRY_SIZE = 1024 };

static const char what[] = "key-encryption key";

/* ---- A file ---- */

/* The folder of a SQLite database; "" for any other. */
static void
data_folder(const char *store_url, char out[PATH_MAX])
{
	static const char scheme[] = "sqlite://";
	char path[PATH_MAX];

	out[0] = '\0';
	if (!store_url || strncmp(store_url, scheme, sizeof scheme - 1) != 0 ||
	    !lk_text_copy(path, sizeof path, store_url + sizeof scheme - 1))
		return;
	char *slash = strrchr(path, '/');
	if (!slash)
		return;
	slash[slash == path] = '\0';
	if (!realpath(path, out))
		out[0] = '\0';
}

/* Whoever copies the folder of a database must not copy its keys with it. */
static lk_status
check_apart(const char *path, const char *store_url, struct lk_error *err)
{
	char data[PATH_MAX], key[PATH_MAX];

	data_folder(store_url, data);
	const size_t len = strlen(data);
	if (len == 0 || !realpath(path, key) || strncmp(key, data, len) != 0 ||
	    (key[len] != '/' && len > 1))
		return LK_OK;
	return lk_fail(err, LK_FAILED_PRECONDITION, "KEK_BESIDE_DATA",
	    "%s file lies in the folder of the database that it protects: keep it elsewhere", what);
}

static lk_status
load_file(const struct lk_kek_config *config, const char *path, struct lk_secret32 *out_key,
    struct lk_error *err)
{
	LK_TRY(check_apart(path, config->store_url, err));
	return lk_secret_file_load32(path, what, out_key, err);
}

static lk_status
invalid(const char *why, struct lk_error *err)
{
	return lk_fail(err, LK_INVALID_ARGUMENT, "KEK_SOURCE_INVALID",
	    "a root key is written ID=SOURCE: %s", why);
}

/* ---- A mounted secret ---- */

static bool
secret_name_ok(const char *name)
{
	const size_t len = strlen(name);

	return len > 0 && len <= NAME_MAX && name[0] != '.' && !strchr(name, '/');
}

/* systemd's folder when there is one, or the containers' */
static lk_status
secret_path(const char *name, char out[PATH_MAX], struct lk_error *err)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");

	if (!secret_name_ok(name))
		return invalid("a secret's name has no slash and does not begin with a dot", err);
	if (snprintf(out, PATH_MAX, "%s/%s", folder && *folder ? folder : "/run/secrets", name) >=
	    PATH_MAX)
		return invalid("the path of the secret is too long", err);
	return LK_OK;
}

static lk_status
load_secret(const struct lk_kek_config *config, const char *name, struct lk_secret32 *out_key,
    struct lk_error *err)
{
	char path[PATH_MAX];

	(void)config;
	LK_TRY(secret_path(name, path, err));
	return lk_mounted_file_load32(path, what, out_key, err);
}

/* ---- A passphrase ---- */

static lk_status
read_passphrase(const struct lk_kek_config *config, const char *from, uint8_t *out, size_t cap,
    size_t *out_len, struct lk_error *err)
{
	static const char passphrase[] = "passphrase";
	char path[PATH_MAX];

	if (lk_text_is(from, "terminal"))
		return lk_passphrase_ask(out, cap, out_len, err);
	if (strncmp(from, "file:", 5) == 0) {
		LK_TRY(check_apart(from + 5, config->store_url, err));
		return lk_private_file_read(from + 5, passphrase, out, cap, out_len, err);
	}
	if (strncmp(from, "secret:", 7) == 0) {
		LK_TRY(secret_path(from + 7, path, err));
		return lk_mounted_file_read(path, passphrase, out, cap, out_len, err);
	}
	return invalid("a passphrase is from file:, secret: or terminal", err);
}

static lk_status
load_passphrase(const struct lk_kek_config *config, const char *rest, struct lk_secret32 *out_key,
    struct lk_error *err)
{
	static const char separator[] = "?from=";
	const char *from = strstr(rest, separator);
	uint8_t passphrase[LK_PASSPHRASE_MAX];
	LK_AUTO(lk_wipe_view) struct lk_wiped wiped = { passphrase, sizeof passphrase };
	char parameters[PATH_MAX];
	size_t len;

	if (!from || from == rest || from - rest >= PATH_MAX)
		return invalid("a passphrase is passphrase:/PATH?from=FROM", err);
	snprintf(parameters, sizeof parameters, "%.*s", (int)(from - rest), rest);
	LK_TRY(read_passphrase(
	    config, from + strlen(separator), passphrase, sizeof passphrase, &len, err));
	while (len > 0 && passphrase[len - 1] == '\n')
		len--;
	return lk_passphrase_key(parameters, lk_bytes(passphrase, len), out_key, err);
}

/* ---- The list ---- */

static const struct source {
	const char *prefix;
	lk_status (*load)(const struct lk_kek_config *config, const char *rest,
	    struct lk_secret32 *out_key, struct lk_error *err);
} sources[] = {
	{ "file:", load_file },
	{ "secret:", load_secret },
	{ "passphrase:", load_passphrase },
};

static lk_status
add_token(struct lk_keyring *ring, const char *id, const char *uri, struct lk_error *err)
{
	struct lk_token_key *key;

	LK_TRY(lk_token_key_open(uri, &key, err));
	return lk_keyring_add_token(ring, id, key, err);
}

static lk_status
add_key(const struct lk_kek_config *config, struct lk_keyring *ring, const char *id,
    const char *source, struct lk_error *err)
{
	static const char token[] = "pkcs11:";
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 key = { 0 };

	if (strncmp(source, token, sizeof token - 1) == 0)
		return add_token(ring, id, source + sizeof token - 1, err);
	for (size_t i = 0; i < LK_ARRAY_LEN(sources); i++) {
		const size_t len = strlen(sources[i].prefix);
		if (strncmp(source, sources[i].prefix, len) != 0)
			continue;
		LK_TRY(sources[i].load(config, source + len, &key, err));
		return lk_keyring_add(ring, id, &key, err);
	}
	return invalid("sources begin with file:, secret:, passphrase: or pkcs11:", err);
}

static lk_status
add_entry(const struct lk_kek_config *config, struct lk_keyring *ring, const char *text, size_t len,
    struct lk_error *err)
{
	char entry[ENTRY_SIZE];

	if (len >= sizeof entry)
		return invalid("this one is too long", err);
	memcpy(entry, text, len);
	entry[len] = '\0';
	char *equals = strchr(entry, '=');
	if (!equals)
		return invalid("there is no =", err);
	*equals = '\0';
	return add_key(config, ring, entry, equals + 1, err);
}

lk_status
lk_kek_load(const struct lk_kek_config *config, struct lk_keyring **out_ring, struct lk_error *err)
{
	static const char blank[] = " \t";
	LK_AUTO(lk_keyring_freep) struct lk_keyring *ring = NULL;
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 key = { 0 };
	const char *at = config->list ? config->list : "";

	LK_TRY(lk_keyring_new(&ring, err));
	if (config->file && *config->file) {
		LK_TRY(load_file(config, config->file, &key, err));
		LK_TRY(lk_keyring_add(ring, "kek-1", &key, err));
	}
	for (at += strspn(at, blank); *at; at += strspn(at, blank)) {
		const size_t len = strcspn(at, blank);
		LK_TRY(add_entry(config, ring, at, len, err));
		at += len;
	}
	if (lk_keyring_count(ring) == 0)
		return lk_fail(err, LK_FAILED_PRECONDITION, "KEK_NOT_CONFIGURED",
		    "no root key is configured: kek-file or kek must name one");
	*out_ring = LK_TAKE(ring);
	return LK_OK;
}
