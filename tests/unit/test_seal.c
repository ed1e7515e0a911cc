/* Sealed records: they open in the row they were sealed for, whole, and nowhere else. */
#include <string.h>

#include "base/base.h"
#include "crypto/seal.h"
#include "test.h"

struct world {
	struct lk_arena *arena;
	struct lk_secret32 tenant_key;
	struct lk_bytes blob; /* plain_text under `row` */
	struct lk_error err;
};

static const char plain_text[] = "wJalrXUtnFEMI/K7MDENG";
static const struct lk_seal_context row = { .label = "credential",
	.tenant = "tnt_a",
	.record = "crd_b",
	.owner = "usr_c",
	.provider = "aws",
	.version = 3,
	.expires_at_ms = 1790000000000 };

static int
setup(void **state)
{
	static struct world world;
	struct world *w = &world;

	*w = (struct world){ .arena = lk_arena_new(4 * 1024 * 1024) };
	lk_secret32_random(&w->tenant_key);
	expect_ok(lk_seal_record(
		      &w->tenant_key, &row, lk_bytes_of(plain_text), w->arena, &w->blob, &w->err),
	    &w->err);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	lk_arena_free(w->arena);
	return 0;
}

static lk_status
open_as(struct world *w, const struct lk_seal_context *context, struct lk_bytes blob)
{
	struct lk_arena *arena = lk_arena_new(256 * 1024);
	struct lk_bytes plain;
	const lk_status status =
	    lk_open_record(&w->tenant_key, context, blob, arena, &plain, &w->err);

	lk_arena_free(arena);
	return status;
}

static void
plaintexts_of_many_lengths_come_back(void **state)
{
	struct world *w = *state;
	static const size_t lengths[] = { 0, 1, 254, 255, 256, 257, 511, 512, 4000,
		LK_SEAL_PLAIN_MAX };
	static uint8_t long_text[LK_SEAL_PLAIN_MAX + 1];
	struct lk_bytes blob, plain;

	memset(long_text, 0x80, sizeof long_text); /* looks like padding */
	for (size_t i = 0; i < LK_ARRAY_LEN(lengths); i++) {
		const struct lk_bytes in = lk_bytes(long_text, lengths[i]);
		expect_ok(
		    lk_seal_record(&w->tenant_key, &row, in, w->arena, &blob, &w->err), &w->err);
		assert_int_equal(blob.len, LK_SEALED_LEN(lengths[i]));
		expect_ok(
		    lk_open_record(&w->tenant_key, &row, blob, w->arena, &plain, &w->err), &w->err);
		assert_true(lk_bytes_equal(plain, in));
	}
	expect_fail(lk_seal_record(&w->tenant_key, &row, lk_bytes(long_text, sizeof long_text),
			w->arena, &blob, &w->err),
	    &w->err, LK_INVALID_ARGUMENT, "SEAL_TOO_LARGE");
}

static void
the_length_of_a_short_secret_does_not_show(void **state)
{
	(void)state;

	assert_int_equal(LK_SEALED_LEN(0), LK_SEALED_LEN(255));
	assert_int_equal(LK_SEALED_LEN(256), LK_SEALED_LEN(0) + 256);
}

static void
sealing_twice_gives_different_bytes(void **state)
{
	struct world *w = *state;
	struct lk_bytes again;

	expect_ok(lk_seal_record(
		      &w->tenant_key, &row, lk_bytes_of(plain_text), w->arena, &again, &w->err),
	    &w->err);
	assert_memory_not_equal(again.data + 4, w->blob.data + 4, 24);   /* key nonce */
	assert_memory_not_equal(again.data + 28, w->blob.data + 28, 32); /* data key */
	assert_memory_not_equal(again.data + 76, w->blob.data + 76, 24); /* nonce */
	assert_memory_not_equal(again.data + 100, w->blob.data + 100, sizeof plain_text); /* data */
}

static void
every_flipped_bit_is_refused(void **state)
{
	struct world *w = *state;
	uint8_t copy[LK_SEALED_LEN(sizeof plain_text)];

	for (size_t bit = 0; bit < w->blob.len * 8; bit++) {
		memcpy(copy, w->blob.data, w->blob.len);
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		expect_fail(open_as(w, &row, lk_bytes(copy, w->blob.len)), &w->err, LK_DATA_LOSS,
		    "SEAL_BROKEN");
	}
}

static void
every_other_length_is_refused(void **state)
{
	struct world *w = *state;
	uint8_t longer[LK_SEALED_LEN(sizeof plain_text) + LK_SEAL_PAD] = { 0 };

	memcpy(longer, w->blob.data, w->blob.len);
	for (size_t n = 0; n <= sizeof longer; n++)
		if (n != w->blob.len)
			expect_fail(open_as(w, &row, lk_bytes(longer, n)), &w->err, LK_DATA_LOSS,
			    "SEAL_BROKEN");
}

static void
a_change_of_any_field_of_the_context_is_refused(void **state)
{
	struct world *w = *state;
	struct lk_seal_context others[16];
	size_t count = 0;

	for (size_t i = 0; i < LK_ARRAY_LEN(others); i++)
		others[i] = row;
	others[count++].label = "signing-key";
	others[count++].tenant = "tnt_b";
	others[count++].record = "crd_c";
	others[count++].owner = "usr_d";
	others[count++].provider = "dnanexus";
	others[count++].version = 2; /* rolled back */
	others[count++].version = 4;
	others[count++].expires_at_ms = 0; /* made to last */
	others[count++].expires_at_ms = row.expires_at_ms + 1;
	others[count].tenant = "tnt_ac"; /* a byte moved over the border of two fields */
	others[count++].record = "rd_b";
	others[count].record = "usr_c"; /* two fields exchanged */
	others[count++].owner = "crd_b";
	others[count].version = (uint64_t)row.expires_at_ms;
	others[count++].expires_at_ms = (int64_t)row.version;
	for (size_t i = 0; i < count; i++)
		expect_fail(open_as(w, &others[i], w->blob), &w->err, LK_DATA_LOSS, "SEAL_BROKEN");
	expect_ok(open_as(w, &row, w->blob), &w->err);
}

static void
another_tenants_key_does_not_open(void **state)
{
	struct world *w = *state;

	w->tenant_key.bytes[31] ^= 1;
	expect_fail(open_as(w, &row, w->blob), &w->err, LK_DATA_LOSS, "SEAL_BROKEN");
}

static void
data_of_one_record_does_not_open_behind_the_data_key_of_another(void **state)
{
	struct world *w = *state;
	const size_t head = 4 + 24 + 32 + 16;
	uint8_t mixed[LK_SEALED_LEN(sizeof plain_text)];
	struct lk_bytes other;

	expect_ok(lk_seal_record(
		      &w->tenant_key, &row, lk_bytes_of(plain_text), w->arena, &other, &w->err),
	    &w->err);
	memcpy(mixed, w->blob.data, head);
	memcpy(mixed + head, other.data + head, other.len - head);
	expect_fail(
	    open_as(w, &row, lk_bytes(mixed, other.len)), &w->err, LK_DATA_LOSS, "SEAL_BROKEN");
}

static void
a_context_with_a_missing_or_too_long_field_is_an_error(void **state)
{
	struct world *w = *state;
	static char long_text[LK_SEAL_FIELD_MAX + 2];
	struct lk_seal_context bad[4] = { row, row, row, row };
	struct lk_bytes blob;

	memset(long_text, 'a', LK_SEAL_FIELD_MAX + 1);
	bad[0].owner = NULL;
	bad[1].label = NULL;
	bad[2].provider = long_text;
	bad[3].tenant = long_text;
	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++) {
		expect_fail(lk_seal_record(&w->tenant_key, &bad[i], lk_bytes_of("x"), w->arena,
				&blob, &w->err),
		    &w->err, LK_INVALID_ARGUMENT, "SEAL_CONTEXT");
		expect_fail(
		    open_as(w, &bad[i], w->blob), &w->err, LK_INVALID_ARGUMENT, "SEAL_CONTEXT");
	}
}

static void
fields_of_the_longest_allowed_length_seal(void **state)
{
	struct world *w = *state;
	static char text[LK_SEAL_FIELD_MAX + 1];
	struct lk_bytes blob;

	memset(text, 'a', LK_SEAL_FIELD_MAX);
	const struct lk_seal_context longest = { text, text, text, text, text, UINT64_MAX,
		INT64_MAX };
	expect_ok(
	    lk_seal_record(&w->tenant_key, &longest, lk_bytes_of("x"), w->arena, &blob, &w->err),
	    &w->err);
	expect_ok(open_as(w, &longest, blob), &w->err);
}

static void
an_arena_at_its_cap_is_reported_and_not_overrun(void **state)
{
	struct world *w = *state;
	LK_AUTO(lk_arena_freep) struct lk_arena *small = lk_arena_new(128);
	struct lk_bytes out;

	expect_fail(lk_seal_record(&w->tenant_key, &row, lk_bytes_of("x"), small, &out, &w->err),
	    &w->err, LK_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY");
	expect_fail(lk_open_record(&w->tenant_key, &row, w->blob, small, &out, &w->err), &w->err,
	    LK_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY");
}

static void
mutated_blobs_never_open(void **state)
{
	struct world *w = *state;
	struct lk_test_rng rng = lk_test_rng();

	for (size_t i = lk_test_repeat("mutations", 300000, 10000); i > 0; i--) {
		uint8_t copy[1024];

		memcpy(copy, w->blob.data, w->blob.len);
		const size_t len = lk_test_rng_mutate(&rng, copy, w->blob.len, sizeof copy);
		if (!lk_bytes_equal(lk_bytes(copy, len), w->blob))
			expect_fail(open_as(w, &row, lk_bytes(copy, len)), &w->err, LK_DATA_LOSS,
			    "SEAL_BROKEN");
	}
}

#define CASE(fn) LK_CASE_WITH(fn, setup, teardown)
LK_TESTS(CASE(plaintexts_of_many_lengths_come_back),
    CASE(the_length_of_a_short_secret_does_not_show), CASE(sealing_twice_gives_different_bytes),
    CASE(every_flipped_bit_is_refused), CASE(every_other_length_is_refused),
    CASE(a_change_of_any_field_of_the_context_is_refused), CASE(another_tenants_key_does_not_open),
    CASE(data_of_one_record_does_not_open_behind_the_data_key_of_another),
    CASE(a_context_with_a_missing_or_too_long_field_is_an_error),
    CASE(fields_of_the_longest_allowed_length_seal),
    CASE(an_arena_at_its_cap_is_reported_and_not_overrun), CASE(mutated_blobs_never_open))
