/* States of a user and who they are called; see user.h. */
#include "user.h"

#include "base/base.h"

static const char *const state_names[] = { "invited", "active", "disabled" };
static const char *const kind_names[] = { "human", "service" };

static bool
parse_name(const char *const *names, size_t count, const char *text, int *out)
{
	for (size_t i = 0; i < count; i++) {
		if (lk_text_is(names[i], text)) {
			*out = (int)i;
			return true;
		}
	}
	return false;
}

const char *
user_state_name(enum user_state state)
{
	return state_names[state];
}

bool
user_state_parse(const char *text, enum user_state *out_state)
{
	int found;

	if (!parse_name(state_names, LK_ARRAY_LEN(state_names), text, &found))
		return false;
	*out_state = (enum user_state)found;
	return true;
}

const char *
user_kind_name(enum user_kind kind)
{
	return kind_names[kind];
}

bool
user_kind_parse(const char *text, enum user_kind *out_kind)
{
	int found;

	if (!parse_name(kind_names, LK_ARRAY_LEN(kind_names), text, &found))
		return false;
	*out_kind = (enum user_kind)found;
	return true;
}

lk_permissions
user_permissions(const struct user *user, const struct policy *policy)
{
	return role_set_permissions(user->roles.built_in, policy) |
	       roles_own_permissions(&user->roles) | user->workgroup_permissions;
}

bool
user_state_may_become(enum user_state from, enum user_state to)
{
	static const bool legal[3][3] = {
		[USER_INVITED] = { [USER_ACTIVE] = true, [USER_DISABLED] = true },
		[USER_ACTIVE] = { [USER_DISABLED] = true },
		[USER_DISABLED] = { [USER_INVITED] = true, [USER_ACTIVE] = true },
	};

	return legal[from][to];
}

enum user_state
user_first_state(enum user_kind kind)
{
	return kind == USER_SERVICE ? USER_ACTIVE : USER_INVITED;
}

/* Only a ticket makes an invited person active, so enabling restores what was before. */
static enum user_state
enabled_state(const struct user *user)
{
	return user->kind == USER_HUMAN && user->last_sign_in_at_ms == 0 ? USER_INVITED
									 : USER_ACTIVE;
}

lk_status
user_state_asked(
    const struct user *user, const char *text, enum user_state *out_state, struct lk_error *err)
{
	enum user_state asked;

	if (!user_state_parse(text, &asked) || asked == USER_INVITED)
		return lk_fail_field(
		    err, "state", "STATE_INVALID", "state must be active or disabled");
	if (asked == USER_ACTIVE)
		asked = enabled_state(user);
	if (!user_state_may_become(user->state, asked))
		return lk_fail(err, LK_FAILED_PRECONDITION, "USER_STATE", "the user is %s",
		    user_state_name(user->state));
	*out_state = asked;
	return LK_OK;
}

lk_status
user_display_name_check(const char *text, struct lk_error *err)
{
	if (*text != '\0' && !label_ok(text))
		return lk_fail_field(err, "display_name", "DISPLAY_NAME_INVALID",
		    "display_name must be at most 64 printable characters");
	return LK_OK;
}
