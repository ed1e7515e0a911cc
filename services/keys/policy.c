/* Values of policy by name and text; see policy.h and the table policy.def. */
#include "policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "time/duration.h"

enum policy_kind { COUNT, DURATION, CHOICE };

static const int64_t count_max = 1000000;
static const int64_t token_ttl_limit_ms = INT64_C(24) * 3600 * 1000;

static const char *const choice_no_yes[] = { "no", "yes", NULL };
static const char *const choice_off_on[] = { "off", "on", NULL };
static const char *const choice_self[] = { "none", "create_only", "full", NULL };
static const char *const choice_accept[] = { "jwt", "all", NULL };
static const char *const choice_admin[] = { "allow", "warn", "deny", NULL };
static const char *const choice_allow[] = { "allow", "deny", NULL };
static const char *const choice_disable[] = { "suspend", "block_new", NULL };
static const char *const choice_vend[] = { "session_only", "preferred", "stored", NULL };
static const char *const choice_scope[] = { "user", "tenant", NULL };
static const char *const choice_expiry[] = { "block", "warn", NULL };

struct policy_row {
	const char *name;
	enum policy_kind kind;
	const char *const *choices; /* NULL-terminated; NULL for counts and durations */
	const char *profiles[PROFILE_COUNT];
};

static const struct policy_row rows[POLICY_COUNT] = {
#define LK_POLICY(symbol, name, kind, choices, ...) { name, kind, choices, { __VA_ARGS__ } },
#include "policy.def"
#undef LK_POLICY
};

static const char *const profile_names[PROFILE_COUNT] = { "panomics", "geneious", "labkey", "ica",
	"default" };

const char *
policy_name(enum policy_name name)
{
	return rows[name].name;
}

bool
policy_find(const char *name, enum policy_name *out_name)
{
	for (int i = 0; i < POLICY_COUNT; i++) {
		if (lk_text_is(rows[i].name, name)) {
			*out_name = (enum policy_name)i;
			return true;
		}
	}
	return false;
}

const char *
profile_name(enum policy_profile profile)
{
	return profile_names[profile];
}

lk_status
profile_parse(const char *name, enum policy_profile *out, struct lk_error *err)
{
	for (int i = 0; i < PROFILE_COUNT; i++) {
		if (lk_text_is(profile_names[i], name) ||
		    (i == PROFILE_DEFAULT && lk_text_is(name, ""))) {
			*out = (enum policy_profile)i;
			return LK_OK;
		}
	}
	return lk_fail_field(err, "profile", "PROFILE_UNKNOWN",
	    "profile must be one of panomics, geneious, labkey, ica, default");
}

static bool
parse_count(const char *text, int64_t *out)
{
	int64_t value = 0;

	if (*text == '\0' || (*text == '0' && text[1] != '\0'))
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (*text - '0');
		if (value > count_max)
			return false;
	}
	*out = value;
	return true;
}

static bool
parse_duration(const char *text, int64_t *out)
{
	if (lk_text_is(text, "0") || lk_text_is(text, "none")) {
		*out = 0;
		return true;
	}
	return lk_duration_parse("value", text, out, NULL) == LK_OK;
}

static bool
parse_choice(const char *const *choices, const char *text, int64_t *out)
{
	for (int64_t i = 0; choices[i]; i++) {
		if (lk_text_is(choices[i], text)) {
			*out = i;
			return true;
		}
	}
	return false;
}

static bool
parse_value(const struct policy_row *row, const char *text, int64_t *out)
{
	switch (row->kind) {
	case COUNT:
		return parse_count(text, out);
	case DURATION:
		return parse_duration(text, out);
	case CHOICE:
		return parse_choice(row->choices, text, out);
	}
	return false;
}

void
policy_of_profile(enum policy_profile profile, struct policy *out_policy)
{
	*out_policy = (struct policy){ 0 };
	for (int i = 0; i < POLICY_COUNT; i++) {
		if (!parse_value(&rows[i], rows[i].profiles[profile], &out_policy->values[i]))
			abort(); /* a typing error in policy.def; the unit test reads every cell */
	}
}

lk_status
policy_set(struct policy *policy, const char *name, const char *text, struct lk_error *err)
{
	enum policy_name index;

	if (!policy_find(name, &index))
		return lk_fail_field(
		    err, "values", "POLICY_UNKNOWN", "there is no policy value \"%.64s\"", name);
	if (!parse_value(&rows[index], text, &policy->values[index]))
		return lk_fail_field(err, rows[index].name, "POLICY_VALUE_INVALID",
		    "\"%.32s\" is no value of %s", text, rows[index].name);
	return LK_OK;
}

void
policy_text(const struct policy *policy, enum policy_name name, char out[POLICY_TEXT_SIZE])
{
	const int64_t value = policy->values[name];

	switch (rows[name].kind) {
	case COUNT:
		snprintf(out, POLICY_TEXT_SIZE, "%lld", (long long)value);
		return;
	case DURATION:
		if (value == 0)
			snprintf(out, POLICY_TEXT_SIZE, "0");
		else
			lk_duration_format(value, out, POLICY_TEXT_SIZE);
		return;
	case CHOICE:
		snprintf(out, POLICY_TEXT_SIZE, "%s", rows[name].choices[value]);
		return;
	}
}

static lk_status
conflict(struct lk_error *err, enum policy_name name, const char *why)
{
	return lk_fail_field(
	    err, rows[name].name, "POLICY_CONFLICT", "%s %s", rows[name].name, why);
}

/* 0 is no limit as a maximum, and no expiry as a default. */
static bool
above_maximum(const struct policy *policy, enum policy_name value, enum policy_name maximum)
{
	const int64_t max = policy->values[maximum];

	return max != 0 && (policy->values[value] == 0 || policy->values[value] > max);
}

lk_status
policy_check(const struct policy *policy, struct lk_error *err)
{
	const int64_t *v = policy->values;

	if (above_maximum(policy, POLICY_TTL_DEFAULT, POLICY_TTL_MAX))
		return conflict(err, POLICY_TTL_DEFAULT, "must not be longer than ttl_max");
	if (v[POLICY_TTL_DEFAULT] == 0 && v[POLICY_TTL_ALLOW_NEVER] == POLICY_NO)
		return conflict(
		    err, POLICY_TTL_DEFAULT, "must be a duration unless ttl_allow_never is yes");
	if (v[POLICY_TTL_MAX] != 0 && v[POLICY_TTL_ALLOW_NEVER] == POLICY_YES)
		return conflict(err, POLICY_TTL_ALLOW_NEVER, "must be no when ttl_max is set");
	if (above_maximum(policy, POLICY_EXTERNAL_TTL_DEFAULT, POLICY_EXTERNAL_TTL_MAX))
		return conflict(
		    err, POLICY_EXTERNAL_TTL_DEFAULT, "must not be longer than external_ttl_max");
	if (v[POLICY_TOKEN_TTL_MAX] == 0 || v[POLICY_TOKEN_TTL_MAX] > token_ttl_limit_ms)
		return conflict(err, POLICY_TOKEN_TTL_MAX, "must be between 1ms and 24h");
	if (above_maximum(policy, POLICY_TOKEN_TTL_DEFAULT, POLICY_TOKEN_TTL_MAX))
		return conflict(
		    err, POLICY_TOKEN_TTL_DEFAULT, "must not be longer than token_ttl_max");
	return LK_OK;
}

bool
policy_keys_on(const struct policy *policy)
{
	return policy->values[POLICY_API_KEYS_ALLOWED] == POLICY_YES &&
	       policy->values[POLICY_API_KEYS_ENABLED] == POLICY_YES;
}

bool
policy_keys_work(const struct policy *policy)
{
	return policy_keys_on(policy) || policy->values[POLICY_ON_DISABLE] == ON_DISABLE_BLOCK_NEW;
}

bool
policy_is_operators(const char *name)
{
	return lk_text_is(name, rows[POLICY_API_KEYS_ALLOWED].name);
}

static bool
became(
    const struct policy *before, const struct policy *after, enum policy_name name, int64_t value)
{
	return before->values[name] != value && after->values[name] == value;
}

bool
policy_frees_fetches(const struct policy *before, const struct policy *after)
{
	return became(before, after, POLICY_REQUIRE_SIGNED_FETCH, POLICY_NO);
}

bool
policy_narrows(const struct policy *before, const struct policy *after)
{
	return (policy_keys_work(before) && !policy_keys_work(after)) ||
	       became(before, after, POLICY_KEYS_MAY_MANAGE_KEYS, KEYS_MANAGE_DENY) ||
	       became(before, after, POLICY_DEFAULT_MEMBER_MANAGES_KEYS, POLICY_NO) ||
	       became(before, after, POLICY_REQUIRE_LEASE, POLICY_YES) ||
	       became(before, after, POLICY_REQUIRE_SIGNED_FETCH, POLICY_YES) ||
	       after->values[POLICY_ACCEPT] < before->values[POLICY_ACCEPT] ||
	       after->values[POLICY_TOKEN_TTL_MAX] < before->values[POLICY_TOKEN_TTL_MAX];
}
