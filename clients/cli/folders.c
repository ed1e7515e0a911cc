/* Folders; see folders.h. */
#include "folders.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whoever else may write here could put a file in place of ours, or an operator among the peers. */
static latchkey_status
folder_check(struct cli *cli, const char *path, const struct stat *info)
{
	if (info->st_uid != geteuid() && info->st_uid != 0)
		return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "state", "FOLDER_UNSAFE",
		    "the folder %s belongs to another user", path);
	if (info->st_mode & (S_IWGRP | S_IWOTH))
		return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "state", "FOLDER_UNSAFE",
		    "others may write in the folder %s: chmod go-w it", path);
	return LATCHKEY_OK;
}

latchkey_status
folder_own(struct cli *cli, const char *path, mode_t mode)
{
	const latchkey_status status = folder_make(cli, path, mode);
	struct stat info;

	if (status != LATCHKEY_OK)
		return status;
	if (stat(path, &info) == 0)
		return folder_check(cli, path, &info);
	return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "", "FOLDER_FAILED",
	    "the folder %s cannot be examined: %s", path, strerror(errno));
}

latchkey_status
folder_make(struct cli *cli, const char *path, mode_t mode)
{
	struct stat info;

	if (mkdir(path, mode) == 0)
		return LATCHKEY_OK;
	if (errno == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
		return LATCHKEY_OK;
	return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "", "FOLDER_FAILED",
	    "the folder %s cannot be made: %s", path, strerror(errno));
}

latchkey_status
folders_above(struct cli *cli, const char *path)
{
	LK_AUTO(lk_freep) char *copy = lk_text_dup(path);
	latchkey_status status = LATCHKEY_OK;

	if (!copy)
		return cli_refuse(
		    cli, LATCHKEY_RESOURCE_EXHAUSTED, "", "OUT_OF_MEMORY", "out of memory");
	for (char *slash = strchr(copy + 1, '/'); slash && status == LATCHKEY_OK;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		status = folder_make(cli, copy, 0700);
		*slash = '/';
	}
	return status;
}
