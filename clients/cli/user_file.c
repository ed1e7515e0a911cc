/* See user_file.h. */
#include "user_file.h"

#include "crypto/private_file.h"

latchkey_status
user_file_read(struct cli *cli, struct lk_arena *arena, const char *path, const char *what,
    const char **out_text)
{
	char *text = lk_arena_alloc(arena, LK_PRIVATE_FILE_MAX + 1);
	size_t len = 0;

	if (!text)
		return cli_refuse(
		    cli, LATCHKEY_RESOURCE_EXHAUSTED, "", "OUT_OF_MEMORY", "out of memory");
	const latchkey_status status = (latchkey_status)lk_private_file_read(
	    path, what, (uint8_t *)text, LK_PRIVATE_FILE_MAX, &len, cli_err(cli));
	text[len] = '\0';
	*out_text = text;
	return status == LATCHKEY_NOT_FOUND ? LATCHKEY_OK : status;
}
