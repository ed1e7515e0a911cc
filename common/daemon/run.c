/* From ready to drained. A watcher thread stands behind the end: a second signal or the time limit
 * leaves at once. See daemon.h. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "daemon/daemon.h"
#include "daemon/reload.h"
#include "log/log.h"
#include "time/clock.h"

enum { DRAIN_LIMIT_MS = 10000, CLOSE_LIMIT_MS = 3000, LOOK_MS = 100 };

static int64_t drain_limit_ms;         /* set before the watcher starts */
static atomic_int_fast64_t stopped_ms; /* on the steady clock; 0 while something is to be done */
static const char *_Atomic closing = "";
static const char *_Atomic worn_out; /* why another process would do better */

void
lk_daemon_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (path == NULL || (*path != '/' && *path != '@') ||
	    strlen(path) >= sizeof address.sun_path)
		return;
	memcpy(address.sun_path, path, strlen(path));
	if (*path == '@')
		address.sun_path[0] = '\0';
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
		size) < 0)
		lk_log(LK_LOG_WARN, "service.notify_failed", LK_LOG_INT("errno", errno));
	close(fd);
}

static sigset_t
end_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return set;
}

static int64_t
steady_ms(void)
{
	return lk_clock_steady_ms(lk_clock_system());
}

void
lk_daemon_closing(const char *part)
{
	atomic_store(&closing, part);
}

void
lk_daemon_replace(const char *why)
{
	atomic_store(&worn_out, why);
}

/* Nothing is lost by it any more: what hangs is the tidying up. */
static _Noreturn void
leave_untidy(void)
{
	lk_log(LK_LOG_WARN, "service.closed_hard", LK_LOG_TEXT("closing", atomic_load(&closing)));
	_exit(0);
}

static _Noreturn void
leave_undone(bool by_signal)
{
	lk_log(LK_LOG_ERROR, by_signal ? "service.driven_out" : "service.drain_timed_out",
	    LK_LOG_INT("limit_ms", drain_limit_ms), LK_LOG_TEXT("closing", atomic_load(&closing)));
	_exit(1);
}

/* Lives until the process does: it also stands behind stop() and the cleanups of main. */
static void *
watch_the_end(void *unused)
{
	const sigset_t set = end_signals();
	const struct timespec look = { .tv_nsec = LOOK_MS * 1000000L };
	const int64_t end_ms = steady_ms() + drain_limit_ms;

	(void)unused;
	for (;;) {
		const bool signalled = sigtimedwait(&set, NULL, &look) > 0;
		const int64_t stopped = atomic_load(&stopped_ms);
		if (stopped != 0 && (signalled || steady_ms() >= stopped + CLOSE_LIMIT_MS))
			leave_untidy();
		if (stopped == 0 && (signalled || steady_ms() >= end_ms))
			leave_undone(signalled);
	}
}

static void
start_watcher(const struct lk_daemon_service *service)
{
	pthread_t thread;

	drain_limit_ms = service->drain_limit_ms > 0 ? service->drain_limit_ms : DRAIN_LIMIT_MS;
	if (pthread_create(&thread, NULL, watch_the_end, NULL) != 0) {
		lk_log(LK_LOG_ERROR, "service.driven_out", LK_LOG_TEXT("reason", "NO_THREAD"));
		_exit(1);
	}
	pthread_detach(thread);
}

static void
reload(const struct lk_daemon_service *service)
{
	struct lk_error err = { 0 };
	lk_status status = lk_reload_log_level(&err);

	if (status == LK_OK && service->reload != NULL)
		status = service->reload(service->user, &err);
	if (status == LK_OK)
		lk_log(LK_LOG_INFO, "service.reloaded");
	else
		lk_log(LK_LOG_ERROR, "service.reload_failed", LK_LOG_FAILURE(&err));
}

static bool
is_end(int signal_number)
{
	return signal_number == SIGTERM || signal_number == SIGINT;
}

static void
wait_for_end(const struct lk_daemon_service *service)
{
	const struct timespec look = { .tv_sec = 1 };
	sigset_t set = end_signals();
	int got = 0;

	sigaddset(&set, SIGHUP);
	while (!is_end(got) && atomic_load(&worn_out) == NULL) {
		got = sigtimedwait(&set, NULL, &look);
		if (got == SIGHUP)
			reload(service);
	}
	if (is_end(got))
		lk_log(LK_LOG_INFO, "service.draining", LK_LOG_TEXT("signal", sigabbrev_np(got)));
	else
		lk_log(
		    LK_LOG_ERROR, "service.worn_out", LK_LOG_TEXT("why", atomic_load(&worn_out)));
}

int
lk_daemon_run(const struct lk_daemon_service *service)
{
	struct lk_error err = { 0 };

	if (service->start != NULL && service->start(service->user, &err) != LK_OK) {
		lk_log(LK_LOG_ERROR, "service.failed", LK_LOG_FAILURE(&err));
		return 1;
	}
	lk_log(LK_LOG_INFO, "service.ready", LK_LOG_INT("pid", getpid()));
	lk_daemon_notify("READY=1");
	wait_for_end(service);
	lk_daemon_notify("STOPPING=1");
	start_watcher(service);
	if (service->drain != NULL)
		service->drain(service->user);
	if (service->stop != NULL)
		service->stop(service->user);
	lk_log(LK_LOG_INFO, "service.stopped");
	if (atomic_load(&worn_out) != NULL)
		_exit(LK_DAEMON_REPLACE); /* what is worn out may not be closed any more */
	atomic_store(&stopped_ms, steady_ms());
	return 0;
}
