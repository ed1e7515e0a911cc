/* Everything that opens sealed bytes, over bytes nobody sealed: nothing opens, nothing breaks. */
#include <stdlib.h>

#include "base/base.h"
#include "crypto/es256.h"
#include "crypto/keyring.h"
#include "crypto/seal.h"
#include "crypto/transport.h"

static const struct lk_wrap_context wrapped_for = { "tenant-key", "tnt_a" };
static const struct lk_seal_context row = { "credential", "tnt_a", "crd_b", "usr_c", "aws", 1, 0 };
static const struct lk_transport_call call = { "req_1", "m" };

/* Whether any of them took it; the keys are random and so unknown to the input. */
static bool
opens(const struct lk_keyring *ring, struct lk_bytes blob, struct lk_arena *arena)
{
	struct lk_error err;
	struct lk_bytes out;
	struct lk_secret32 key;
	struct lk_box_pair pair;
	struct lk_transport transport;

	lk_secret32_random(&key);
	lk_box_pair_make(&pair);
	if (lk_transport_init_server(&pair, pair.public_key, &transport, &err) != LK_OK)
		abort();
	return lk_unwrap_key(ring, &wrapped_for, blob, arena, &out, &err) == LK_OK ||
	       lk_unwrap_key32(ring, &wrapped_for, blob, &key, &err) == LK_OK ||
	       lk_open_record(&key, &row, blob, arena, &out, &err) == LK_OK ||
	       lk_box_open(&pair, blob, arena, &out, &err) == LK_OK ||
	       lk_transport_open(&transport, &call, blob, arena, &out, &err) == LK_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct lk_error err;
	struct lk_secret32 root;
	LK_AUTO(lk_keyring_freep) struct lk_keyring *ring = NULL;
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(1024 * 1024);

	lk_secret32_random(&root);
	if (!arena || lk_keyring_new(&ring, &err) != LK_OK ||
	    lk_keyring_add(ring, "root-1", &root, &err) != LK_OK)
		abort();
	if (opens(ring, lk_bytes(data, len), arena))
		abort();
	return 0;
}
