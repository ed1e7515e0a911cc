/* The system calls of one process: which it may make, told to the kernel by libseccomp. Inside this
 * folder and its tests only. */
#ifndef LK_DAEMON_CALLS_H
#define LK_DAEMON_CALLS_H

#include "daemon/sandbox.h"

/*
 * From now on this thread, and those that it starts, make the calls of calls.def that this sandbox
 * needs. Another one answers EPERM, and stands in the kernel's log; one newer than Linux 5.0
 * answers ENOSYS, so that a libc does without. With sandbox->only_logs they are made, and logged
 * (but clone3, which every new thread tries). The process can gain no privileges by then.
 * FAILED_PRECONDITION SANDBOX_REFUSED.
 */
lk_status lk_calls_limit(const struct lk_sandbox *sandbox, struct lk_error *err);

/* Writes to fd the list as lk_calls_limit() gives it to the kernel (struct sock_filter, one after
 * the other), and limits nothing. FAILED_PRECONDITION SANDBOX_REFUSED. */
lk_status lk_calls_export(const struct lk_sandbox *sandbox, int fd, struct lk_error *err);

/* False: this kernel has no seccomp. */
bool lk_calls_can_be_limited(void);

#endif
