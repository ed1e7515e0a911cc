/* A tenant and a key from creation to revocation, and signing in, while memory runs short: each
 * change stands with its audit row or not at all. */
#include <string.h>

#include "audit_migrations.h"
#include "crypto/password.h"
#include "idempotency_migrations.h"
#include "keys/keys.h"
#include "keys/password_store.h"
#include "keys/service.h"
#include "keys/wire.h"
#include "keys_migrations.h"
#include "test.h"
#include "torture.h"

static const struct lk_caller operator_caller = {
	.kind = LK_CALLER_OPERATOR, .id = "operator", .all_tenants = true, .all_workgroups = true
};

struct world {
	struct lk_pepper *pepper;
	struct lk_store *store;
	struct keys *keys;
	struct lk_caller ada; /* the administrator */
	char key[LK_ID_SIZE], secret[128];
	int64_t tenants, keys_made, keys_revoked, tenants_told, made_told, revoked_told;
	int64_t signed_in; /* answered so */
};

/* ---- One call, as the dispatcher makes it ---- */

static const struct lk_method *
row_of(const struct lk_method_table *table, const char *rpc)
{
	for (size_t i = 0; i < table->count; i++) {
		if (strcmp(table->methods[i].rpc, rpc) == 0)
			return &table->methods[i];
	}
	fail_msg("no method %s", rpc);
	return NULL;
}

/* The reply's texts live in the call, which is the caller's to free. */
static lk_status
ask(struct world *w, const struct lk_method_table *table, const char *rpc,
    const struct lk_caller *caller, const void *req, void *rep, struct lk_call **out_call,
    struct lk_error *err)
{
	const struct lk_method *row = row_of(table, rpc);
	const struct lk_call_setup setup = {
		.method = rpc, .row = row, .caller = caller, .user = w->keys, .may_block = true
	};
	struct lk_call *call = *out_call = lk_call_new(&setup);

	if (!call)
		return lk_fail_oom(err);
	const lk_status status = row->invoke(call, req, rep);
	*err = *lk_call_error(call);
	return status;
}

static char *
text(const char *constant)
{
	return (char *)(uintptr_t)constant;
}

static lk_status
create_tenant(struct world *w, struct lk_error *err)
{
	CreateTenantRequest req = LATCHKEY__ACCOUNTS__V1__CREATE_TENANT_REQUEST__INIT;
	CreateTenantResponse rep = LATCHKEY__ACCOUNTS__V1__CREATE_TENANT_RESPONSE__INIT;
	LK_AUTO(lk_call_freep) struct lk_call *call = NULL;

	req.name = text("genomics");
	req.domain = text("genomics.example");
	req.profile = text("panomics");
	req.admin_email = text("ada@genomics.example");
	LK_TRY(ask(
	    w, &keys_account_service, "CreateTenant", &operator_caller, &req, &rep, &call, err));
	w->ada = (struct lk_caller){
		.kind = LK_CALLER_USER, .permissions = LK_PERMISSIONS_ALL, .all_workgroups = true
	};
	lk_text_copy(w->ada.id, sizeof w->ada.id, rep.admin->id);
	lk_text_copy(w->ada.tenant, sizeof w->ada.tenant, rep.tenant->id);
	return LK_OK;
}

static lk_status
redeem_ticket_of(struct world *w, struct lk_error *err)
{
	IssueTicketRequest issue = LATCHKEY__ACCOUNTS__V1__ISSUE_TICKET_REQUEST__INIT;
	IssueTicketResponse issued = LATCHKEY__ACCOUNTS__V1__ISSUE_TICKET_RESPONSE__INIT;
	RedeemTicketRequest redeem = LATCHKEY__ACCOUNTS__V1__REDEEM_TICKET_REQUEST__INIT;
	RedeemTicketResponse redeemed = LATCHKEY__ACCOUNTS__V1__REDEEM_TICKET_RESPONSE__INIT;
	static const struct lk_caller nobody = { .kind = LK_CALLER_ANONYMOUS };
	LK_AUTO(lk_call_freep) struct lk_call *first = NULL;
	LK_AUTO(lk_call_freep) struct lk_call *second = NULL;

	issue.user = w->ada.id;
	LK_TRY(ask(w, &keys_account_service, "IssueTicket", &w->ada, &issue, &issued, &first, err));
	redeem.secret_ticket = issued.secret_ticket;
	return ask(
	    w, &keys_account_service, "RedeemTicket", &nobody, &redeem, &redeemed, &second, err);
}

static lk_status
create_key(struct world *w, struct lk_error *err)
{
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	CreateKeyResponse rep = LATCHKEY__KEYS__V1__CREATE_KEY_RESPONSE__INIT;
	LK_AUTO(lk_call_freep) struct lk_call *call = NULL;

	req.name = text("laptop");
	req.ttl = text("90d");
	LK_TRY(ask(w, &keys_key_service, "CreateKey", &w->ada, &req, &rep, &call, err));
	lk_text_copy(w->key, sizeof w->key, rep.key->id);
	lk_text_copy(w->secret, sizeof w->secret, rep.secret_key);
	return LK_OK;
}

static lk_status
verify(struct world *w, bool wanted, struct lk_error *err)
{
	VerifyKeyRequest req = LATCHKEY__KEYS__V1__VERIFY_KEY_REQUEST__INIT;
	VerifyKeyResponse rep = LATCHKEY__KEYS__V1__VERIFY_KEY_RESPONSE__INIT;
	LK_AUTO(lk_call_freep) struct lk_call *call = NULL;

	req.secret_key = w->secret;
	LK_TRY(ask(w, &keys_key_service, "VerifyKey", &operator_caller, &req, &rep, &call, err));
	assert_int_equal(rep.active, wanted);
	return LK_OK;
}

static lk_status
revoke_key(struct world *w, struct lk_error *err)
{
	RevokeKeysRequest req = LATCHKEY__KEYS__V1__REVOKE_KEYS_REQUEST__INIT;
	RevokeKeysResponse rep = LATCHKEY__KEYS__V1__REVOKE_KEYS_RESPONSE__INIT;
	LK_AUTO(lk_call_freep) struct lk_call *call = NULL;
	char *ids[] = { w->key };

	req.n_ids = 1;
	req.ids = ids;
	return ask(w, &keys_key_service, "RevokeKeys", &w->ada, &req, &rep, &call, err);
}

/* ---- The whole life of a key ---- */

static void
world_close(struct world *w)
{
	if (w->keys)
		keys_stop(w->keys);
	keys_free(w->keys);
	lk_store_close(w->store);
	w->keys = NULL;
	w->store = NULL;
}

static lk_status
world_open(struct world *w, struct lk_error *err)
{
	world_close(w);
	LK_TRY(lk_store_open("sqlite://:memory:",
	    LK_MIGRATIONS(&audit_migrations, &idempotency_migrations, &keys_migrations), NULL,
	    &w->store, err));
	const struct keys_setup setup = { .store = w->store,
		.clock = lk_clock_system(),
		.random = lk_random_system(),
		.pepper = w->pepper,
		.prefix = "lk",
		.ticket_ttl_ms = INT64_C(86400000),
		.session_ttl_ms = INT64_C(43200000),
		.cache_keys = 16 };
	return keys_new(&setup, &w->keys, err);
}

static lk_status
live(void *arg, struct lk_error *err)
{
	struct world *w = arg;

	w->key[0] = '\0';
	LK_TRY(world_open(w, err));
	LK_TRY(create_tenant(w, err));
	LK_TRY(redeem_ticket_of(w, err));
	LK_TRY(create_key(w, err));
	LK_TRY(verify(w, true, err));
	LK_TRY(revoke_key(w, err));
	return verify(w, false, err);
}

static lk_status
count(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	static const char sql[] =
	    "SELECT (SELECT count(*) FROM tenants), (SELECT count(*) FROM api_keys), "
	    "(SELECT count(*) FROM api_keys WHERE revoked_at_ms <> 0), "
	    "(SELECT count(*) FROM audit_event WHERE action = 'tenant.created'), "
	    "(SELECT count(*) FROM audit_event WHERE action = 'key.created'), "
	    "(SELECT count(*) FROM audit_event WHERE action = 'key.revoked')";
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct world *w = arg;
	bool has = false;

	LK_TRY(lk_tx_query_first(tx, sql, LK_NO_ARGS, &rows, &has, err));
	w->tenants = lk_col_int(&rows, 0);
	w->keys_made = lk_col_int(&rows, 1);
	w->keys_revoked = lk_col_int(&rows, 2);
	w->tenants_told = lk_col_int(&rows, 3);
	w->made_told = lk_col_int(&rows, 4);
	w->revoked_told = lk_col_int(&rows, 5);
	return LK_OK;
}

static void
each_change_with_its_row(void *arg, lk_status answered)
{
	struct world *w = arg;
	struct lk_error err = { 0 };

	if (!w->store)
		return;
	expect_ok(lk_store_read(w->store, LK_NO_DEADLINE, count, w, &err), &err);
	assert_int_equal(w->tenants, w->tenants_told);
	assert_int_equal(w->keys_made, w->made_told);
	assert_int_equal(w->keys_revoked, w->revoked_told);
	if (answered == LK_OK)
		assert_int_equal(w->keys_revoked, 1);
	if (w->key[0] && w->keys) /* what was answered is remembered as it is stored */
		expect_ok(verify(w, w->keys_revoked == 0, &err), &err);
}

static void
a_keys_life_leaves_nothing_half_done(void **state)
{
	static struct world w;
	const struct lk_secret32 pepper = { { 7 } };

	(void)state;
	expect_ok(lk_pepper_new(1, &pepper, "hold", &w.pepper, NULL), NULL);
	assert_true(lk_torture(live, each_change_with_its_row, &w) > 50);
	world_close(&w);
	lk_pepper_free(w.pepper);
}

/* ---- Signing in ---- */

static const char password[] = "correct horse battery";

static lk_status
save_password(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct world *w = arg;
	char hash[LK_PASSWORD_HASH_SIZE];

	LK_TRY(lk_password_hash(lk_bytes_of(password), hash, err));
	return password_save(tx, w->ada.id, hash, 1, err);
}

static lk_status
sign_in(void *arg, struct lk_error *err)
{
	static const struct lk_caller nobody = { .kind = LK_CALLER_ANONYMOUS };
	SignInRequest req = LATCHKEY__ACCOUNTS__V1__SIGN_IN_REQUEST__INIT;
	RedeemTicketResponse rep = LATCHKEY__ACCOUNTS__V1__REDEEM_TICKET_RESPONSE__INIT;
	LK_AUTO(lk_call_freep) struct lk_call *call = NULL;

	req.tenant = text("genomics.example");
	req.email = text("ada@genomics.example");
	req.secret_password = text(password);
	return ask(arg, &keys_account_service, "SignIn", &nobody, &req, &rep, &call, err);
}

static lk_status
count_sessions(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	static const char sql[] =
	    "SELECT (SELECT count(*) FROM sessions), "
	    "(SELECT count(*) FROM audit_event WHERE action = 'session.started')";
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	int64_t *counts = arg;
	bool has = false;

	LK_TRY(lk_tx_query_first(tx, sql, LK_NO_ARGS, &rows, &has, err));
	counts[0] = lk_col_int(&rows, 0);
	counts[1] = lk_col_int(&rows, 1);
	return LK_OK;
}

/* One more when it was answered, and otherwise none. */
static void
each_session_with_its_row(void *arg, lk_status answered)
{
	struct world *w = arg;
	struct lk_error err = { 0 };
	int64_t counts[2];

	expect_ok(lk_store_read(w->store, LK_NO_DEADLINE, count_sessions, counts, &err), &err);
	if (answered == LK_OK)
		w->signed_in++;
	assert_int_equal(counts[0], counts[1]);
	assert_int_equal(counts[0], w->signed_in);
}

static void
a_sign_in_leaves_nothing_half_done(void **state)
{
	static struct world w;
	const struct lk_secret32 pepper = { { 7 } };
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_pepper_new(1, &pepper, "hold", &w.pepper, NULL), NULL);
	expect_ok(world_open(&w, &err), &err);
	expect_ok(create_tenant(&w, &err), &err);
	expect_ok(lk_store_write(w.store, LK_NO_DEADLINE, save_password, &w, &err), &err);
	assert_true(lk_torture(sign_in, each_session_with_its_row, &w) > 2);
	world_close(&w);
	lk_pepper_free(w.pepper);
}

LK_TESTS(LK_CASE(a_keys_life_leaves_nothing_half_done), LK_CASE(a_sign_in_leaves_nothing_half_done))
