/* The rules of a provider credential. */
#include "credential.h"

#include "time/duration.h"

static bool
is_text_of(const char *text, size_t max_characters)
{
	const struct lk_bytes view = lk_bytes_of(text);

	return view.len > 0 && view.len <= 4 * max_characters && lk_text_printable(view) &&
	       lk_utf8_count(view) <= max_characters;
}

lk_status
credential_label_check(const char *label, struct lk_error *err)
{
	if (!is_text_of(label, CREDENTIAL_LABEL_MAX))
		return lk_fail_field(err, "label", "LABEL_INVALID",
		    "label must be 1 to %d printable characters", CREDENTIAL_LABEL_MAX);
	return LK_OK;
}

lk_status
credential_purpose_check(const char *purpose, struct lk_error *err)
{
	if (!is_text_of(purpose, CREDENTIAL_PURPOSE_MAX))
		return lk_fail_field(err, "purpose", "PURPOSE_INVALID",
		    "purpose must be 1 to %d printable characters", CREDENTIAL_PURPOSE_MAX);
	return LK_OK;
}

lk_status
credential_job_check(const char *job, struct lk_error *err)
{
	if (!is_text_of(job, CREDENTIAL_PURPOSE_MAX))
		return lk_fail_field(err, "job", "JOB_INVALID",
		    "job must be 1 to %d printable characters", CREDENTIAL_PURPOSE_MAX);
	return LK_OK;
}

static lk_status
too_long(int64_t max_ms, struct lk_error *err)
{
	char longest[32];

	lk_duration_format(max_ms, longest, sizeof longest);
	return lk_fail_field(
	    err, "ttl", "TTL_TOO_LONG", "a credential lives at most %s here", longest);
}

lk_status
credential_expiry(const char *ttl, const struct credential_policy *policy, int64_t now_ms,
    int64_t *out_expires_at_ms, struct lk_error *err)
{
	struct lk_ttl wish = { .kind = policy->ttl_default_ms ? LK_TTL_DURATION : LK_TTL_NEVER,
		.ms = policy->ttl_default_ms };

	if (ttl[0] != '\0')
		LK_TRY(lk_ttl_parse("ttl", ttl, &wish, err));
	if (wish.kind == LK_TTL_NEVER) {
		if (policy->ttl_max_ms)
			return too_long(policy->ttl_max_ms, err);
		*out_expires_at_ms = 0;
		return LK_OK;
	}
	const int64_t expires_at_ms = wish.kind == LK_TTL_DURATION ? now_ms + wish.ms : wish.ms;
	if (expires_at_ms <= now_ms)
		return lk_fail_field(
		    err, "ttl", "TTL_PAST", "the credential would already have expired");
	if (policy->ttl_max_ms && expires_at_ms - now_ms > policy->ttl_max_ms)
		return too_long(policy->ttl_max_ms, err);
	*out_expires_at_ms = expires_at_ms;
	return LK_OK;
}

bool
credential_is_expired(const struct credential *credential, int64_t now_ms)
{
	return credential->expires_at_ms != 0 && credential->expires_at_ms <= now_ms;
}

bool
credential_is_managed_by(const struct credential *credential, const struct lk_caller *caller)
{
	if (caller->kind == LK_CALLER_OPERATOR)
		return true;
	if (caller->kind != LK_CALLER_USER || !lk_text_is(caller->tenant, credential->tenant))
		return false;
	if (lk_text_is(caller->id, credential->owner))
		return lk_caller_has(caller, LK_PERM_CREDENTIALS_MANAGE);
	return lk_caller_has(caller, LK_PERM_CREDENTIALS_MANAGE_ANY);
}

struct lk_seal_context
credential_seal_context(const struct credential *credential)
{
	return (struct lk_seal_context){
		.label = "credential",
		.tenant = credential->tenant,
		.record = credential->id,
		.owner = credential->owner,
		.provider = credential->provider,
		.version = (uint64_t)credential->version,
		.expires_at_ms = credential->expires_at_ms,
	};
}
