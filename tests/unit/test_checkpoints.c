/* The second place of signed heads: a file that runs full, is cut or is moved away; the system's
 * log by its real socket. */
#include "audit/checkpoints.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/sandbox.h"
#include "test.h"

struct place {
	const char *path;
	struct lk_checkpoints *checkpoints;
	struct lk_error err;
};

static int
setup(void **state)
{
	static struct place place;
	char name[512];

	place = (struct place){ .path = lk_test_path(lk_test_tmpdir(), "heads") };
	snprintf(name, sizeof name, "file:%s", place.path);
	expect_ok(lk_checkpoints_open(name, &place.checkpoints, &place.err), &place.err);
	*state = &place;
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	lk_checkpoints_close(place->checkpoints);
	unlink(place->path);
	return 0;
}

static struct lk_checkpoint
head(uint64_t sequence)
{
	struct lk_checkpoint c = { .instance = "test", .service = "keys", .sequence = sequence };

	memset(c.hash, 0xab, sizeof c.hash);
	memset(c.signature, 0xcd, sizeof c.signature);
	return c;
}

static lk_status
add(struct place *place, uint64_t sequence)
{
	const struct lk_checkpoint c = head(sequence);

	return lk_checkpoints_add(place->checkpoints, &c, &place->err);
}

/* The file is these heads and nothing else, but for `before`. */
static void
expect_heads(const char *path, const char *before, const uint64_t *sequences, size_t count)
{
	char *text = lk_test_read_file(path, NULL), *at = text;

	assert_memory_equal(text, before, strlen(before));
	at += strlen(before);
	for (size_t i = 0; i < count; i++) {
		struct lk_checkpoint c;
		assert_int_equal(lk_checkpoint_read(at, &c), LK_CHECKPOINT_READ);
		assert_true(lk_checkpoint_is_bare(at));
		assert_int_equal(c.sequence, sequences[i]);
		at = strchr(at, '\n') + 1;
	}
	assert_string_equal(at, "");
	free(text);
}
#define HEADS(...)                                                                                 \
	(const uint64_t[]){ __VA_ARGS__ }, LK_ARRAY_LEN(((const uint64_t[]){ __VA_ARGS__ }))

static void
a_line_begins_after_half_a_line_of_somebody_else(void **state)
{
	static const char torn[] = "latchkey-audit-head v1 test tokens 12 0f";
	struct place *place = *state;

	lk_test_write_file(place->path, torn, strlen(torn));
	expect_ok(add(place, 1), &place->err);
	expect_ok(add(place, 2), &place->err);
	expect_heads(place->path, "latchkey-audit-head v1 test tokens 12 0f\n", HEADS(1, 2));
}

/* The limit of a file's size cuts a write as a full disk does. */
static void
of_a_line_that_does_not_fit_nothing_is_left(void **state)
{
	struct place *place = *state;
	struct rlimit before, limit;
	char line[LK_CHECKPOINT_SIZE];

	expect_ok(add(place, 1), &place->err);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	const struct lk_checkpoint c = head(2);
	limit.rlim_cur = 3 * lk_checkpoint_write(&c, line) / 2;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	expect_fail(add(place, 2), &place->err, LK_UNAVAILABLE, "CHECKPOINTS_UNWRITABLE");
	expect_contains(place->err.message, "No space left on device");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	expect_heads(place->path, "", HEADS(1));
	expect_ok(add(place, 3), &place->err);
	expect_heads(place->path, "", HEADS(1, 3));
}

static void
a_file_that_was_moved_away_or_removed_is_made_anew(void **state)
{
	struct place *place = *state;
	const char *old = lk_test_path(lk_test_tmpdir(), "heads.1");
	struct stat made;

	expect_ok(add(place, 1), &place->err);
	assert_false(lk_checkpoints_were_moved(place->checkpoints));
	assert_int_equal(rename(place->path, old), 0);
	assert_true(lk_checkpoints_were_moved(place->checkpoints));
	expect_ok(add(place, 2), &place->err);
	assert_false(lk_checkpoints_were_moved(place->checkpoints));
	expect_ok(add(place, 3), &place->err);
	expect_heads(old, "", HEADS(1));
	expect_heads(place->path, "", HEADS(2, 3));
	assert_int_equal(unlink(place->path), 0);
	expect_ok(add(place, 4), &place->err);
	expect_heads(place->path, "", HEADS(4));
	assert_int_equal(stat(place->path, &made), 0);
	assert_int_equal(made.st_mode & 0777, 0600);
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(symlink(old, place->path), 0); /* nobody is led elsewhere */
	expect_fail(add(place, 5), &place->err, LK_UNAVAILABLE, "CHECKPOINTS_UNWRITABLE");
	expect_heads(old, "", HEADS(1));
}

/* ---- The system's log ---- */

/* A /dev of its own, with a socket of ours where the system's log listens; -1 where a process may
 * have none. */
static int
own_log(void)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", "/dev", "tmpfs", 0, NULL) != 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof address) != 0)
		return -1;
	return fd;
}

enum { NO_NAMESPACE = 77 };

/* As a service is: it reaches the folder of its checkpoints and nothing else. */
static bool
confine(const char *folder)
{
	static struct lk_sandbox sandbox = { .writes = true };
	struct lk_sandbox_limits limits;

	return lk_sandbox_add(&sandbox, folder, true, NULL) == LK_OK &&
	       lk_sandbox_enter(&sandbox, &limits, NULL) == LK_OK;
}

static int
send_and_look(void)
{
	const int fd = own_log();
	struct lk_checkpoints *checkpoints;
	struct lk_checkpoint sent = head(7), got;
	char text[2 * LK_CHECKPOINT_SIZE] = "";

	if (fd < 0)
		return NO_NAMESPACE;
	if (!confine(lk_test_tmpdir()) ||
	    lk_checkpoints_open("syslog", &checkpoints, NULL) != LK_OK ||
	    lk_checkpoints_add(checkpoints, &sent, NULL) != LK_OK ||
	    lk_checkpoints_were_moved(checkpoints))
		return 1;
	lk_checkpoints_close(checkpoints);
	if (recv(fd, text, sizeof text - 1, MSG_DONTWAIT) <= 0 ||
	    strncmp(text, "<85>", 4) != 0) /* authpriv.notice */
		return 2;
	return lk_checkpoint_read(text, &got) == LK_CHECKPOINT_READ &&
		       !lk_checkpoint_is_bare(text) && got.sequence == sent.sequence &&
		       lk_text_is(got.service, sent.service) &&
		       memcmp(got.signature, sent.signature, sizeof sent.signature) == 0
		   ? 0
		   : 3;
}

static void
a_confined_process_makes_its_file_anew(void **state)
{
	struct place *place = *state;
	char *slash, folder[512], old[520];
	int status = 0;

	expect_ok(add(place, 1), &place->err);
	assert_true(lk_text_copy(folder, sizeof folder, place->path));
	slash = strrchr(folder, '/');
	*slash = '\0';
	snprintf(old, sizeof old, "%s/heads.1", folder);
	const pid_t child = fork();
	if (child == 0) {
		_exit(!confine(folder) || rename(place->path, old) != 0 || add(place, 2) != LK_OK);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	expect_heads(old, "", HEADS(1));
	expect_heads(place->path, "", HEADS(2));
}

static void
the_systems_log_gets_them_by_its_socket(void **state)
{
	int status = 0;
	const pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(send_and_look());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NO_NAMESPACE)
		lk_test_skip("no mount namespace for this process");
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
a_place_is_a_file_or_the_systems_log(void **state)
{
	static const char *const wrong[] = { "", "syslog:", "file:relative", "/heads", "file:" };
	struct lk_checkpoints *checkpoints;
	struct lk_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(wrong); i++)
		expect_fail(lk_checkpoints_open(wrong[i], &checkpoints, &err), &err,
		    LK_INVALID_ARGUMENT, "CHECKPOINTS_INVALID");
	expect_fail(lk_checkpoints_open("file:/no/such/folder/heads", &checkpoints, &err), &err,
	    LK_UNAVAILABLE, "CHECKPOINTS_UNWRITABLE");
}

/* Those of another installation, or another service, and what else lies there, are passed over. */
static void
the_heads_of_one_service_are_read_back(void **state)
{
	struct place *place = *state;
	struct lk_checkpoint other = head(3);
	LK_AUTO(lk_freep) struct lk_chain_mark *marks = NULL;
	size_t count;

	lk_test_write_file(place->path, "something else\n", strlen("something else\n"));
	expect_ok(
	    lk_checkpoints_heads(NULL, "test", "keys", &marks, &count, &place->err), &place->err);
	assert_int_equal(count, 0);
	for (uint64_t sequence = 1; sequence <= 300; sequence++)
		expect_ok(add(place, sequence), &place->err);
	lk_text_copy(other.service, sizeof other.service, "tokens");
	expect_ok(lk_checkpoints_add(place->checkpoints, &other, &place->err), &place->err);
	lk_text_copy(other.service, sizeof other.service, "keys");
	lk_text_copy(other.instance, sizeof other.instance, "other");
	expect_ok(lk_checkpoints_add(place->checkpoints, &other, &place->err), &place->err);
	expect_ok(
	    lk_checkpoints_heads(place->checkpoints, "test", "keys", &marks, &count, &place->err),
	    &place->err);
	assert_int_equal(count, 300);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(marks[i].sequence, i + 1);
		assert_int_equal(marks[i].hash[31], 0xab);
	}
	unlink(place->path);
	expect_fail(lk_checkpoints_heads(place->checkpoints, "test", "keys",
			&(struct lk_chain_mark *){ NULL }, &count, &place->err),
	    &place->err, LK_UNAVAILABLE, "CHECKPOINTS_UNREADABLE");
}

#define PLACE(fn) LK_CASE_WITH(fn, setup, teardown)
LK_TESTS(PLACE(the_heads_of_one_service_are_read_back),
    PLACE(a_line_begins_after_half_a_line_of_somebody_else),
    PLACE(of_a_line_that_does_not_fit_nothing_is_left),
    PLACE(a_file_that_was_moved_away_or_removed_is_made_anew),
    PLACE(a_confined_process_makes_its_file_anew), LK_CASE(the_systems_log_gets_them_by_its_socket),
    LK_CASE(a_place_is_a_file_or_the_systems_log))
