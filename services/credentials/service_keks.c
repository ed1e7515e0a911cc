/* Each change of root keys is one transaction with its audit row. */
#include "service_keks.h"

#include <inttypes.h>
#include <stdio.h>

#include "audit/audit.h"
#include "daemon/write.h"
#include "keks.h"
#include "rpc/field.h"

enum { REWRAP_DEFAULT = 128 };

struct change {
	struct lk_call *call;
	const char *id;
	KekMsg **answer;
};

static struct credentials *
credentials_of(struct lk_call *call)
{
	return lk_call_user(call);
}

static int64_t
now_of(struct lk_call *call)
{
	return lk_clock_wall_ms(lk_call_clock(call));
}

static lk_status
encode_kek(struct lk_arena *arena, const struct kek *kek, KekMsg **out, struct lk_error *err)
{
	KekMsg *msg = LK_ARENA_NEW(arena, KekMsg);

	if (!msg)
		return lk_fail_oom(err);
	latchkey__credentials__v1__kek__init(msg);
	msg->wraps = kek->wraps;
	msg->created_at_ms = kek->created_at_ms;
	msg->changed_at_ms = kek->changed_at_ms;
	LK_TRY(lk_field_copy(arena, kek->id, &msg->id, err));
	LK_TRY(lk_field_copy(arena, kek_state_name(kek->state), &msg->state, err));
	*out = msg;
	return LK_OK;
}

static lk_status
record(struct lk_tx *tx, struct lk_call *call, const char *action, const char *kek,
    const char *detail, struct lk_error *err)
{
	const struct lk_audit_event event = { .action = action, .object = kek, .detail = detail };

	return lk_audit_write(tx, call, &event, err);
}

/* ---- List ---- */

static lk_status
list_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	return kek_load_all(tx, arg, err);
}

lk_status
credentials_list_keks(struct lk_call *call, const ListKeksRequest *req, ListKeksResponse *rep)
{
	struct lk_arena *arena = lk_call_arena(call);
	struct lk_error *err = lk_call_error(call);
	struct kek_list list;

	(void)req;
	LK_TRY(lk_store_read(credentials_of(call)->host->store, lk_call_deadline_steady_ms(call),
	    list_in, &list, err));
	rep->keks = lk_arena_array(arena, list.count, sizeof *rep->keks);
	if (!rep->keks)
		return lk_fail_oom(err);
	for (size_t i = 0; i < list.count; i++)
		LK_TRY(encode_kek(arena, &list.keks[i], &rep->keks[rep->n_keks++], err));
	return LK_OK;
}

/* ---- Rotate ---- */

static lk_status
rotate_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct change *c = arg;
	struct kek active;
	bool changed;

	LK_TRY(keks_rotate(
	    tx, &credentials_of(c->call)->vault, c->id, now_of(c->call), &active, &changed, err));
	if (changed)
		LK_TRY(record(tx, c->call, "kek.rotated", active.id, NULL, err));
	return encode_kek(lk_call_arena(c->call), &active, c->answer, err);
}

lk_status
credentials_rotate_kek(struct lk_call *call, const RotateKekRequest *req, RotateKekResponse *rep)
{
	struct change c = { call, req->id, &rep->kek };

	return lk_call_write(call, credentials_of(call)->host->store, rotate_in, &c, &rep->base,
	    lk_call_error(call));
}

/* ---- Re-wrap ---- */

struct stepping {
	struct lk_call *call;
	struct rewrap step;
	RewrapKeysResponse *rep;
};

/* A step that found nothing to do is no event. */
static lk_status
record_step(struct lk_tx *tx, const struct stepping *s, struct lk_error *err)
{
	char active[LK_KEK_ID_SIZE], detail[64];

	if (s->step.rewrapped == 0 && s->step.broken == 0)
		return LK_OK;
	LK_TRY(kek_load_active(tx, active, err));
	snprintf(detail, sizeof detail, "%" PRId64 " re-wrapped, %" PRId64 " broken",
	    s->step.rewrapped, s->step.broken);
	return record(tx, s->call, "tenant_keys.rewrapped", active, detail, err);
}

static lk_status
rewrap_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct stepping *s = arg;
	struct lk_arena *arena = lk_call_arena(s->call);

	LK_TRY(keks_rewrap(tx, &credentials_of(s->call)->vault, arena, &s->step, err));
	LK_TRY(record_step(tx, s, err));
	s->rep->rewrapped = s->step.rewrapped;
	s->rep->broken = s->step.broken;
	s->rep->total = s->step.all;
	s->rep->remaining = s->step.left;
	return lk_field_copy(arena, s->step.last, &s->rep->after, err);
}

lk_status
credentials_rewrap(struct lk_call *call, const RewrapKeysRequest *req, RewrapKeysResponse *rep)
{
	struct lk_error *err = lk_call_error(call);
	struct stepping s = { .call = call, .rep = rep };

	if (req->limit > KEKS_REWRAP_MAX)
		return lk_fail_field(
		    err, "limit", "LIMIT_INVALID", "limit is at most %d", KEKS_REWRAP_MAX);
	if (*req->after && !lk_id_ok(LK_ID_TENANT, req->after))
		return lk_fail_field(
		    err, "after", "AFTER_INVALID", "after is what the step before answered");
	s.step.after = req->after;
	s.step.limit = req->limit > 0 ? req->limit : REWRAP_DEFAULT;
	return lk_call_write(
	    call, credentials_of(call)->host->store, rewrap_in, &s, &rep->base, err);
}

/* ---- Retire ---- */

static lk_status
retire_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct change *c = arg;
	struct kek kek;

	LK_TRY(keks_retire(tx, c->id, now_of(c->call), &kek, err));
	LK_TRY(record(tx, c->call, "kek.retired", kek.id, NULL, err));
	return encode_kek(lk_call_arena(c->call), &kek, c->answer, err);
}

lk_status
credentials_retire_kek(struct lk_call *call, const RetireKekRequest *req, RetireKekResponse *rep)
{
	struct change c = { call, req->id, &rep->kek };

	return lk_call_write(call, credentials_of(call)->host->store, retire_in, &c, &rep->base,
	    lk_call_error(call));
}
