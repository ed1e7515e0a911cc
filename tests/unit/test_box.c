/* Boxes and transport sealing: only the right private key, call and direction open them. */
#include <string.h>

#include "base/base.h"
#include "crypto/transport.h"
#include "test.h"

static const struct lk_transport_call call = { "req_1",
	"latchkey.credentials.v1.CredentialService/Fetch" };

struct world {
	struct lk_arena *arena;
	struct lk_box_pair pair;
	struct lk_transport client, server;
	struct lk_bytes box, request; /* "secret", sealed */
	struct lk_error err;
};

static int
setup(void **state)
{
	static struct world world;
	struct world *w = &world;
	struct lk_box_pair client, server;

	*w = (struct world){ .arena = lk_arena_new(4 * 1024 * 1024) };
	lk_box_pair_make(&w->pair);
	lk_box_pair_make(&client);
	lk_box_pair_make(&server);
	expect_ok(
	    lk_transport_init_client(&client, server.public_key, &w->client, &w->err), &w->err);
	expect_ok(
	    lk_transport_init_server(&server, client.public_key, &w->server, &w->err), &w->err);
	expect_ok(
	    lk_box_seal(w->pair.public_key, lk_bytes_of("secret"), w->arena, &w->box, &w->err),
	    &w->err);
	expect_ok(lk_transport_seal(
		      &w->client, &call, lk_bytes_of("secret"), w->arena, &w->request, &w->err),
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

static void
expect_plain(struct lk_bytes plain)
{
	assert_true(lk_bytes_equal(plain, lk_bytes_of("secret")));
}

static lk_status
open_box(struct world *w, struct lk_bytes blob)
{
	struct lk_bytes plain;
	const lk_status status = lk_box_open(&w->pair, blob, w->arena, &plain, &w->err);

	lk_arena_reset(w->arena);
	return status;
}

static lk_status
open_request(struct world *w, const struct lk_transport_call *in, struct lk_bytes blob)
{
	struct lk_bytes plain;
	const lk_status status = lk_transport_open(&w->server, in, blob, w->arena, &plain, &w->err);

	lk_arena_reset(w->arena);
	return status;
}

static void
a_box_opens_with_its_pair_and_with_no_other(void **state)
{
	struct world *w = *state;
	struct lk_box_pair other;
	struct lk_bytes plain;

	assert_int_equal(w->box.len, strlen("secret") + LK_BOX_OVERHEAD);
	expect_ok(lk_box_open(&w->pair, w->box, w->arena, &plain, &w->err), &w->err);
	expect_plain(plain);
	lk_box_pair_make(&other);
	expect_fail(lk_box_open(&other, w->box, w->arena, &plain, &w->err), &w->err, LK_DATA_LOSS,
	    "SEAL_BROKEN");
}

static void
a_box_with_a_flipped_bit_or_another_length_is_refused(void **state)
{
	struct world *w = *state;
	uint8_t copy[128] = { 0 };
	const size_t len = w->box.len;

	memcpy(copy, w->box.data, len);
	lk_arena_reset(w->arena);
	for (size_t bit = 0; bit < len * 8; bit++) {
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		expect_fail(open_box(w, lk_bytes(copy, len)), &w->err, LK_DATA_LOSS, "SEAL_BROKEN");
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t n = 0; n <= len + 1; n++)
		if (n != len)
			expect_fail(
			    open_box(w, lk_bytes(copy, n)), &w->err, LK_DATA_LOSS, "SEAL_BROKEN");
	expect_ok(open_box(w, lk_bytes(copy, len)), &w->err);
}

static void
a_weak_public_key_is_refused(void **state)
{
	struct world *w = *state;
	static const uint8_t weak[LK_BOX_PUBLIC_LEN];
	struct lk_bytes blob;
	struct lk_transport transport;

	expect_fail(lk_box_seal(weak, lk_bytes_of("x"), w->arena, &blob, &w->err), &w->err,
	    LK_INVALID_ARGUMENT, "BOX_KEY_INVALID");
	expect_fail(lk_transport_init_client(&w->pair, weak, &transport, &w->err), &w->err,
	    LK_INVALID_ARGUMENT, "TRANSPORT_KEY_INVALID");
	expect_fail(lk_transport_init_server(&w->pair, weak, &transport, &w->err), &w->err,
	    LK_INVALID_ARGUMENT, "TRANSPORT_KEY_INVALID");
}

static void
both_directions_open_at_the_other_side(void **state)
{
	struct world *w = *state;
	struct lk_bytes reply, plain;

	assert_int_equal(w->request.len, strlen("secret") + LK_TRANSPORT_OVERHEAD);
	expect_ok(
	    lk_transport_open(&w->server, &call, w->request, w->arena, &plain, &w->err), &w->err);
	expect_plain(plain);
	expect_ok(
	    lk_transport_seal(&w->server, &call, lk_bytes_of("secret"), w->arena, &reply, &w->err),
	    &w->err);
	expect_ok(lk_transport_open(&w->client, &call, reply, w->arena, &plain, &w->err), &w->err);
	expect_plain(plain);
}

static void
a_request_does_not_open_as_a_reply(void **state)
{
	struct world *w = *state;
	struct lk_transport turned = w->server;
	struct lk_bytes plain;

	expect_fail(lk_transport_open(&w->client, &call, w->request, w->arena, &plain, &w->err),
	    &w->err, LK_INVALID_ARGUMENT, "TRANSPORT_BROKEN");
	turned.is_server = false; /* right key, other direction */
	expect_fail(lk_transport_open(&turned, &call, w->request, w->arena, &plain, &w->err),
	    &w->err, LK_INVALID_ARGUMENT, "TRANSPORT_BROKEN");
}

static void
a_sealed_part_opens_only_in_its_own_call(void **state)
{
	struct world *w = *state;
	static const struct lk_transport_call others[] = {
		{ "req_2", "latchkey.credentials.v1.CredentialService/Fetch" },
		{ "req_1", "latchkey.credentials.v1.CredentialService/List" },
		{ "req_1l", "atchkey.credentials.v1.CredentialService/Fetch" }, { "", "" }
	};
	uint8_t copy[128];
	const size_t len = w->request.len;

	memcpy(copy, w->request.data, len);
	for (size_t i = 0; i < LK_ARRAY_LEN(others); i++)
		expect_fail(open_request(w, &others[i], lk_bytes(copy, len)), &w->err,
		    LK_INVALID_ARGUMENT, "TRANSPORT_BROKEN");
	expect_ok(open_request(w, &call, lk_bytes(copy, len)), &w->err);
}

static void
a_sealed_part_with_a_flipped_bit_or_another_length_is_refused(void **state)
{
	struct world *w = *state;
	uint8_t copy[128] = { 0 };
	const size_t len = w->request.len;

	memcpy(copy, w->request.data, len);
	for (size_t bit = 0; bit < len * 8; bit++) {
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		expect_fail(open_request(w, &call, lk_bytes(copy, len)), &w->err,
		    LK_INVALID_ARGUMENT, "TRANSPORT_BROKEN");
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t n = 0; n <= len + 1; n++)
		if (n != len)
			expect_fail(open_request(w, &call, lk_bytes(copy, n)), &w->err,
			    LK_INVALID_ARGUMENT, "TRANSPORT_BROKEN");
}

static void
a_call_without_names_is_an_error(void **state)
{
	struct world *w = *state;
	static const struct lk_transport_call bad[] = { { NULL, "m" }, { "r", NULL } };
	struct lk_bytes out;

	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++)
		expect_fail(lk_transport_seal(
				&w->client, &bad[i], lk_bytes_of("x"), w->arena, &out, &w->err),
		    &w->err, LK_INVALID_ARGUMENT, "SEAL_CONTEXT");
}

#define CASE(fn) LK_CASE_WITH(fn, setup, teardown)
LK_TESTS(CASE(a_box_opens_with_its_pair_and_with_no_other),
    CASE(a_box_with_a_flipped_bit_or_another_length_is_refused), CASE(a_weak_public_key_is_refused),
    CASE(both_directions_open_at_the_other_side), CASE(a_request_does_not_open_as_a_reply),
    CASE(a_sealed_part_opens_only_in_its_own_call),
    CASE(a_sealed_part_with_a_flipped_bit_or_another_length_is_refused),
    CASE(a_call_without_names_is_an_error))
