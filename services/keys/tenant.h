/* Tenants: organisations that see nothing of each other. Rules only; rows are tenant_store's. */
#ifndef LK_KEYS_TENANT_H
#define LK_KEYS_TENANT_H

#include "id/id.h"
#include "policy.h"
#include "text.h"

/* active ⇄ suspended */
enum tenant_state { TENANT_ACTIVE, TENANT_SUSPENDED };

struct tenant {
	char id[LK_ID_SIZE];
	char name[NAME_SIZE];
	char domain[DOMAIN_SIZE];
	char profile[PROFILE_NAME_SIZE];
	enum tenant_state state;
	uint64_t generation;
	int64_t created_at_ms;
};

const char *tenant_state_name(enum tenant_state state);
/* False for a text that is none of ours: a row somebody else wrote. */
bool tenant_state_parse(const char *text, enum tenant_state *out_state);

/* INVALID_ARGUMENT TENANT_NAME_INVALID, DOMAIN_INVALID, PROFILE_UNKNOWN, each naming its field. */
lk_status tenant_check(const char *name, const char *domain, const char *profile,
    enum policy_profile *out_profile, struct lk_error *err);

/* The state an operator asks for by name. INVALID_ARGUMENT STATE_INVALID naming `state`;
 * FAILED_PRECONDITION TENANT_STATE when the tenant is there already. */
lk_status tenant_state_asked(const struct tenant *tenant, const char *text,
    enum tenant_state *out_state, struct lk_error *err);

#endif
