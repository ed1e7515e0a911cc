/* Users: people and service accounts of one tenant. Rules only; rows are user_store's. */
#ifndef LK_KEYS_USER_H
#define LK_KEYS_USER_H

#include "id/id.h"
#include "role.h"
#include "text.h"

/*
 *   invited ──ticket──▶ active ⇄ disabled
 *      └────────────────────────▶ disabled
 * A disabled user who never signed in goes back to invited.
 */
enum user_state { USER_INVITED, USER_ACTIVE, USER_DISABLED };

enum user_kind { USER_HUMAN, USER_SERVICE };

struct user {
	char id[LK_ID_SIZE];
	char tenant[LK_ID_SIZE];
	char email[EMAIL_SIZE];
	char display_name[LABEL_SIZE];
	enum user_kind kind;
	enum user_state state;
	struct roles roles;
	lk_permissions workgroup_permissions; /* what the workgroups they are in give */
	uint64_t generation;
	int64_t created_at_ms;
	int64_t last_sign_in_at_ms;
};

const char *user_state_name(enum user_state state);
bool user_state_parse(const char *text, enum user_state *out_state);
const char *user_kind_name(enum user_kind kind);
bool user_kind_parse(const char *text, enum user_kind *out_kind);

/* All that the user may do, in a tenant with this policy. */
lk_permissions user_permissions(const struct user *user, const struct policy *policy);

bool user_state_may_become(enum user_state from, enum user_state to);

/* A service account acts from the start; a person once a ticket was redeemed. */
enum user_state user_first_state(enum user_kind kind);

/*
 * The state an administrator asks for by name, "active" or "disabled". INVALID_ARGUMENT
 * STATE_INVALID naming `state`; FAILED_PRECONDITION USER_STATE when the user is there already.
 * Enabling somebody who never signed in gives `invited`.
 */
lk_status user_state_asked(
    const struct user *user, const char *text, enum user_state *out_state, struct lk_error *err);

/* 0 to 64 printable characters. INVALID_ARGUMENT DISPLAY_NAME_INVALID naming `display_name`. */
lk_status user_display_name_check(const char *text, struct lk_error *err);

#endif
