/* The bounded memory of what was proved. */
#include "auth/cache.h"

#include <pthread.h>
#include <string.h>

#include "test.h"

static struct lk_auth_cache *
cache_of(size_t entries)
{
	struct lk_auth_cache *cache = NULL;
	struct lk_error err = { 0 };

	expect_ok(lk_auth_cache_new(&cache, entries, &err), &err);
	return cache;
}

static void
put_number(struct lk_auth_cache *cache, uint32_t n, int64_t expires_at_ms)
{
	uint8_t hash[LK_DIGEST_LEN];

	lk_auth_cache_hash(cache, lk_bytes(&n, sizeof n), hash);
	lk_auth_cache_put(cache, hash, expires_at_ms, lk_bytes(&n, sizeof n));
}

static bool
has_number(struct lk_auth_cache *cache, uint32_t n, int64_t now_ms)
{
	uint8_t hash[LK_DIGEST_LEN];
	uint32_t read = 0;
	size_t len = 0;

	lk_auth_cache_hash(cache, lk_bytes(&n, sizeof n), hash);
	if (!lk_auth_cache_get(cache, hash, now_ms, &read, sizeof read, &len))
		return false;
	assert_int_equal(len, sizeof read);
	assert_int_equal(read, n); /* never another one's value */
	return true;
}

static void
what_was_put_is_there_until_it_expires(void **state)
{
	struct lk_auth_cache *cache = cache_of(100);

	(void)state;
	put_number(cache, 7, 1000);
	assert_true(has_number(cache, 7, 999));
	assert_false(has_number(cache, 7, 1000));
	assert_false(has_number(cache, 8, 0));
	put_number(cache, 7, 2000);
	assert_true(has_number(cache, 7, 1000));
	lk_auth_cache_free(cache);
}

static void
a_full_cache_forgets_and_stays_right(void **state)
{
	struct lk_auth_cache *cache = cache_of(64);
	size_t kept = 0;

	(void)state;
	for (uint32_t n = 0; n < 10000; n++)
		put_number(cache, n, 1000 + n);
	for (uint32_t n = 0; n < 10000; n++)
		kept += has_number(cache, n, 0);
	assert_true(kept > 0 && kept <= 64);
	assert_true(has_number(cache, 9999, 0)); /* what ends last stays */
	lk_auth_cache_free(cache);
}

static void
two_caches_hash_the_same_text_differently(void **state)
{
	struct lk_auth_cache *a = cache_of(1), *b = cache_of(1);
	uint8_t x[LK_DIGEST_LEN], y[LK_DIGEST_LEN];

	(void)state;
	lk_auth_cache_hash(a, lk_bytes_of("text"), x);
	lk_auth_cache_hash(b, lk_bytes_of("text"), y);
	assert_memory_not_equal(x, y, sizeof x);
	lk_auth_cache_free(a);
	lk_auth_cache_free(b);
}

static void
a_long_value_is_cut_at_the_room_given(void **state)
{
	struct lk_auth_cache *cache = cache_of(1);
	uint8_t hash[LK_DIGEST_LEN] = { 1 };
	char out[4] = "";
	size_t len = 0;

	(void)state;
	lk_auth_cache_put(cache, hash, 10, lk_bytes("abcdef", 6));
	assert_true(lk_auth_cache_get(cache, hash, 0, out, 3, &len));
	assert_int_equal(len, 3);
	assert_string_equal(out, "abc");
	lk_auth_cache_free(cache);
}

static void *
hammer(void *arg)
{
	for (uint32_t i = 0; i < 20000; i++) {
		const uint32_t n = i % 300;
		uint8_t hash[LK_DIGEST_LEN];
		uint32_t read = 0;
		size_t len;
		lk_auth_cache_hash(arg, lk_bytes(&n, sizeof n), hash);
		lk_auth_cache_put(arg, hash, 1000, lk_bytes(&n, sizeof n));
		if (lk_auth_cache_get(arg, hash, 0, &read, sizeof read, &len) && read != n)
			return arg;
	}
	return NULL;
}

static void
threads_share_it(void **state)
{
	struct lk_auth_cache *cache = cache_of(128);
	pthread_t threads[4];
	void *wrong;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, cache), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	lk_auth_cache_free(cache);
}

LK_TESTS(LK_CASE(what_was_put_is_there_until_it_expires),
    LK_CASE(a_full_cache_forgets_and_stays_right),
    LK_CASE(two_caches_hash_the_same_text_differently),
    LK_CASE(a_long_value_is_cut_at_the_room_given), LK_CASE(threads_share_it))
