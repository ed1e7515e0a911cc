/* A provider credential as everybody but the fetching worker sees it, and the rules it lives by.
 * Pure: no I/O. */
#ifndef LK_CREDENTIALS_CREDENTIAL_H
#define LK_CREDENTIALS_CREDENTIAL_H

#include <stdbool.h>

#include "auth/caller.h"
#include "base/base.h"
#include "crypto/seal.h"
#include "id/id.h"
#include "providers/provider.h"

enum {
	CREDENTIAL_LABEL_MAX = 64, /* characters */
	CREDENTIAL_LABEL_SIZE = 4 * CREDENTIAL_LABEL_MAX + 1,
	CREDENTIAL_PROVIDER_SIZE = 32,
	CREDENTIAL_PURPOSE_MAX = 128, /* characters */
};

struct credential {
	char id[LK_ID_SIZE];
	char tenant[LK_ID_SIZE];
	char owner[LK_ID_SIZE];
	char provider[CREDENTIAL_PROVIDER_SIZE];
	char label[CREDENTIAL_LABEL_SIZE];
	char hint[PROVIDER_HINT_SIZE];
	bool one_per_tenant; /* it takes the tenant's only place at this provider */
	int64_t version;     /* of the secret: one more with each replacement */
	int64_t created_at_ms;
	int64_t expires_at_ms; /* 0: never */
	int64_t last_used_at_ms;
};

/* What a tenant's policy says about external credentials (the policy table of keys). */
struct credential_policy {
	int64_t ttl_default_ms, ttl_max_ms; /* 0: none */
	bool block_expired;                 /* else an expired one is handed out, marked as such */
	bool one_per_tenant;                /* else one for each user, of each provider */
	bool needs_lease, needs_signature;
	bool sessions_only; /* nothing is handed out but what ends by itself at the provider */
};

/* INVALID_ARGUMENT LABEL_INVALID: 1 to 64 printable characters. */
lk_status credential_label_check(const char *label, struct lk_error *err);

/* INVALID_ARGUMENT PURPOSE_INVALID: 1 to 128 printable characters, so that the trail says what for.
 */
lk_status credential_purpose_check(const char *purpose, struct lk_error *err);

/* The same of a lease's job, by that name: JOB_INVALID. */
lk_status credential_job_check(const char *job, struct lk_error *err);

/* When a credential made now with this --ttl expires; "" takes the policy's default.
 * INVALID_ARGUMENT DURATION_INVALID, TTL_TOO_LONG (naming the maximum), TTL_PAST. */
lk_status credential_expiry(const char *ttl, const struct credential_policy *policy, int64_t now_ms,
    int64_t *out_expires_at_ms, struct lk_error *err);

bool credential_is_expired(const struct credential *credential, int64_t now_ms);

/* May this caller see and delete it? Its owner with credentials.manage, others of the tenant with
 * credentials.manage_any, operators. */
bool credential_is_managed_by(const struct credential *credential, const struct lk_caller *caller);

/* The row a sealed secret belongs to; borrows from `credential`. */
struct lk_seal_context credential_seal_context(const struct credential *credential);

#endif
