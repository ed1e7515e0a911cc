/* The Ed25519 public keys of operators, services and gateways: one file each in the folder peers/,
 * read at start and when the process is told to. */
#ifndef LK_AUTH_PEERS_H
#define LK_AUTH_PEERS_H

#include <stddef.h>
#include <stdint.h>

#include "auth/caller.h"
#include "base/base.h"

enum { LK_INSTANCE_SIZE = 33 }; /* an installation's id: 1 to 32 characters and NUL */

enum lk_peer_role { LK_PEER_OPERATOR, LK_PEER_SERVICE, LK_PEER_GATEWAY };

struct lk_known_peer {
	char name[LK_CALLER_NAME_SIZE]; /* [a-z0-9-]{1,32}; the file is <name>.pub and says the same
					 */
	enum lk_peer_role role;
	uint8_t public_key[32];
};

struct lk_peers;

/* At most 256 files of one line each, "ed25519 <base64url> <role> <name>". FAILED_PRECONDITION
 * PEERS_UNREADABLE names the file. Thread-safe. */
lk_status lk_peers_open(struct lk_peers **out, const char *dir, struct lk_error *err);
void lk_peers_close(struct lk_peers *peers);
LK_DEFINE_FREEP(lk_peers_closep, struct lk_peers *, lk_peers_close)

/*
 * Read the folder again: from now on lk_peers_find answers by what is there, while what it answered
 * before stays borrowed from peers until they are closed. One thread; others may go on finding. The
 * service `own` must be there as it was: PEERS_UNREADABLE, and on any failure nothing changes.
 * `*out_changed` says whether the folder holds other peers than before.
 */
lk_status lk_peers_reload(struct lk_peers *peers, const char *dir, const char *own,
    bool *out_changed, struct lk_error *err);

/* NULL when there is none. Borrowed from peers. */
const struct lk_known_peer *lk_peers_find(const struct lk_peers *peers, const char *name);

#endif
