/* Lists of ids in a call's arena, and ids packed into 16 bytes for tables in memory. */
#ifndef LK_KEYS_IDS_H
#define LK_KEYS_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "id/id.h"

/* Entries and texts lie in the arena they were added from. Zero is the empty list. */
struct id_list {
	const char **ids;
	size_t count, room;
};

/* Copies `id`. RESOURCE_EXHAUSTED OUT_OF_MEMORY. */
lk_status id_list_add(
    struct id_list *list, struct lk_arena *arena, const char *id, struct lk_error *err);
bool id_list_has(const struct id_list *list, const char *id);

/* The 128 bits of a ULID. The kind is known from where it is kept. */
struct packed_id {
	uint64_t high, low;
};

static inline bool
packed_id_equal(struct packed_id a, struct packed_id b)
{
	return a.high == b.high && a.low == b.low;
}

/* `id` is any id that lk_id_ok accepts; false, and zero, for another text. */
bool id_pack(const char *id, struct packed_id *out_packed);
void id_unpack(enum lk_id_kind kind, struct packed_id packed, char out[LK_ID_SIZE]);

#endif
