/* Looking facts up, in memory first; see standing.h. An epoch is always captured before the read it
 * vouches for. */
#include "standing.h"

#include "damage.h"
#include "facts_store.h"

void
held_facts_release(struct held_facts *held)
{
	fact_unref(held->tenant);
	fact_unref(held->owner);
	key_facts_release(&held->key);
	*held = (struct held_facts){ 0 };
}

static lk_status
would_block(struct lk_error *err)
{
	return lk_fail(err, LK_ABORTED, "WOULD_BLOCK", "the answer is not in memory");
}

struct load {
	struct keys *keys;
	const char *id;
	struct lk_arena *arena;
	struct tenant_facts *tenant;
	struct owner_facts *owner;
	struct key_facts key;
};

static lk_status
load_tenant(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct load *load = arg;

	return tenant_facts_load(tx, load->id, &load->tenant, err);
}

static lk_status
load_owner(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct load *load = arg;

	return owner_facts_load(tx, load->id, load->arena, &load->owner, err);
}

static lk_status
load_key(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct load *load = arg;

	return key_facts_load(load->keys, tx, load->id, load->arena, &load->key, err);
}

static lk_status
read_facts(struct keys *keys, lk_tx_fn *fn, struct load *load, const struct patience *patience,
    struct lk_error *err)
{
	if (!patience->may_block)
		return would_block(err);
	load->arena = patience->arena;
	const lk_status status =
	    lk_store_read(keys->setup.store, patience->deadline_steady_ms, fn, load, err);

	damages_write(keys);
	return status;
}

static lk_status
get_tenant(struct keys *keys, struct packed_id id, const struct patience *patience,
    struct tenant_facts **out, struct lk_error *err)
{
	const uint32_t epoch = epochs_now(&keys->epochs, id);
	char text[LK_ID_SIZE];
	struct load load = { .id = text };

	*out = fact_cache_get(keys->tenant_cache, id, epoch);
	if (*out)
		return LK_OK;
	id_unpack(LK_ID_TENANT, id, text);
	LK_TRY(read_facts(keys, load_tenant, &load, patience, err));
	if (load.tenant)
		fact_cache_put(keys->tenant_cache, id, load.tenant, epoch);
	*out = load.tenant;
	return LK_OK;
}

static lk_status
get_owner(struct keys *keys, struct packed_id id, bool is_principal,
    const struct patience *patience, struct owner_facts **out, struct lk_error *err)
{
	const uint32_t epoch = epochs_now(&keys->epochs, id);
	char text[LK_ID_SIZE];
	struct load load = { .id = text };

	*out = fact_cache_get(keys->owner_cache, id, epoch);
	if (*out && ((*out)->kind == OWNER_PRINCIPAL) == is_principal)
		return LK_OK;
	fact_unref(LK_TAKE(*out));
	id_unpack(is_principal ? LK_ID_PRINCIPAL : LK_ID_USER, id, text);
	LK_TRY(read_facts(keys, load_owner, &load, patience, err));
	if (load.owner)
		fact_cache_put(keys->owner_cache, id, load.owner, epoch);
	*out = load.owner;
	return LK_OK;
}

static lk_status
get_key(struct keys *keys, const char *id, const struct patience *patience, struct key_facts *out,
    bool *out_shape_ok, struct lk_error *err)
{
	struct key_ref ref = { .is_session = lk_id_ok(LK_ID_SESSION, id) };
	struct load load = { .keys = keys, .id = id };

	*out_shape_ok = id_pack(id, &ref.id);
	if (!*out_shape_ok)
		return LK_OK;
	const uint32_t epoch = epochs_now(&keys->epochs, ref.id);
	if (key_cache_get(keys->key_cache, ref, epoch, out) ||
	    key_cache_get(keys->dead_cache, ref, epoch, out))
		return LK_OK;
	LK_TRY(read_facts(keys, load_key, &load, patience, err));
	key_cache_put(
	    load.key.flags & KEY_DEAD ? keys->dead_cache : keys->key_cache, &load.key, epoch);
	*out = load.key;
	return LK_OK;
}

/* Fills owner, tenant and the view of all three. */
static lk_status
hold_owner(struct keys *keys, struct packed_id owner, bool is_principal,
    const struct patience *patience, struct held_facts *held, bool *out_known, struct lk_error *err)
{
	*out_known = false;
	LK_TRY(get_owner(keys, owner, is_principal, patience, &held->owner, err));
	if (!held->owner)
		return LK_OK;
	if (!is_principal) {
		LK_TRY(get_tenant(keys, held->owner->tenant, patience, &held->tenant, err));
		if (!held->tenant)
			return LK_OK;
	}
	held->facts = (struct facts){ held->tenant, held->owner, NULL };
	*out_known = true;
	return LK_OK;
}

lk_status
standing_of_key(struct keys *keys, const char *id, const struct patience *patience,
    struct held_facts *out_held, bool *out_known, struct lk_error *err)
{
	bool shape_ok;

	*out_known = false;
	LK_TRY(get_key(keys, id, patience, &out_held->key, &shape_ok, err));
	if (!shape_ok || (out_held->key.flags & KEY_DEAD))
		return LK_OK;
	LK_TRY(hold_owner(keys, out_held->key.owner, (out_held->key.flags & KEY_OF_PRINCIPAL) != 0,
	    patience, out_held, out_known, err));
	out_held->facts.key = &out_held->key;
	return LK_OK;
}

lk_status
standing_of_subject(struct keys *keys, const char *id, const struct patience *patience,
    struct held_facts *out_held, bool *out_known, struct lk_error *err)
{
	const bool is_principal = lk_id_ok(LK_ID_PRINCIPAL, id);
	struct packed_id packed;

	*out_known = false;
	if ((!is_principal && !lk_id_ok(LK_ID_USER, id)) || !id_pack(id, &packed))
		return LK_OK;
	return hold_owner(keys, packed, is_principal, patience, out_held, out_known, err);
}

/* The key must be one of the subject's own. */
static lk_status
hold_standing(struct keys *keys, const char *subject, const char *key_or_session,
    const struct patience *patience, struct held_facts *held, bool *out_known, struct lk_error *err)
{
	struct packed_id id;

	if (*key_or_session == '\0')
		return standing_of_subject(keys, subject, patience, held, out_known, err);
	LK_TRY(standing_of_key(keys, key_or_session, patience, held, out_known, err));
	*out_known = *out_known && id_pack(subject, &id) && packed_id_equal(id, held->owner->id) &&
		     lk_id_ok(LK_ID_PRINCIPAL, subject) == (held->owner->kind == OWNER_PRINCIPAL);
	return LK_OK;
}

lk_status
standing_get(struct keys *keys, const char *subject, const char *key, const char *session,
    const struct patience *patience, struct identity *out_identity, bool *out_active,
    struct lk_error *err)
{
	LK_AUTO(held_facts_release) struct held_facts held = { 0 };
	const int64_t now_ms = lk_clock_wall_ms(keys->setup.clock);
	const bool ids_ok = (*key == '\0' || lk_id_ok(LK_ID_KEY, key)) &&
			    (*session == '\0' || lk_id_ok(LK_ID_SESSION, session));
	bool known = false;

	*out_active = false;
	if (!ids_ok || (*key != '\0' && *session != '\0'))
		return LK_OK;
	LK_TRY(hold_standing(
	    keys, subject, *key != '\0' ? key : session, patience, &held, &known, err));
	if (!known || !facts_stand(&held.facts, keys->setup.session_idle_ms, now_ms))
		return LK_OK;
	LK_TRY(facts_identity(&held.facts, patience->arena, out_identity, err));
	*out_active = true;
	return LK_OK;
}

static lk_status
source_get(void *user, const char *subject, const char *key, const char *session, bool may_block,
    int64_t deadline_steady_ms, struct lk_arena *arena, struct lk_standing *out,
    struct lk_error *err)
{
	const struct patience patience = { may_block, deadline_steady_ms, arena };
	struct identity identity;
	bool active;

	LK_TRY(standing_get(user, subject, key, session, &patience, &identity, &active, err));
	if (active)
		return identity_standing(&identity, out, err);
	*out = (struct lk_standing){ .active = false };
	return LK_OK;
}

struct lk_standing_source
keys_standing_source(struct keys *keys)
{
	return (struct lk_standing_source){ source_get, keys };
}
