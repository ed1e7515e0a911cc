/* Growing lists of ids, and ULIDs as 128 bits; see ids.h. */
#include "ids.h"

#include <string.h>

enum { PREFIX_LEN = 4 };

lk_status
id_list_add(struct id_list *list, struct lk_arena *arena, const char *id, struct lk_error *err)
{
	if (list->count == list->room) {
		const size_t room = list->room ? list->room * 2 : 8;
		const char **ids = lk_arena_array(arena, room, sizeof *ids);
		if (!ids)
			return lk_fail_oom(err);
		if (list->count > 0)
			memcpy(ids, list->ids, list->count * sizeof *ids);
		list->ids = ids;
		list->room = room;
	}
	const char *copy = lk_arena_text(arena, id);
	if (!copy)
		return lk_fail_oom(err);
	list->ids[list->count++] = copy;
	return LK_OK;
}

bool
id_list_has(const struct id_list *list, const char *id)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->ids[i], id) == 0)
			return true;
	}
	return false;
}

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

/* Crockford's base32, lower case: value + 1, 0 for a character outside. */
static const uint8_t values[128] = { ['0'] = 1,
	['1'] = 2,
	['2'] = 3,
	['3'] = 4,
	['4'] = 5,
	['5'] = 6,
	['6'] = 7,
	['7'] = 8,
	['8'] = 9,
	['9'] = 10,
	['a'] = 11,
	['b'] = 12,
	['c'] = 13,
	['d'] = 14,
	['e'] = 15,
	['f'] = 16,
	['g'] = 17,
	['h'] = 18,
	['j'] = 19,
	['k'] = 20,
	['m'] = 21,
	['n'] = 22,
	['p'] = 23,
	['q'] = 24,
	['r'] = 25,
	['s'] = 26,
	['t'] = 27,
	['v'] = 28,
	['w'] = 29,
	['x'] = 30,
	['y'] = 31,
	['z'] = 32 };

static void
push5(struct packed_id *packed, unsigned bits)
{
	packed->high = packed->high << 5 | packed->low >> 59;
	packed->low = packed->low << 5 | bits;
}

bool
id_pack(const char *id, struct packed_id *out_packed)
{
	struct packed_id packed = { 0 };

	*out_packed = packed;
	if (!id || strnlen(id, LK_ID_SIZE) != LK_ID_LEN || id[PREFIX_LEN] > '7')
		return false;
	for (const char *c = id + PREFIX_LEN; *c != '\0'; c++) {
		const unsigned value = (unsigned char)*c < 128 ? values[(unsigned char)*c] : 0;
		if (value == 0)
			return false;
		push5(&packed, value - 1);
	}
	*out_packed = packed;
	return true;
}

void
id_unpack(enum lk_id_kind kind, struct packed_id packed, char out[LK_ID_SIZE])
{
	memcpy(out, lk_id_prefix(kind), PREFIX_LEN);
	for (int i = LK_ID_LEN - 1; i >= PREFIX_LEN; i--) {
		out[i] = alphabet[packed.low & 31];
		packed.low = packed.low >> 5 | packed.high << 59;
		packed.high >>= 5;
	}
	out[LK_ID_LEN] = '\0';
}
