/* Making and ending the process's shared state; see keys.h. */
#include "keys.h"

#include "damage.h"
#include "rate.h"
#include "sign_in_gate.h"

enum {
	DEAD_KEYS = 4096,
	OWNERS_MIN = 4096,
	TENANTS_IN_MEMORY = 16384,
	PASSWORD_CHECKS = 2,
	REQUESTS_PER_MINUTE = 10
};

lk_status
keys_new(const struct keys_setup *setup, struct keys **out_keys, struct lk_error *err)
{
	LK_AUTO(keys_freep) struct keys *keys = LK_ALLOC(struct keys);

	if (!keys)
		return lk_fail_oom(err);
	keys->setup = *setup;
	policy_of_profile(PROFILE_DEFAULT, &keys->default_policy);
	keys->key_cache = key_cache_new(setup->cache_keys, setup->random);
	keys->dead_cache = key_cache_new(DEAD_KEYS, setup->random);
	keys->owner_cache = fact_cache_new(setup->cache_keys / 4 + OWNERS_MIN);
	keys->tenant_cache = fact_cache_new(TENANTS_IN_MEMORY);
	keys->use_counts = use_counts_new(setup->store);
	keys->gate = sign_in_gate_new(
	    setup->password_checks ? setup->password_checks : PASSWORD_CHECKS, setup->random);
	keys->rate = rate_new((const uint32_t[RATE_KINDS]){ setup->creations_per_minute,
				  10 * setup->creations_per_minute, setup->failures_per_minute,
				  REQUESTS_PER_MINUTE, 20 * REQUESTS_PER_MINUTE },
	    setup->random);
	keys->damages = damage_log_new();
	if (!keys->gate || !keys->rate || !keys->damages || !keys->key_cache || !keys->dead_cache ||
	    !keys->owner_cache || !keys->tenant_cache || !keys->use_counts)
		return lk_fail_oom(err);
	const struct use_log_setup uses = { setup->store, keys->use_counts, setup->clock,
		setup->flush_ms };
	LK_TRY(use_log_new(&uses, &keys->uses, err));
	lk_store_lend(setup->store, keys);
	*out_keys = LK_TAKE(keys);
	return LK_OK;
}

const struct lk_pepper *
keys_pepper(const struct keys *keys, uint32_t version)
{
	const struct keys_setup *setup = &keys->setup;

	if (lk_pepper_version(setup->pepper) == version)
		return setup->pepper;
	for (size_t i = 0; i < setup->old_peppers_count; i++) {
		if (lk_pepper_version(setup->old_peppers[i]) == version)
			return setup->old_peppers[i];
	}
	return NULL;
}

void
keys_flush(struct keys *keys)
{
	use_log_flush(keys->uses);
}

void
keys_stop(struct keys *keys)
{
	use_log_stop(keys->uses);
}

void
keys_free(struct keys *keys)
{
	if (!keys)
		return;
	use_log_free(keys->uses);
	use_counts_free(keys->use_counts);
	key_cache_free(keys->key_cache);
	key_cache_free(keys->dead_cache);
	fact_cache_free(keys->owner_cache);
	fact_cache_free(keys->tenant_cache);
	sign_in_gate_free(keys->gate);
	rate_free(keys->rate);
	damage_log_free(keys->damages);
	lk_free(keys);
}

struct forget {
	struct epochs *epochs;
	struct packed_id id;
};

static void
forget_now(void *arg)
{
	const struct forget *forget = arg;

	epochs_move(forget->epochs, forget->id);
}

lk_status
keys_forget(struct keys *keys, struct lk_tx *tx, struct lk_arena *arena, const char *id,
    struct lk_error *err)
{
	struct forget *forget = LK_ARENA_NEW(arena, struct forget);

	if (!forget)
		return lk_fail_oom(err);
	forget->epochs = &keys->epochs;
	if (!id_pack(id, &forget->id))
		return lk_fail(err, LK_INTERNAL, "INTERNAL", "not an id");
	return lk_tx_on_commit(tx, forget_now, forget, err);
}
