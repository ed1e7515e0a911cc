/* See password.h. */
#include "password.h"

#include <string.h>

#include "sign_in_gate.h"

lk_status
password_check(const char *field, const char *password, struct lk_error *err)
{
	const size_t len = strlen(password);

	if (len < PASSWORD_LEN_MIN || len > LK_PASSWORD_MAX)
		return lk_fail_field(err, field, "PASSWORD_LENGTH", "a password has %d to %d bytes",
		    PASSWORD_LEN_MIN, LK_PASSWORD_MAX);
	return LK_OK;
}

lk_status
password_allowed(const struct policy *policy, struct lk_error *err)
{
	if (policy->values[POLICY_PASSWORD_LOGIN] == POLICY_NO)
		return lk_fail(
		    err, LK_FAILED_PRECONDITION, "PASSWORDS_OFF", "this tenant has no passwords");
	return LK_OK;
}

lk_status
password_try(struct keys *keys, const char *account, const char *source, const char *hash,
    const char *password, int64_t now_ms, bool *out_right, char out_rehashed[LK_PASSWORD_HASH_SIZE],
    struct lk_error *err)
{
	const struct lk_bytes text = lk_bytes_of(password);
	lk_status status = LK_OK;

	out_rehashed[0] = '\0';
	LK_TRY(sign_in_gate_enter(keys->gate, account, source, now_ms, err));
	const bool right = lk_password_verify(*hash ? hash : NULL, text);
	if (right && lk_password_needs_rehash(hash))
		status = lk_password_hash(text, out_rehashed, err);
	sign_in_gate_leave(keys->gate, account, source, right);
	*out_right = right;
	return status;
}

lk_status
password_make(struct keys *keys, const char *account, const char *password, int64_t now_ms,
    char out_hash[LK_PASSWORD_HASH_SIZE], struct lk_error *err)
{
	LK_TRY(sign_in_gate_enter(keys->gate, account, "", now_ms, err));
	const lk_status status = lk_password_hash(lk_bytes_of(password), out_hash, err);
	sign_in_gate_leave(keys->gate, account, "", status == LK_OK);
	return status;
}
