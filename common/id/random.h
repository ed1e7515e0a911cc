/* Randomness and its seam: libsodium's generator, or a counted sequence in tests. */
#ifndef LK_ID_RANDOM_H
#define LK_ID_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct lk_random {
	void (*fill)(const struct lk_random *random, void *out, size_t len);
};

const struct lk_random *lk_random_system(void); /* randombytes_buf; thread-safe; never fails */

static inline void
lk_random_fill(const struct lk_random *random, void *out, size_t len)
{
	random->fill(random, out, len);
}

/* The same bytes at each run, from a seed: for tests only. Not thread-safe. */
struct lk_random_seeded {
	struct lk_random random; /* first */
	uint64_t state;
};
void lk_random_seeded_init(struct lk_random_seeded *seeded, uint64_t seed);

#endif
