/* Put a whole file in its place and keep it there through a power cut; inside this folder only. */
#ifndef LK_CRYPTO_DURABLE_FILE_H
#define LK_CRYPTO_DURABLE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/bytes.h"

/* 0 or an errno: EEXIST when `replace` is false and something is there. */
int lk_durable_file_write(const char *path, mode_t mode, struct lk_bytes content, bool replace);

/* Read up to `cap` bytes; the length, or -1 with errno. */
ssize_t lk_file_read_all(int fd, uint8_t *out, size_t cap);

/* Closes at the end of the scope; -1 is allowed. */
void lk_fd_closep(const int *fd);

#endif
