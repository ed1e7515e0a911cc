/*
 * Validation from memory against the bare digest of a key, one thread, 100,000 keys; what a key
 * costs in memory; how soon 64 readers of one feed have heard of a revocation after it was
 * answered; how long a burst of 5,000 takes to reach all of them.
 */
#include "bench.h"
#include "crypto/digest.h"
#include "validator/src/cache.h"
#include "validator_world.h"

#include <stdlib.h>

enum { KEYS = 100000, TEXT_SIZE = 83, READERS = 64, CHANGES = 500, BURST = 5000 };

static char (*texts)[TEXT_SIZE];

struct work {
	struct validator_world *world;
	struct lk_pepper *pepper;
	uint32_t at;
	uint64_t kept; /* so that nothing is optimised away */
};

/* Visits every key in an order that no prefetcher guesses: a full cycle modulo KEYS. */
static const char *
next_text(struct work *work)
{
	work->at = (work->at + 61803) % KEYS;
	return texts[work->at];
}

static void
validate(void *arg, uint64_t times)
{
	struct work *work = arg;

	for (uint64_t i = 0; i < times; i++) {
		latchkey_decision decision;
		if (latchkey_validator_validate(work->world->validator, next_text(work), NULL,
			&decision, NULL) != LATCHKEY_OK)
			abort();
		work->kept += decision.active;
		latchkey_decision_wipe(&decision);
	}
}

static void
digest(void *arg, uint64_t times)
{
	struct work *work = arg;
	uint8_t out[LK_DIGEST_LEN];
	struct lk_secret32 secret;

	for (uint64_t i = 0; i < times; i++) {
		memcpy(&secret, next_text(work) + 10, sizeof secret);
		lk_key_digest(work->pepper, "tnt_00000000000000000000000001",
		    "key_00000000000000000000000001", &secret, out);
		work->kept += out[0];
	}
}

static void
make_texts(void)
{
	texts = calloc(KEYS, sizeof *texts);
	for (unsigned i = 0; texts && i < KEYS; i++) {
		const int n = snprintf(texts[i], TEXT_SIZE, "good%u_", i);
		memset(texts[i] + n, 'a' + (int)(i % 26), (size_t)(TEXT_SIZE - 1 - n));
	}
}

static void
remember_all(struct work *work)
{
	latchkey_decision decision;

	for (unsigned i = 0; i < KEYS; i++) {
		if (latchkey_validator_validate(
			work->world->validator, texts[i], NULL, &decision, NULL) != LATCHKEY_OK)
			abort();
		latchkey_decision_wipe(&decision);
	}
}

static void
bench_validation(bool quick)
{
	static struct validator_world world;
	struct work work = { .world = &world };
	struct lk_secret32 key;
	latchkey_validator_counts counts;

	make_texts();
	lk_secret32_random(&key);
	if (!texts || lk_pepper_new(1, &key, "i1", &work.pepper, NULL) != LK_OK)
		abort();
	validator_world_open(&world);
	validator_world_validator(
	    &world, (latchkey_validator_options){ .max_staleness_ms = 60000 });
	remember_all(&work);
	lk_bench_compare(&(struct lk_bench){ .work = "validation from memory, 100,000 keys",
			     .ours = "latchkey_validator_validate",
			     .against = "bare digest of a key",
			     .wanted = 0.85,
			     .run_ours = validate,
			     .run_against = digest,
			     .arg = &work },
	    quick);
	latchkey_validator_count(world.validator, &counts);
	struct cache *cache = cache_new(KEYS);
	printf("asked about %u of %llu; %zu bytes a key at 100,000 keys (wanted: at most 160)\n",
	    atomic_load(&world.asked), (unsigned long long)(counts.hits + counts.misses),
	    cache_bytes(cache) / KEYS);
	cache_free(cache);
	validator_world_close(&world);
	lk_pepper_free(work.pepper);
	free(texts);
}

/* ---- Feeds ---- */

static int
by_value(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
open_readers(struct feed_server *server, struct feed_reader readers[READERS])
{
	feed_server_open(server);
	for (size_t i = 0; i < READERS; i++)
		feed_reader_open(&readers[i], server, 5000, true);
	for (size_t i = 0; i < READERS; i++)
		if (!feed_wait_until(feed_reader_trusts(&readers[i])))
			abort();
	feed_pause_ms(300); /* every hint's connection stands */
}

static void
bench_latency(struct feed_server *server, struct feed_reader readers[READERS], size_t changes)
{
	int64_t *waits = calloc(changes * READERS, sizeof *waits);

	for (size_t n = 1; waits && n <= changes; n++) {
		feed_world_change(&server->world, "key_a", n);
		const int64_t answered_us = feed_now_us();
		for (size_t i = 0; i < READERS; i++) {
			while (atomic_load(&readers[i].last_generation) != n)
				feed_pause_ms(1);
			waits[(n - 1) * READERS + i] =
			    atomic_load(&readers[i].told_at_us) - answered_us;
		}
		feed_pause_ms(2);
	}
	qsort(waits, changes * READERS, sizeof *waits, by_value);
	printf("revocation heard by %d readers: median %lld us, p99 %lld us (wanted: 2000), worst "
	       "%lld us\n",
	    READERS, (long long)waits[changes * READERS / 2],
	    (long long)waits[changes * READERS / 100 * 99],
	    (long long)waits[changes * READERS - 1]);
	free(waits);
}

static void
bench_burst(struct feed_server *server, struct feed_reader readers[READERS], size_t changes)
{
	const int64_t begun_us = feed_now_us();

	for (size_t n = 1; n <= changes; n++)
		feed_world_change(&server->world, "key_b", 1000000 + n);
	const int64_t written_us = feed_now_us();
	for (size_t i = 0; i < READERS; i++)
		while (atomic_load(&readers[i].last_generation) != 1000000 + changes)
			feed_pause_ms(1);
	printf("burst of %zu: written in %lld ms, heard by all %d readers %lld ms later\n", changes,
	    (long long)(written_us - begun_us) / 1000, READERS,
	    (long long)(feed_now_us() - written_us) / 1000);
}

int
main(int argc, char **argv)
{
	static struct feed_server server;
	static struct feed_reader readers[READERS];
	const bool quick = lk_bench_quick(argc, argv);

	bench_validation(quick);
	open_readers(&server, readers);
	bench_latency(&server, readers, quick ? 100 : CHANGES);
	bench_burst(&server, readers, quick ? 1000 : BURST);
	for (size_t i = 0; i < READERS; i++)
		feed_reader_close(&readers[i]);
	feed_server_close(&server);
	return 0;
}
