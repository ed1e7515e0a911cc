/* What a backup holds, in one sealed file: a manifest, then the copy of each service's database. */
#ifndef LATCHKEY_CLI_BACKUP_ARCHIVE_H
#define LATCHKEY_CLI_BACKUP_ARCHIVE_H

#include <signal.h>

#include "cli.h"
#include "crypto/sign.h"

/* A private folder for copies in the clear, beside `path`, or in TMPDIR where that cannot be
 * written to; removed with all that is in it. */
enum { BACKUP_PATH_SIZE = 4096 };
struct backup_folder {
	char path[BACKUP_PATH_SIZE]; /* "" : none */
};
latchkey_status backup_folder_make(
    struct cli *cli, const char *path, struct backup_folder *out_folder);
void backup_folder_remove(struct backup_folder *folder);

/* CANCELLED BACKUP_STOPPED once a signal asked for it. */
lk_status backup_go_on(struct lk_error *err);
extern volatile sig_atomic_t backup_stopped;

/*
 * Seal `manifest` (JSON) and SERVICE.db of every service in the folder to the file `path`, which is
 * whole and durable, or not there. ALREADY_EXISTS BACKUP_EXISTS, UNAVAILABLE BACKUP_WRITE, what
 * backup_go_on() says, and what sealed_file.h lists.
 */
latchkey_status backup_archive_write(struct cli *cli, const struct lk_sign_key *key,
    const struct backup_folder *folder, const char *manifest, const char *path);

latchkey_status backup_exists(struct cli *cli, const char *path);

/*
 * The other way: the databases into the folder, all of the file read. *out_manifest is yours,
 * lk_free. NOT_FOUND BACKUP_MISSING, DATA_LOSS BACKUP_BROKEN (sealed by the right key, and not what
 * we write), and what sealed_file.h lists.
 */
latchkey_status backup_archive_read(struct cli *cli, const struct lk_sign_key *key,
    const char *path, const struct backup_folder *folder, char **out_manifest);

#endif
