/*
 * What a process may reach once it knows its configuration: the files that it names, and of system
 * calls not those that start another program, look into another process or change the machine. A
 * captured process keeps these limits; every thread that starts later has them, too.
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
	bool reads_anything; /* for libraries that read what nobody can say beforehand */
};

/* Adds a path; one that is not there when the sandbox is entered is left out. FAILED_PRECONDITION
 * SANDBOX_FULL when there are too many, or it is too long. */
lk_status lk_sandbox_add(
    struct lk_sandbox *sandbox, const char *path, bool writable, struct lk_error *err);

/*
 * Enter, for good; before the first thread. What libraries read at run time (time zones, names of
 * hosts, certificates) stays readable. *out_files is false where the kernel cannot limit files
 * (Linux before 5.13, or where a container forbids it); system calls are limited all the same.
 * FAILED_PRECONDITION SANDBOX_REFUSED when the kernel refuses.
 */
lk_status lk_sandbox_enter(const struct lk_sandbox *sandbox, bool *out_files, struct lk_error *err);

#endif
