/* Seeded randomness for tests (splitmix64, Steele et al. 2014) and repetition counts. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "test_internal.h"

static uint64_t streams; /* how many generators the running case has taken */

static uint64_t
program_seed(void)
{
	static uint64_t seed;
	static bool chosen;
	const char *given = getenv("LATCHKEY_TEST_SEED");

	if (chosen)
		return seed;
	chosen = true;
	if (given)
		seed = strtoull(given, NULL, 10);
	else if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
		fail_msg("no random seed");
	return seed;
}

void
lk_test_rng_restart(void)
{
	streams = 0;
}

struct lk_test_rng
lk_test_rng(void)
{
	const uint64_t seed = program_seed();

	if (streams == 0)
		print_message("seed %llu\n", (unsigned long long)seed);
	return (struct lk_test_rng){ seed + 0x632be59bd9b4e019U * streams++ };
}

uint64_t
lk_test_rng_next(struct lk_test_rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15U;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return z ^ (z >> 31);
}

size_t
lk_test_rng_below(struct lk_test_rng *rng, size_t limit)
{
	return (size_t)(lk_test_rng_next(rng) % limit);
}

void
lk_test_rng_fill(struct lk_test_rng *rng, void *out, size_t len)
{
	uint8_t *bytes = out;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)lk_test_rng_next(rng);
}

static size_t
mutate_once(struct lk_test_rng *rng, uint8_t *data, size_t len, size_t cap)
{
	static const uint8_t interesting[] = { 0x00, 0x01, 0x7f, 0x80, 0xff, '"', '.', '-', '=',
		' ' };
	const size_t at = len ? lk_test_rng_below(rng, len) : 0;
	const size_t run = len ? 1 + lk_test_rng_below(rng, len - at) : 0;
	enum { FLIP, OVERWRITE, INSERT, DELETE, DOUBLE, CUT, KINDS };
	const size_t kind = len ? lk_test_rng_below(rng, KINDS) : INSERT;

	if (kind == FLIP) {
		data[at] ^= (uint8_t)(1U << lk_test_rng_below(rng, 8));
	} else if (kind == OVERWRITE) {
		data[at] = interesting[lk_test_rng_below(rng, sizeof interesting)];
	} else if (kind == INSERT && len < cap) {
		memmove(data + at + 1, data + at, len - at);
		data[at] = (uint8_t)lk_test_rng_next(rng);
		len++;
	} else if (kind == DELETE) {
		memmove(data + at, data + at + run, len - at - run);
		len -= run;
	} else if (kind == DOUBLE && len + run <= cap) {
		memmove(data + at + run, data + at, len - at);
		len += run;
	} else if (kind == CUT) {
		len = at;
	}
	return len;
}

size_t
lk_test_rng_mutate(struct lk_test_rng *rng, uint8_t *data, size_t len, size_t cap)
{
	for (size_t times = 1 + lk_test_rng_below(rng, 4); times > 0; times--)
		len = mutate_once(rng, data, len, cap);
	return len;
}

size_t
lk_test_repeat(const char *name, size_t full, size_t quick)
{
	const char *wanted = getenv("LATCHKEY_FULL");
	const size_t count = wanted && strcmp(wanted, "1") == 0 ? full : quick;

	print_message("repetitions %s=%zu\n", name, count);
	return count;
}
