/* Who calls, and what they may do at this moment. Made by the authenticator, read by every domain.
 */
#ifndef LK_AUTH_CALLER_H
#define LK_AUTH_CALLER_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/permission.h"
#include "id/id.h"

enum { LK_CALLER_NAME_SIZE = 64 };

enum lk_caller_kind {
	LK_CALLER_ANONYMOUS, /* shown nothing; reaches public methods only */
	LK_CALLER_USER,      /* of one tenant */
	LK_CALLER_PRINCIPAL, /* of no tenant, reaches those on its list */
	LK_CALLER_OPERATOR,  /* every tenant, every permission; by assertion */
	LK_CALLER_SERVICE,   /* a service of this installation; by assertion */
	LK_CALLER_GATEWAY,   /* decides for others who is let through; by assertion, and for little
				else */
};

struct lk_caller {
	enum lk_caller_kind kind;
	char id[LK_CALLER_NAME_SIZE]; /* usr_…, prn_…, or the name of a peer */
	char tenant[LK_ID_SIZE];      /* "" but for users */
	char key[LK_ID_SIZE];         /* key_… the token was made from, or "" */
	char session[LK_ID_SIZE];     /* ses_… the token was made from, or "" */
	char token[LK_ID_SIZE];       /* jti_… or "" */
	lk_permissions permissions;   /* effective: token scope ∩ key ∩ owner, now */
	bool all_tenants;             /* operators and some principals */
	const char *const *tenants;   /* the other principals: tnt_…; in the call's arena */
	size_t tenants_count;
	bool all_workgroups;
	const char *const *workgroups; /* wkg_…; in the call's arena */
	size_t workgroups_count;
};

/* "user", "principal", "operator", "service", "gateway", "anonymous". */
const char *lk_caller_kind_name(enum lk_caller_kind kind);

bool lk_caller_has(const struct lk_caller *caller, enum lk_permission permission);

/* May this caller reach anything of `tenant`? Own tenant, list or ALL; operators always; services
 * always (they ask on behalf). */
bool lk_caller_reaches_tenant(const struct lk_caller *caller, const char *tenant);
bool lk_caller_reaches_workgroup(const struct lk_caller *caller, const char *workgroup);

/* PERMISSION_DENIED PERMISSION_MISSING naming the permission. */
lk_status lk_caller_require(
    const struct lk_caller *caller, enum lk_permission permission, struct lk_error *err);

#endif
