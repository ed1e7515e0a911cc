/*
 * A root key (KEK) as the database knows it, and the states it lives through.
 *
 *   pending ──> active <──> draining ──> retired
 *
 * Pending: this process can open with it, nothing is wrapped under it. Active: new tenant keys are
 * wrapped under it; there is one. Draining: another one is active, tenant keys may still be wrapped
 * under this one. Retired: nothing is, and nothing ever will be.
 */
#ifndef LK_CREDENTIALS_KEK_H
#define LK_CREDENTIALS_KEK_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/keyring.h"

enum kek_state { KEK_PENDING, KEK_ACTIVE, KEK_DRAINING, KEK_RETIRED };

struct kek {
	char id[LK_KEK_ID_SIZE];
	enum kek_state state;
	int64_t created_at_ms, changed_at_ms;
	int64_t wraps; /* tenant keys under it, as counted with the row */
};

bool kek_may_become(enum kek_state from, enum kek_state to);
const char *kek_state_name(enum kek_state state);
bool kek_state_parse(const char *name, enum kek_state *out);

#endif
