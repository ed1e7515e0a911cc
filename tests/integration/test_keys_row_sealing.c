/* Rows from before there were MACs, and rows under a pepper that is followed by another. */
#include "by_hand.h"
#include "keys/row_sealing.h"

/* ---- A database of an older program ---- */

static const char *const rows_from_before[] = {
	"INSERT INTO tenants (id, name, domain, profile, state, generation, created_at_ms) VALUES "
	"('tnt_01j00000000000000000000001', 'old', 'old.example', 'panomics', 'active', 3, 5)",
	"INSERT INTO tenant_policy (tenant, name, value) VALUES ('tnt_01j00000000000000000000001', "
	"'password_login', 'on')",
	"INSERT INTO users (id, tenant, email, display_name, kind, state, generation, "
	"created_at_ms, last_sign_in_at_ms) VALUES ('usr_01j00000000000000000000002', "
	"'tnt_01j00000000000000000000001', 'ada@old.example', 'Ada', 'human', 'active', 2, 5, 6)",
	"INSERT INTO user_roles (user_id, role) VALUES ('usr_01j00000000000000000000002', "
	"'tenant-admin')",
	"INSERT INTO roles (id, tenant, name, permissions, created_at_ms) VALUES "
	"('rol_01j00000000000000000000003', 'tnt_01j00000000000000000000001', 'reader', "
	"'audit.read', 5)",
	"INSERT INTO user_own_roles (user_id, role) VALUES ('usr_01j00000000000000000000002', "
	"'rol_01j00000000000000000000003')",
	"INSERT INTO workgroups (id, tenant, name, created_at_ms) VALUES "
	"('wkg_01j00000000000000000000004', 'tnt_01j00000000000000000000001', 'lab', 5)",
	"INSERT INTO workgroup_members (workgroup, user_id, is_admin) VALUES "
	"('wkg_01j00000000000000000000004', 'usr_01j00000000000000000000002', 1)",
	"INSERT INTO principals (id, name, permissions, all_tenants, state, generation, "
	"created_at_ms) VALUES ('prn_01j00000000000000000000005', 'fleet', 'credentials.fetch', "
	"1, 'active', 1, 5)",
};
#define OLD_USER "usr_01j00000000000000000000002"
#define OLD_PRINCIPAL "prn_01j00000000000000000000005"

static lk_status
insert_rows(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	(void)arg;
	for (size_t i = 0; i < LK_ARRAY_LEN(rows_from_before); i++)
		LK_TRY(lk_tx_exec(tx, rows_from_before[i], LK_NO_ARGS, NULL, err));
	return LK_OK;
}

/* As it was at migration 0011. */
static void
make_old_database(const char *url)
{
	struct lk_migrations before = keys_migrations;
	LK_AUTO(lk_store_closep) struct lk_store *store = NULL;
	struct lk_error err = { 0 };

	before.sqlite_count = before.postgres_count = 11;
	expect_ok(
	    lk_store_open(url, LK_MIGRATIONS(&audit_migrations, &idempotency_migrations, &before),
		NULL, &store, &err),
	    &err);
	expect_ok(lk_store_write(store, LK_NO_DEADLINE, insert_rows, NULL, &err), &err);
}

static int
old_world_setup(void **state)
{
	struct world *w = LK_ALLOC(struct world);
	const char *dir = lk_test_tmpdir();

	assert_non_null(w);
	world_choose_store(w, dir);
	make_old_database(w->store_url);
	w->clock.clock = (struct lk_clock){ world_wall_ms, world_steady_ms };
	w->arena = lk_arena_new(64u << 20);
	assert_non_null(w->arena);
	world_open_keys(w, 4096);
	world_serve(w, dir);
	*state = w;
	return 0;
}

static char *
ticket_for(struct world *w, const char *user)
{
	IssueTicketRequest req = LATCHKEY__ACCOUNTS__V1__ISSUE_TICKET_REQUEST__INIT;
	IssueTicketResponse *rep;

	req.user = text(user);
	ask_ok(w, OPERATOR, "IssueTicket", &req, &rep);
	return rep->secret_ticket;
}

static void
set_principal(struct world *w, const char *id, const char *to)
{
	SetPrincipalStateRequest req = LATCHKEY__ACCOUNTS__V1__SET_PRINCIPAL_STATE_REQUEST__INIT;

	req.principal = text(id);
	req.state = text(to);
	ask_ok(w, OPERATOR, "SetPrincipalState", &req, NULL);
}

static void
INTEGRITY_rows_of_an_older_program_are_sealed_at_the_first_start(void **state)
{
	struct world *w = *state;
	IssueTicketRequest req = LATCHKEY__ACCOUNTS__V1__ISSUE_TICKET_REQUEST__INIT;

	req.user = text(OLD_USER);
	ask_fails(w, OPERATOR, "IssueTicket", &req, LK_DATA_LOSS, "ROW_DAMAGED");
	expect_ok(rows_seal_old(w->keys, &w->err), &w->err);
	expect_events(w, "rows.sealed", "", 1);
	const char *ada = world_redeem(w, ticket_for(w, OLD_USER));
	expect_active(w, SERVICE, world_key(w, ada, "hers").secret);
	set_principal(w, OLD_PRINCIPAL, "disabled");
	expect_ok(rows_seal_old(w->keys, &w->err), &w->err);
	expect_events(w, "rows.sealed", "", 1);
}

/* Whoever takes a MAC away, and the note that all have one, wins nothing by a restart. */
static void
INTEGRITY_rows_are_believed_once_in_the_life_of_a_database(void **state)
{
	struct world *w = *state;
	expect_ok(rows_seal_old(w->keys, &w->err), &w->err);
	const char *ada = world_redeem(w, ticket_for(w, OLD_USER));
	const struct world_key key = world_key(w, ada, "hers");

	by_hand(w, "UPDATE users SET mac = NULL, mac_pepper = 0 WHERE id = $1", OLD_USER);
	expect_ok(rows_seal_old(w->keys, &w->err), &w->err);
	expect_refused(w, SERVICE, key.secret, "KEY_REFUSED");
	by_hand(w, "DELETE FROM row_seals", OLD_USER);
	expect_fail(rows_seal_old(w->keys, &w->err), &w->err, LK_DATA_LOSS, "SEALS_MISSING");
}

/* ---- A new pepper ---- */

static int64_t
rows_under(struct world *w, uint32_t version)
{
	GetPepperStatusRequest req = LATCHKEY__KEYS__V1__GET_PEPPER_STATUS_REQUEST__INIT;
	GetPepperStatusResponse *rep;

	ask_ok(w, OPERATOR, "GetPepperStatus", &req, &rep);
	for (size_t i = 0; i < rep->n_versions; i++)
		if (rep->versions[i]->version == version)
			return (int64_t)rep->versions[i]->rows;
	return 0;
}

static void
forget(struct world *w, const char *id)
{
	by_hand(w, "UPDATE users SET generation = generation WHERE id = $1", id);
}

static void
PEPPER_all_rows_move_to_the_new_one_but_those_that_are_damaged(void **state)
{
	struct world *w = *state;
	const struct world_tenant tenant = world_tenant(w, "genomics", "panomics");
	const char *ada = world_redeem(w, tenant.ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");
	const char *eve = world_user(w, ada, "eve@genomics.example", "member");
	const struct lk_secret32 secret = { { 8 } };
	struct lk_pepper *newest;

	expect_ok(rows_seal_old(w->keys, &w->err), &w->err);
	by_hand(w, "INSERT INTO user_roles (user_id, role) VALUES ($1, 'tenant-admin')",
	    world_id(w, eve));
	assert_int_equal(rows_under(w, 1), 7);
	expect_ok(lk_pepper_new(2, &secret, "test", &newest, &w->err), &w->err);
	w->keys->setup.old_peppers = (const struct lk_pepper *const *)&w->pepper;
	w->keys->setup.old_peppers_count = 1;
	w->keys->setup.pepper = newest;
	forget(w, world_id(w, ben));
	const struct world_key key = world_key(w, ben, "his"); /* under the old one, still good */
	expect_ok(rows_seal_old(w->keys, &w->err), &w->err);
	expect_events(w, "rows.resealed", "", 1);
	assert_int_equal(rows_under(w, 1), 1);
	assert_int_equal(rows_under(w, 2), 6);
	expect_ok(rows_seal_old(w->keys, &w->err), &w->err);
	expect_events(w, "rows.resealed", "", 1);
	w->keys->setup.old_peppers_count = 0;
	forget(w, world_id(w, ben));
	forget(w, tenant.id);
	expect_active(w, SERVICE, key.secret);
	world_key(w, ben, "another");
	ListKeysRequest list = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	forget(w, world_id(w, eve));
	ask_fails(w, eve, "ListKeys", &list, LK_UNAUTHENTICATED, "TOKEN_REFUSED");
	expect_events(w, "user.damaged", world_id(w, eve), 1);
	w->keys->setup.pepper = w->pepper;
	lk_pepper_free(newest);
}

LK_TESTS(LK_CASE_WITH(INTEGRITY_rows_of_an_older_program_are_sealed_at_the_first_start,
	     old_world_setup, world_teardown),
    LK_CASE_WITH(INTEGRITY_rows_are_believed_once_in_the_life_of_a_database, old_world_setup,
	world_teardown),
    KEYS_CASE(PEPPER_all_rows_move_to_the_new_one_but_those_that_are_damaged))
