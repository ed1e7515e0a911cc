/* Platform principals: backends and ingestion fleets that belong to no tenant and reach those on
 * their list. */
#ifndef LK_KEYS_PRINCIPAL_H
#define LK_KEYS_PRINCIPAL_H

#include "auth/permission.h"
#include "ids.h"
#include "text.h"

/* active ⇄ disabled */
enum principal_state { PRINCIPAL_ACTIVE, PRINCIPAL_DISABLED };

struct principal {
	char id[LK_ID_SIZE];
	char name[NAME_SIZE];
	lk_permissions permissions;
	bool all_tenants;
	struct id_list tenants; /* in the arena it was read into */
	enum principal_state state;
	uint64_t generation;
	int64_t created_at_ms;
};

const char *principal_state_name(enum principal_state state);
bool principal_state_parse(const char *text, enum principal_state *out_state);

/* What a principal may be given at all: none of what manages tenants, people or keys. */
lk_permissions principal_permissions_allowed(void);

/*
 * INVALID_ARGUMENT PRINCIPAL_NAME_INVALID, PERMISSION_UNKNOWN, PERMISSION_REFUSED (not for
 * principals), PERMISSIONS_EMPTY, TENANTS_INVALID (a list and ALL together, or neither), each
 * naming its field.
 */
lk_status principal_check(const char *name, char *const *permissions, size_t permission_count,
    bool all_tenants, size_t tenant_count, lk_permissions *out_permissions, struct lk_error *err);

/* INVALID_ARGUMENT STATE_INVALID naming `state`; FAILED_PRECONDITION PRINCIPAL_STATE when it is
 * there already. */
lk_status principal_state_asked(const struct principal *principal, const char *text,
    enum principal_state *out_state, struct lk_error *err);

#endif
