/* Policy: the values that make one service behave like four. Each tenant begins with a profile, a
 * column of policy.def, and changes single values. */
#ifndef LK_KEYS_POLICY_H
#define LK_KEYS_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum policy_name {
#define LK_POLICY(symbol, ...) POLICY_##symbol,
#include "policy.def"
#undef LK_POLICY
	POLICY_COUNT,
};

enum policy_profile {
	PROFILE_PANOMICS,
	PROFILE_GENEIOUS,
	PROFILE_LABKEY,
	PROFILE_ICA,
	PROFILE_DEFAULT,
	PROFILE_COUNT,
};

/* The choices, in the order of their texts. */
enum { POLICY_NO, POLICY_YES };
enum { ACCEPT_JWT, ACCEPT_ALL };
enum { SELF_SERVICE_NONE, SELF_SERVICE_CREATE_ONLY, SELF_SERVICE_FULL };
enum { ADMIN_KEYS_ALLOW, ADMIN_KEYS_WARN, ADMIN_KEYS_DENY };
enum { KEYS_MANAGE_ALLOW, KEYS_MANAGE_DENY };
enum { ON_DISABLE_SUSPEND, ON_DISABLE_BLOCK_NEW };

enum {
	POLICY_TEXT_SIZE = 24, /* one value as text, with its NUL */
	PROFILE_NAME_SIZE = 16,
};

/* Counts as they are, durations in ms, choices by number; 0 is "no limit" for the first two. */
struct policy {
	int64_t values[POLICY_COUNT];
};

const char *policy_name(enum policy_name name); /* "ttl_max" */
bool policy_find(const char *name, enum policy_name *out_name);

const char *profile_name(enum policy_profile profile);
/* "" is the default profile. INVALID_ARGUMENT PROFILE_UNKNOWN naming `profile`. */
lk_status profile_parse(const char *name, enum policy_profile *out, struct lk_error *err);
void policy_of_profile(enum policy_profile profile, struct policy *out_policy);

/* Set one value from text. INVALID_ARGUMENT POLICY_UNKNOWN, POLICY_VALUE_INVALID naming the value.
 */
lk_status policy_set(
    struct policy *policy, const char *name, const char *text, struct lk_error *err);
/* Its canonical text: "90d", "yes", "10"; "0" for no limit. */
void policy_text(const struct policy *policy, enum policy_name name, char out[POLICY_TEXT_SIZE]);

/* Do the values go together? INVALID_ARGUMENT POLICY_CONFLICT naming the value at fault. */
lk_status policy_check(const struct policy *policy, struct lk_error *err);

/* Ends require_signed_fetch: for operators alone, because whoever could forge tokens could be any
 * administrator. */
bool policy_frees_fetches(const struct policy *before, const struct policy *after);

/* Does the change take something away from those who have it now? Then the tenant's generation is
 * raised. */
bool policy_narrows(const struct policy *before, const struct policy *after);

/* Keys may be made: the operator (api_keys_allowed) and the tenant (api_keys_enabled) both want it.
 */
bool policy_keys_on(const struct policy *policy);
/* Only an operator sets this one. */
bool policy_is_operators(const char *name);

/* Keys of this tenant work at all; sessions are not touched by it. */
bool policy_keys_work(const struct policy *policy);

#endif
