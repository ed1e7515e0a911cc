/* What every main.c begins and ends with: a hardened process, one way to fail, ready, drain on
 * SIGTERM. */
#ifndef LK_DAEMON_H
#define LK_DAEMON_H

#include <stdint.h>

#include "base/status.h"
#include "config/config.h"

/*
 * First line of main, before any thread: files are private (umask 0077), no core dumps, not
 * readable by debuggers of the same user (except in Debug and sanitizer builds), SIGPIPE ignored,
 * SIGTERM, SIGINT and SIGHUP blocked here and so in every later thread. `name` is a constant:
 * "latchkey-keys". Answers the place for the errors of main, which LK_DAEMON_TRY reports.
 */
struct lk_error *lk_daemon_begin(const char *name);

/*
 * lk_config_load(), and from now on the log level is the one that the table's option "log-level"
 * says. SIGHUP reads it again, by the same arguments, from the environment and the file as it is by
 * then; every other option needs a restart. Last, the process enters its sandbox (sandbox.h),
 * unless the option "sandbox" says no: it may reach the files that its options name, and sockets of
 * other hosts only when an option names one, by the system calls that this needs. `table` and
 * `argv` are borrowed for the process's life. Errors: those of lk_config_load and lk_sandbox_enter.
 */
lk_status lk_daemon_configure(const struct lk_config_table *table, int argc, char **argv,
    void *out_config, struct lk_error *err);

/* In main: on failure report the error of lk_daemon_begin() once and leave main with its exit
 * status; cleanups of the scope run. */
#define LK_DAEMON_TRY(call)                                                                        \
	do {                                                                                       \
		if ((call) != LK_OK)                                                               \
			return lk_daemon_fail();                                                   \
	} while (0)

/* The exit status: 2 for CONFIG_INVALID (told in words on standard error), 0 for CONFIG_ANSWERED,
 * otherwise 1 (logged). */
int lk_daemon_fail(void);

struct lk_daemon_service {
	lk_status (*start)(void *user, struct lk_error *err); /* begin to answer; may be NULL */
	void (*drain)(void *user); /* returns when all work is answered; may be NULL */
	void (*stop)(void *user);  /* after drain: what is still to be written down; may be NULL */
	lk_status (*reload)(void *user, struct lk_error *err); /* at SIGHUP, after the log level;
								  a failure is logged and changes
								  nothing; may be NULL */
	void *user;
	int64_t drain_limit_ms; /* the process ends this long after SIGTERM whatever drain and stop
				   do; 0 is 10 s */
};

/*
 * Start, say that we are ready (log, and READY=1 to $NOTIFY_SOCKET), wait for SIGTERM or SIGINT,
 * drain, stop; lk_daemon_replace() ends it likewise, with status LK_DAEMON_REPLACE. SIGHUP reads
 * the log level again and calls reload. A second SIGTERM or SIGINT, or the limit, ends the process
 * at once with status 1. Returns the exit status of main, which has 3 s for its cleanups: by then
 * nothing is left that could be lost, so a cleanup that hangs (closing a socket under a connection
 * that died may, with nng 1.5) is logged as "service.closed_hard", and the status stays 0.
 */
int lk_daemon_run(const struct lk_daemon_service *service);

/* EX_TEMPFAIL of sysexits.h: whoever keeps the service running starts it again. */
enum { LK_DAEMON_REPLACE = 75 };

/* Ask for an end within a second, because another process would do better; `why`, a constant, is
 * logged as "service.worn_out". Any thread. */
void lk_daemon_replace(const char *why);

/* What is being closed, for the line that says where an end hung; a constant. Any thread. */
void lk_daemon_closing(const char *part);

/* sd_notify(3): one datagram to $NOTIFY_SOCKET (a path, or @abstract); nothing when it is unset.
 * Never fails loudly. */
void lk_daemon_notify(const char *state);

#endif
