/* Entries of the list are taken apart here; each kind of source is a row. */
#include "crypto/kek_source.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/private_file.h"

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

/* ---- The list ---- */

static const struct source {
	const char *prefix;
	lk_status (*load)(const struct lk_kek_config *config, const char *rest,
	    struct lk_secret32 *out_key, struct lk_error *err);
} sources[] = {
	{ "file:", load_file },
};

static lk_status
entry_invalid(const char *why, struct lk_error *err)
{
	return lk_fail(err, LK_INVALID_ARGUMENT, "KEK_SOURCE_INVALID",
	    "a root key is written ID=SOURCE: %s", why);
}

static lk_status
add_key(const struct lk_kek_config *config, struct lk_keyring *ring, const char *id,
    const char *source, struct lk_error *err)
{
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 key = { 0 };

	for (size_t i = 0; i < LK_ARRAY_LEN(sources); i++) {
		const size_t len = strlen(sources[i].prefix);
		if (strncmp(source, sources[i].prefix, len) != 0)
			continue;
		LK_TRY(sources[i].load(config, source + len, &key, err));
		return lk_keyring_add(ring, id, &key, err);
	}
	return entry_invalid("sources begin with file:", err);
}

static lk_status
add_entry(const struct lk_kek_config *config, struct lk_keyring *ring, const char *text, size_t len,
    struct lk_error *err)
{
	char entry[ENTRY_SIZE];

	if (len >= sizeof entry)
		return entry_invalid("this one is too long", err);
	memcpy(entry, text, len);
	entry[len] = '\0';
	char *equals = strchr(entry, '=');
	if (!equals)
		return entry_invalid("there is no =", err);
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
