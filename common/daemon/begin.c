/* The first and the last word of a process: hardening, and the one report of a failed start; see
 * daemon.h. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "daemon/daemon.h"
#include "log/log.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif

/* LeakSanitizer traces its own process; whoever builds with Debug means to attach a debugger. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || !defined(NDEBUG)
enum { DUMPABLE = 1 };
#else
enum { DUMPABLE = 0 };
#endif

static const char *process_name = "latchkey";
static struct lk_error main_error;

static void
block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* The usual 1,024 are soon spent by somebody who only connects; the administrator's limit holds. */
static void
allow_many_connections(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

struct lk_error *
lk_daemon_begin(const char *name)
{
	const struct rlimit no_core = { 0, 0 };

	process_name = name;
	lk_log_set_service(name);
	lk_error_clear(&main_error);
	umask(0077);
	setrlimit(RLIMIT_CORE, &no_core);
	allow_many_connections();
	if (!DUMPABLE)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	block_signals();
	return &main_error;
}

int
lk_daemon_fail(void)
{
	if (lk_text_is(main_error.reason, "CONFIG_ANSWERED"))
		return 0;
	if (lk_text_is(main_error.reason, "CONFIG_INVALID")) {
		fprintf(stderr, "%s: %s\n", process_name, main_error.message);
		return 2;
	}
	lk_log(LK_LOG_ERROR, "service.failed", LK_LOG_FAILURE(&main_error));
	return 1;
}
