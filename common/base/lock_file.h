/* One process for each database or state file: an advisory lock that the kernel drops when its
 * holder dies. */
#ifndef LK_BASE_LOCK_FILE_H
#define LK_BASE_LOCK_FILE_H

#include "base/status.h"

/*
 * Make (0600) or open the file and lock it. *out_fd is yours; keep it open as long as the lock is
 * needed. FAILED_PRECONDITION ALREADY_RUNNING: another open file holds it; INTERNAL
 * LOCK_FILE_FAILED: it cannot be opened (the message has the system's words).
 */
lk_status lk_lock_file(const char *path, int *out_fd, struct lk_error *err);

/* Close; for LK_AUTO on an int that starts as -1. The file stays: removing it would let two holders
 * in. */
void lk_lock_file_releasep(int *fd);

#endif
