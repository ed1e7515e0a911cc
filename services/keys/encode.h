/* From the domain to messages. Everything is copied into the arena; RESOURCE_EXHAUSTED
 * OUT_OF_MEMORY at its cap. */
#ifndef LK_KEYS_ENCODE_H
#define LK_KEYS_ENCODE_H

#include "facts.h"
#include "key.h"
#include "principal.h"
#include "rpc/field.h"
#include "tenant.h"
#include "user.h"
#include "wire.h"
#include "workgroup.h"

lk_status encode_tenant(
    struct lk_arena *arena, const struct tenant *tenant, TenantMsg **out_msg, struct lk_error *err);
lk_status encode_user(
    struct lk_arena *arena, const struct user *user, UserMsg **out_msg, struct lk_error *err);
lk_status encode_principal(struct lk_arena *arena, const struct principal *principal,
    PrincipalMsg **out_msg, struct lk_error *err);
lk_status encode_workgroup(struct lk_arena *arena, const struct workgroup *workgroup,
    WorkgroupMsg **out_msg, struct lk_error *err);
lk_status encode_role(
    struct lk_arena *arena, enum role role, RoleMsg **out_msg, struct lk_error *err);
lk_status encode_own_role(
    struct lk_arena *arena, const struct own_role *role, RoleMsg **out_msg, struct lk_error *err);
lk_status encode_policy(struct lk_arena *arena, const struct policy *policy,
    PolicyValueMsg ***out_values, size_t *out_count, struct lk_error *err);
/* `prefix` is that of key texts, for the hint. */
lk_status encode_key(struct lk_arena *arena, const struct key *key, const char *prefix,
    int64_t now_ms, KeyMsg **out_msg, struct lk_error *err);
/* Borrows the identity's texts and lists, which lie in the same arena; its fixed fields are copied.
 */
lk_status encode_identity(struct lk_arena *arena, const struct identity *identity,
    IdentityMsg **out_msg, struct lk_error *err);
lk_status encode_ids(struct lk_arena *arena, const struct id_list *list, char ***out_ids,
    size_t *out_count, struct lk_error *err);

#endif
