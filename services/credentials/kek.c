/* The states of a root key: pure rules. */
#include "kek.h"

static const char *const state_names[] = {
	[KEK_PENDING] = "pending",
	[KEK_ACTIVE] = "active",
	[KEK_DRAINING] = "draining",
	[KEK_RETIRED] = "retired",
};

static const bool legal_moves[4][4] = {
	[KEK_PENDING] = { [KEK_ACTIVE] = true },
	[KEK_ACTIVE] = { [KEK_DRAINING] = true },
	[KEK_DRAINING] = { [KEK_ACTIVE] = true, [KEK_RETIRED] = true },
};

bool
kek_may_become(enum kek_state from, enum kek_state to)
{
	return legal_moves[from][to];
}

const char *
kek_state_name(enum kek_state state)
{
	return state_names[state];
}

bool
kek_state_parse(const char *name, enum kek_state *out)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(state_names); i++) {
		if (lk_text_is(name, state_names[i])) {
			*out = (enum kek_state)i;
			return true;
		}
	}
	return false;
}
