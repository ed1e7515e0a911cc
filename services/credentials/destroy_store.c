/* The only SQL that takes all of a tenant. */
#include "destroy_store.h"

static const char Q_CREDENTIALS[] = "DELETE FROM credential WHERE tenant = $1";
static const char Q_LEASES[] = "DELETE FROM lease WHERE tenant = $1";
static const char Q_KEY[] = "DELETE FROM tenant_key WHERE tenant = $1";

lk_status
tenant_destroy(struct lk_tx *tx, const char *tenant, int64_t *out_credentials, struct lk_error *err)
{
	LK_TRY(lk_tx_exec(tx, Q_CREDENTIALS, LK_ARGS(lk_text(tenant)), out_credentials, err));
	LK_TRY(lk_tx_exec(tx, Q_LEASES, LK_ARGS(lk_text(tenant)), NULL, err));
	return lk_tx_exec(tx, Q_KEY, LK_ARGS(lk_text(tenant)), NULL, err);
}
