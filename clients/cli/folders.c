/* Folders; see folders.h. */
#include "folders.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

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
