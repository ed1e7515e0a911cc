/* The rules of a lease. */
#include "lease.h"

#include "time/duration.h"

enum lease_state
lease_state_at(const struct lease *lease, int64_t now_ms)
{
	if (lease->ended_at_ms != 0)
		return LEASE_ENDED;
	return lease->expires_at_ms <= now_ms ? LEASE_LAPSED : LEASE_ACTIVE;
}

const char *
lease_state_name(enum lease_state state)
{
	switch (state) {
	case LEASE_ACTIVE:
		return "active";
	case LEASE_ENDED:
		return "ended";
	case LEASE_LAPSED:
		return "lapsed";
	}
	return "unknown";
}

lk_status
lease_ttl(const char *text, int64_t *out_ms, struct lk_error *err)
{
	int64_t ms = LEASE_TTL_DEFAULT_MS;

	if (text[0] != '\0')
		LK_TRY(lk_duration_parse("ttl", text, &ms, err));
	if (ms < LEASE_TTL_MIN_MS || ms > LEASE_TTL_MAX_MS)
		return lk_fail_field(
		    err, "ttl", "LEASE_TTL_INVALID", "a lease lives 1s to 1d after each heartbeat");
	*out_ms = ms;
	return LK_OK;
}

lk_status
lease_worker_check(const char *worker, struct lk_error *err)
{
	if (lk_id_ok(LK_ID_USER, worker) || lk_id_ok(LK_ID_PRINCIPAL, worker))
		return LK_OK;
	return lk_fail_field(err, "worker", "WORKER_INVALID",
	    "worker must be the id of a user or a principal: usr_… or prn_…");
}

lk_status
lease_grant_check(
    const struct lk_caller *granter, const char *owner, const char *worker, struct lk_error *err)
{
	if (granter->kind == LK_CALLER_USER && lk_text_is(granter->id, owner))
		return lk_caller_require(granter, LK_PERM_CREDENTIALS_MANAGE, err);
	LK_TRY(lk_caller_require(granter, LK_PERM_CREDENTIALS_LEASE, err));
	if (lk_text_is(granter->id, worker))
		return lk_fail(err, LK_PERMISSION_DENIED, "LEASE_TO_ONESELF",
		    "nobody but the owner grants a lease to themselves");
	return LK_OK;
}

bool
lease_is_reached_by(const struct lease *lease, const struct lk_caller *caller)
{
	if (caller->kind == LK_CALLER_OPERATOR)
		return true;
	if (!lk_caller_reaches_tenant(caller, lease->tenant))
		return false;
	return lk_text_is(caller->id, lease->worker) || lk_text_is(caller->id, lease->granted_by) ||
	       lk_text_is(caller->id, lease->owner) ||
	       (caller->kind == LK_CALLER_USER &&
		   lk_caller_has(caller, LK_PERM_CREDENTIALS_MANAGE_ANY));
}

lk_status
lease_alive_check(const struct lease *lease, int64_t now_ms, struct lk_error *err)
{
	switch (lease_state_at(lease, now_ms)) {
	case LEASE_ACTIVE:
		return LK_OK;
	case LEASE_ENDED:
		return lk_fail(err, LK_FAILED_PRECONDITION, "LEASE_ENDED", "the lease was ended");
	case LEASE_LAPSED:
		break;
	}
	return lk_fail(err, LK_FAILED_PRECONDITION, "LEASE_ENDED",
	    "the lease has lapsed: no heartbeat came in time");
}

void
lease_beat(struct lease *lease, int64_t now_ms)
{
	lease->heartbeat_at_ms = now_ms;
	lease->expires_at_ms = now_ms + lease->beat_ttl_ms;
}
