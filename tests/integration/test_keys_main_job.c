/* The main job of keys from the tenant to the revoked key, as its users ask for it. */
#include "keys_world.h"

static void
a_ticket_becomes_a_session_once(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	RedeemTicketRequest req = LATCHKEY__ACCOUNTS__V1__REDEEM_TICKET_REQUEST__INIT;
	const char *ada = world_redeem(w, t.ticket);
	GetMeRequest me = LATCHKEY__ACCOUNTS__V1__GET_ME_REQUEST__INIT;
	GetMeResponse *rep;

	ask_ok(w, ada, "GetMe", &me, &rep);
	assert_string_equal(rep->caller_kind, "user");
	assert_string_equal(rep->identity->name, "ada@genomics.example");
	assert_string_equal(rep->identity->tenant, t.id);
	assert_string_equal(rep->identity->tenant_name, "genomics");
	req.secret_ticket = t.ticket;
	ask_fails(w, NULL, "RedeemTicket", &req, LK_UNAUTHENTICATED, "TICKET_REFUSED");
}

static void
P7_a_key_is_shown_once_and_listed_masked(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	const char *ada = world_redeem(w, t.ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");
	CreateKeyRequest create = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	CreateKeyResponse *made;
	ListKeysRequest list = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	ListKeysResponse *listed;

	create.name = text("laptop");
	create.ttl = text("90d");
	ask_ok(w, ben, "CreateKey", &create, &made);
	assert_int_equal(strncmp(made->secret_key, "lk_", 3), 0);
	assert_string_equal(made->key->state, "active");
	ask_ok(w, ben, "ListKeys", &list, &listed);
	assert_int_equal(listed->n_keys, 1);
	assert_string_equal(listed->keys[0]->id, made->key->id);
	assert_string_equal(listed->keys[0]->owner_name, "ben@genomics.example");
	expect_contains(listed->keys[0]->hint, made->secret_key + strlen(made->secret_key) - 4);
	assert_null(strstr(listed->keys[0]->hint, made->secret_key));
	assert_int_equal(listed->keys[0]->expires_at_ms - listed->keys[0]->created_at_ms,
	    INT64_C(90) * 86400000);
}

static void
a_good_key_says_whose_it_is(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	const char *ada = world_redeem(w, t.ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");
	const char *api = world_principal(w, "samples-api", "keys.verify", NULL, NULL);
	const struct world_key key = world_key(w, ben, "laptop");
	const VerifyKeyResponse *rep = world_verify(w, api, key.secret);

	assert_true(rep->active);
	assert_string_equal(rep->reason, "");
	assert_string_equal(rep->identity->subject, world_id(w, ben));
	assert_string_equal(rep->identity->name, "ben@genomics.example");
	assert_string_equal(rep->identity->key, key.id);
	assert_string_equal(rep->identity->tenant, t.id);
	assert_int_equal(rep->identity->n_permissions, 1);
	assert_string_equal(rep->identity->permissions[0], "credentials.manage");
	assert_int_equal(rep->token_ttl_max_ms, 0);
	assert_int_equal(world_verify(w, SERVICE, key.secret)->token_ttl_max_ms, 3600000);
}

static void
a_revoked_key_is_refused_by_the_very_next_check(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	const char *ada = world_redeem(w, t.ticket);

	for (int i = 0; i < 20; i++) {
		const struct world_key key = world_key(w, ada, "laptop");
		expect_active(w, SERVICE, key.secret);
		expect_active(w, SERVICE, key.secret);
		world_revoke(w, ada, key.id);
		expect_refused(w, SERVICE, key.secret, "KEY_REFUSED");
	}
}

static void
revoking_twice_is_refused(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key key = world_key(w, ada, "laptop");
	RevokeKeysRequest req = LATCHKEY__KEYS__V1__REVOKE_KEYS_REQUEST__INIT;
	char *ids[] = { key.id };

	world_revoke(w, ada, key.id);
	req.ids = ids;
	req.n_ids = 1;
	ask_fails(w, ada, "RevokeKeys", &req, LK_FAILED_PRECONDITION, "KEY_ALREADY_REVOKED");
}

static void
P8_revoking_many_is_all_or_nothing(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key a = world_key(w, ada, "a"), b = world_key(w, ada, "b");
	RevokeKeysRequest req = LATCHKEY__KEYS__V1__REVOKE_KEYS_REQUEST__INIT;
	char *ids[] = { a.id, b.id, text("key_01hzzzzzzzzzzzzzzzzzzzzzzz") };
	RevokeKeysResponse *rep;

	req.ids = ids;
	req.n_ids = 3;
	ask_fails(w, ada, "RevokeKeys", &req, LK_NOT_FOUND, "KEY_NOT_FOUND");
	expect_active(w, SERVICE, a.secret);
	req.n_ids = 2;
	req.reason = text("lost");
	ask_ok(w, ada, "RevokeKeys", &req, &rep);
	assert_int_equal(rep->n_keys, 2);
	assert_string_equal(rep->keys[1]->state, "revoked");
	assert_string_equal(rep->keys[1]->revoke_reason, "lost");
	expect_refused(w, SERVICE, a.secret, "KEY_REFUSED");
	expect_refused(w, SERVICE, b.secret, "KEY_REFUSED");
}

static void
P2_without_the_permission_keys_are_out_of_reach(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *cem = world_user(w, ada, "cem@genomics.example", "member");
	CreateKeyRequest create = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	ListKeysRequest list = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;

	create.name = text("laptop");
	ask_fails(w, cem, "CreateKey", &create, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	ask_fails(w, cem, "ListKeys", &list, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	list.all_owners = true;
	ask_fails(w, cem, "ListKeys", &list, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
}

static void
a_write_sent_twice_happens_once(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	CreateWorkgroupRequest req = LATCHKEY__ACCOUNTS__V1__CREATE_WORKGROUP_REQUEST__INIT;
	CreateWorkgroupResponse *first, *second;

	req.name = text("Lab 1");
	expect_ok(world_ask_in(w, ada, "CreateWorkgroup", "once", &req, w->arena, &first, &w->err),
	    &w->err);
	expect_ok(world_ask_in(w, ada, "CreateWorkgroup", "once", &req, w->arena, &second, &w->err),
	    &w->err);
	assert_string_equal(first->workgroup->id, second->workgroup->id);
}

LK_TESTS(KEYS_CASE(a_ticket_becomes_a_session_once),
    KEYS_CASE(P7_a_key_is_shown_once_and_listed_masked), KEYS_CASE(a_good_key_says_whose_it_is),
    KEYS_CASE(a_revoked_key_is_refused_by_the_very_next_check),
    KEYS_CASE(revoking_twice_is_refused), KEYS_CASE(P8_revoking_many_is_all_or_nothing),
    KEYS_CASE(P2_without_the_permission_keys_are_out_of_reach),
    KEYS_CASE(a_write_sent_twice_happens_once))
