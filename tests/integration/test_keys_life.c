/* What becomes of a key: from where and when it is good, rotated, suspended, switched off. */
#include "keys_world.h"

enum { HOUR_MS = 3600000 };

static struct world_key
made(struct world *w, const char *who, CreateKeyRequest *req)
{
	CreateKeyResponse *rep;

	req->name = text("made");
	ask_ok(w, who, "CreateKey", req, &rep);
	return (struct world_key){ rep->key->id, rep->secret_key };
}

static void
KEYS_a_key_with_networks_is_good_from_within_alone(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	char *networks[] = { text("10.0.0.0/8"), text("2001:db8::/32") };
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;

	req.source_networks = networks;
	req.n_source_networks = 2;
	const struct world_key key = made(w, ada, &req);
	for (int round = 0; round < 2; round++) { /* from the store, then from memory */
		assert_string_equal(world_reason_at(w, key.secret, "10.9.9.9"), "");
		assert_string_equal(world_reason_at(w, key.secret, "::ffff:10.9.9.9"), "");
		assert_string_equal(world_reason_at(w, key.secret, "2001:db8:1::1"), "");
		assert_string_equal(world_reason_at(w, key.secret, "192.0.2.1"), "SOURCE_REFUSED");
		assert_string_equal(
		    world_reason_at(w, key.secret, "2001:db9::1"), "SOURCE_REFUSED");
		assert_string_equal(world_reason_at(w, key.secret, ""), "SOURCE_REFUSED");
	}
	const KeyMsg *shown = world_key_now(w, ada, key.id);
	assert_int_equal(shown->n_source_networks, 2);
	assert_string_equal(shown->source_networks[1], "2001:db8::/32");
	networks[0] = text("10.0.0.1/8");
	ask_field(w, ada, "CreateKey", &req, "source_networks", "NETWORK_INVALID");
}

static void
KEYS_a_key_made_by_a_key_is_held_to_its_networks(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	char *networks[] = { text("10.0.0.0/8") }, *permissions[] = { text("api_keys.manage") };
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;

	req.source_networks = networks;
	req.n_source_networks = 1;
	req.permissions = permissions;
	req.n_permissions = 1;
	const struct world_key key = made(w, ada, &req);
	const char *by_key = lk_arena_format(w->arena, "%s %s", world_id(w, ada), key.id);
	req.n_source_networks = 0;
	const struct world_key heir = made(w, by_key, &req);
	assert_string_equal(world_reason_at(w, heir.secret, "192.0.2.1"), "SOURCE_REFUSED");
	assert_string_equal(world_reason_at(w, heir.secret, "10.0.0.1"), "");
	req.n_source_networks = 1;
	networks[0] = text("10.2.0.0/16");
	made(w, by_key, &req);
	networks[0] = text("11.0.0.0/16");
	ask_fails(w, by_key, "CreateKey", &req, LK_PERMISSION_DENIED, "NETWORK_EXCEEDS");
}

static void
KEYS_a_key_is_refused_before_its_time(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	RotateKeyRequest rotate = LATCHKEY__KEYS__V1__ROTATE_KEY_REQUEST__INIT;

	req.ttl = text("10d");
	req.not_before = text("11d");
	req.name = text("x");
	ask_field(w, ada, "CreateKey", &req, "not_before", "NOT_BEFORE_INVALID");
	req.not_before = text("never");
	ask_field(w, ada, "CreateKey", &req, "not_before", "NOT_BEFORE_INVALID");
	req.not_before = text("1h");
	const struct world_key key = made(w, ada, &req);
	assert_string_equal(world_reason_at(w, key.secret, ""), "KEY_NOT_YET_VALID");
	assert_string_equal(world_key_now(w, ada, key.id)->state, "pending");
	rotate.id = text(key.id);
	rotate.ttl = text("30m");
	ask_field(w, ada, "RotateKey", &rotate, "ttl", "NOT_BEFORE_INVALID");
	atomic_store(&w->clock.ahead_ms, HOUR_MS);
	assert_string_equal(world_reason_at(w, key.secret, ""), "");
	assert_string_equal(world_key_now(w, ada, key.id)->state, "active");
}

static RotateKeyResponse *
rotated(struct world *w, const char *who, const char *id, const char *overlap)
{
	RotateKeyRequest req = LATCHKEY__KEYS__V1__ROTATE_KEY_REQUEST__INIT;
	RotateKeyResponse *rep;

	req.id = text(id);
	req.overlap = text(overlap);
	ask_ok(w, who, "RotateKey", &req, &rep);
	return rep;
}

static void
I6_a_rotated_key_goes_on_for_the_overlap(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	char *networks[] = { text("10.0.0.0/8") }, *permissions[] = { text("credentials.manage") };
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	RotateKeyRequest again = LATCHKEY__KEYS__V1__ROTATE_KEY_REQUEST__INIT;

	req.source_networks = networks;
	req.n_source_networks = 1;
	req.permissions = permissions;
	req.n_permissions = 1;
	req.ttl = text("30d");
	const struct world_key old = made(w, ada, &req);
	const RotateKeyResponse *rep = rotated(w, ada, old.id, "1h");
	assert_string_equal(rep->key->name, "made");
	assert_string_equal(rep->key->permissions[0], "credentials.manage");
	assert_string_equal(rep->key->source_networks[0], "10.0.0.0/8");
	assert_string_equal(rep->replaced->replaced_by, rep->key->id);
	assert_int_equal(rep->key->expires_at_ms - rep->key->created_at_ms, INT64_C(720) * HOUR_MS);
	assert_string_equal(world_reason_at(w, old.secret, "10.0.0.1"), "");
	assert_string_equal(world_reason_at(w, rep->secret_key, "10.0.0.1"), "");
	again.id = text(old.id);
	ask_fails(w, ada, "RotateKey", &again, LK_FAILED_PRECONDITION, "KEY_ALREADY_ROTATED");
	again.id = rep->key->id;
	ask_fails(w, ada, "RotateKey", &again, LK_FAILED_PRECONDITION, "ROTATION_UNDER_WAY");
	atomic_store(&w->clock.ahead_ms, HOUR_MS);
	assert_string_equal(world_reason_at(w, old.secret, "10.0.0.1"), "KEY_REFUSED");
	assert_string_equal(world_reason_at(w, rep->secret_key, "10.0.0.1"), "");
	rotated(w, ada, rep->key->id, "0s");
	assert_string_equal(world_reason_at(w, rep->secret_key, "10.0.0.1"), "KEY_REFUSED");
}

static void
I6_an_overlap_is_bounded_by_policy_and_by_the_keys_own_end(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	const char *ada = world_redeem(w, t.ticket);
	const struct world_key key = world_key(w, ada, "old");
	CreateKeyRequest short_lived = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	RotateKeyRequest req = LATCHKEY__KEYS__V1__ROTATE_KEY_REQUEST__INIT;

	world_set_policy(w, ada, "", "rotate_overlap_max", "1h");
	req.id = text(key.id);
	req.overlap = text("2h");
	ask_field(w, ada, "RotateKey", &req, "overlap", "OVERLAP_TOO_LONG");
	req.overlap = text("soon");
	ask_field(w, ada, "RotateKey", &req, "overlap", "DURATION_INVALID");
	const RotateKeyResponse *rep = rotated(w, ada, key.id, "");
	assert_true(
	    rep->replaced->expires_at_ms <= w->clock.clock.wall_ms(&w->clock.clock) + HOUR_MS);
	short_lived.ttl = text("10m");
	const struct world_key brief = made(w, ada, &short_lived);
	const int64_t end_ms = world_key_now(w, ada, brief.id)->expires_at_ms;
	assert_int_equal(rotated(w, ada, brief.id, "1h")->replaced->expires_at_ms, end_ms);
}

static void
L11_nobody_gets_by_rotating_what_they_do_not_have(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	const char *ada = world_redeem(w, t.ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");
	const struct world_key wide = world_key(w, ben, "wide");
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	SetUserRolesRequest roles = LATCHKEY__ACCOUNTS__V1__SET_USER_ROLES_REQUEST__INIT;
	RotateKeyRequest rotate = LATCHKEY__KEYS__V1__ROTATE_KEY_REQUEST__INIT;
	char *permissions[] = { text("api_keys.manage") };
	char *worker[] = { text("ingestion-worker"), text("key-manager") };

	req.permissions = permissions;
	req.n_permissions = 1;
	const struct world_key narrow = made(w, ben, &req);
	const char *by_key = lk_arena_format(w->arena, "%s %s", world_id(w, ben), narrow.id);
	rotate.id = wide.id;
	ask_fails(w, by_key, "RotateKey", &rotate, LK_PERMISSION_DENIED, "KEY_ROTATES_ITSELF");
	rotated(w, by_key, narrow.id, "1h");
	roles.user = world_id(w, ben);
	roles.roles = worker;
	roles.n_roles = 2;
	roles.tenant = t.id;
	ask_ok(w, OPERATOR, "SetUserRoles", &roles, NULL);
	ask_fails(w, ada, "RotateKey", &rotate, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
	rotated(w, ben, wide.id, "1h");
}

static void
I3_rotating_at_the_limit_is_possible_and_makes_room_for_nothing(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "ica").ticket);
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	struct world_key keys[10];

	for (int i = 0; i < 10; i++)
		keys[i] = world_key(w, ada, "one of ten");
	req.name = text("eleventh");
	ask_fails(w, ada, "CreateKey", &req, LK_RESOURCE_EXHAUSTED, "KEY_LIMIT_REACHED");
	rotated(w, ada, keys[0].id, "1h");
	rotated(w, ada, keys[1].id, "1h");
	ask_fails(w, ada, "CreateKey", &req, LK_RESOURCE_EXHAUSTED, "KEY_LIMIT_REACHED");
}

static void
I6_a_rotation_sent_twice_happens_once(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key key = world_key(w, ada, "old");
	ListKeysRequest list = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	RotateKeyRequest req = LATCHKEY__KEYS__V1__ROTATE_KEY_REQUEST__INIT;
	ListKeysResponse *listed;

	req.id = text(key.id);
	expect_ok(
	    world_ask_in(w, ada, "RotateKey", "once", &req, w->arena, NULL, &w->err), &w->err);
	expect_fail(world_ask_in(w, ada, "RotateKey", "once", &req, w->arena, NULL, &w->err),
	    &w->err, LK_ALREADY_EXISTS, "ALREADY_CREATED");
	ask_ok(w, ada, "ListKeys", &list, &listed);
	assert_int_equal(listed->n_keys, 2);
}

static void
suspend(struct world *w, const char *who, const char *id)
{
	SuspendKeysRequest req = LATCHKEY__KEYS__V1__SUSPEND_KEYS_REQUEST__INIT;
	char *ids[] = { text(id) };

	req.ids = ids;
	req.n_ids = 1;
	req.reason = text("looks odd");
	ask_ok(w, who, "SuspendKeys", &req, NULL);
}

static void
KEYS_a_suspended_key_is_refused_until_it_is_resumed(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");
	const struct world_key key = world_key(w, ben, "his");
	ResumeKeysRequest resume = LATCHKEY__KEYS__V1__RESUME_KEYS_REQUEST__INIT;
	SuspendKeysRequest more = LATCHKEY__KEYS__V1__SUSPEND_KEYS_REQUEST__INIT;
	char *ids[] = { key.id };
	const char *by_key = lk_arena_format(w->arena, "%s %s", world_id(w, ben), key.id);
	GetMeRequest me = LATCHKEY__ACCOUNTS__V1__GET_ME_REQUEST__INIT;

	resume.ids = more.ids = ids;
	resume.n_ids = more.n_ids = 1;
	ask_fails(w, ben, "ResumeKeys", &resume, LK_FAILED_PRECONDITION, "KEY_NOT_SUSPENDED");
	suspend(w, ben, key.id);
	expect_refused(w, SERVICE, key.secret, "KEY_REFUSED");
	ask_fails(w, by_key, "GetMe", &me, LK_UNAUTHENTICATED, "TOKEN_REFUSED");
	assert_string_equal(world_key_now(w, ben, key.id)->state, "suspended");
	ask_fails(w, ben, "SuspendKeys", &more, LK_FAILED_PRECONDITION, "KEY_ALREADY_SUSPENDED");
	ask_ok(w, ben, "ResumeKeys", &resume, NULL);
	expect_active(w, SERVICE, key.secret);
	suspend(w, ada, key.id);
	ask_fails(w, ben, "ResumeKeys", &resume, LK_PERMISSION_DENIED, "SUSPENDED_BY_ANOTHER");
	ask_ok(w, ada, "ResumeKeys", &resume, NULL);
	expect_active(w, SERVICE, key.secret);
	more.n_ids = 0;
	ask_field(w, ben, "SuspendKeys", &more, "ids", "IDS_INVALID");
}

static void
G4_operator_and_tenant_both_want_keys_or_there_are_none(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	const char *ada = world_redeem(w, t.ticket);
	const struct world_key key = world_key(w, ada, "before");
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	SetPolicyRequest policy = LATCHKEY__ACCOUNTS__V1__SET_POLICY_REQUEST__INIT;
	PolicyValueMsg one = LATCHKEY__ACCOUNTS__V1__POLICY_VALUE__INIT, *values[] = { &one };

	req.name = text("x");
	one.name = text("api_keys_allowed");
	one.value = text("no");
	policy.values = values;
	policy.n_values = 1;
	ask_fails(w, ada, "SetPolicy", &policy, LK_PERMISSION_DENIED, "OPERATORS_ONLY");
	world_set_policy(w, OPERATOR, t.id, "api_keys_allowed", "no");
	expect_refused(w, SERVICE, key.secret, "KEY_REFUSED");
	ask_fails(w, ada, "CreateKey", &req, LK_FAILED_PRECONDITION, "API_KEYS_NOT_ALLOWED");
	world_set_policy(w, OPERATOR, t.id, "on_disable", "block_new");
	expect_active(w, SERVICE, key.secret);
	ask_fails(w, ada, "CreateKey", &req, LK_FAILED_PRECONDITION, "API_KEYS_NOT_ALLOWED");
	world_set_policy(w, OPERATOR, t.id, "api_keys_allowed", "yes");
	world_set_policy(w, ada, "", "api_keys_enabled", "no");
	ask_fails(w, ada, "CreateKey", &req, LK_FAILED_PRECONDITION, "API_KEYS_DISABLED");
	world_set_policy(w, ada, "", "api_keys_enabled", "yes");
	world_key(w, ada, "after");
}

static void
POLICY_self_service_decides_whether_owners_change_their_keys(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");
	const struct world_key key = world_key(w, ben, "his");
	RotateKeyRequest req = LATCHKEY__KEYS__V1__ROTATE_KEY_REQUEST__INIT;

	req.id = key.id;
	world_set_policy(w, ada, "", "self_service", "create_only");
	ask_fails(w, ben, "RotateKey", &req, LK_PERMISSION_DENIED, "SELF_SERVICE_OFF");
	world_set_policy(w, ada, "", "self_service", "full");
	ask_ok(w, ben, "RotateKey", &req, NULL);
}

static void
L12_only_an_operator_rotates_the_key_of_a_principal(void **state)
{
	struct world *w = *state;
	struct world_key key;
	const char *fleet = world_principal(w, "fleet", "keys.verify", NULL, &key);
	RotateKeyRequest req = LATCHKEY__KEYS__V1__ROTATE_KEY_REQUEST__INIT;

	req.id = key.id;
	ask_fails(w, fleet, "RotateKey", &req, LK_PERMISSION_DENIED, "OPERATORS_ONLY");
	const RotateKeyResponse *rep = rotated(w, OPERATOR, key.id, "1h");
	assert_int_equal(rep->key->expires_at_ms, 0);
	expect_active(w, SERVICE, key.secret);
	atomic_store(&w->clock.ahead_ms, HOUR_MS);
	expect_refused(w, SERVICE, key.secret, "KEY_REFUSED");
	expect_active(w, SERVICE, rep->secret_key);
}

LK_TESTS(KEYS_CASE(KEYS_a_key_with_networks_is_good_from_within_alone),
    KEYS_CASE(KEYS_a_key_made_by_a_key_is_held_to_its_networks),
    KEYS_CASE(KEYS_a_key_is_refused_before_its_time),
    KEYS_CASE(I6_a_rotated_key_goes_on_for_the_overlap),
    KEYS_CASE(I6_an_overlap_is_bounded_by_policy_and_by_the_keys_own_end),
    KEYS_CASE(L11_nobody_gets_by_rotating_what_they_do_not_have),
    KEYS_CASE(I3_rotating_at_the_limit_is_possible_and_makes_room_for_nothing),
    KEYS_CASE(I6_a_rotation_sent_twice_happens_once),
    KEYS_CASE(KEYS_a_suspended_key_is_refused_until_it_is_resumed),
    KEYS_CASE(G4_operator_and_tenant_both_want_keys_or_there_are_none),
    KEYS_CASE(POLICY_self_service_decides_whether_owners_change_their_keys),
    KEYS_CASE(L12_only_an_operator_rotates_the_key_of_a_principal))
