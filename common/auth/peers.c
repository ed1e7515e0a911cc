/* The folder peers/: who may sign as operator, service or gateway. Each reading is kept until the
 * end, as what was found in it is borrowed. */
#include "auth/peers.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/sign.h"

enum { PEERS_MAX = 256, PEER_NAME_MAX = 32, PEER_PATH_MAX = 4096 };

struct reading {
	size_t count;
	struct lk_known_peer peers[PEERS_MAX]; /* by name, those behind the last are zero */
	struct reading *older;
};

struct lk_peers {
	_Atomic(struct reading *) now;
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
	else if (lk_text_is(role, "gateway"))
		*out = LK_PEER_GATEWAY;
	else
		return false;
	return true;
}

static lk_status
peer_load(struct reading *reading, const char *dir, const char *file, size_t name_len,
    struct lk_error *err)
{
	char path[PEER_PATH_MAX];
	struct lk_peer_key key;
	struct lk_error why = { 0 };

	if (!name_ok(file, name_len))
		return unreadable(err, file, "a name is 1-32 of a-z, 0-9 and -");
	if (reading->count == PEERS_MAX)
		return unreadable(err, file, "more than 256 peers");
	if (snprintf(path, sizeof path, "%s/%s", dir, file) >= (int)sizeof path)
		return unreadable(err, file, "the path is too long");
	if (lk_peer_file_load(path, &key, &why) != LK_OK)
		return unreadable(err, file, why.message);

	struct lk_known_peer *peer = &reading->peers[reading->count];
	if (strlen(key.name) != name_len || memcmp(key.name, file, name_len) != 0)
		return unreadable(err, file, "the name inside is another one");
	if (!role_parse(key.role, &peer->role))
		return unreadable(err, file, "the role is not operator, service or gateway");
	if (!lk_text_copy(peer->name, sizeof peer->name, key.name))
		return unreadable(err, file, "the name is too long");
	memcpy(peer->public_key, key.public_key, sizeof peer->public_key);
	reading->count++;
	return LK_OK;
}

static void
dir_closep(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(
	    ((const struct lk_known_peer *)a)->name, ((const struct lk_known_peer *)b)->name);
}

static const struct lk_known_peer *
find(const struct reading *reading, const char *name)
{
	for (size_t i = 0; i < reading->count; i++) {
		if (lk_text_is(reading->peers[i].name, name))
			return &reading->peers[i];
	}
	return NULL;
}

static void
reading_freep(struct reading **reading)
{
	lk_free(*reading);
}

static lk_status
folder_read(struct reading **out, const char *dir, struct lk_error *err)
{
	LK_AUTO(dir_closep) DIR *folder = opendir(dir);
	LK_AUTO(reading_freep) struct reading *reading = LK_ALLOC(struct reading);
	size_t name_len;

	if (reading == NULL)
		return lk_fail_oom(err);
	if (folder == NULL)
		return lk_fail(err, LK_FAILED_PRECONDITION, "PEERS_UNREADABLE",
		    "the folder peers/ cannot be read");
	for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		if (file_is_peer(entry->d_name, &name_len))
			LK_TRY(peer_load(reading, dir, entry->d_name, name_len, err));
	}
	qsort(reading->peers, reading->count, sizeof *reading->peers, by_name);
	*out = LK_TAKE(reading);
	return LK_OK;
}

lk_status
lk_peers_open(struct lk_peers **out, const char *dir, struct lk_error *err)
{
	LK_AUTO(lk_peers_closep) struct lk_peers *peers = LK_ALLOC(struct lk_peers);
	struct reading *reading = NULL;

	if (peers == NULL)
		return lk_fail_oom(err);
	LK_TRY(folder_read(&reading, dir, err));
	atomic_init(&peers->now, reading);
	*out = LK_TAKE(peers);
	return LK_OK;
}

static bool
same_peer(const struct lk_known_peer *a, const struct lk_known_peer *b)
{
	return lk_text_is(a->name, b->name) && a->role == b->role &&
	       memcmp(a->public_key, b->public_key, sizeof a->public_key) == 0;
}

static bool
same_peers(const struct reading *a, const struct reading *b)
{
	bool same = a->count == b->count;

	for (size_t i = 0; same && i < a->count; i++)
		same = same_peer(&a->peers[i], &b->peers[i]);
	return same;
}

lk_status
lk_peers_reload(struct lk_peers *peers, const char *dir, const char *own, bool *out_changed,
    struct lk_error *err)
{
	LK_AUTO(reading_freep) struct reading *reading = NULL;
	struct reading *before = atomic_load(&peers->now);

	LK_TRY(folder_read(&reading, dir, err));
	const struct lk_known_peer *was = find(before, own), *is = find(reading, own);
	if (was == NULL || is == NULL || !same_peer(was, is))
		return unreadable(err, own, "this service's own key is gone or another one");
	*out_changed = !same_peers(before, reading);
	if (!*out_changed)
		return LK_OK;
	reading->older = before;
	atomic_store(&peers->now, LK_TAKE(reading));
	return LK_OK;
}

void
lk_peers_close(struct lk_peers *peers)
{
	if (peers == NULL)
		return;
	for (struct reading *reading = atomic_load(&peers->now); reading != NULL;) {
		struct reading *older = reading->older;
		lk_free(reading);
		reading = older;
	}
	lk_free(peers);
}

const struct lk_known_peer *
lk_peers_find(const struct lk_peers *peers, const char *name)
{
	return find(atomic_load(&peers->now), name);
}
