/* Tenants, tickets, sessions, lists and what other services ask. */
#include "crypto/key_format.h"
#include "keys_world.h"

static const int64_t hour_ms = 3600000;

static void
a_tenant_is_refused_by_field_and_changes_nothing(void **state)
{
	struct world *w = *state;
	CreateTenantRequest req = LATCHKEY__ACCOUNTS__V1__CREATE_TENANT_REQUEST__INIT;
	ListTenantsRequest list = LATCHKEY__ACCOUNTS__V1__LIST_TENANTS_REQUEST__INIT;
	ListTenantsResponse *rep;

	world_tenant(w, "genomics", "panomics");
	req.name = text("Genomics");
	req.domain = text("other.example");
	req.admin_email = text("ada@other.example");
	ask_field(w, OPERATOR, "CreateTenant", &req, "name", "TENANT_NAME_INVALID");
	req.name = text("other");
	req.admin_email = text("ada");
	ask_field(w, OPERATOR, "CreateTenant", &req, "admin_email", "EMAIL_INVALID");
	req.admin_email = text("ada@other.example");
	req.profile = text("panomix");
	ask_field(w, OPERATOR, "CreateTenant", &req, "profile", "PROFILE_UNKNOWN");
	req.profile = text("");
	req.domain = text("genomics.example");
	ask_fails(w, OPERATOR, "CreateTenant", &req, LK_ALREADY_EXISTS, "TENANT_EXISTS");
	assert_string_equal(w->err.field, "domain");
	req.domain = text("other.example");
	req.name = text("genomics");
	ask_fails(w, OPERATOR, "CreateTenant", &req, LK_ALREADY_EXISTS, "TENANT_EXISTS");
	assert_string_equal(w->err.field, "name");
	ask_ok(w, OPERATOR, "ListTenants", &list, &rep);
	assert_int_equal(rep->n_tenants, 1);
}

static void
an_address_is_once_in_a_tenant_whatever_its_case(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	CreateUserRequest req = LATCHKEY__ACCOUNTS__V1__CREATE_USER_REQUEST__INIT;
	GetUserRequest get = LATCHKEY__ACCOUNTS__V1__GET_USER_REQUEST__INIT;
	GetUserResponse *rep;

	req.email = text("Ben@Genomics.Example");
	ask_ok(w, ada, "CreateUser", &req, NULL);
	req.email = text("ben@genomics.example");
	ask_fails(w, ada, "CreateUser", &req, LK_ALREADY_EXISTS, "USER_EXISTS");
	get.user = text("BEN@genomics.example");
	ask_ok(w, ada, "GetUser", &get, &rep);
	assert_string_equal(rep->user->email, "ben@genomics.example");
	assert_string_equal(rep->user->state, "invited");
}

static void
every_wrong_ticket_gets_the_same_answer(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	RedeemTicketRequest req = LATCHKEY__ACCOUNTS__V1__REDEEM_TICKET_REQUEST__INIT;
	const struct world_tenant other = world_tenant(w, "other", "panomics");
	char *cut = lk_arena_text(w->arena, t.ticket);
	struct lk_key_parts parts;
	struct lk_key_text forged;

	cut[strlen(cut) - 1] ^= 1;
	expect_ok(lk_key_text_parse("lk", lk_bytes_of(t.ticket), &parts, &w->err), &w->err);
	parts.secret.bytes[0] ^= 1;
	expect_ok(lk_key_text_make("lk", parts.id, &parts.secret, &forged, &w->err), &w->err);
	const char *bad[] = { "", "x", cut, forged.text,
		world_key(w, world_redeem(w, other.ticket), "k").secret };
	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++) {
		req.secret_ticket = text(bad[i]);
		ask_fails(w, NULL, "RedeemTicket", &req, LK_UNAUTHENTICATED, "TICKET_REFUSED");
		assert_string_equal(w->err.message, "the ticket was not accepted");
	}
	world_redeem(w, t.ticket);
}

static void
a_ticket_ends_after_a_day_and_when_a_newer_one_is_made(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	IssueTicketRequest again = LATCHKEY__ACCOUNTS__V1__ISSUE_TICKET_REQUEST__INIT;
	IssueTicketResponse *rep;
	RedeemTicketRequest req = LATCHKEY__ACCOUNTS__V1__REDEEM_TICKET_REQUEST__INIT;

	again.user = t.admin;
	ask_ok(w, OPERATOR, "IssueTicket", &again, &rep);
	req.secret_ticket = t.ticket;
	ask_fails(w, NULL, "RedeemTicket", &req, LK_UNAUTHENTICATED, "TICKET_REFUSED");
	w->clock.ahead_ms += 24 * hour_ms;
	req.secret_ticket = rep->secret_ticket;
	ask_fails(w, NULL, "RedeemTicket", &req, LK_UNAUTHENTICATED, "TICKET_REFUSED");
	ask_ok(w, OPERATOR, "IssueTicket", &again, &rep);
	world_redeem(w, rep->secret_ticket);
}

static void
a_disabled_user_does_not_come_in(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	SetUserStateRequest off = LATCHKEY__ACCOUNTS__V1__SET_USER_STATE_REQUEST__INIT;
	RedeemTicketRequest req = LATCHKEY__ACCOUNTS__V1__REDEEM_TICKET_REQUEST__INIT;
	IssueTicketRequest again = LATCHKEY__ACCOUNTS__V1__ISSUE_TICKET_REQUEST__INIT;

	off.user = again.user = t.admin;
	off.state = text("disabled");
	ask_ok(w, OPERATOR, "SetUserState", &off, NULL);
	req.secret_ticket = t.ticket;
	ask_fails(w, NULL, "RedeemTicket", &req, LK_UNAUTHENTICATED, "TICKET_REFUSED");
	ask_fails(w, OPERATOR, "IssueTicket", &again, LK_FAILED_PRECONDITION, "USER_STATE");
	off.state = text("active");
	ask_ok(w, OPERATOR, "SetUserState", &off, NULL);
	world_redeem(w, t.ticket);
}

static VerifyKeyResponse *
verify_session(struct world *w, const char *secret, bool allow)
{
	VerifyKeyRequest req = LATCHKEY__KEYS__V1__VERIFY_KEY_REQUEST__INIT;
	VerifyKeyResponse *rep;

	req.secret_key = text(secret);
	req.allow_session = allow;
	ask_ok(w, SERVICE, "VerifyKey", &req, &rep);
	return rep;
}

static void
a_session_is_accepted_from_services_that_ask_for_it(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	const char *api = world_principal(w, "samples-api", "keys.verify", NULL, NULL);
	VerifyKeyRequest req = LATCHKEY__KEYS__V1__VERIFY_KEY_REQUEST__INIT;
	char *secret;

	world_redeem_as(w, t.ticket, &secret);
	assert_int_equal(strncmp(secret, "lks_", 4), 0);
	const VerifyKeyResponse *rep = verify_session(w, secret, true);
	assert_true(rep->active);
	assert_true(lk_id_ok(LK_ID_SESSION, rep->identity->session));
	assert_string_equal(rep->identity->key, "");
	assert_string_equal(verify_session(w, secret, false)->reason, "KEY_REFUSED");
	req.secret_key = secret;
	req.allow_session = true;
	ask_fails(w, api, "VerifyKey", &req, LK_PERMISSION_DENIED, "SERVICES_ONLY");
	req.allow_session = false;
	req.sign_in = true;
	ask_fails(w, api, "VerifyKey", &req, LK_PERMISSION_DENIED, "SERVICES_ONLY");
}

static void
a_session_ends_by_word_and_stays_ended(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	EndSessionRequest req = LATCHKEY__ACCOUNTS__V1__END_SESSION_REQUEST__INIT;
	char *secret;
	const char *ada = world_redeem_as(w, t.ticket, &secret);

	assert_true(verify_session(w, secret, true)->active);
	ask_ok(w, ada, "EndSession", &req, NULL);
	assert_string_equal(verify_session(w, secret, true)->reason, "KEY_REFUSED");
	ask_fails(w, ada, "EndSession", &req, LK_UNAUTHENTICATED, "TOKEN_REFUSED");
	ask_field(w, OPERATOR, "EndSession", &req, "session", "SESSION_REQUIRED");
	req.session = text(ada + LK_ID_LEN + 1);
	ask_fails(w, OPERATOR, "EndSession", &req, LK_FAILED_PRECONDITION, "SESSION_ENDED");
}

static void
a_session_ends_by_time_and_by_idleness(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	char *secret;

	world_redeem_as(w, t.ticket, &secret);
	for (int i = 0; i < 11; i++) {
		w->clock.ahead_ms += hour_ms;
		assert_true(verify_session(w, secret, true)->active);
	}
	w->clock.ahead_ms += hour_ms;
	assert_false(verify_session(w, secret, true)->active);
	world_redeem_as(w, world_tenant(w, "other", "panomics").ticket, &secret);
	assert_true(verify_session(w, secret, true)->active);
	w->clock.ahead_ms += 2 * hour_ms;
	assert_false(verify_session(w, secret, true)->active);
}

static void
pages_stay_put_while_the_list_changes(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	ListKeysRequest list = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	Latchkey__Common__V1__PageRequest page = LATCHKEY__COMMON__V1__PAGE_REQUEST__INIT;
	ListKeysResponse *rep;
	struct world_key keys[7];
	struct id_list seen = { 0 };

	for (int i = 0; i < 7; i++) {
		keys[i] = world_key(w, ada, "k");
		w->clock.ahead_ms += 1;
	}
	list.page = &page;
	page.size = 2;
	for (int round = 0;; round++) {
		ask_ok(w, ada, "ListKeys", &list, &rep);
		for (size_t i = 0; i < rep->n_keys; i++) {
			assert_false(id_list_has(&seen, rep->keys[i]->id));
			expect_ok(id_list_add(&seen, w->arena, rep->keys[i]->id, &w->err), &w->err);
		}
		if (rep->page->next_cursor[0] == '\0')
			break;
		page.cursor = rep->page->next_cursor;
		world_key(w, ada, "newer");
		if (round == 0)
			world_revoke(w, ada, keys[6].id); /* seen already */
	}
	for (int i = 0; i < 7; i++)
		assert_true(id_list_has(&seen, keys[i].id));
	page.cursor = text("nonsense");
	ask_field(w, ada, "ListKeys", &list, "page.cursor", "CURSOR_INVALID");
}

static StandingMsg *
standing_of(struct world *w, const char *subject, const char *key, const char *session)
{
	GetStandingRequest req = LATCHKEY__ACCOUNTS__V1__GET_STANDING_REQUEST__INIT;
	StandingQueryMsg one = LATCHKEY__ACCOUNTS__V1__STANDING_QUERY__INIT, *queries[] = { &one };
	GetStandingResponse *rep;

	one.subject = text(subject);
	one.key = text(key);
	one.session = text(session);
	req.queries = queries;
	req.n_queries = 1;
	ask_ok(w, SERVICE, "GetStanding", &req, &rep);
	return rep->standings[0];
}

static void
standing_is_of_the_subject_that_owns_the_key(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	const char *ada = world_redeem(w, t.ticket);
	const char *ben = world_id(w, world_user(w, ada, "ben@genomics.example", NULL));
	const struct world_key key = world_key(w, ada, "laptop");

	assert_true(standing_of(w, t.admin, key.id, "")->active);
	assert_true(standing_of(w, t.admin, "", "")->active);
	assert_false(standing_of(w, ben, key.id, "")->active);
	assert_false(standing_of(w, t.admin, "nonsense", "")->active);
	assert_false(standing_of(w, "nobody", "", "")->active);
	assert_false(standing_of(w, t.id, "", "")->active);
	assert_false(standing_of(w, t.admin, key.id, ada + LK_ID_LEN + 1)->active);
	world_revoke(w, ada, key.id);
	assert_false(standing_of(w, t.admin, key.id, "")->active);
}

static lk_status
resolve(struct world *w, const char *user, const char *tenant, const char *subject,
    ResolveUserResponse **out)
{
	ResolveUserRequest req = LATCHKEY__ACCOUNTS__V1__RESOLVE_USER_REQUEST__INIT;

	req.user = text(user);
	req.tenant = text(tenant);
	req.for_subject = lk_arena_text_n(w->arena, subject, LK_ID_LEN);
	return world_ask(w, SERVICE, "ResolveUser", &req, out);
}

static void
an_owner_is_seen_with_the_eyes_of_who_asks(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	const char *ada = world_redeem(w, t.ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", NULL);
	const char *cem = world_user(w, ada, "cem@genomics.example", NULL);
	const char *bob = world_redeem(w, world_tenant(w, "other", "panomics").ticket);
	CreateWorkgroupRequest group = LATCHKEY__ACCOUNTS__V1__CREATE_WORKGROUP_REQUEST__INIT;
	AddWorkgroupMemberRequest add = LATCHKEY__ACCOUNTS__V1__ADD_WORKGROUP_MEMBER_REQUEST__INIT;
	ResolveUserResponse *rep;

	expect_ok(resolve(w, "ben@genomics.example", "", ben, &rep), &w->err);
	assert_string_equal(rep->user->id, world_id(w, ben));
	assert_int_equal(rep->n_policy, POLICY_COUNT);
	expect_fail(resolve(w, "ben@genomics.example", "", cem, &rep), &w->err, LK_NOT_FOUND,
	    "USER_NOT_FOUND");
	expect_ok(resolve(w, "ben@genomics.example", "", ada, &rep), &w->err);
	expect_fail(resolve(w, "ben@genomics.example", "genomics", bob, &rep), &w->err,
	    LK_NOT_FOUND, "USER_NOT_FOUND");
	expect_fail(
	    resolve(w, world_id(w, ben), "", bob, &rep), &w->err, LK_NOT_FOUND, "USER_NOT_FOUND");
	group.name = text("Red");
	ask_ok(w, ada, "CreateWorkgroup", &group, NULL);
	add.workgroup = text("Red");
	add.user = text("ben@genomics.example");
	ask_ok(w, ada, "AddWorkgroupMember", &add, NULL);
	add.user = text("cem@genomics.example");
	ask_ok(w, ada, "AddWorkgroupMember", &add, NULL);
	expect_ok(resolve(w, "ben@genomics.example", "", cem, &rep), &w->err);
	assert_int_equal(rep->n_workgroups, 1);
}

static void
a_fleet_resolves_owners_of_its_tenants(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	const char *one = world_principal(w, "one", "credentials.fetch", "genomics", NULL);
	const char *all = world_principal(w, "all", "credentials.fetch", NULL, NULL);
	ResolveUserResponse *rep;

	world_tenant(w, "other", "panomics");
	expect_ok(resolve(w, "ada@genomics.example", "", one, &rep), &w->err);
	assert_string_equal(rep->user->id, t.admin);
	expect_fail(resolve(w, "ada@other.example", "other", one, &rep), &w->err, LK_NOT_FOUND,
	    "USER_NOT_FOUND");
	expect_field(resolve(w, "ada@genomics.example", "", all, &rep), &w->err, "tenant",
	    "TENANT_REQUIRED");
	expect_ok(resolve(w, "ada@genomics.example", "genomics.example", all, &rep), &w->err);
	expect_ok(resolve(w, t.admin, "", all, &rep), &w->err);
	expect_fail(resolve(w, t.admin, "", "prn_01hzzzzzzzzzzzzzzzzzzzzzzz", &rep), &w->err,
	    LK_NOT_FOUND, "USER_NOT_FOUND");
}

LK_TESTS(KEYS_CASE(a_tenant_is_refused_by_field_and_changes_nothing),
    KEYS_CASE(an_address_is_once_in_a_tenant_whatever_its_case),
    KEYS_CASE(every_wrong_ticket_gets_the_same_answer),
    KEYS_CASE(a_ticket_ends_after_a_day_and_when_a_newer_one_is_made),
    KEYS_CASE(a_disabled_user_does_not_come_in),
    KEYS_CASE(a_session_is_accepted_from_services_that_ask_for_it),
    KEYS_CASE(a_session_ends_by_word_and_stays_ended),
    KEYS_CASE(a_session_ends_by_time_and_by_idleness),
    KEYS_CASE(pages_stay_put_while_the_list_changes),
    KEYS_CASE(standing_is_of_the_subject_that_owns_the_key),
    KEYS_CASE(an_owner_is_seen_with_the_eyes_of_who_asks),
    KEYS_CASE(a_fleet_resolves_owners_of_its_tenants))
