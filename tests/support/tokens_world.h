/* A store of latchkey-tokens with a root key and a frozen clock, for tests of its signing keys. */
#ifndef LK_TESTS_SUPPORT_TOKENS_WORLD_H
#define LK_TESTS_SUPPORT_TOKENS_WORLD_H

#include <stdio.h>
#include <string.h>

#include "postgres.h"
#include "test.h"
#include "tokens/signer.h"

extern const struct lk_migrations tokens_migrations, audit_migrations;

enum { WORLD_HOUR_MS = 3600 * 1000, WORLD_NOW_S = 1700000000 };

struct tokens_world {
	struct lk_store *store;
	uint8_t root_key; /* first byte */
	struct lk_clock_frozen clock;
	struct rotation_rules rules;
	struct lk_arena *arena;
	struct lk_error err;
	char url[512];
};

static inline void
tokens_world_open_store(struct tokens_world *w)
{
	expect_ok(lk_store_open(w->url, LK_MIGRATIONS(&audit_migrations, &tokens_migrations), NULL,
		      &w->store, &w->err),
	    &w->err);
}

static inline int
tokens_world_setup(void **state)
{
	static int number;
	static struct tokens_world w;

	memset(&w, 0, sizeof w);
	if (lk_test_on_postgres())
		lk_text_copy(w.url, sizeof w.url, lk_test_store_url());
	else
		snprintf(
		    w.url, sizeof w.url, "sqlite://%s/tokens-%d.db", lk_test_tmpdir(), number++);
	lk_clock_frozen_init(&w.clock, INT64_C(1000) * WORLD_NOW_S);
	w.arena = lk_arena_new(1 << 20);
	w.root_key = 1;
	w.rules = (struct rotation_rules){ .life_ms = INT64_C(24) * WORLD_HOUR_MS,
		.publish_ahead_ms = WORLD_HOUR_MS,
		.keep_ms = 8 * WORLD_HOUR_MS };
	tokens_world_open_store(&w);
	*state = &w;
	return 0;
}

static inline int
tokens_world_teardown(void **state)
{
	struct tokens_world *w = *state;

	lk_store_close(w->store);
	lk_arena_free(w->arena);
	return 0;
}

static inline struct lk_keyring *
tokens_world_ring(struct tokens_world *w)
{
	const struct lk_secret32 key = { { w->root_key } };
	struct lk_keyring *ring = NULL;

	expect_ok(lk_keyring_new(&ring, &w->err), &w->err);
	expect_ok(lk_keyring_add(ring, "kek-1", &key, &w->err), &w->err);
	return ring;
}

static inline lk_status
tokens_world_try_signer(struct tokens_world *w, struct signer **out_signer)
{
	const struct signer_setup setup = {
		.store = w->store,
		.ring = tokens_world_ring(w),
		.clock = &w->clock.clock,
		.rules = w->rules,
		.service = "tokens",
	};

	return signer_open(&setup, out_signer, &w->err);
}

/* One instance. Yours: signer_close. */
static inline struct signer *
tokens_world_signer(struct tokens_world *w)
{
	struct signer *signer = NULL;

	expect_ok(tokens_world_try_signer(w, &signer), &w->err);
	return signer;
}

#endif
