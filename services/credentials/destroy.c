/* DestroyTenant. */
#include "destroy.h"

#include "audit/audit.h"
#include "daemon/write.h"
#include "destroy_store.h"

struct destruction {
	struct lk_call *call;
	struct lk_feed *feed;
	const char *tenant;
	DestroyTenantResponse *rep;
};

static lk_status
destroy_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct destruction *d = arg;
	struct lk_arena *arena = lk_call_arena(d->call);
	int64_t credentials = 0;

	LK_TRY(tenant_destroy(tx, d->tenant, &credentials, err));
	const struct lk_audit_event event = {
		.action = "tenant.destroyed",
		.tenant = d->tenant,
		.object = d->tenant,
		.detail = lk_arena_format(arena, "%lld credentials", (long long)credentials),
	};
	LK_TRY(lk_audit_write(tx, d->call, &event, err));
	d->rep->credentials = (uint32_t)credentials;
	return lk_feed_emit(d->feed, tx, arena, LK_FEED_CREDENTIAL_DELETED, d->tenant, 0, err);
}

lk_status
credentials_destroy(
    struct lk_call *call, const DestroyTenantRequest *req, DestroyTenantResponse *rep)
{
	const struct credentials *credentials = lk_call_user(call);
	struct lk_error *err = lk_call_error(call);
	struct destruction d = { call, credentials->host->feed, req->tenant, rep };

	if (!lk_id_ok(LK_ID_TENANT, req->tenant))
		return lk_fail_field(
		    err, "tenant", "TENANT_INVALID", "tenant must be an id: tnt_…");
	if (!lk_text_is(req->confirm, req->tenant))
		return lk_fail_field(err, "confirm", "CONFIRM_MISSING",
		    "confirm must be the tenant's id again: nothing brings its secrets back");
	return lk_call_write(call, credentials->host->store, destroy_in, &d, &rep->base, err);
}
