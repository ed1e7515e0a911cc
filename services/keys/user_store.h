/* Rows of users and their roles. */
#ifndef LK_KEYS_USER_STORE_H
#define LK_KEYS_USER_STORE_H

#include "daemon/page.h"
#include "store/store.h"
#include "user.h"

/* Writes the roles too. ALREADY_EXISTS USER_EXISTS when the tenant has the address already. */
lk_status user_insert(struct lk_tx *tx, const struct user *user, struct lk_error *err);

/* By id, in whatever tenant; by (tenant, e-mail in lower case). DATA_LOSS ROW_DAMAGED (row_seal.h).
 */
lk_status user_find(
    struct lk_tx *tx, const char *id, struct user *out_user, bool *out_found, struct lk_error *err);
lk_status user_find_by_email(struct lk_tx *tx, const char *tenant, const char *email,
    struct user *out_user, bool *out_found, struct lk_error *err);

struct user_page {
	struct user *items; /* in the arena */
	size_t count;
	bool more;
};
lk_status user_list(struct lk_tx *tx, const char *tenant, const struct lk_page *page,
    struct lk_arena *arena, struct user_page *out_page, struct lk_error *err);

lk_status user_save_roles(
    struct lk_tx *tx, const char *user, const struct roles *roles, struct lk_error *err);
lk_status user_save_state(
    struct lk_tx *tx, const char *user, enum user_state state, struct lk_error *err);
lk_status user_save_display_name(
    struct lk_tx *tx, const char *user, const char *name, struct lk_error *err);
/* In lower case. ALREADY_EXISTS USER_EXISTS. */
lk_status user_save_email(
    struct lk_tx *tx, const struct user *user, const char *email, struct lk_error *err);
/* Has the tenant an active administrator beside this user? */
lk_status user_other_admin(
    struct lk_tx *tx, const struct user *user, bool *out_has, struct lk_error *err);
/* The user is no more: roles, memberships, password, linked subjects and tickets go, the row stays
 * without a name, and its generation is raised. Keys and sessions are the caller's to end. */
lk_status user_end(struct lk_tx *tx, const char *user, int64_t now_ms, struct lk_error *err);
/* A damaged user is disabled, and has nothing left but id, tenant and kind: no name, roles,
 * memberships, password, linked subjects, tickets, and a generation above all before. */
lk_status user_empty(struct lk_tx *tx, const char *user, int64_t now_ms, struct lk_error *err);
/* A damaged one, who is refused anyway, stays as they are. */
lk_status user_raise_generation(struct lk_tx *tx, const char *user, struct lk_error *err);
/* Forward only. */
lk_status user_signed_in(struct lk_tx *tx, const char *user, int64_t at_ms, struct lk_error *err);

#endif
