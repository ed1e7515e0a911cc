/* libsodium's generator, and a repeatable one for tests; see random.h. */
#include "id/random.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

static void
system_fill(const struct lk_random *random, void *out, size_t len)
{
	(void)random;
	randombytes_buf(out, len);
}

/* Without libsodium there is no safe way on: whatever asked for randomness must not go on with
 * less. */
static void
start_libsodium(void)
{
	if (sodium_init() < 0)
		abort();
}

const struct lk_random *
lk_random_system(void)
{
	static const struct lk_random random = { system_fill };
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start_libsodium);
	return &random;
}

/* splitmix64 (Steele, Lea, Flood 2014): good spread, one word of state. */
static uint64_t
seeded_next(struct lk_random_seeded *seeded)
{
	uint64_t z = seeded->state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

static void
seeded_fill(const struct lk_random *random, void *out, size_t len)
{
	struct lk_random_seeded *seeded = (struct lk_random_seeded *)(uintptr_t)random;
	uint8_t *at = out;

	while (len > 0) {
		const uint64_t word = seeded_next(seeded);
		const size_t part = len < sizeof word ? len : sizeof word;
		memcpy(at, &word, part);
		at += part;
		len -= part;
	}
}

void
lk_random_seeded_init(struct lk_random_seeded *seeded, uint64_t seed)
{
	seeded->random = (struct lk_random){ seeded_fill };
	seeded->state = seed;
}
