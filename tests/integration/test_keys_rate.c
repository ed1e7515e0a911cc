/* How many keys a caller makes in a minute, and how many bad ones an address may show. */
#include <pthread.h>

#include "keys_world.h"

static void
LIMITS_a_caller_makes_so_many_keys_in_a_minute(void **state)
{
	world_creations = 3;
	struct world *w = world_new(4096);
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	RotateKeyRequest rotate = LATCHKEY__KEYS__V1__ROTATE_KEY_REQUEST__INIT;
	struct world_key key = { NULL, NULL };

	world_creations = 0;
	for (int i = 0; i < 3; i++)
		key = world_key(w, ada, "one of three");
	req.name = text("four");
	ask_fails(w, ada, "CreateKey", &req, LK_RESOURCE_EXHAUSTED, "RATE_LIMITED");
	assert_true(w->err.retry_after_ms > 15000 && w->err.retry_after_ms <= 20001);
	rotate.id = key.id;
	ask_fails(w, ada, "RotateKey", &rotate, LK_RESOURCE_EXHAUSTED, "RATE_LIMITED");
	world_key(w, ben, "his own");
	world_key(w, ben, "his second");
	req.name = text("his last");
	expect_ok(
	    world_ask_in(w, ben, "CreateKey", "once", &req, w->arena, NULL, &w->err), &w->err);
	ask_fails(w, ben, "CreateKey", &req, LK_RESOURCE_EXHAUSTED, "RATE_LIMITED");
	expect_fail(world_ask_in(w, ben, "CreateKey", "once", &req, w->arena, NULL, &w->err),
	    &w->err, LK_ALREADY_EXISTS, "ALREADY_CREATED");
	atomic_store(&w->clock.ahead_ms, 21000);
	world_key(w, ada, "four");
	*state = w;
	world_teardown(state);
}

static void
LIMITS_an_address_that_shows_bad_keys_is_answered_from_memory_alone(void **state)
{
	static const char bad[] = "192.0.2.66", good[] = "192.0.2.1";
	world_failures = 5;
	struct world *w = world_new(4096);
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key used = world_key(w, ada, "in use"), idle = world_key(w, ada, "idle");

	world_failures = 0;
	atomic_store(&w->keys->has_foreign, true); /* what is no key of ours is looked up, too */
	assert_string_equal(world_reason_at(w, used.secret, bad), "");
	for (int i = 0; i < 5; i++)
		assert_string_equal(world_reason_at(w, "lk_nonsense", bad), "KEY_MALFORMED");
	assert_string_equal(world_reason_at(w, idle.secret, bad), "TOO_MANY_FAILURES");
	assert_string_equal(
	    world_reason_at(w, "apikey|of another system", bad), "TOO_MANY_FAILURES");
	assert_string_equal(world_reason_at(w, "apikey|of another system", good), "KEY_MALFORMED");
	assert_string_equal(world_reason_at(w, used.secret, bad), "");
	assert_string_equal(world_reason_at(w, idle.secret, good), "");
	atomic_store(&w->clock.ahead_ms, 13000);
	const struct world_key later = world_key(w, ada, "later");
	assert_string_equal(world_reason_at(w, later.secret, bad), "");
	*state = w;
	world_teardown(state);
}

static void
LIMITS_the_addresses_of_one_ipv6_network_share_a_limit(void **state)
{
	char address[40];

	world_failures = 5;
	struct world *w = world_new(4096);
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key idle = world_key(w, ada, "idle");

	world_failures = 0;
	for (int i = 0; i < 5; i++) {
		snprintf(address, sizeof address, "2001:db8:1:2::%x", i + 1);
		assert_string_equal(world_reason_at(w, "lk_nonsense", address), "KEY_MALFORMED");
	}
	assert_string_equal(
	    world_reason_at(w, idle.secret, "2001:db8:1:2:3:4:5:6"), "TOO_MANY_FAILURES");
	assert_string_equal(world_reason_at(w, idle.secret, "2001:db8:1:3::1"), "");
	*state = w;
	world_teardown(state);
}

/* ---- One tenant at ten times its share ---- */

enum { SHARE = 30, EACH = 3, CALLERS = SHARE / EACH, FLOODERS = CALLERS + 2, TRIES = SHARE };

/* Somebody who makes keys without a pause, on a thread of their own. */
struct maker {
	struct world *w;
	const char *who;
	int tries, made, limited, other;
	uint32_t least_wait_ms;
};

static void *
make_keys(void *arg)
{
	struct maker *maker = arg;
	struct lk_arena *arena = lk_arena_new(1u << 20);
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;

	req.name = text("one of many");
	for (int i = 0; i < maker->tries; i++) {
		struct lk_error err = { 0 };
		const lk_status status =
		    world_ask_in(maker->w, maker->who, "CreateKey", NULL, &req, arena, NULL, &err);
		maker->made += status == LK_OK;
		maker->limited +=
		    status == LK_RESOURCE_EXHAUSTED && lk_text_is(err.reason, "RATE_LIMITED");
		maker->other += status != LK_OK && status != LK_RESOURCE_EXHAUSTED;
		if (status == LK_RESOURCE_EXHAUSTED && err.retry_after_ms < maker->least_wait_ms)
			maker->least_wait_ms = err.retry_after_ms;
		lk_arena_reset(arena);
	}
	lk_arena_free(arena);
	return NULL;
}

static void
hire(struct world *w, const char *tenant, int tries, struct maker *makers, int count)
{
	const char *ada = world_redeem(w, world_tenant(w, tenant, "panomics").ticket);

	for (int i = 0; i < count; i++)
		makers[i] = (struct maker){ .w = w,
			.who = world_user(w, ada,
			    lk_arena_format(w->arena, "user%d@%s.example", i, tenant),
			    "key-manager"),
			.tries = tries,
			.least_wait_ms = UINT32_MAX };
}

static void
LIMITS_one_tenant_at_ten_times_its_share_costs_the_others_nothing(void **state)
{
	struct maker flood[FLOODERS], others[CALLERS];
	pthread_t threads[FLOODERS];
	int made = 0, limited = 0;

	world_creations = EACH;
	struct world *w = world_new(4096);
	world_creations = 0;
	hire(w, "genomics", TRIES, flood, FLOODERS);
	hire(w, "botany", EACH, others, CALLERS);
	const int64_t begun_ms = lk_clock_steady_ms(lk_clock_system());
	for (int i = 0; i < FLOODERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, make_keys, &flood[i]), 0);
	for (int i = 0; i < CALLERS; i++) {
		make_keys(&others[i]);
		assert_int_equal(others[i].made, EACH); /* none of the others waits */
	}
	for (int i = 0; i < FLOODERS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		made += flood[i].made;
		limited += flood[i].limited;
		assert_int_equal(flood[i].other, 0);
		assert_in_range(flood[i].least_wait_ms, 1, 60001);
	}
	const int64_t more = (lk_clock_steady_ms(lk_clock_system()) - begun_ms) * SHARE / 60000;
	assert_true(FLOODERS * TRIES > 10 * SHARE);
	assert_int_equal(made + limited, FLOODERS * TRIES);
	assert_in_range(made, SHARE, SHARE + more + 1);
	*state = w;
	world_teardown(state);
}

LK_TESTS(LK_CASE(LIMITS_one_tenant_at_ten_times_its_share_costs_the_others_nothing),
    LK_CASE(LIMITS_the_addresses_of_one_ipv6_network_share_a_limit),
    LK_CASE(LIMITS_a_caller_makes_so_many_keys_in_a_minute),
    LK_CASE(LIMITS_an_address_that_shows_bad_keys_is_answered_from_memory_alone))
