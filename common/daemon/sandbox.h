/*
 * What a process may reach once it knows its configuration: the files that it names, and of system
 * calls those that it needs, none of which starts another program, looks into another process or
 * changes the machine. A captured process keeps these limits; every thread that starts later has
 * them, too.
 */
#ifndef LK_DAEMON_SANDBOX_H
#define LK_DAEMON_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum { LK_SANDBOX_PATHS_MAX = 32, LK_SANDBOX_PATH_SIZE = 4096 };

struct lk_sandbox {
	struct lk_sandbox_path {
		char path[LK_SANDBOX_PATH_SIZE]; /* a file, or a folder with all below it */
		bool writable; /* a folder: files and sockets are made and removed in it */
	} paths[LK_SANDBOX_PATHS_MAX];
	size_t count;
	bool network;        /* false: sockets of this machine only (AF_UNIX) */
	bool dials;          /* false: it begins no TCP connection, where the kernel can say so */
	bool listens;        /* others connect to it */
	bool ipc;            /* by a socket in a folder */
	bool http;           /* with HTTP */
	bool writes;         /* files of its own: a database, the trail's second place */
	bool modules;        /* it loads code that its configuration names */
	bool reads_anything; /* for libraries that read what nobody can say beforehand */
	bool only_logs;      /* system calls that it does not need are made, and logged */
};

/* Adds a path; one that is not there when the sandbox is entered is left out. FAILED_PRECONDITION
 * SANDBOX_FULL when there are too many, or it is too long. */
lk_status lk_sandbox_add(
    struct lk_sandbox *sandbox, const char *path, bool writable, struct lk_error *err);

/* What the kernel could do. */
struct lk_sandbox_limits {
	bool files; /* false: Linux before 5.13, or a container forbids it */
	bool calls; /* false: a kernel without seccomp */
};

/*
 * Enter, for good; before the first thread. What libraries read at run time (time zones, names of
 * hosts, certificates) stays readable. A system call that this process does not need is refused,
 * and stands in the kernel's log (calls.h). FAILED_PRECONDITION SANDBOX_REFUSED when the kernel
 * refuses.
 */
lk_status lk_sandbox_enter(
    const struct lk_sandbox *sandbox, struct lk_sandbox_limits *out_limits, struct lk_error *err);

#endif
