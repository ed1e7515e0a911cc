/* What is kept in memory: bounded, under epochs, and what somebody may do computed from it. */
#include <string.h>

#include "keys/epochs.h"
#include "keys/fact_cache.h"
#include "keys/facts.h"
#include "keys/key_cache.h"
#include "test.h"

static const int64_t now_ms = INT64_C(1700000000000);

static struct key_cache *
cache_of(size_t max_keys)
{
	static struct lk_random_seeded random;
	struct key_cache *cache;

	lk_random_seeded_init(&random, 1);
	cache = key_cache_new(max_keys, &random.random);
	assert_non_null(cache);
	return cache;
}

static struct key_facts
facts_of(uint64_t number)
{
	return (struct key_facts){ .id = { 1, number },
		.generation = number,
		.flags = KEY_ALL_PERMISSIONS | KEY_ALL_WORKGROUPS };
}

static bool
has(struct key_cache *cache, uint64_t number, uint32_t epoch)
{
	struct key_facts out = { 0 };
	const bool found =
	    key_cache_get(cache, (struct key_ref){ { 1, number }, false }, epoch, &out);

	if (found)
		assert_int_equal(out.generation, number);
	key_facts_release(&out);
	return found;
}

static void
a_key_of_another_epoch_is_not_remembered(void **state)
{
	struct key_cache *cache = cache_of(1000);
	const struct key_facts key = facts_of(5);

	(void)state;
	assert_false(has(cache, 5, 0));
	key_cache_put(cache, &key, 3);
	assert_true(has(cache, 5, 3));
	assert_false(has(cache, 5, 4));
	key_cache_put(cache, &key, 4);
	assert_true(has(cache, 5, 4));
	assert_int_equal(key_cache_count(cache), 1);
	key_cache_free(cache);
}

static void
the_table_stays_within_its_bound(void **state)
{
	struct key_cache *cache = cache_of(640);
	size_t found = 0;

	(void)state;
	for (uint64_t i = 0; i < 10000; i++) {
		const struct key_facts key = facts_of(i);
		key_cache_put(cache, &key, 0);
		assert_true(has(cache, i, 0));
	}
	for (uint64_t i = 0; i < 10000; i++)
		found += has(cache, i, 0);
	assert_true(key_cache_count(cache) <= 640);
	assert_int_equal(found, key_cache_count(cache));
	key_cache_free(cache);
}

static void
keys_in_use_outlive_those_nobody_asks_for(void **state)
{
	struct key_cache *cache = cache_of(6400);

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		const struct key_facts key = facts_of(i);
		key_cache_put(cache, &key, 0);
	}
	for (uint64_t i = 1000; i < 20000; i++) {
		const struct key_facts key = facts_of(i);
		if (i % 1000 == 0) {
			for (uint64_t used = 0; used < 1000; used++)
				has(cache, used, 0);
		}
		key_cache_put(cache, &key, 0);
	}
	size_t kept = 0;
	for (uint64_t i = 0; i < 1000; i++)
		kept += has(cache, i, 0);
	assert_true(kept > 990);
	key_cache_free(cache);
}

static void
a_key_takes_at_most_160_bytes(void **state)
{
	(void)state;
	assert_true(key_cache_bytes_per_key() <= 160);
}

static void
a_key_and_a_session_of_one_number_are_two(void **state)
{
	struct key_cache *cache = cache_of(100);
	struct key_facts key = facts_of(9), session = facts_of(9), out = { 0 };

	(void)state;
	session.flags = KEY_IS_SESSION | KEY_DEAD;
	key_cache_put(cache, &key, 0);
	key_cache_put(cache, &session, 0);
	assert_true(key_cache_get(cache, (struct key_ref){ { 1, 9 }, false }, 0, &out));
	assert_false(out.flags & KEY_DEAD);
	assert_true(key_cache_get(cache, (struct key_ref){ { 1, 9 }, true }, 0, &out));
	assert_true(out.flags & KEY_DEAD);
	key_cache_free(cache);
}

static void
a_use_is_due_once_a_minute(void **state)
{
	struct key_cache *cache = cache_of(100);
	const struct key_facts key = facts_of(1);
	const struct key_ref ref = { { 1, 1 }, false };

	(void)state;
	assert_false(key_cache_use(cache, ref, 1000, 60, false));
	key_cache_put(cache, &key, 0);
	assert_true(key_cache_use(cache, ref, 1000, 60, false));
	assert_false(key_cache_use(cache, ref, 1059, 60, false));
	assert_true(key_cache_use(cache, ref, 1059, 60, true));
	assert_false(key_cache_use(cache, ref, 1059, 60, true));
	assert_true(key_cache_use(cache, ref, 1060, 60, false));
	key_cache_put(cache, &key, 1); /* read again before the use was written down */
	assert_false(key_cache_use(cache, ref, 1061, 60, false));
	assert_false(key_cache_use(cache, ref, 500, 60, false));
	key_cache_free(cache);
}

static void
facts_are_shared_until_the_last_lets_go(void **state)
{
	struct fact_cache *cache = fact_cache_new(8);
	struct tenant_facts *facts = fact_new(sizeof *facts);

	(void)state;
	facts->generation = 7;
	fact_cache_put(cache, (struct packed_id){ 0, 1 }, facts, 0);
	fact_unref(facts);
	struct tenant_facts *held = fact_cache_get(cache, (struct packed_id){ 0, 1 }, 0);
	assert_non_null(held);
	for (uint64_t i = 2; i < 200; i++) {
		struct tenant_facts *other = fact_new(sizeof *other);
		fact_cache_put(cache, (struct packed_id){ 0, i }, other, 0);
		fact_unref(other);
	}
	assert_null(fact_cache_get(cache, (struct packed_id){ 0, 1 }, 0));
	assert_int_equal(held->generation, 7);
	fact_unref(held);
	assert_null(fact_cache_get(cache, (struct packed_id){ 0, 199 }, 1));
	fact_cache_free(cache);
}

static void
a_moved_epoch_is_another(void **state)
{
	struct epochs *epochs = LK_ALLOC(struct epochs);
	const struct packed_id id = { 1, 2 };

	(void)state;
	const uint32_t before = epochs_now(epochs, id);
	epochs_move(epochs, id);
	assert_int_not_equal(epochs_now(epochs, id), before);
	lk_free(epochs);
}

/* ---- Facts to rights ---- */

struct trio {
	struct tenant_facts tenant;
	struct owner_facts owner;
	struct key_facts key;
	struct facts facts;
};

static void
trio_init(struct trio *t)
{
	memset(t, 0, sizeof *t);
	t->tenant.active = t->owner.active = true;
	policy_of_profile(PROFILE_DEFAULT, &t->tenant.policy);
	t->owner.roles = role_bit(ROLE_KEY_MANAGER);
	t->owner.name = "ben@genomics.example";
	t->key.flags = KEY_ALL_PERMISSIONS | KEY_ALL_WORKGROUPS;
	t->facts = (struct facts){ &t->tenant, &t->owner, &t->key };
}

static void
everything_must_stand(void **state)
{
	struct trio t;

	(void)state;
	trio_init(&t);
	assert_true(facts_stand(&t.facts, 0, now_ms));
	t.tenant.active = false;
	assert_false(facts_stand(&t.facts, 0, now_ms));
	trio_init(&t);
	t.owner.active = false;
	assert_false(facts_stand(&t.facts, 0, now_ms));
	trio_init(&t);
	t.key.flags |= KEY_DEAD;
	assert_false(facts_stand(&t.facts, 0, now_ms));
	trio_init(&t);
	t.key.expires_at_ms = now_ms;
	assert_false(facts_stand(&t.facts, 0, now_ms));
	assert_true(facts_stand(&t.facts, 0, now_ms - 1));
	trio_init(&t);
	t.tenant.policy.values[POLICY_API_KEYS_ENABLED] = POLICY_NO;
	assert_false(facts_stand(&t.facts, 0, now_ms));
	t.key.flags |= KEY_IS_SESSION;
	t.key.expires_at_ms = now_ms + 1;
	assert_true(facts_stand(&t.facts, 0, now_ms));
}

static void
a_session_has_all_of_its_owner_and_a_key_never_the_delegating(void **state)
{
	struct trio t;

	(void)state;
	trio_init(&t);
	assert_false(lk_permissions_has(facts_permissions(&t.facts), LK_PERM_API_KEYS_MANAGE));
	t.key.flags |= KEY_IS_SESSION;
	assert_true(lk_permissions_has(facts_permissions(&t.facts), LK_PERM_API_KEYS_MANAGE));
	t.facts.key = NULL;
	assert_true(lk_permissions_has(facts_permissions(&t.facts), LK_PERM_API_KEYS_MANAGE));
}

static void
workgroups_are_those_of_both(void **state)
{
	const struct packed_id mine[] = { { 0, 1 }, { 0, 2 } };
	struct key_limits *groups = key_limits_new(2, 0);
	struct lk_arena *arena = lk_arena_new(1 << 16);
	struct identity identity;
	struct lk_error err = { 0 };
	char one[LK_ID_SIZE], two[LK_ID_SIZE], three[LK_ID_SIZE];
	struct trio t;

	(void)state;
	trio_init(&t);
	t.owner.reach = mine;
	t.owner.reach_count = 2;
	groups->ids[0] = (struct packed_id){ 0, 2 };
	groups->ids[1] = (struct packed_id){ 0, 3 };
	id_unpack(LK_ID_WORKGROUP, mine[0], one);
	id_unpack(LK_ID_WORKGROUP, mine[1], two);
	id_unpack(LK_ID_WORKGROUP, groups->ids[1], three);
	assert_true(facts_has_workgroup(&t.facts, one));
	t.key.limits = groups;
	t.key.flags = KEY_ALL_PERMISSIONS;
	assert_false(facts_has_workgroup(&t.facts, one));
	assert_true(facts_has_workgroup(&t.facts, two));
	assert_false(facts_has_workgroup(&t.facts, three));
	expect_ok(facts_identity(&t.facts, arena, &identity, &err), &err);
	assert_int_equal(identity.workgroups.count, 1);
	assert_string_equal(identity.workgroups.ids[0], two);
	key_limits_unref(groups);
	lk_arena_free(arena);
}

LK_TESTS(LK_CASE(a_key_of_another_epoch_is_not_remembered),
    LK_CASE(the_table_stays_within_its_bound), LK_CASE(keys_in_use_outlive_those_nobody_asks_for),
    LK_CASE(a_key_takes_at_most_160_bytes), LK_CASE(a_key_and_a_session_of_one_number_are_two),
    LK_CASE(a_use_is_due_once_a_minute), LK_CASE(facts_are_shared_until_the_last_lets_go),
    LK_CASE(a_moved_epoch_is_another), LK_CASE(everything_must_stand),
    LK_CASE(a_session_has_all_of_its_owner_and_a_key_never_the_delegating),
    LK_CASE(workgroups_are_those_of_both))
