/*
 * What is known of a tenant, an owner and a key, small enough to keep by the million, and what
 * follows from the three: who shows a key, and what they may do at this moment. Pure: how facts are
 * read and remembered is standing.h's.
 */
#ifndef LK_KEYS_FACTS_H
#define LK_KEYS_FACTS_H

#include <stdatomic.h>

#include "auth/authenticator.h"
#include "auth/network.h"
#include "crypto/digest.h"
#include "ids.h"
#include "policy.h"
#include "role.h"
#include "text.h"

/* Shared by reference count; immutable once it was handed out. */
struct fact_refs {
	atomic_uint refs;
};

struct tenant_facts {
	struct fact_refs refs;
	struct packed_id id;
	char name[NAME_SIZE];
	bool active;
	uint64_t generation;
	struct policy policy;
};

enum owner_kind { OWNER_HUMAN, OWNER_SERVICE, OWNER_PRINCIPAL };

struct owner_facts {
	struct fact_refs refs;
	struct packed_id id;
	struct packed_id tenant; /* zero for principals */
	uint64_t generation;
	lk_permissions
	    permissions; /* of principals; of users, what roles of the tenant's own give */
	role_set roles;  /* the built-in ones */
	enum owner_kind kind;
	bool active, all_tenants;
	uint32_t reach_count; /* workgroups of a user, tenants of a principal */
	const struct packed_id *reach;
	const lk_permissions *grants; /* what each workgroup gives; NULL: none gives anything */
	const char *name;             /* e-mail, or principal's name */
};

/* What few keys have: workgroups and networks that one is limited to, and when it begins. The ids
 * are followed by the networks. */
struct key_limits {
	struct fact_refs refs;
	uint32_t count; /* workgroups; only without KEY_ALL_WORKGROUPS */
	uint32_t networks_count;
	int64_t not_before_ms;
	struct lk_network *networks;
	struct packed_id ids[];
};

enum key_flag {
	KEY_IS_SESSION = 1,
	KEY_OF_PRINCIPAL = 2,
	KEY_ALL_PERMISSIONS = 4,
	KEY_ALL_WORKGROUPS = 8,
	KEY_SUSPENDED_NOW = 32,
	KEY_FOREIGN = 64, /* known by a tag, not by its id */
	KEY_DEAD = 16,    /* revoked, ended, or there never was one: only the id is meaningful */
};

struct key_facts {
	struct packed_id id, owner;
	uint8_t digest[LK_DIGEST_LEN];
	int64_t expires_at_ms; /* 0: never */
	uint64_t generation;
	struct key_limits *limits; /* NULL without any; one reference is held */
	lk_permissions permissions;
	uint32_t pepper_version;
	uint32_t used_at_s; /* seconds since 1970: the last use that was written down */
	uint32_t signed_in_at_s;
	uint8_t flags;
};

/* Somebody, with what they may do now. Lists and texts lie in the arena. */
struct identity {
	enum owner_kind kind;
	char subject[LK_ID_SIZE];
	const char *name;
	char tenant[LK_ID_SIZE];                   /* "" for principals */
	const char *tenant_name;                   /* "" likewise */
	char key[LK_ID_SIZE], session[LK_ID_SIZE]; /* one of them, or none */
	lk_permissions permissions;
	bool all_workgroups; /* principals */
	struct id_list workgroups;
	bool all_tenants;
	struct id_list tenants;
	const struct lk_network *networks; /* of the key; lives as long as its facts */
	size_t networks_count;
	int64_t expires_at_ms;
	uint64_t tenant_generation, user_generation, key_generation, session_generation;
};

/* `tenant` is NULL for principals, `key` NULL when somebody is asked for without a key. */
struct facts {
	const struct tenant_facts *tenant;
	const struct owner_facts *owner;
	const struct key_facts *key;
};

/* Do tenant, owner and key all stand at `now_ms`? A session also ends `session_idle_ms` (0: never)
 * after its last use. */
bool facts_stand(const struct facts *facts, int64_t session_idle_ms, int64_t now_ms);

/* Why a key that stands is refused to somebody at `source_address` ("": nobody knows):
 * KEY_NOT_YET_VALID, SOURCE_REFUSED; NULL when it is not. */
const char *facts_why_not(const struct facts *facts, const char *source_address, int64_t now_ms);

lk_permissions facts_permissions(const struct facts *facts);
/* Of users: the owner's live membership, less what the key is not for. `workgroup` must be a wkg_
 * id. */
bool facts_has_workgroup(const struct facts *facts, const char *workgroup);

lk_status facts_identity(const struct facts *facts, struct lk_arena *arena,
    struct identity *out_identity, struct lk_error *err);

/* The same in the words of common/auth. */
lk_status identity_standing(
    const struct identity *identity, struct lk_standing *out_standing, struct lk_error *err);

#endif
