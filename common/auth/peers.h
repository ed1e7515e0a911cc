/* The Ed25519 public keys of operators and services: one file each in the folder peers/, read at
 * start. */
#ifndef LK_AUTH_PEERS_H
#define LK_AUTH_PEERS_H

#include <stddef.h>
#include <stdint.h>

#include "auth/caller.h"
#include "base/base.h"

enum { LK_INSTANCE_SIZE = 33 }; /* an installation's id: 1 to 32 characters and NUL */

enum lk_peer_role { LK_PEER_OPERATOR, LK_PEER_SERVICE };

struct lk_known_peer {
	char name[LK_CALLER_NAME_SIZE]; /* [a-z0-9-]{1,32}; the file is <name>.pub and says the same
					 */
	enum lk_peer_role role;
	uint8_t public_key[32];
};

struct lk_peers;

/* At most 256 files of one line each, "ed25519 <base64url> <role> <name>". FAILED_PRECONDITION
 * PEERS_UNREADABLE names the file. Immutable, thread-safe. */
lk_status lk_peers_open(struct lk_peers **out, const char *dir, struct lk_error *err);
void lk_peers_close(struct lk_peers *peers);
LK_DEFINE_FREEP(lk_peers_closep, struct lk_peers *, lk_peers_close)

/* NULL when there is none. Borrowed from peers. */
const struct lk_known_peer *lk_peers_find(const struct lk_peers *peers, const char *name);

#endif
