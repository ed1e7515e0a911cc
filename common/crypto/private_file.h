/*
 * Files that hold secrets: only the owner may read them, links are not followed, a file is whole or
 * not there. Messages name the file by `what` ("operator key"), never by its path and never by what
 * is in it.
 */
#ifndef LK_CRYPTO_PRIVATE_FILE_H
#define LK_CRYPTO_PRIVATE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/secret.h"

enum { LK_PRIVATE_FILE_MAX = 64 * 1024 };

/*
 * Read a regular file owned by the effective user, mode without group and others, or one of root's
 * that our group may read, too, as systemd and Kubernetes hand secrets to a process. NOT_FOUND
 * SECRET_FILE_MISSING; FAILED_PRECONDITION SECRET_FILE_MODE, SECRET_FILE_OWNER, SECRET_FILE_KIND
 * (link, device, directory), SECRET_FILE_SIZE (empty, or above out_cap), SECRET_FILE_UNREADABLE.
 */
lk_status lk_private_file_read(const char *path, const char *what, uint8_t *out, size_t out_cap,
    size_t *out_len, struct lk_error *err);

/*
 * A secret that the system mounts for this process: it may be a link and be readable by others
 * (whoever shares the mount is the system's business), but belongs to the effective user or to root
 * and can be written by nobody else. Errors as above.
 */
lk_status lk_mounted_file_read(const char *path, const char *what, uint8_t *out, size_t out_cap,
    size_t *out_len, struct lk_error *err);

/*
 * A new file with mode 0600, file and directory synced. ALREADY_EXISTS SECRET_FILE_EXISTS;
 * UNAVAILABLE SECRET_FILE_WRITE.
 */
lk_status lk_private_file_create(
    const char *path, const char *what, struct lk_bytes content, struct lk_error *err);

/* The same, putting it in the place of an older one in one step. */
lk_status lk_private_file_replace(
    const char *path, const char *what, struct lk_bytes content, struct lk_error *err);

/* A secret as a file: one line of base64url and a newline. */
lk_status lk_secret_file_create(
    const char *path, const char *what, struct lk_bytes secret, struct lk_error *err);

/* One that must hold 32 bytes, under LK_AUTO(lk_secret32_wipe). Besides the errors of
 * lk_private_file_read: FAILED_PRECONDITION SECRET_FILE_CONTENT. */
lk_status lk_secret_file_load32(
    const char *path, const char *what, struct lk_secret32 *out_secret, struct lk_error *err);

/* The same of a file that lk_mounted_file_read takes. */
lk_status lk_mounted_file_load32(
    const char *path, const char *what, struct lk_secret32 *out_secret, struct lk_error *err);

#endif
