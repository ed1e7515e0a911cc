/* Texts as fields of generated messages, whose types know no const. */
#ifndef LK_RPC_FIELD_H
#define LK_RPC_FIELD_H

#include "base/base.h"

/* The text itself: it must outlive the message, and nobody writes through the field. */
static inline char *
lk_field_borrow(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* A copy in the arena. RESOURCE_EXHAUSTED OUT_OF_MEMORY at its cap. */
lk_status lk_field_copy(
    struct lk_arena *arena, const char *text, char **out_field, struct lk_error *err);

#endif
