/* The folder of public keys: what is read, and what stops a start. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "auth/peers.h"
#include "base/base.h"
#include "crypto/sign.h"
#include "test.h"

static void
put_peer(const char *dir, const char *file, const char *role, const char *name)
{
	struct lk_error err = { 0 };
	struct lk_sign_key *key = NULL;
	struct lk_peer_key peer = { 0 };
	char line[LK_PEER_LINE_SIZE + 1];

	expect_ok(lk_sign_key_generate(&key, &err), &err);
	memcpy(peer.public_key, lk_sign_key_public(key), sizeof peer.public_key);
	snprintf(peer.role, sizeof peer.role, "%s", role);
	snprintf(peer.name, sizeof peer.name, "%s", name);
	expect_ok(lk_peer_line_format(&peer, line, &err), &err);
	const size_t len = strlen(line);
	line[len] = '\n';
	lk_test_write_file(lk_test_path(dir, file), line, len + 1);
	chmod(lk_test_path(dir, file), 0644);
	lk_sign_key_free(key);
}

/* Somebody comes, somebody goes, a key is another one: found so after the reload, while what was
 * found before still reads as it did. */
static void
a_reload_finds_what_is_there_now(void **state)
{
	const char *dir = lk_test_tmpdir();
	struct lk_error err = { 0 };
	LK_AUTO(lk_peers_closep) struct lk_peers *peers = NULL;
	bool changed = true;

	(void)state;
	put_peer(dir, "keys.pub", "service", "keys");
	put_peer(dir, "ops-1.pub", "operator", "ops-1");
	put_peer(dir, "ops-2.pub", "operator", "ops-2");
	expect_ok(lk_peers_open(&peers, dir, &err), &err);
	expect_ok(lk_peers_reload(peers, dir, "keys", &changed, &err), &err);
	assert_false(changed);
	const struct lk_known_peer *gone = lk_peers_find(peers, "ops-1"),
				   *old = lk_peers_find(peers, "ops-2");
	assert_int_equal(remove(lk_test_path(dir, "ops-1.pub")), 0);
	assert_int_equal(remove(lk_test_path(dir, "ops-2.pub")), 0);
	put_peer(dir, "ops-2.pub", "operator", "ops-2");
	put_peer(dir, "ops-3.pub", "operator", "ops-3");
	expect_ok(lk_peers_reload(peers, dir, "keys", &changed, &err), &err);
	assert_true(changed);
	assert_null(lk_peers_find(peers, "ops-1"));
	assert_non_null(lk_peers_find(peers, "ops-3"));
	assert_memory_not_equal(
	    lk_peers_find(peers, "ops-2")->public_key, old->public_key, sizeof old->public_key);
	assert_string_equal(gone->name, "ops-1");
}

static void
a_reload_that_fails_changes_nothing(void **state)
{
	const char *dir = lk_test_tmpdir();
	struct lk_error err = { 0 };
	LK_AUTO(lk_peers_closep) struct lk_peers *peers = NULL;
	bool changed;

	(void)state;
	put_peer(dir, "keys.pub", "service", "keys");
	expect_ok(lk_peers_open(&peers, dir, &err), &err);
	put_peer(dir, "ops-1.pub", "operator", "other");
	expect_fail(lk_peers_reload(peers, dir, "keys", &changed, &err), &err,
	    LK_FAILED_PRECONDITION, "PEERS_UNREADABLE");
	assert_int_equal(remove(lk_test_path(dir, "ops-1.pub")), 0);
	assert_int_equal(remove(lk_test_path(dir, "keys.pub")), 0);
	put_peer(dir, "keys.pub", "service", "keys"); /* another key */
	expect_fail(lk_peers_reload(peers, dir, "keys", &changed, &err), &err,
	    LK_FAILED_PRECONDITION, "PEERS_UNREADABLE");
	assert_non_null(lk_peers_find(peers, "keys"));
	assert_null(lk_peers_find(peers, "ops-1"));
}

static void
expect_refused(const char *dir, const char *file)
{
	struct lk_error err = { 0 };
	struct lk_peers *peers = NULL;

	expect_fail(
	    lk_peers_open(&peers, dir, &err), &err, LK_FAILED_PRECONDITION, "PEERS_UNREADABLE");
	expect_contains(err.message, file);
	assert_null(peers);
}

static void
operators_and_services_are_found_by_name(void **state)
{
	const char *dir = lk_test_tmpdir();
	struct lk_error err = { 0 };
	struct lk_peers *peers = NULL;

	(void)state;
	put_peer(dir, "keys.pub", "service", "keys");
	put_peer(dir, "ops-1.pub", "operator", "ops-1");
	lk_test_write_file(lk_test_path(dir, "README"), "x", 1);
	expect_ok(lk_peers_open(&peers, dir, &err), &err);
	assert_int_equal(lk_peers_find(peers, "keys")->role, LK_PEER_SERVICE);
	assert_int_equal(lk_peers_find(peers, "ops-1")->role, LK_PEER_OPERATOR);
	assert_null(lk_peers_find(peers, "tokens"));
	assert_null(lk_peers_find(peers, ""));
	assert_null(lk_peers_find(peers, "KEYS"));
	lk_peers_close(peers);
}

static void
a_file_that_speaks_for_another_name_is_refused(void **state)
{
	const char *dir = lk_test_tmpdir();

	(void)state;
	put_peer(dir, "keys.pub", "operator", "root");
	expect_refused(dir, "keys.pub");
}

static void
an_unknown_role_is_refused(void **state)
{
	const char *dir = lk_test_tmpdir();

	(void)state;
	put_peer(dir, "x.pub", "admin", "x");
	expect_refused(dir, "x.pub");
}

static void
a_name_outside_its_alphabet_is_refused(void **state)
{
	const char *dir = lk_test_tmpdir();

	(void)state;
	put_peer(dir, "Keys.pub", "service", "Keys");
	expect_refused(dir, "Keys.pub");
}

static void
a_file_that_is_no_key_is_refused(void **state)
{
	const char *dir = lk_test_tmpdir();

	(void)state;
	lk_test_write_file(lk_test_path(dir, "keys.pub"), "ssh-ed25519 AAAA\n", 17);
	chmod(lk_test_path(dir, "keys.pub"), 0644);
	expect_refused(dir, "keys.pub");
}

static void
a_file_that_others_may_write_is_refused(void **state)
{
	const char *dir = lk_test_tmpdir();

	(void)state;
	put_peer(dir, "keys.pub", "service", "keys");
	chmod(lk_test_path(dir, "keys.pub"), 0666);
	expect_refused(dir, "keys.pub");
}

static void
a_missing_folder_is_refused(void **state)
{
	struct lk_error err = { 0 };
	struct lk_peers *peers = NULL;

	(void)state;
	expect_fail(lk_peers_open(&peers, lk_test_path(lk_test_tmpdir(), "none"), &err), &err,
	    LK_FAILED_PRECONDITION, "PEERS_UNREADABLE");
}

LK_TESTS(LK_CASE(operators_and_services_are_found_by_name),
    LK_CASE(a_reload_finds_what_is_there_now), LK_CASE(a_reload_that_fails_changes_nothing),
    LK_CASE(a_file_that_speaks_for_another_name_is_refused), LK_CASE(an_unknown_role_is_refused),
    LK_CASE(a_name_outside_its_alphabet_is_refused), LK_CASE(a_file_that_is_no_key_is_refused),
    LK_CASE(a_file_that_others_may_write_is_refused), LK_CASE(a_missing_folder_is_refused))
