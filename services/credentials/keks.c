/* Every decision is made inside a transaction, from the rows that are there. */
#include "keks.h"

#include "log/log.h"

static const char proof_text[] = "this root key is the one that it was";

static struct lk_wrap_context
proof_context(const char *id)
{
	return (struct lk_wrap_context){ .purpose = "kek-proof", .subject = id };
}

static lk_status
missing(const char *id, struct lk_error *err)
{
	return lk_fail(err, LK_NOT_FOUND, "KEK_MISSING", "there is no root key %s", id);
}

static lk_status
move(struct lk_tx *tx, struct kek *kek, enum kek_state to, int64_t now_ms, struct lk_error *err)
{
	if (!kek_may_become(kek->state, to))
		return lk_fail(err, LK_INTERNAL, "KEK_STATE", "a root key cannot go from %s to %s",
		    kek_state_name(kek->state), kek_state_name(to));
	kek->state = to;
	kek->changed_at_ms = now_ms;
	return kek_update(tx, kek, err);
}

/* ---- At start ---- */

static lk_status
remember(struct lk_tx *tx, const struct vault *vault, const char *id, enum kek_state state,
    int64_t now_ms, struct lk_arena *arena, struct lk_error *err)
{
	const struct lk_wrap_context context = proof_context(id);
	struct kek kek = { .state = state, .created_at_ms = now_ms, .changed_at_ms = now_ms };
	struct lk_bytes proof;

	lk_text_copy(kek.id, sizeof kek.id, id);
	LK_TRY(lk_wrap_key_under(
	    vault->ring, id, &context, lk_bytes_of(proof_text), arena, &proof, err));
	return kek_insert(tx, &kek, proof, err);
}

static lk_status
prove(struct lk_tx *tx, const struct vault *vault, const struct kek *kek, struct lk_arena *arena,
    struct lk_error *err)
{
	const struct lk_wrap_context context = proof_context(kek->id);
	struct lk_bytes proof, text;

	if (kek->state == KEK_RETIRED) {
		lk_log(LK_LOG_WARN, "kek.retired_is_configured", LK_LOG_TEXT("kek", kek->id));
		return LK_OK;
	}
	LK_TRY(kek_load_proof(tx, kek->id, arena, &proof, err));
	const lk_status opened = lk_unwrap_key(vault->ring, &context, proof, arena, &text, err);
	if (opened == LK_DATA_LOSS)
		return lk_fail(err, LK_FAILED_PRECONDITION, "KEK_WRONG",
		    "root key %s is not the key that was used under this name before", kek->id);
	return opened;
}

/* One that never was in use may go; any other is needed. */
static lk_status
settle_absent(struct lk_tx *tx, const struct kek *kek, struct lk_error *err)
{
	if (kek->state == KEK_PENDING && kek->wraps == 0)
		return kek_delete(tx, kek->id, err);
	if (kek->state == KEK_RETIRED || (kek->state == KEK_DRAINING && kek->wraps == 0))
		return LK_OK;
	return lk_fail(err, LK_FAILED_PRECONDITION, "KEK_MISSING",
	    "root key %s is in use (%s) and not configured", kek->id, kek_state_name(kek->state));
}

/* What is loaded and was never seen. */
struct newcomers {
	const struct vault *vault;
	struct kek_list *seen;
	int64_t now_ms;
	struct lk_arena *arena;
	bool has_active;
};

static lk_status
is_used(struct lk_tx *tx, const char *id, bool *out, struct lk_error *err)
{
	int64_t all, others;

	LK_TRY(tenant_key_count(tx, id, &all, &others, err));
	*out = all > others;
	return LK_OK;
}

/* Those under which there are tenant keys, or the others. */
static lk_status
remember_new(struct lk_tx *tx, struct newcomers *new, bool used, struct lk_error *err)
{
	for (size_t i = 0; i < lk_keyring_count(new->vault->ring); i++) {
		const char *id = lk_keyring_id(new->vault->ring, i);
		bool is = false;
		if (kek_find(new->seen, id))
			continue;
		LK_TRY(is_used(tx, id, &is, err));
		if (is != used)
			continue;
		LK_TRY(remember(tx, new->vault, id,
		    !new->has_active ? KEK_ACTIVE
		    : used           ? KEK_DRAINING
				     : KEK_PENDING,
		    new->now_ms, new->arena, err));
		new->has_active = true;
	}
	return LK_OK;
}

/* Every key that is loaded is remembered by now. */
static lk_status
refuse_strangers(struct lk_tx *tx, struct lk_error *err)
{
	char id[LK_KEK_ID_SIZE];
	bool has;

	LK_TRY(tenant_key_stranger(tx, id, &has, err));
	return !has ? LK_OK
		    : lk_fail(err, LK_FAILED_PRECONDITION, "KEK_MISSING",
			  "tenant keys are wrapped under root key %s, which is not configured", id);
}

lk_status
keks_settle(struct lk_tx *tx, const struct vault *vault, int64_t now_ms, struct lk_arena *arena,
    struct lk_error *err)
{
	struct kek_list list;

	LK_TRY(kek_load_all(tx, &list, err));
	for (size_t i = 0; i < list.count; i++) {
		if (lk_keyring_has(vault->ring, list.keks[i].id))
			LK_TRY(prove(tx, vault, &list.keks[i], arena, err));
		else
			LK_TRY(settle_absent(tx, &list.keks[i], err));
	}
	struct newcomers new = { vault, &list, now_ms, arena, kek_find_active(&list) != NULL };
	LK_TRY(remember_new(tx, &new, true, err));
	LK_TRY(remember_new(tx, &new, false, err));
	return refuse_strangers(tx, err);
}

/* ---- Rotate ---- */

static lk_status
only_pending(struct kek_list *list, struct kek **out, struct lk_error *err)
{
	struct kek *found = NULL;

	for (size_t i = 0; i < list->count; i++) {
		if (list->keks[i].state != KEK_PENDING)
			continue;
		if (found)
			return lk_fail_field(err, "id", "KEK_AMBIGUOUS",
			    "%s and %s are pending: name one", found->id, list->keks[i].id);
		found = &list->keks[i];
	}
	*out = found;
	return LK_OK;
}

/* Without a name and with nothing pending: the active one, while others still have tenant keys. */
static lk_status
choose(struct kek_list *list, const char *id, struct kek **out, struct lk_error *err)
{
	if (*id) {
		*out = kek_find(list, id);
		return *out ? LK_OK : missing(id, err);
	}
	LK_TRY(only_pending(list, out, err));
	for (size_t i = 0; !*out && i < list->count; i++)
		if (list->keks[i].state == KEK_DRAINING && list->keks[i].wraps > 0)
			*out = kek_find_active(list);
	if (!*out)
		return lk_fail(err, LK_FAILED_PRECONDITION, "KEK_NOT_PENDING",
		    "there is no root key to rotate to: configure another one first");
	return LK_OK;
}

lk_status
keks_rotate(struct lk_tx *tx, const struct vault *vault, const char *id, int64_t now_ms,
    struct kek *out_active, bool *out_changed, struct lk_error *err)
{
	struct kek_list list;
	struct kek *next = NULL;

	LK_TRY(kek_load_all(tx, &list, err));
	LK_TRY(choose(&list, id, &next, err));
	if (next->state == KEK_RETIRED)
		return lk_fail(
		    err, LK_FAILED_PRECONDITION, "KEK_RETIRED", "root key %s is retired", next->id);
	if (!lk_keyring_has(vault->ring, next->id))
		return missing(next->id, err);
	struct kek *active = kek_find_active(&list);
	*out_changed = active != next;
	if (*out_changed && active)
		LK_TRY(move(tx, active, KEK_DRAINING, now_ms, err)); /* never two */
	if (*out_changed)
		LK_TRY(move(tx, next, KEK_ACTIVE, now_ms, err));
	*out_active = *next;
	return LK_OK;
}

/* ---- Re-wrap ---- */

/* Whatever the row says of its root key, the blob decides. */
static lk_status
rewrap_one(struct lk_tx *tx, const struct vault *vault, const struct tenant_key *row,
    const char *active, struct lk_arena *arena, struct rewrap *step, struct lk_error *err)
{
	const struct lk_wrap_context context = vault_tenant_context(row->tenant);
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 key = { 0 };
	char named[LK_KEK_ID_SIZE];
	struct lk_bytes wrapped;

	if (lk_wrapped_kek_id(row->wrapped, named, NULL) == LK_OK && lk_text_is(named, active))
		return LK_OK;
	const lk_status opened = lk_unwrap_key32(vault->ring, &context, row->wrapped, &key, err);
	if (opened == LK_DATA_LOSS) {
		step->broken++;
		lk_error_clear(err);
		return LK_OK;
	}
	LK_TRY(opened);
	LK_TRY(lk_wrap_key_under(vault->ring, active, &context,
	    lk_bytes(key.bytes, sizeof key.bytes), arena, &wrapped, err));
	LK_TRY(tenant_key_rewrap(tx, row->tenant, row->wrapped, wrapped, active, err));
	step->rewrapped++;
	return LK_OK;
}

lk_status
keks_rewrap(struct lk_tx *tx, const struct vault *vault, struct lk_arena *arena,
    struct rewrap *step, struct lk_error *err)
{
	char active[LK_KEK_ID_SIZE];
	struct tenant_key *rows = lk_arena_array(arena, step->limit, sizeof *rows);
	size_t count;

	if (!rows)
		return lk_fail_oom(err);
	step->rewrapped = step->broken = 0;
	step->last[0] = '\0';
	LK_TRY(kek_load_active(tx, active, err));
	LK_TRY(tenant_key_page(tx, step->after, step->limit, arena, rows, &count, err));
	for (size_t i = 0; i < count; i++)
		LK_TRY(rewrap_one(tx, vault, &rows[i], active, arena, step, err));
	if (count == step->limit)
		lk_text_copy(step->last, sizeof step->last, rows[count - 1].tenant);
	return tenant_key_count(tx, active, &step->all, &step->left, err);
}

/* ---- Retire ---- */

lk_status
keks_retire(
    struct lk_tx *tx, const char *id, int64_t now_ms, struct kek *out_kek, struct lk_error *err)
{
	struct kek_list list;
	int64_t wraps;

	LK_TRY(kek_load_all(tx, &list, err));
	struct kek *kek = kek_find(&list, id);
	if (!kek)
		return missing(id, err);
	if (kek->state == KEK_ACTIVE || kek->state == KEK_PENDING)
		return lk_fail(err, LK_FAILED_PRECONDITION, "KEK_IN_USE",
		    "root key %s is %s: only one that was rotated away from can be retired", id,
		    kek_state_name(kek->state));
	LK_TRY(tenant_key_count_named(tx, id, &wraps, err));
	if (wraps > 0)
		return lk_fail(err, LK_FAILED_PRECONDITION, "KEK_IN_USE",
		    "%lld tenant keys are wrapped under root key %s: latchkey kek rotate goes on "
		    "with it",
		    (long long)wraps, id);
	if (kek->state == KEK_DRAINING)
		LK_TRY(move(tx, kek, KEK_RETIRED, now_ms, err));
	*out_kek = *kek;
	return LK_OK;
}
