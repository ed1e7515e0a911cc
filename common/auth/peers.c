/* The folder peers/: who may sign as operator or service. Read once, at start. */
#include "auth/peers.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/sign.h"

enum { PEERS_MAX = 256, PEER_NAME_MAX = 32, PEER_PATH_MAX = 4096 };

struct lk_peers {
	size_t count;
	struct lk_known_peer peers[PEERS_MAX];
};

static bool
name_ok(const char *name, size_t len)
{
	if (len == 0 || len > PEER_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		const char c = name[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return true;
}

/* "<name>.pub"; other files (a README, an editor's copy) are not ours. */
static bool
file_is_peer(const char *file, size_t *out_name_len)
{
	const size_t len = strlen(file);

	if (len <= 4 || strcmp(file + len - 4, ".pub") != 0)
		return false;
	*out_name_len = len - 4;
	return true;
}

static lk_status
unreadable(struct lk_error *err, const char *file, const char *why)
{
	return lk_fail(
	    err, LK_FAILED_PRECONDITION, "PEERS_UNREADABLE", "peers/%.64s: %s", file, why);
}

static bool
role_parse(const char *role, enum lk_peer_role *out)
{
	if (lk_text_is(role, "operator"))
		*out = LK_PEER_OPERATOR;
	else if (lk_text_is(role, "service"))
		*out = LK_PEER_SERVICE;
	else
		return false;
	return true;
}

static lk_status
peer_load(struct lk_peers *peers, const char *dir, const char *file, size_t name_len,
    struct lk_error *err)
{
	char path[PEER_PATH_MAX];
	struct lk_peer_key key;
	struct lk_error why = { 0 };

	if (!name_ok(file, name_len))
		return unreadable(err, file, "a name is 1-32 of a-z, 0-9 and -");
	if (peers->count == PEERS_MAX)
		return unreadable(err, file, "more than 256 peers");
	if (snprintf(path, sizeof path, "%s/%s", dir, file) >= (int)sizeof path)
		return unreadable(err, file, "the path is too long");
	if (lk_peer_file_load(path, &key, &why) != LK_OK)
		return unreadable(err, file, why.message);

	struct lk_known_peer *peer = &peers->peers[peers->count];
	if (strlen(key.name) != name_len || memcmp(key.name, file, name_len) != 0)
		return unreadable(err, file, "the name inside is another one");
	if (!role_parse(key.role, &peer->role))
		return unreadable(err, file, "the role is neither operator nor service");
	if (!lk_text_copy(peer->name, sizeof peer->name, key.name))
		return unreadable(err, file, "the name is too long");
	memcpy(peer->public_key, key.public_key, sizeof peer->public_key);
	peers->count++;
	return LK_OK;
}

static void
dir_closep(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
}

lk_status
lk_peers_open(struct lk_peers **out, const char *dir, struct lk_error *err)
{
	LK_AUTO(dir_closep) DIR *folder = opendir(dir);
	LK_AUTO(lk_peers_closep) struct lk_peers *peers = LK_ALLOC(struct lk_peers);
	size_t name_len;

	if (peers == NULL)
		return lk_fail_oom(err);
	if (folder == NULL)
		return lk_fail(err, LK_FAILED_PRECONDITION, "PEERS_UNREADABLE",
		    "the folder peers/ cannot be read");
	for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		if (file_is_peer(entry->d_name, &name_len))
			LK_TRY(peer_load(peers, dir, entry->d_name, name_len, err));
	}
	*out = LK_TAKE(peers);
	return LK_OK;
}

void
lk_peers_close(struct lk_peers *peers)
{
	lk_free(peers);
}

const struct lk_known_peer *
lk_peers_find(const struct lk_peers *peers, const char *name)
{
	for (size_t i = 0; i < peers->count; i++) {
		if (lk_text_is(peers->peers[i].name, name))
			return &peers->peers[i];
	}
	return NULL;
}
