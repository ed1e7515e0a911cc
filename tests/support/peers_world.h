/* An installation's identity for tests: peers "keys" and "tokens" (services), "ops" (operator) and
 * "gateway", each with its private key, instance "test". */
#ifndef LK_TESTS_SUPPORT_PEERS_WORLD_H
#define LK_TESTS_SUPPORT_PEERS_WORLD_H

#include <stdio.h>
#include <string.h>

#include "auth/peers.h"
#include "base/base.h"
#include "crypto/sign.h"
#include "test.h"

enum { WORLD_KEYS, WORLD_TOKENS, WORLD_OPS, WORLD_GATEWAY, WORLD_PEERS };

struct peers_world {
	struct lk_peers *peers;
	struct lk_sign_key *keys[WORLD_PEERS];
};

static inline void
peers_world_open(struct peers_world *world)
{
	static const char *const names[] = { "keys", "tokens", "ops", "gateway" };
	static const char *const roles[] = { "service", "service", "operator", "gateway" };
	const char *dir = lk_test_tmpdir();
	struct lk_error err = { 0 };

	for (int i = 0; i < WORLD_PEERS; i++) {
		struct lk_peer_key peer = { 0 };
		char path[256];
		expect_ok(lk_sign_key_generate(&world->keys[i], &err), &err);
		memcpy(peer.public_key, lk_sign_key_public(world->keys[i]), sizeof peer.public_key);
		snprintf(peer.role, sizeof peer.role, "%s", roles[i]);
		snprintf(peer.name, sizeof peer.name, "%s", names[i]);
		snprintf(path, sizeof path, "%s/%s.pub", dir, names[i]);
		expect_ok(lk_peer_file_create(path, &peer, &err), &err);
	}
	expect_ok(lk_peers_open(&world->peers, dir, &err), &err);
}

static inline void
peers_world_close(struct peers_world *world)
{
	for (int i = 0; i < WORLD_PEERS; i++)
		lk_sign_key_free(world->keys[i]);
	lk_peers_close(world->peers);
}

#endif
