/* Accounts that people ask for themselves, and what a caller may do. */
#include "keys_world.h"

static RequestAccountRequest
asked_by(const char *tenant, const char *email)
{
	RequestAccountRequest req = LATCHKEY__ACCOUNTS__V1__REQUEST_ACCOUNT_REQUEST__INIT;

	req.tenant = text(tenant);
	req.email = text(email);
	return req;
}

static ListRegistrationsResponse *
waiting(struct world *w, const char *admin)
{
	ListRegistrationsRequest req = LATCHKEY__ACCOUNTS__V1__LIST_REGISTRATIONS_REQUEST__INIT;
	ListRegistrationsResponse *rep;

	ask_ok(w, admin, "ListRegistrations", &req, &rep);
	return rep;
}

static void
I13_who_asks_for_an_account_waits_until_an_administrator_admits_them(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "ica").ticket);
	RequestAccountRequest ask = asked_by("genomics.example", "Eve@genomics.example");
	AdmitRegistrationRequest admit = LATCHKEY__ACCOUNTS__V1__ADMIT_REGISTRATION_REQUEST__INIT;
	AdmitRegistrationResponse *admitted;
	GetUserRequest get = LATCHKEY__ACCOUNTS__V1__GET_USER_REQUEST__INIT;

	world_set_policy(w, ada, "", "self_registration", "on");
	ask.display_name = text("Eve");
	ask_ok(w, NULL, "RequestAccount", &ask, NULL);
	ask_ok(w, NULL, "RequestAccount", &ask, NULL);
	const ListRegistrationsResponse *list = waiting(w, ada);
	assert_int_equal(list->n_registrations, 1);
	assert_string_equal(list->registrations[0]->email, "eve@genomics.example");
	assert_string_equal(list->registrations[0]->display_name, "Eve");
	get.user = list->registrations[0]->id;
	ask_fails(w, ada, "GetUser", &get, LK_NOT_FOUND, "USER_NOT_FOUND");
	admit.registration = text("eve@genomics.example");
	ask_ok(w, ada, "AdmitRegistration", &admit, &admitted);
	assert_string_equal(admitted->user->id, list->registrations[0]->id);
	assert_string_equal(admitted->user->roles[0], "member");
	world_redeem(w, admitted->secret_ticket);
	assert_int_equal(waiting(w, ada)->n_registrations, 0);
	ask_fails(w, ada, "AdmitRegistration", &admit, LK_NOT_FOUND, "REGISTRATION_NOT_FOUND");
}

static void
I13_the_answer_is_one_whatever_comes_of_it(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "ica").ticket);
	const RequestAccountRequest off = asked_by("genomics", "eve@genomics.example"),
				    nowhere = asked_by("nowhere.example", "eve@genomics.example"),
				    known = asked_by("genomics", "ada@genomics.example");
	RequestAccountRequest bad = asked_by("genomics", "eve");

	ask_ok(w, NULL, "RequestAccount", &off, NULL);
	ask_ok(w, NULL, "RequestAccount", &nowhere, NULL);
	world_set_policy(w, ada, "", "self_registration", "on");
	assert_int_equal(waiting(w, ada)->n_registrations, 0);
	ask_ok(w, NULL, "RequestAccount", &known, NULL);
	assert_int_equal(waiting(w, ada)->n_registrations, 0);
	ask_field(w, NULL, "RequestAccount", &bad, "email", "EMAIL_INVALID");
	bad = asked_by("", "eve@genomics.example");
	ask_field(w, NULL, "RequestAccount", &bad, "tenant", "TENANT_REQUIRED");
}

static void
I13_asking_is_bounded_for_tenants_that_exist_and_those_that_do_not(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "ica").ticket);
	static const char *const tenants[] = { "genomics", "nowhere" };

	world_set_policy(w, ada, "", "self_registration", "on");
	for (size_t t = 0; t < LK_ARRAY_LEN(tenants); t++) {
		for (int i = 0; i < 10; i++) {
			const RequestAccountRequest ask = asked_by(
			    tenants[t], lk_arena_format(w->arena, "p%d@genomics.example", i));
			ask_ok(w, NULL, "RequestAccount", &ask, NULL);
		}
		const RequestAccountRequest more = asked_by(tenants[t], "q@genomics.example");
		ask_fails(w, NULL, "RequestAccount", &more, LK_RESOURCE_EXHAUSTED, "RATE_LIMITED");
		assert_in_range(w->err.retry_after_ms, 1, 6001);
	}
	assert_int_equal(waiting(w, ada)->n_registrations, 10);
}

static void
I13_who_is_rejected_or_waits_for_a_month_is_no_more(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "ica").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "member");
	const RequestAccountRequest eve = asked_by("genomics", "eve@genomics.example"),
				    fay = asked_by("genomics", "fay@genomics.example"),
				    gil = asked_by("genomics", "gil@genomics.example");
	RejectRegistrationRequest no = LATCHKEY__ACCOUNTS__V1__REJECT_REGISTRATION_REQUEST__INIT;
	AdmitRegistrationRequest yes = LATCHKEY__ACCOUNTS__V1__ADMIT_REGISTRATION_REQUEST__INIT;
	char *wide[] = { text("ingestion-worker") };

	world_set_policy(w, ada, "", "self_registration", "on");
	ask_ok(w, NULL, "RequestAccount", &eve, NULL);
	ask_ok(w, NULL, "RequestAccount", &fay, NULL);
	no.registration = yes.registration = text("eve@genomics.example");
	ask_fails(w, ben, "RejectRegistration", &no, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	ask_fails(w, ben, "AdmitRegistration", &yes, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	yes.roles = wide;
	yes.n_roles = 1;
	ask_fails(w, ada, "AdmitRegistration", &yes, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
	ask_ok(w, ada, "RejectRegistration", &no, NULL);
	assert_int_equal(waiting(w, ada)->n_registrations, 1);
	w->clock.ahead_ms += INT64_C(31) * 24 * 3600 * 1000;
	ListRegistrationsRequest list = LATCHKEY__ACCOUNTS__V1__LIST_REGISTRATIONS_REQUEST__INIT;
	ListRegistrationsResponse *left;
	ask_ok(w, NULL, "RequestAccount", &gil, NULL);
	list.tenant = text("genomics");
	ask_ok(w, OPERATOR, "ListRegistrations", &list, &left);
	assert_int_equal(left->n_registrations, 1);
	assert_string_equal(left->registrations[0]->email, "gil@genomics.example");
}

/* ---- Capabilities ---- */

static GetCapabilitiesResponse *
capabilities(struct world *w, const char *who)
{
	GetCapabilitiesRequest req = LATCHKEY__ACCOUNTS__V1__GET_CAPABILITIES_REQUEST__INIT;
	GetCapabilitiesResponse *rep;

	ask_ok(w, who, "GetCapabilities", &req, &rep);
	return rep;
}

static void
expect_no_key(struct world *w, const char *who, const char *reason)
{
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	const GetCapabilitiesResponse *may = capabilities(w, who);

	assert_false(may->may_create_keys);
	assert_string_equal(may->create_key_reason, reason);
	req.name = text("k");
	assert_int_not_equal(world_ask(w, who, "CreateKey", &req, NULL), LK_OK);
	assert_string_equal(w->err.reason, reason);
}

static void
G4_capabilities_say_what_to_show_and_what_creation_would_answer(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "default").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "member");

	const GetCapabilitiesResponse *may = capabilities(w, ben);
	assert_true(may->may_create_keys && may->shows_keys && may->shows_credentials);
	assert_string_equal(may->create_key_reason, "");
	assert_string_equal(may->profile, "default");
	assert_int_equal(may->n_policy, POLICY_COUNT);
	assert_int_equal(may->n_roles, 0);
	world_key(w, ben, "k");
	assert_int_equal(capabilities(w, ben)->active_keys, 1);
	world_set_policy(w, ada, "", "max_active_keys_per_user", "1");
	expect_no_key(w, ben, "KEY_LIMIT_REACHED");
	world_set_policy(w, ada, "", "self_service", "none");
	expect_no_key(w, ben, "SELF_SERVICE_OFF");
	assert_true(capabilities(w, ada)->may_create_keys);
	world_key(w, ada, "who decides over keys has their own");
	world_set_policy(w, ada, "", "max_active_keys_per_user", "2");
	world_set_policy(w, ada, "", "admin_owned_keys", "deny");
	world_set_policy(w, ada, "", "self_service", "full");
	expect_no_key(w, ada, "ADMIN_OWNED_KEY");
	world_set_policy(w, ada, "", "api_keys_enabled", "no");
	assert_false(capabilities(w, ben)->shows_keys);
	expect_no_key(w, ben, "API_KEYS_DISABLED");
	world_set_policy(w, OPERATOR, "genomics", "api_keys_allowed", "no");
	expect_no_key(w, ben, "API_KEYS_NOT_ALLOWED");
	world_set_policy(w, ada, "", "default_member_manages_keys", "no");
	assert_false(capabilities(w, ben)->shows_credentials);
	expect_no_key(w, ben, "PERMISSION_MISSING");
}

static void
I2_capabilities_name_the_roles_one_may_give(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "default").ticket);
	const GetCapabilitiesResponse *may = capabilities(w, ada);

	for (size_t i = 0; i < may->n_roles; i++)
		assert_string_not_equal(may->roles[i], "ingestion-worker");
	assert_int_equal(may->n_roles, ROLE_COUNT - 1);
	const GetCapabilitiesResponse *fleet =
	    capabilities(w, world_principal(w, "fleet", "credentials.fetch", "genomics", NULL));
	assert_string_equal(fleet->caller_kind, "principal");
	assert_string_equal(fleet->permissions[0], "credentials.fetch");
	assert_int_equal(fleet->n_policy, 0);
	assert_string_equal(capabilities(w, OPERATOR)->caller_kind, "operator");
}

LK_TESTS(KEYS_CASE(I13_who_asks_for_an_account_waits_until_an_administrator_admits_them),
    KEYS_CASE(I13_the_answer_is_one_whatever_comes_of_it),
    KEYS_CASE(I13_asking_is_bounded_for_tenants_that_exist_and_those_that_do_not),
    KEYS_CASE(I13_who_is_rejected_or_waits_for_a_month_is_no_more),
    KEYS_CASE(G4_capabilities_say_what_to_show_and_what_creation_would_answer),
    KEYS_CASE(I2_capabilities_name_the_roles_one_may_give))
