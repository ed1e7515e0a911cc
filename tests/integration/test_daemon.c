/* How a process begins and ends: real children, real signals, watched through NOTIFY_SOCKET and
 * standard error. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "daemon/daemon.h"
#include "log/log.h"
#include "test.h"

struct child {
	pid_t pid;
	int notify;     /* receives what it says to NOTIFY_SOCKET */
	FILE *messages; /* its standard error */
};

/* What the child does; its answer is the exit status. */
typedef int (*child_main)(void);

static int
notify_socket_open(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = lk_test_path(lk_test_tmpdir(), "notify");
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(strlen(path) < sizeof address.sun_path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
	return fd;
}

static struct child
child_start(child_main run)
{
	struct child child = { .notify = notify_socket_open() };
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fflush(NULL);
	child.pid = fork();
	if (child.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ends[1], STDERR_FILENO);
		exit(run());
	}
	close(ends[1]);
	child.messages = fdopen(ends[0], "r");
	return child;
}

static void
expect_notified(const struct child *child, const char *wanted)
{
	char text[64] = "";

	assert_true(recv(child->notify, text, sizeof text - 1, 0) > 0);
	assert_string_equal(text, wanted);
}

/* Its exit status; the messages are read to their end first. Yours: out_messages. */
static int
child_end(struct child *child, char **out_messages)
{
	size_t cap = 0;
	int status = 0;

	*out_messages = NULL;
	assert_true(
	    getdelim(out_messages, &cap, '\0', child->messages) >= 0 || feof(child->messages));
	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	fclose(child->messages);
	close(child->notify);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static lk_status
start_well(void *user, struct lk_error *err)
{
	(void)user;
	(void)err;
	lk_log(LK_LOG_INFO, "test.start");
	return LK_OK;
}

static lk_status
start_badly(void *user, struct lk_error *err)
{
	(void)user;
	return lk_fail(err, LK_UNAVAILABLE, "PORT_TAKEN", "no place to listen");
}

static void
say_drain(void *user)
{
	(void)user;
	lk_log(LK_LOG_INFO, "test.drain");
}

static void
say_stop(void *user)
{
	(void)user;
	lk_log(LK_LOG_INFO, "test.stop");
}

static void
hang(void *user)
{
	(void)user;
	for (;;)
		pause();
}

static int
serve(struct lk_daemon_service service)
{
	lk_daemon_begin("latchkey-test");
	return lk_daemon_run(&service);
}

static int
well_behaved(void)
{
	return serve((struct lk_daemon_service){
	    .start = start_well, .drain = say_drain, .stop = say_stop });
}

/* Well the first time, then not: either way it goes on. */
static lk_status
reload_once(void *user, struct lk_error *err)
{
	static bool reloaded;

	(void)user;
	if (reloaded)
		return lk_fail(err, LK_FAILED_PRECONDITION, "KEY_FILE_GONE", "nothing to read");
	reloaded = true;
	return LK_OK;
}

static int
reloads_once(void)
{
	return serve((struct lk_daemon_service){ .drain = say_drain, .reload = reload_once });
}

static int
hangs_in_drain(void)
{
	return serve((struct lk_daemon_service){ .drain = hang, .drain_limit_ms = 3600000 });
}

static int
hangs_in_drain_with_a_limit(void)
{
	return serve((struct lk_daemon_service){ .drain = hang, .drain_limit_ms = 20 });
}

static int
hangs_in_stop_with_a_limit(void)
{
	return serve((struct lk_daemon_service){ .stop = hang, .drain_limit_ms = 20 });
}

/* What main closes after lk_daemon_run() hangs. */
static int
hangs_in_cleanup(void)
{
	const int status = serve((struct lk_daemon_service){ .drain = say_drain });

	lk_daemon_closing("sockets");
	hang(NULL);
	return status;
}

static lk_status
start_worn_out(void *user, struct lk_error *err)
{
	(void)user, (void)err;
	lk_daemon_replace("it was its time");
	return LK_OK;
}

static int
wears_out(void)
{
	const int status = serve((struct lk_daemon_service){
	    .start = start_worn_out, .drain = say_drain, .stop = say_stop });

	hang(NULL);
	return status;
}

static int
cannot_start(void)
{
	return serve((struct lk_daemon_service){
	    .start = start_badly, .drain = say_drain, .stop = say_stop });
}

/* Each after the one before it. */
static void
expect_in_order(const char *text, const char *const *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		expect_contains(text, parts[i]);
		text = strstr(text, parts[i]);
	}
}

static void
expect_drained_by(int signal_number)
{
	static const char *const parts[] = { "\"event\":\"test.start\"",
		"\"event\":\"service.ready\"", "\"event\":\"service.draining\"",
		"\"event\":\"test.drain\"", "\"event\":\"test.stop\"",
		"\"event\":\"service.stopped\"" };
	struct child child = child_start(well_behaved);
	LK_AUTO(lk_freep) char *messages = NULL;

	expect_notified(&child, "READY=1");
	assert_int_equal(kill(child.pid, signal_number), 0);
	expect_notified(&child, "STOPPING=1");
	assert_int_equal(child_end(&child, &messages), 0);
	expect_in_order(messages, parts, LK_ARRAY_LEN(parts));
}

static void
sigterm_drains_then_stops_and_ends_well(void **state)
{
	(void)state;
	expect_drained_by(SIGTERM);
}

static void
sigint_does_the_same(void **state)
{
	(void)state;
	expect_drained_by(SIGINT);
}

static void
sighup_and_sigpipe_end_nothing(void **state)
{
	struct child child = child_start(well_behaved);
	LK_AUTO(lk_freep) char *messages = NULL;

	(void)state;
	expect_notified(&child, "READY=1");
	assert_int_equal(kill(child.pid, SIGHUP), 0);
	assert_int_equal(kill(child.pid, SIGPIPE), 0);
	assert_int_equal(kill(child.pid, SIGTERM), 0);
	assert_int_equal(child_end(&child, &messages), 0);
	expect_contains(messages, "\"signal\":\"TERM\"");
}

static void
expect_said(const struct child *child, const char *part)
{
	char line[LK_LOG_LINE_MAX + 1] = "";

	while (strstr(line, part) == NULL)
		assert_non_null(fgets(line, sizeof line, child->messages));
}

static void
sighup_reloads_and_a_reload_that_fails_is_told_and_ends_nothing(void **state)
{
	struct child child = child_start(reloads_once);
	LK_AUTO(lk_freep) char *messages = NULL;

	(void)state;
	expect_notified(&child, "READY=1");
	assert_int_equal(kill(child.pid, SIGHUP), 0);
	expect_said(&child, "\"event\":\"service.reloaded\"");
	assert_int_equal(kill(child.pid, SIGHUP), 0);
	expect_said(&child, "KEY_FILE_GONE");
	assert_int_equal(kill(child.pid, SIGTERM), 0);
	assert_int_equal(child_end(&child, &messages), 0);
	expect_contains(messages, "\"event\":\"test.drain\"");
}

static void
a_second_sigterm_leaves_at_once(void **state)
{
	struct child child = child_start(hangs_in_drain);
	LK_AUTO(lk_freep) char *messages = NULL;

	(void)state;
	expect_notified(&child, "READY=1");
	assert_int_equal(kill(child.pid, SIGTERM), 0);
	expect_notified(&child, "STOPPING=1");
	assert_int_equal(kill(child.pid, SIGTERM), 0);
	assert_int_equal(child_end(&child, &messages), 1);
	expect_contains(messages, "\"event\":\"service.driven_out\"");
}

static void
expect_ended_by_the_limit(child_main run)
{
	struct child child = child_start(run);
	LK_AUTO(lk_freep) char *messages = NULL;

	expect_notified(&child, "READY=1");
	assert_int_equal(kill(child.pid, SIGTERM), 0);
	assert_int_equal(child_end(&child, &messages), 1);
	expect_contains(messages, "\"event\":\"service.drain_timed_out\"");
}

static void
a_drain_that_hangs_ends_at_the_limit(void **state)
{
	(void)state;
	expect_ended_by_the_limit(hangs_in_drain_with_a_limit);
}

static void
a_stop_that_hangs_ends_at_the_limit(void **state)
{
	(void)state;
	expect_ended_by_the_limit(hangs_in_stop_with_a_limit);
}

static void
a_cleanup_that_hangs_is_left_behind_and_named(void **state)
{
	struct child child = child_start(hangs_in_cleanup);
	LK_AUTO(lk_freep) char *messages = NULL;

	(void)state;
	expect_notified(&child, "READY=1");
	assert_int_equal(kill(child.pid, SIGTERM), 0);
	assert_int_equal(child_end(&child, &messages), 0);
	expect_contains(messages, "\"event\":\"service.closed_hard\",\"closing\":\"sockets\"");
}

static void
who_is_worn_out_drains_and_asks_to_be_replaced(void **state)
{
	static const char *const parts[] = { "\"event\":\"service.ready\"",
		"\"event\":\"service.worn_out\",\"why\":\"it was its time\"",
		"\"event\":\"test.drain\"", "\"event\":\"test.stop\"",
		"\"event\":\"service.stopped\"" };
	struct child child = child_start(wears_out);
	LK_AUTO(lk_freep) char *messages = NULL;

	(void)state;
	assert_int_equal(child_end(&child, &messages), LK_DAEMON_REPLACE);
	expect_in_order(messages, parts, LK_ARRAY_LEN(parts));
}

static void
a_start_that_fails_is_logged_once_and_nothing_is_drained(void **state)
{
	struct child child = child_start(cannot_start);
	LK_AUTO(lk_freep) char *messages = NULL;

	(void)state;
	assert_int_equal(child_end(&child, &messages), 1);
	expect_contains(messages,
	    "\"event\":\"service.failed\",\"status\":\"UNAVAILABLE\",\"reason\":\"PORT_TAKEN\"");
	expect_lacks(messages, "service.ready");
	expect_lacks(messages, "test.drain");
}

static void *
thread_mask(void *out)
{
	pthread_sigmask(SIG_BLOCK, NULL, out);
	return NULL;
}

/* 0, or the number of the first promise of lk_daemon_begin that does not hold. */
static int
promises_of_begin(void)
{
	struct rlimit core;
	struct sigaction pipe_action;
	pthread_t thread;
	sigset_t mask;

	lk_daemon_begin("latchkey-test");
	sigemptyset(&mask);
	if (pthread_create(&thread, NULL, thread_mask, &mask) != 0 ||
	    pthread_join(thread, NULL) != 0)
		return 9;
	getrlimit(RLIMIT_CORE, &core);
	sigaction(SIGPIPE, NULL, &pipe_action);
	if (umask(0) != 0077)
		return 1;
	if (core.rlim_cur != 0 || core.rlim_max != 0)
		return 2;
	if (pipe_action.sa_handler != SIG_IGN)
		return 3;
	if (!sigismember(&mask, SIGTERM) || !sigismember(&mask, SIGINT) ||
	    !sigismember(&mask, SIGHUP))
		return 4;
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) &&          \
    !defined(__clang__)
	if (prctl(PR_GET_DUMPABLE) != 0)
		return 5;
#endif
	return 0;
}

static void
a_process_begins_private_without_core_dumps_and_with_signals_blocked(void **state)
{
	struct child child = child_start(promises_of_begin);
	LK_AUTO(lk_freep) char *messages = NULL;

	(void)state;
	assert_int_equal(child_end(&child, &messages), 0);
}

static lk_status
fail_as(struct lk_error *err, const char *reason)
{
	return lk_fail(err, LK_INVALID_ARGUMENT, reason, "workers (--workers) is wrong");
}

static void
say_cleanup(int *unused)
{
	(void)unused;
	lk_log(LK_LOG_INFO, "test.cleanup");
}

static int
main_that_fails_as(const char *reason)
{
	struct lk_error *err = lk_daemon_begin("latchkey-test");
	LK_AUTO(say_cleanup) int resource = 0;

	(void)resource;
	LK_DAEMON_TRY(LK_OK);
	LK_DAEMON_TRY(fail_as(err, reason));
	return 42;
}

static int
told_wrongly(void)
{
	return main_that_fails_as("CONFIG_INVALID");
}

static int
asked_a_question(void)
{
	return main_that_fails_as("CONFIG_ANSWERED");
}

static int
met_an_error(void)
{
	return main_that_fails_as("STORE_CORRUPT");
}

static void
main_fails_with_the_status_of_its_error_and_cleans_up(void **state)
{
	static const struct {
		child_main run;
		int status;
		const char *message;
	} cases[] = {
		{ told_wrongly, 2, "latchkey-test: workers (--workers) is wrong\n" },
		{ asked_a_question, 0, "" },
		{ met_an_error, 1,
		    "\"event\":\"service.failed\",\"status\":\"INVALID_ARGUMENT\",\"reason\":"
		    "\"STORE_CORRUPT\"" },
	};

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(cases); i++) {
		struct child child = child_start(cases[i].run);
		LK_AUTO(lk_freep) char *messages = NULL;
		assert_int_equal(child_end(&child, &messages), cases[i].status);
		expect_contains(messages, cases[i].message);
		expect_contains(messages, "test.cleanup");
	}
}

LK_TESTS(LK_CASE(sigterm_drains_then_stops_and_ends_well), LK_CASE(sigint_does_the_same),
    LK_CASE(sighup_and_sigpipe_end_nothing),
    LK_CASE(sighup_reloads_and_a_reload_that_fails_is_told_and_ends_nothing),
    LK_CASE(a_second_sigterm_leaves_at_once), LK_CASE(a_drain_that_hangs_ends_at_the_limit),
    LK_CASE(a_stop_that_hangs_ends_at_the_limit),
    LK_CASE(a_cleanup_that_hangs_is_left_behind_and_named),
    LK_CASE(who_is_worn_out_drains_and_asks_to_be_replaced),
    LK_CASE(a_start_that_fails_is_logged_once_and_nothing_is_drained),
    LK_CASE(a_process_begins_private_without_core_dumps_and_with_signals_blocked),
    LK_CASE(main_fails_with_the_status_of_its_error_and_cleans_up))
