/* GetPepperStatus: how much is still under which version of the pepper. Operators only. */
#include <stdlib.h>

#include "handlers.h"
#include "op.h"
#include "peppers.h"

static int
newest_first(const void *a, const void *b)
{
	const struct pepper_use *one = a, *two = b;

	return (one->version < two->version) - (one->version > two->version);
}

enum { HOLDERS_MAX = 20 };

/* What the newest has is no news. */
static lk_status
encode_version(struct op *op, struct lk_tx *tx, const struct pepper_use *use,
    PepperVersionMsg **out, struct lk_error *err)
{
	PepperVersionMsg *msg = LK_ARENA_NEW(op->arena, PepperVersionMsg);

	if (!msg)
		return lk_fail_oom(err);
	*msg = (PepperVersionMsg)LATCHKEY__KEYS__V1__PEPPER_VERSION__INIT;
	msg->version = use->version;
	msg->active = use->version == lk_pepper_version(op->keys->setup.pepper);
	msg->loaded = keys_pepper(op->keys, use->version) != NULL;
	msg->keys = use->keys;
	msg->sessions = use->sessions;
	msg->tickets = use->tickets;
	msg->rows = use->rows;
	if (!msg->active)
		LK_TRY(pepper_holders(tx, use->version, op->now_ms, HOLDERS_MAX, op->arena,
		    &msg->holders, &msg->n_holders, err));
	*out = msg;
	return LK_OK;
}

static lk_status
get_pepper_status(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	GetPepperStatusResponse *rep = op->rep;
	struct pepper_uses uses;

	peppers_in(op->keys, &uses);
	LK_TRY(pepper_uses_load(tx, op->now_ms, &uses, err));
	qsort(uses.items, uses.count, sizeof *uses.items, newest_first);
	rep->versions = lk_arena_array(op->arena, uses.count, sizeof *rep->versions);
	if (!rep->versions)
		return lk_fail_oom(err);
	for (; rep->n_versions < uses.count; rep->n_versions++)
		LK_TRY(encode_version(
		    op, tx, &uses.items[rep->n_versions], &rep->versions[rep->n_versions], err));
	return LK_OK;
}

lk_status
keys_get_pepper_status(
    struct lk_call *call, const GetPepperStatusRequest *req, GetPepperStatusResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_read(&op, get_pepper_status);
}
