/* What a process may do once it is in its sandbox: each case is a child that enters one and tries,
 * from a thread that started later. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "daemon/confine.h"
#include "daemon/sandbox.h"
#include "test.h"
#include "trials.h"

struct places {
	const char *folder;                 /* writable */
	const char *own, *foreign, *beside; /* a file it may read, one it may not, one to make */
};

static struct places
places_make(void)
{
	struct places p = { .folder = lk_test_tmpdir() };
	const char *other = lk_test_tmpdir();

	p.own = lk_test_path(other, "own");
	p.foreign = lk_test_path(other, "foreign");
	p.beside = lk_test_path(other, "beside");
	lk_test_write_file(p.own, "own", 3);
	lk_test_write_file(p.foreign, "foreign", 7);
	return p;
}

/* 0 or errno. */
static int
opens(const char *path, int flags)
{
	const int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int
listens(const char *folder)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = lk_test_path(folder, "s");
	const char *final = lk_test_path(folder, "t");
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!lk_text_copy(address.sun_path, sizeof address.sun_path, path))
		return ENAMETOOLONG;
	const bool ok = bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
			rename(path, final) == 0 && unlink(final) == 0;
	const int why = errno;
	close(fd);
	return ok ? 0 : why;
}

struct trial {
	const char *what;
	int expected, got;
};
#define TRY(call, why)                                                                             \
	{                                                                                          \
#call, why, call                                                                   \
	}

static bool
as_expected(const struct trial *trials, size_t count)
{
	bool all = true;

	for (size_t i = 0; i < count; i++) {
		if (trials[i].got == trials[i].expected)
			continue;
		fprintf(stderr, "%s: %s, not %s\n", trials[i].what, strerror(trials[i].got),
		    strerror(trials[i].expected));
		all = false;
	}
	return all;
}

static void *
try_files(void *of)
{
	const struct places *p = of;
	const struct trial trials[] = {
		TRY(opens(p->own, O_RDONLY), 0),
		TRY(opens(p->own, O_WRONLY), EACCES),
		TRY(opens(p->foreign, O_RDONLY), EACCES),
		TRY(opens(p->beside, O_WRONLY | O_CREAT), EACCES),
		TRY(opens("/etc/shadow", O_RDONLY), EACCES),
		TRY(opens("/etc/hosts", O_RDONLY), 0),
		TRY(opens(lk_test_path(p->folder, "new"), O_RDWR | O_CREAT), 0),
		TRY(unlink(lk_test_path(p->folder, "new")), 0),
		TRY(listens(p->folder), 0),
	};

	return as_expected(trials, LK_ARRAY_LEN(trials)) ? NULL : of;
}

enum { EITHER = -1 }; /* whether files are limited, try_files() asks */

/* Where `others` has no row, what trials.c expects of who has sockets of this machine only. */
static bool
answered(const struct trial *others, size_t count)
{
	bool all = true;

	for (size_t i = 0; i < lk_trial_count; i++) {
		int expected = lk_trials[i].expected;
		for (size_t j = 0; j < count; j++) {
			if (lk_text_is(others[j].what, lk_trials[i].name))
				expected = others[j].expected;
		}
		const struct trial one = { lk_trials[i].name, expected, lk_trials[i].attempt() };
		all &= expected == EITHER || as_expected(&one, 1);
	}
	return all;
}

static void *
try_calls(void *of)
{
	static const struct trial others[] = { { "opens_a_foreign_file", EITHER, 0 },
		{ "makes_a_file", EITHER, 0 } };

	return answered(others, LK_ARRAY_LEN(others)) ? NULL : of;
}

static bool limits_tcp; /* this kernel's Landlock does */

static void *
try_with_network(void *of)
{
	const struct trial others[] = { { "opens_a_foreign_file", EITHER, 0 },
		{ "makes_a_file", EITHER, 0 },
		{ "connects_to_another_host", limits_tcp ? EACCES : 0, 0 },
		{ "makes_a_socket_of_ipv4", 0, 0 }, { "makes_a_socket_of_ipv6", 0, 0 },
		{ "asks_which_addresses_there_are", 0, 0 } };

	return answered(others, LK_ARRAY_LEN(others)) ? NULL : of;
}

static void *
try_to_dial(void *of)
{
	static const struct trial others[] = { { "opens_a_foreign_file", EITHER, 0 },
		{ "makes_a_file", EITHER, 0 }, { "connects_to_another_host", 0, 0 },
		{ "makes_a_socket_of_ipv4", 0, 0 }, { "makes_a_socket_of_ipv6", 0, 0 },
		{ "asks_which_addresses_there_are", 0, 0 } };

	return answered(others, LK_ARRAY_LEN(others)) ? NULL : of;
}

static void *
try_what_is_logged(void *of)
{
	const struct trial trials[] = { TRY(lk_trial_attempt("asks_for_its_personality"), 0),
		TRY(lk_trial_attempt("keeps_its_user"), 0),
		TRY(lk_trial_attempt("makes_a_socket_of_ipv4"), 0),
		TRY(lk_trial_attempt("clones_as_memory_says"), ENOSYS) };

	return as_expected(trials, LK_ARRAY_LEN(trials)) ? NULL : of;
}

typedef void *(*try_fn)(void *of);

static bool
holds_on_a_thread(try_fn try, struct places *places)
{
	pthread_t thread;
	void *wrong = places;

	return pthread_create(&thread, NULL, try, places) == 0 &&
	       pthread_join(thread, &wrong) == 0 && !wrong;
}

/* In a child: enter, try on another thread. 77 where the kernel cannot limit files, and all else
 * holds. */
static int
child(struct lk_sandbox *sandbox, try_fn calls, try_fn files, struct places *places)
{
	struct lk_error err = { 0 };
	struct lk_sandbox_limits limits;

	if (lk_sandbox_enter(sandbox, &limits, &err) != LK_OK) {
		fprintf(stderr, "%s: %s\n", err.reason, err.message);
		return 2;
	}
	if (!holds_on_a_thread(calls, places))
		return 1;
	if (!files)
		return 0;
	if (!limits.files)
		return 77;
	return holds_on_a_thread(files, places) ? 0 : 1;
}

/* `files` may be NULL. */
static void
expect_tried(struct lk_sandbox *sandbox, try_fn calls, try_fn files, struct places *places)
{
	int status = 0;

	fflush(NULL);
	const pid_t pid = fork();
	if (pid == 0)
		_exit(child(sandbox, calls, files, places));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		lk_test_skip("this kernel has no Landlock: calls are limited, files are not");
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
a_confined_process_reaches_its_own_files_and_sockets_and_starts_nothing(void **state)
{
	static struct lk_sandbox sandbox = { .listens = true, .ipc = true };
	struct places places = places_make();
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_sandbox_add(&sandbox, places.own, false, &err), &err);
	expect_ok(lk_sandbox_add(&sandbox, places.folder, true, &err), &err);
	expect_ok(lk_sandbox_add(&sandbox, "/not/there", true, &err), &err);
	expect_tried(&sandbox, try_calls, try_files, &places);
}

/* Somebody to connect to, on a port of lk_trial_port. */
static int
listen_on_loopback(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	lk_trial_port = ntohs(address.sin_port);
	return fd;
}

static void
who_only_listens_to_the_network_connects_to_nobody_there(void **state)
{
	static struct lk_sandbox sandbox = { .network = true, .listens = true, .http = true };
	static struct lk_sandbox dialer = { .network = true, .dials = true };
	struct places places = places_make();
	const int fd = listen_on_loopback();

	(void)state;
	limits_tcp = syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* its version */) >= 4;
	expect_tried(&sandbox, try_with_network, NULL, &places);
	expect_tried(&dialer, try_to_dial, NULL, &places);
	close(fd);
}

static void
what_is_only_logged_is_done(void **state)
{
	static struct lk_sandbox sandbox = { .only_logs = true };
	struct places places = places_make();

	(void)state;
	expect_tried(&sandbox, try_what_is_logged, NULL, &places);
}

/* As a kernel without seccomp answers. */
static int
enter_where_there_is_none(void)
{
	static const struct lk_sandbox sandbox;
	struct lk_sandbox_limits limits = { .calls = true };
	scmp_filter_ctx kernel = seccomp_init(SCMP_ACT_ALLOW);

	if (!kernel ||
	    seccomp_rule_add(kernel, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
		SCMP_A0(SCMP_CMP_EQ, PR_GET_SECCOMP, 0)) != 0 ||
	    seccomp_load(kernel) != 0)
		return 2;
	return lk_sandbox_enter(&sandbox, &limits, NULL) == LK_OK && !limits.calls ? 0 : 1;
}

static void
a_kernel_that_limits_no_calls_is_told_of(void **state)
{
	int status = 0;

	(void)state;
	const pid_t pid = fork();
	if (pid == 0)
		_exit(enter_where_there_is_none());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- From options ---- */

struct config {
	const char *listen_url, *store_url, *key_file, *peer_url, *kek, *audit_checkpoints;
};
#define ROW(kind, field, name) LK_OPTION_ROW(struct config, kind, field, name, NULL, "")
static const struct lk_option rows[] = { ROW(STRING, listen_url, "listen") ROW(STRING, store_url,
    "store-url") ROW(PATH, key_file, "key-file") ROW(STRING, peer_url, "peer-url")
	    ROW(STRING, kek, "kek") ROW(STRING, audit_checkpoints, "audit-checkpoints") };
static const struct lk_config_table table = { "latchkey-test", "", rows, LK_ARRAY_LEN(rows), NULL };

static const struct lk_sandbox_path *
found(const struct lk_sandbox *sandbox, const char *path)
{
	for (size_t i = 0; i < sandbox->count; i++) {
		if (lk_text_is(sandbox->paths[i].path, path))
			return &sandbox->paths[i];
	}
	return NULL;
}

static void
a_sandbox_is_read_off_the_options(void **state)
{
	static struct lk_sandbox sandbox;
	const char *const words[] = { "latchkey-test", "--config", "/etc/a",
		"--config=/etc/b.conf" };
	const struct config config = { .listen_url = "ipc:///run/lk/keys.sock",
		.store_url = "sqlite:///data/keys.db",
		.key_file = "/secrets/key",
		.peer_url = "ipc:///run/lk/tokens.sock" };
	struct lk_error err = { 0 };

	(void)state;
	assert_int_equal(setenv("LATCHKEY_STORE_URL_FILE", "/secrets/url", 1), 0);
	expect_ok(lk_confine_wish(&table, LK_ARRAY_LEN(words), (char **)(uintptr_t)words, &config,
		      &sandbox, &err),
	    &err);
	assert_int_equal(unsetenv("LATCHKEY_STORE_URL_FILE"), 0);
	assert_int_equal(sandbox.count, 5);
	assert_true(found(&sandbox, "/run/lk")->writable);
	assert_true(found(&sandbox, "/data")->writable);
	assert_false(found(&sandbox, "/secrets/key")->writable);
	assert_false(found(&sandbox, "/secrets/url")->writable);
	assert_false(found(&sandbox, "/etc/b.conf")->writable);
	assert_true(sandbox.listens && sandbox.ipc && sandbox.writes);
	assert_false(sandbox.network || sandbox.dials || sandbox.http || sandbox.modules);
	assert_false(sandbox.reads_anything);
}

static void
whoever_names_another_host_has_the_network(void **state)
{
	static const struct config with[] = {
		{ .listen_url = "127.0.0.1:7480" },
		{ .listen_url = "tls+tcp://0.0.0.0:1" },
		{ .store_url = "postgresql://keys@db.example/lk" },
		{ .peer_url = "ipc:///a,tls+tcp://b:1" },
	};
	struct lk_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(with); i++) {
		static struct lk_sandbox sandbox;
		memset(&sandbox, 0, sizeof sandbox);
		expect_ok(lk_confine_wish(&table, 0, NULL, &with[i], &sandbox, &err), &err);
		assert_true(sandbox.network);
		assert_int_equal(sandbox.dials, with[i].listen_url == NULL);
		assert_int_equal(sandbox.http, i == 0);
		assert_int_equal(sandbox.reads_anything, with[i].store_url != NULL);
	}
}

static void
secrets_and_records_are_where_the_options_words_say(void **state)
{
	static struct lk_sandbox sandbox, token;
	const struct config config = {
		.kek = "kek-2=file:/safe/a kek-3=passphrase:/safe/b?from=secret:c",
		.audit_checkpoints = "file:/second/heads",
	};
	const struct config with_token = { .kek = "kek-4=pkcs11:token=lk" };
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_confine_wish(&table, 0, NULL, &config, &sandbox, &err), &err);
	assert_false(found(&sandbox, "/safe/a")->writable);
	assert_false(found(&sandbox, "/safe/b")->writable);
	assert_false(found(&sandbox, "/run/secrets")->writable);
	assert_true(found(&sandbox, "/second")->writable);
	assert_true(sandbox.writes);
	assert_false(sandbox.network || sandbox.modules);
	expect_ok(lk_confine_wish(&table, 0, NULL, &with_token, &token, &err), &err);
	assert_true(found(&token, "/")->writable); /* its module does what it likes */
	assert_true(token.network && token.modules);
}

LK_TESTS(LK_CASE(a_confined_process_reaches_its_own_files_and_sockets_and_starts_nothing),
    LK_CASE(who_only_listens_to_the_network_connects_to_nobody_there),
    LK_CASE(what_is_only_logged_is_done), LK_CASE(a_kernel_that_limits_no_calls_is_told_of),
    LK_CASE(a_sandbox_is_read_off_the_options), LK_CASE(whoever_names_another_host_has_the_network),
    LK_CASE(secrets_and_records_are_where_the_options_words_say))
