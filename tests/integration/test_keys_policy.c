/* Every value of a tenant's policy that latchkey-keys holds to, both ways: what one value allows,
 * another refuses. */
#include "keys_world.h"

static const int64_t day_ms = INT64_C(86400000);

/* A tenant with the default policy, its administrator and somebody with keys of their own. */
struct place {
	struct world *w;
	struct world_tenant tenant;
	const char *ada, *ben;
};

static struct place
place_of(void **state)
{
	struct place place = { .w = *state };

	place.tenant = world_tenant(place.w, "genomics", "default");
	place.ada = world_redeem(place.w, place.tenant.ticket);
	place.ben = world_user(place.w, place.ada, "ben@genomics.example", "key-manager");
	return place;
}

static void
set(const struct place *p, const char *name, const char *value)
{
	world_set_policy(p->w, OPERATOR, p->tenant.id, name, value);
}

/* "" when it was made. */
static const char *
make_for(const struct place *p, const char *who, const char *name, const char *ttl)
{
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;

	req.name = text(name);
	req.ttl = text(ttl);
	p->w->err = (struct lk_error){ 0 };
	LK_IGNORE(world_ask(p->w, who, "CreateKey", &req, NULL));
	return p->w->err.reason;
}

#define expect_made(p, who, name, ttl) assert_string_equal(make_for((p), (who), (name), (ttl)), "")
#define expect_not_made(p, who, name, ttl, why)                                                    \
	assert_string_equal(make_for((p), (who), (name), (ttl)), (why))

static CreateKeyResponse *
made(const struct place *p, const char *who, const char *permission)
{
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	CreateKeyResponse *rep;
	char *permissions[] = { text(permission) };

	req.name = text("made");
	req.permissions = permissions;
	req.n_permissions = permission ? 1 : 0;
	ask_ok(p->w, who, "CreateKey", &req, &rep);
	return rep;
}

static int64_t
life_of(const struct place *p)
{
	const KeyMsg *key = made(p, p->ben, NULL)->key;

	return key->expires_at_ms == 0 ? 0 : key->expires_at_ms - key->created_at_ms;
}

static void
POLICY_max_active_keys_per_user_both_ways(void **state)
{
	const struct place p = place_of(state);

	set(&p, "max_active_keys_per_user", "2");
	expect_made(&p, p.ben, "one", "");
	expect_made(&p, p.ben, "two", "");
	expect_not_made(&p, p.ben, "three", "", "KEY_LIMIT_REACHED");
	expect_contains(p.w->err.message, "2");
	expect_made(&p, p.ada, "hers", "");
	set(&p, "max_active_keys_per_user", "0");
	for (int i = 0; i < 12; i++)
		expect_made(&p, p.ben, "more", "");
}

static void
POLICY_ttl_default_both_ways(void **state)
{
	const struct place p = place_of(state);

	set(&p, "ttl_default", "7d");
	assert_int_equal(life_of(&p), 7 * day_ms);
	set(&p, "ttl_default", "30d");
	assert_int_equal(life_of(&p), 30 * day_ms);
	set(&p, "ttl_max", "0");
	set(&p, "ttl_allow_never", "yes");
	set(&p, "ttl_default", "0");
	assert_int_equal(life_of(&p), 0);
}

static void
POLICY_ttl_max_both_ways(void **state)
{
	const struct place p = place_of(state);

	set(&p, "ttl_max", "100d");
	expect_made(&p, p.ben, "x", "100d");
	expect_not_made(&p, p.ben, "x", "101d", "TTL_TOO_LONG");
	expect_contains(p.w->err.message, "100d");
	set(&p, "ttl_max", "0");
	expect_made(&p, p.ben, "x", "10000d");
}

static void
POLICY_ttl_user_may_choose_both_ways(void **state)
{
	const struct place p = place_of(state);

	set(&p, "ttl_user_may_choose", "no");
	expect_not_made(&p, p.ben, "x", "10d", "TTL_FIXED");
	expect_made(&p, p.ben, "x", "");
	expect_made(&p, p.ada, "who decides over keys chooses", "10d");
	set(&p, "ttl_user_may_choose", "yes");
	expect_made(&p, p.ben, "x", "10d");
}

static void
POLICY_ttl_allow_never_both_ways(void **state)
{
	const struct place p = place_of(state);

	expect_not_made(&p, p.ben, "x", "never", "TTL_NEVER_REFUSED");
	set(&p, "ttl_max", "0");
	expect_not_made(&p, p.ben, "x", "never", "TTL_NEVER_REFUSED");
	set(&p, "ttl_allow_never", "yes");
	expect_made(&p, p.ben, "x", "never");
}

static void
POLICY_require_name_both_ways(void **state)
{
	const struct place p = place_of(state);

	set(&p, "require_name", "yes");
	expect_not_made(&p, p.ben, "", "", "KEY_NAME_INVALID");
	set(&p, "require_name", "no");
	expect_made(&p, p.ben, "", "");
}

static void
POLICY_self_service_both_ways(void **state)
{
	const struct place p = place_of(state);
	RotateKeyRequest rotate = LATCHKEY__KEYS__V1__ROTATE_KEY_REQUEST__INIT;

	set(&p, "self_service", "none");
	expect_not_made(&p, p.ben, "x", "", "SELF_SERVICE_OFF");
	set(&p, "self_service", "create_only");
	rotate.id = made(&p, p.ben, NULL)->key->id;
	ask_fails(p.w, p.ben, "RotateKey", &rotate, LK_PERMISSION_DENIED, "SELF_SERVICE_OFF");
	set(&p, "self_service", "full");
	ask_ok(p.w, p.ben, "RotateKey", &rotate, NULL);
}

static void
POLICY_accept_both_ways(void **state)
{
	const struct place p = place_of(state);
	const struct world_key key = world_key(p.w, p.ben, "x");
	VerifyKeyRequest for_token = LATCHKEY__KEYS__V1__VERIFY_KEY_REQUEST__INIT;
	VerifyKeyResponse *rep;

	set(&p, "accept", "jwt");
	expect_refused(p.w, SERVICE, key.secret, "KEY_FOR_TOKENS_ONLY");
	for_token.secret_key = key.secret;
	for_token.sign_in = true;
	ask_ok(p.w, SERVICE, "VerifyKey", &for_token, &rep);
	assert_true(rep->active);
	set(&p, "accept", "all");
	expect_active(p.w, SERVICE, key.secret);
}

/* Off, nobody has a key that opens and nobody makes one; on again, all is as before. */
static void
expect_off_and_on(void **state, const char *name, const char *reason)
{
	const struct place p = place_of(state);
	const struct world_key key = world_key(p.w, p.ben, "x");

	set(&p, name, "no");
	expect_not_made(&p, p.ben, "x", "", reason);
	expect_not_made(&p, p.ada, "x", "", reason);
	expect_refused(p.w, SERVICE, key.secret, "KEY_REFUSED");
	set(&p, name, "yes");
	expect_made(&p, p.ben, "x", "");
	expect_active(p.w, SERVICE, key.secret);
}

static void
POLICY_api_keys_enabled_both_ways(void **state)
{
	expect_off_and_on(state, "api_keys_enabled", "API_KEYS_DISABLED");
}

static void
POLICY_api_keys_allowed_both_ways(void **state)
{
	expect_off_and_on(state, "api_keys_allowed", "API_KEYS_NOT_ALLOWED");
}

static void
POLICY_on_disable_both_ways(void **state)
{
	const struct place p = place_of(state);
	const struct world_key key = world_key(p.w, p.ben, "x");

	set(&p, "api_keys_enabled", "no");
	set(&p, "on_disable", "block_new");
	expect_active(p.w, SERVICE, key.secret);
	set(&p, "on_disable", "suspend");
	expect_refused(p.w, SERVICE, key.secret, "KEY_REFUSED");
}

static void
POLICY_default_member_manages_keys_both_ways(void **state)
{
	const struct place p = place_of(state);
	const char *cat = world_user(p.w, p.ada, "cat@genomics.example", "member");

	set(&p, "default_member_manages_keys", "no");
	expect_not_made(&p, cat, "x", "", "PERMISSION_MISSING");
	set(&p, "default_member_manages_keys", "yes");
	expect_made(&p, cat, "x", "");
}

static void
POLICY_admin_owned_keys_both_ways(void **state)
{
	const struct place p = place_of(state);

	set(&p, "admin_owned_keys", "deny");
	expect_not_made(&p, p.ada, "x", "", "ADMIN_OWNED_KEY");
	expect_made(&p, p.ben, "x", "");
	set(&p, "admin_owned_keys", "warn");
	assert_string_not_equal(made(&p, p.ada, NULL)->warning, "");
	assert_string_equal(made(&p, p.ben, NULL)->warning, "");
	set(&p, "admin_owned_keys", "allow");
	assert_string_equal(made(&p, p.ada, NULL)->warning, "");
}

static void
POLICY_keys_may_manage_keys_both_ways(void **state)
{
	const struct place p = place_of(state);
	const CreateKeyResponse *maker = made(&p, p.ben, "api_keys.manage");
	const char *with =
	    lk_arena_format(p.w->arena, "%s %s", world_id(p.w, p.ben), maker->key->id);
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	char *permissions[] = { text("api_keys.manage") };

	req.name = text("x");
	req.permissions = permissions;
	req.n_permissions = 1;
	ask_ok(p.w, with, "CreateKey", &req, NULL);
	set(&p, "keys_may_manage_keys", "deny");
	ask_fails(p.w, with, "CreateKey", &req, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	ask_fails(p.w, p.ben, "CreateKey", &req, LK_PERMISSION_DENIED, "PERMISSION_DELEGATING");
	set(&p, "keys_may_manage_keys", "allow");
	ask_ok(p.w, with, "CreateKey", &req, NULL);
}

static void
POLICY_password_login_both_ways(void **state)
{
	const struct place p = place_of(state);
	CreateUserRequest req = LATCHKEY__ACCOUNTS__V1__CREATE_USER_REQUEST__INIT;
	CreateUserResponse *rep;
	RedeemTicketRequest redeem = LATCHKEY__ACCOUNTS__V1__REDEEM_TICKET_REQUEST__INIT;
	SignInRequest sign_in = LATCHKEY__ACCOUNTS__V1__SIGN_IN_REQUEST__INIT;

	req.email = text("cat@genomics.example");
	ask_ok(p.w, p.ada, "CreateUser", &req, &rep);
	redeem.secret_ticket = rep->secret_ticket;
	redeem.secret_password = text("correct horse battery");
	set(&p, "password_login", "off");
	ask_fails(p.w, NULL, "RedeemTicket", &redeem, LK_FAILED_PRECONDITION, "PASSWORDS_OFF");
	set(&p, "password_login", "on");
	ask_ok(p.w, NULL, "RedeemTicket", &redeem, NULL);
	sign_in.tenant = text("genomics");
	sign_in.email = req.email;
	sign_in.secret_password = redeem.secret_password;
	ask_ok(p.w, NULL, "SignIn", &sign_in, NULL);
	set(&p, "password_login", "off");
	ask_fails(p.w, NULL, "SignIn", &sign_in, LK_UNAUTHENTICATED, "SIGN_IN_REFUSED");
}

static size_t
waiting(const struct place *p, const char *email)
{
	RequestAccountRequest ask = LATCHKEY__ACCOUNTS__V1__REQUEST_ACCOUNT_REQUEST__INIT;
	ListRegistrationsRequest req = LATCHKEY__ACCOUNTS__V1__LIST_REGISTRATIONS_REQUEST__INIT;
	ListRegistrationsResponse *rep;

	ask.tenant = text("genomics");
	ask.email = text(email);
	ask_ok(p->w, NULL, "RequestAccount", &ask, NULL);
	ask_ok(p->w, p->ada, "ListRegistrations", &req, &rep);
	return rep->n_registrations;
}

static void
POLICY_self_registration_both_ways(void **state)
{
	const struct place p = place_of(state);

	set(&p, "self_registration", "off");
	assert_int_equal(waiting(&p, "eve@genomics.example"), 0);
	set(&p, "self_registration", "on");
	assert_int_equal(waiting(&p, "eve@genomics.example"), 1);
}

static void
POLICY_rotate_overlap_max_both_ways(void **state)
{
	const struct place p = place_of(state);
	RotateKeyRequest req = LATCHKEY__KEYS__V1__ROTATE_KEY_REQUEST__INIT;

	req.id = made(&p, p.ben, NULL)->key->id;
	req.overlap = text("2h");
	set(&p, "rotate_overlap_max", "1h");
	ask_field(p.w, p.ben, "RotateKey", &req, "overlap", "OVERLAP_TOO_LONG");
	set(&p, "rotate_overlap_max", "2h");
	ask_ok(p.w, p.ben, "RotateKey", &req, NULL);
}

static void
POLICY_rotate_after_both_ways(void **state)
{
	const struct place p = place_of(state);
	ReportKeysRequest req = LATCHKEY__KEYS__V1__REPORT_KEYS_REQUEST__INIT;
	ReportKeysResponse *rep;

	made(&p, p.ben, NULL);
	atomic_store(&p.w->clock.ahead_ms, 40 * day_ms);
	req.tenant = p.tenant.id;
	req.all_owners = true;
	req.expiring_within = text("1d");
	req.idle_for = text("300d");
	set(&p, "rotate_after", "30d");
	ask_ok(p.w, OPERATOR, "ReportKeys", &req, &rep);
	assert_int_equal(rep->n_findings, 1);
	assert_true(rep->findings[0]->rotate_due);
	set(&p, "rotate_after", "0");
	ask_ok(p.w, OPERATOR, "ReportKeys", &req, &rep);
	assert_int_equal(rep->n_findings, 0);
}

LK_TESTS(KEYS_CASE(POLICY_max_active_keys_per_user_both_ways),
    KEYS_CASE(POLICY_ttl_default_both_ways), KEYS_CASE(POLICY_ttl_max_both_ways),
    KEYS_CASE(POLICY_ttl_user_may_choose_both_ways), KEYS_CASE(POLICY_ttl_allow_never_both_ways),
    KEYS_CASE(POLICY_require_name_both_ways), KEYS_CASE(POLICY_self_service_both_ways),
    KEYS_CASE(POLICY_accept_both_ways), KEYS_CASE(POLICY_api_keys_enabled_both_ways),
    KEYS_CASE(POLICY_api_keys_allowed_both_ways), KEYS_CASE(POLICY_on_disable_both_ways),
    KEYS_CASE(POLICY_default_member_manages_keys_both_ways),
    KEYS_CASE(POLICY_admin_owned_keys_both_ways), KEYS_CASE(POLICY_keys_may_manage_keys_both_ways),
    KEYS_CASE(POLICY_password_login_both_ways), KEYS_CASE(POLICY_self_registration_both_ways),
    KEYS_CASE(POLICY_rotate_overlap_max_both_ways), KEYS_CASE(POLICY_rotate_after_both_ways))
