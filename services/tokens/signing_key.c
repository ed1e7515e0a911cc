/* The states of a signing key: pure rules. */
#include "signing_key.h"

static const char *const state_names[] = {
	[SIGNING_KEY_PUBLISHED] = "published",
	[SIGNING_KEY_ACTIVE] = "active",
	[SIGNING_KEY_RETIRED] = "retired",
	[SIGNING_KEY_WITHDRAWN] = "withdrawn",
};

static const bool legal_moves[4][4] = {
	[SIGNING_KEY_PUBLISHED] = { [SIGNING_KEY_ACTIVE] = true, [SIGNING_KEY_WITHDRAWN] = true },
	[SIGNING_KEY_ACTIVE] = { [SIGNING_KEY_RETIRED] = true, [SIGNING_KEY_WITHDRAWN] = true },
	[SIGNING_KEY_RETIRED] = { [SIGNING_KEY_WITHDRAWN] = true },
};

bool
signing_key_may_become(enum signing_key_state from, enum signing_key_state to)
{
	return legal_moves[from][to];
}

bool
signing_key_is_published(enum signing_key_state state)
{
	return state != SIGNING_KEY_WITHDRAWN;
}

bool
signing_key_may_sign(enum signing_key_state state)
{
	return state == SIGNING_KEY_PUBLISHED || state == SIGNING_KEY_ACTIVE;
}

const char *
signing_key_state_name(enum signing_key_state state)
{
	return state_names[state];
}

bool
signing_key_state_parse(const char *name, enum signing_key_state *out)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(state_names); i++) {
		if (lk_text_is(name, state_names[i])) {
			*out = (enum signing_key_state)i;
			return true;
		}
	}
	return false;
}
