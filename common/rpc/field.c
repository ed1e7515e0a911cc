/* Copies of texts for messages; see field.h. */
#include "rpc/field.h"

lk_status
lk_field_copy(struct lk_arena *arena, const char *text, char **out_field, struct lk_error *err)
{
	char *copy = lk_arena_text(arena, text);

	if (!copy)
		return lk_fail_oom(err);
	*out_field = copy;
	return LK_OK;
}
