/* The audit chain: every change to a row, its place or the head is seen. */
#include <string.h>

#include "audit/chain.h"
#include "crypto/sign.h"
#include "test.h"

static struct lk_chain_row
row(void)
{
	return (struct lk_chain_row){ .sequence = 7,
		.id = "evt_1",
		.at_ms = 1790000000000,
		.action = "key.revoked",
		.outcome = "ok",
		.actor_kind = "user",
		.actor = "usr_1",
		.actor_key = "key_1",
		.tenant = "tnt_1",
		.object = "key_2",
		.owner = "usr_2",
		.purpose = "",
		.request_id = "req_1",
		.detail = "" };
}

static void
hash_of(const struct lk_chain_row *changed, uint8_t out[LK_CHAIN_HASH_SIZE])
{
	uint8_t before[LK_CHAIN_HASH_SIZE];

	lk_chain_begin("test", "keys", before);
	lk_chain_next(before, changed, out);
}

static void
expect_other_hash(const struct lk_chain_row *changed)
{
	const struct lk_chain_row good = row();
	uint8_t a[LK_CHAIN_HASH_SIZE], b[LK_CHAIN_HASH_SIZE];

	hash_of(&good, a);
	hash_of(changed, b);
	assert_memory_not_equal(a, b, sizeof a);
}

static void
every_field_of_a_row_counts(void **state)
{
	struct lk_chain_row changed;

	(void)state;
	changed = row();
	changed.sequence++;
	expect_other_hash(&changed);
	changed = row();
	changed.at_ms--;
	expect_other_hash(&changed);
	for (int i = 0; i < 12; i++) {
		changed = row();
		const char **const texts[] = { &changed.id, &changed.action, &changed.outcome,
			&changed.actor_kind, &changed.actor, &changed.actor_key, &changed.tenant,
			&changed.object, &changed.owner, &changed.purpose, &changed.request_id,
			&changed.detail };
		*texts[i] = "changed";
		expect_other_hash(&changed);
	}
}

static void
text_moved_between_fields_counts(void **state)
{
	struct lk_chain_row changed = row();

	(void)state;
	changed.object = "key_2u";
	changed.owner = "sr_2";
	expect_other_hash(&changed);
	changed = row();
	changed.purpose = changed.request_id;
	changed.request_id = "";
	expect_other_hash(&changed);
}

static void
the_hash_before_counts(void **state)
{
	const struct lk_chain_row r = row();
	uint8_t before[LK_CHAIN_HASH_SIZE], a[LK_CHAIN_HASH_SIZE], b[LK_CHAIN_HASH_SIZE];

	(void)state;
	lk_chain_begin("test", "keys", before);
	lk_chain_next(before, &r, a);
	before[31] ^= 1;
	lk_chain_next(before, &r, b);
	assert_memory_not_equal(a, b, sizeof a);
}

static void
chains_of_other_services_and_installations_begin_elsewhere(void **state)
{
	uint8_t a[LK_CHAIN_HASH_SIZE], b[LK_CHAIN_HASH_SIZE];

	(void)state;
	lk_chain_begin("test", "keys", a);
	lk_chain_begin("test", "tokens", b);
	assert_memory_not_equal(a, b, sizeof a);
	lk_chain_begin("testk", "eys", b);
	assert_memory_not_equal(a, b, sizeof a);
}

static void
a_signed_head_speaks_for_one_place_and_time(void **state)
{
	struct lk_sign_key *key = NULL;
	struct lk_error err = { 0 };
	uint8_t hash[LK_CHAIN_HASH_SIZE] = { 1 }, other[LK_CHAIN_HASH_SIZE] = { 2 }, signature[64];

	(void)state;
	expect_ok(lk_sign_key_generate(&key, &err), &err);
	const uint8_t *public_key = lk_sign_key_public(key);
	lk_chain_head_sign(key, "test", "keys", 5, hash, 1000, signature);
	assert_true(lk_chain_head_ok(public_key, "test", "keys", 5, hash, 1000, signature));
	assert_false(lk_chain_head_ok(public_key, "live", "keys", 5, hash, 1000, signature));
	assert_false(lk_chain_head_ok(public_key, "test", "tokens", 5, hash, 1000, signature));
	assert_false(lk_chain_head_ok(public_key, "test", "keys", 6, hash, 1000, signature));
	assert_false(lk_chain_head_ok(public_key, "test", "keys", 5, other, 1000, signature));
	assert_false(lk_chain_head_ok(public_key, "test", "keys", 5, hash, 1001, signature));
	signature[0] ^= 1;
	assert_false(lk_chain_head_ok(public_key, "test", "keys", 5, hash, 1000, signature));
	lk_sign_key_free(key);
}

LK_TESTS(LK_CASE(every_field_of_a_row_counts), LK_CASE(text_moved_between_fields_counts),
    LK_CASE(the_hash_before_counts),
    LK_CASE(chains_of_other_services_and_installations_begin_elsewhere),
    LK_CASE(a_signed_head_speaks_for_one_place_and_time))
