/* The authenticator: from a header to a caller, what narrows one, and what refuses one. */
#include "auth/authenticator.h"

#include "forge.h"
#include "latchkey/common/v1/frame.pb-c.h"
#include "peers_world.h"

#define METHOD "latchkey.keys.v1.KeyService/CreateKey"
#define GROUP_B "wkg_01arz3ndektsv4rrffq69g5fab"

typedef Latchkey__Common__V1__RequestHeader RequestHeader;
typedef Latchkey__Common__V1__Assertion AssertionMsg;

struct world {
	struct forge *f;
	struct peers_world identity;
	struct lk_jwks_source *source;
	struct lk_auth *auth;
	struct lk_authenticator authenticator;
	struct lk_standing standing;
	bool standing_blocks, revoked, revocations_block, revocations_unknown;
	int standing_asked;

	RequestHeader header;
	AssertionMsg assertion;
	struct lk_assertion signed_assertion;
	struct lk_method row;
	bool may_block;
	struct lk_call *call; /* of the last attempt */
	const struct lk_caller *caller;
	struct lk_error err;
};

static lk_status
standing_get(void *user, const char *subject, const char *key, const char *session, bool may_block,
    int64_t deadline_steady_ms, struct lk_arena *arena, struct lk_standing *out,
    struct lk_error *err)
{
	struct world *w = user;

	(void)subject;
	(void)key;
	(void)session;
	(void)deadline_steady_ms;
	(void)arena;
	w->standing_asked++;
	if (w->standing_blocks && !may_block)
		return lk_fail(err, LK_ABORTED, "WOULD_BLOCK", "would block");
	*out = w->standing;
	return LK_OK;
}

static lk_status
get_revoked(void *user, const char *token_id, bool may_block, int64_t deadline_steady_ms,
    bool *out_revoked, struct lk_error *err)
{
	const struct world *w = user;

	(void)deadline_steady_ms;
	if (w->revocations_block && !may_block)
		return lk_fail(err, LK_ABORTED, "WOULD_BLOCK", "would block");
	if (w->revocations_unknown)
		return lk_fail(err, LK_UNAVAILABLE, "FEED_UNAVAILABLE", "nobody can say");
	*out_revoked = w->revoked && lk_text_is(token_id, FORGE_JTI);
	return LK_OK;
}

static void
auth_open(struct world *w)
{
	const struct lk_auth_config config = { .service = "keys",
		.instance = "test",
		.peers = w->identity.peers,
		.jwks = w->source,
		.standing = { standing_get, w },
		.clock = &w->f->clock.clock,
		.revocations = { get_revoked, w } };

	expect_ok(lk_auth_new(&w->auth, &config, &w->err), &w->err);
	w->authenticator = lk_auth_authenticator(w->auth);
}

static int
setup(void **state)
{
	static struct world w;
	static const char *const groups[] = { FORGE_WORKGROUP, GROUP_B };

	memset(&w, 0, sizeof w);
	forge_setup((void **)&w.f);
	peers_world_open(&w.identity);
	expect_ok(lk_jwks_source_new(
		      &w.source, NULL, w.identity.peers, "test", &w.f->clock.clock, &w.err),
	    &w.err);
	lk_jwks_source_set(w.source, w.f->jwks, FORGE_ISSUER, LK_TOKEN_TYP_AT_JWT);
	auth_open(&w);
	w.standing = (struct lk_standing){ .active = true,
		.caller = { .kind = LK_CALLER_USER,
		    .id = FORGE_USER,
		    .tenant = FORGE_TENANT,
		    .permissions = lk_permission_bit(LK_PERM_API_KEYS_MANAGE) |
				   lk_permission_bit(LK_PERM_AUDIT_READ),
		    .workgroups = groups,
		    .workgroups_count = 2 },
		.tenant_generation = 1,
		.user_generation = 2,
		.key_generation = 3 };
	latchkey__common__v1__request_header__init(&w.header);
	w.row = (struct lk_method){ .rpc = "CreateKey", .permission = LK_PERM_API_KEYS_MANAGE };
	w.may_block = true;
	forge_sign(w.f, forge_header(w.f), forge_claims("", ""));
	w.header.authorization = w.f->token;
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;
	void *f = w->f;

	lk_call_free(w->call);
	lk_auth_free(w->auth);
	lk_jwks_source_free(w->source);
	peers_world_close(&w->identity);
	return forge_teardown(&f);
}

/* What the server does: authenticate, then authorize for the row. */
static lk_status
attempt(struct world *w)
{
	const struct lk_call_setup setup_ = { .method = METHOD,
		.row = &w->row,
		.header = &w->header,
		.clock = &w->f->clock.clock,
		.may_block = w->may_block };

	lk_call_free(w->call);
	w->call = lk_call_new(&setup_);
	w->caller = NULL;
	lk_error_clear(&w->err);
	lk_status status = w->authenticator.authenticate(w->authenticator.user, w->call,
	    lk_call_header(w->call), w->may_block, &w->caller, &w->err);
	if (status == LK_OK)
		status = w->authenticator.authorize(
		    w->authenticator.user, w->call, w->caller, w->row.permission, &w->err);
	return status;
}

static void
show_assertion(struct world *w, const char *name, int signer)
{
	struct lk_assertion *a = &w->signed_assertion;

	*a = (struct lk_assertion){ .callee = "keys",
		.method = METHOD,
		.instance = "test",
		.issued_at_ms = w->f->clock.now_ms,
		.expires_at_ms = w->f->clock.now_ms + 60000 };
	assert_true(lk_text_copy(a->caller, sizeof a->caller, name));
	lk_assertion_sign(a, w->identity.keys[signer]);
	latchkey__common__v1__assertion__init(&w->assertion);
	w->assertion.caller = a->caller;
	w->assertion.callee = a->callee;
	w->assertion.method = a->method;
	w->assertion.instance = a->instance;
	w->assertion.issued_at_ms = a->issued_at_ms;
	w->assertion.expires_at_ms = a->expires_at_ms;
	w->assertion.signature = (ProtobufCBinaryData){ sizeof a->signature, a->signature };
	w->header.assertion = &w->assertion;
}

static void
drop_token(struct world *w)
{
	static char nothing[] = "";

	w->header.authorization = nothing;
}

#define expect_token_out(w) expect_fail(attempt(w), &(w)->err, LK_UNAUTHENTICATED, "TOKEN_REFUSED")

/* ---- Tokens ---- */

static void
a_token_makes_a_caller_no_wider_than_scope_and_standing(void **state)
{
	struct world *w = *state;

	expect_ok(attempt(w), &w->err);
	assert_int_equal(w->caller->kind, LK_CALLER_USER);
	assert_string_equal(w->caller->id, FORGE_USER);
	assert_string_equal(w->caller->tenant, FORGE_TENANT);
	assert_string_equal(w->caller->key, FORGE_KEY);
	assert_string_equal(w->caller->token, FORGE_JTI);
	/* scope: api_keys.manage keys.verify; standing: api_keys.manage audit.read */
	assert_int_equal(w->caller->permissions, lk_permission_bit(LK_PERM_API_KEYS_MANAGE));
	assert_false(w->caller->all_workgroups);
	assert_int_equal(w->caller->workgroups_count, 1);
	assert_string_equal(w->caller->workgroups[0], FORGE_WORKGROUP);
}

static void
workgroups_are_those_of_token_and_standing_both(void **state)
{
	struct world *w = *state;

	w->standing.caller.all_workgroups = true; /* the token names one */
	expect_ok(attempt(w), &w->err);
	assert_int_equal(w->caller->workgroups_count, 1);
	assert_false(w->caller->all_workgroups);

	forge_sign(w->f, forge_header(w->f), forge_claims("[\"" FORGE_WORKGROUP "\"]", "\"ALL\""));
	expect_ok(attempt(w), &w->err);
	assert_true(w->caller->all_workgroups);
	w->standing.caller.all_workgroups = false; /* ALL is what there is now */
	expect_ok(attempt(w), &w->err);
	assert_int_equal(w->caller->workgroups_count, 2);

	forge_sign(w->f, forge_header(w->f), forge_claims("\"" FORGE_WORKGROUP "\"", ""));
	expect_ok(attempt(w), &w->err);
	assert_int_equal(w->caller->workgroups_count, 0);
}

static void
a_lost_permission_counts_at_the_very_next_call(void **state)
{
	struct world *w = *state;

	expect_ok(attempt(w), &w->err);
	w->standing.caller.permissions = lk_permission_bit(LK_PERM_AUDIT_READ);
	expect_fail(attempt(w), &w->err, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
}

static void
standing_is_asked_on_every_call(void **state)
{
	struct world *w = *state;

	for (int i = 1; i <= 3; i++) {
		expect_ok(attempt(w), &w->err);
		assert_int_equal(w->standing_asked, i);
	}
	w->standing.active = false;
	expect_token_out(w);
}

static void
a_token_dies_when_any_generation_is_raised(void **state)
{
	struct world *w = *state;
	uint64_t *const raised[] = { &w->standing.tenant_generation, &w->standing.user_generation,
		&w->standing.key_generation, &w->standing.session_generation };

	for (size_t i = 0; i < LK_ARRAY_LEN(raised); i++) {
		expect_ok(attempt(w), &w->err);
		++*raised[i];
		expect_token_out(w);
		--*raised[i];
	}
}

static void
a_remembered_token_expires_to_the_second(void **state)
{
	struct world *w = *state;

	expect_ok(attempt(w), &w->err);
	w->f->clock.now_ms = INT64_C(1790000900) * 1000 - 1;
	expect_ok(attempt(w), &w->err);
	w->f->clock.now_ms++;
	expect_token_out(w);
}

static void
a_token_dies_with_its_key(void **state)
{
	struct world *w = *state;

	expect_ok(attempt(w), &w->err);
	w->standing.expires_at_ms = w->f->clock.now_ms + 10;
	expect_ok(attempt(w), &w->err);
	w->f->clock.now_ms += 10;
	expect_token_out(w);
}

static void
a_revoked_token_is_refused_though_remembered(void **state)
{
	struct world *w = *state;

	expect_ok(attempt(w), &w->err);
	w->revoked = true;
	expect_token_out(w);
}

static void
a_token_is_refused_while_nobody_can_say_whether_it_was_revoked(void **state)
{
	struct world *w = *state;

	expect_ok(attempt(w), &w->err);
	w->revocations_unknown = true;
	expect_fail(attempt(w), &w->err, LK_UNAVAILABLE, "FEED_UNAVAILABLE");
	w->revocations_unknown = false;
	w->revocations_block = true;
	w->may_block = false;
	expect_fail(attempt(w), NULL, LK_ABORTED, NULL);
	assert_string_equal(lk_call_error(w->call)->reason, "WOULD_BLOCK");
}

static void
a_token_of_a_withdrawn_key_is_refused_though_remembered(void **state)
{
	struct world *w = *state;
	struct lk_jwks *empty = NULL;

	expect_ok(attempt(w), &w->err);
	expect_ok(lk_jwks_parse(&empty, "{\"keys\":[]}", 11, &w->err), &w->err);
	lk_jwks_source_set(w->source, empty, FORGE_ISSUER, LK_TOKEN_TYP_AT_JWT);
	lk_jwks_unref(empty);
	expect_token_out(w);
}

static void
standing_of_somebody_else_is_refused(void **state)
{
	struct world *w = *state;

	memcpy(w->standing.caller.tenant, "tnt_01arz3ndektsv4rrffq69g5fab", LK_ID_SIZE);
	expect_token_out(w);
	memcpy(w->standing.caller.tenant, FORGE_TENANT, LK_ID_SIZE);
	memcpy(w->standing.caller.id, "usr_01arz3ndektsv4rrffq69g5fab", LK_ID_SIZE);
	expect_token_out(w);
}

static void
a_token_for_the_platform_is_no_token_for_us(void **state)
{
	struct world *w = *state;

	forge_sign(w->f, forge_header(w->f), forge_claims(FORGE_AUDIENCE, "https://p.example"));
	expect_token_out(w);
	forge_sign(w->f, forge_header(w->f), forge_claims(FORGE_AUDIENCE, "latchkey:live"));
	expect_token_out(w);
}

static void
outsiders_learn_nothing_of_why(void **state)
{
	static const char *const froms[] = { "1790000900", FORGE_ISSUER, FORGE_AUDIENCE,
		FORGE_JTI };
	struct world *w = *state;
	char first[LK_MESSAGE_SIZE];

	w->header.authorization = (char *)(uintptr_t) "nonsense";
	expect_token_out(w);
	snprintf(first, sizeof first, "%s", w->err.message);
	w->header.authorization = w->f->token;
	for (size_t i = 0; i < LK_ARRAY_LEN(froms); i++) {
		forge_sign(w->f, forge_header(w->f), forge_claims(froms[i], "1"));
		expect_token_out(w);
		assert_string_equal(w->err.message, first);
	}
}

/* ---- Blocking ---- */

static void
a_new_token_waits_for_a_worker_and_a_known_one_does_not(void **state)
{
	struct world *w = *state;

	w->may_block = false;
	expect_fail(attempt(w), NULL, LK_ABORTED, NULL);
	assert_string_equal(lk_call_error(w->call)->reason, "WOULD_BLOCK");
	w->may_block = true;
	expect_ok(attempt(w), &w->err);
	w->may_block = false;
	expect_ok(attempt(w), &w->err);
	w->standing_blocks = true;
	expect_fail(attempt(w), NULL, LK_ABORTED, NULL);
	assert_string_equal(lk_call_error(w->call)->reason, "WOULD_BLOCK");
}

/* ---- Assertions ---- */

static void
an_operator_may_everything_everywhere(void **state)
{
	struct world *w = *state;

	drop_token(w);
	show_assertion(w, "ops", WORLD_OPS);
	expect_ok(attempt(w), &w->err);
	assert_int_equal(w->caller->kind, LK_CALLER_OPERATOR);
	assert_int_equal(w->caller->permissions, LK_PERMISSIONS_ALL);
	assert_true(lk_caller_reaches_tenant(w->caller, FORGE_TENANT));
	w->row.permission = LK_PERM_OPERATOR;
	expect_ok(attempt(w), &w->err);
	w->row.permission = LK_PERM_SERVICE;
	expect_fail(attempt(w), &w->err, LK_PERMISSION_DENIED, "SERVICES_ONLY");
}

static void
a_service_may_what_services_ask_each_other(void **state)
{
	struct world *w = *state;

	drop_token(w);
	show_assertion(w, "tokens", WORLD_TOKENS);
	expect_fail(attempt(w), &w->err, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	w->row.permission = LK_PERM_SERVICE;
	expect_ok(attempt(w), &w->err);
	assert_string_equal(w->caller->id, "tokens");
	w->row.permission = LK_PERM_KEYS_VERIFY;
	expect_ok(attempt(w), &w->err);
	w->row.permission = LK_PERM_OPERATOR;
	expect_fail(attempt(w), &w->err, LK_PERMISSION_DENIED, "OPERATORS_ONLY");
}

static void
no_service_but_tokens_may_ask_about_keys(void **state)
{
	struct world *w = *state;

	drop_token(w);
	show_assertion(w, "keys", WORLD_KEYS);
	w->row.permission = LK_PERM_FEED_READ;
	expect_ok(attempt(w), &w->err);
	w->row.permission = LK_PERM_KEYS_VERIFY;
	expect_fail(attempt(w), &w->err, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
}

static void
a_wrong_assertion_is_refused_even_beside_a_good_token(void **state)
{
	struct world *w = *state;

	show_assertion(w, "ops", WORLD_TOKENS);
	expect_fail(attempt(w), &w->err, LK_UNAUTHENTICATED, "ASSERTION_REFUSED");
	show_assertion(w, "ops", WORLD_OPS);
	w->assertion.signature.len = 63;
	expect_fail(attempt(w), &w->err, LK_UNAUTHENTICATED, "ASSERTION_REFUSED");
}

static void
a_gateway_may_hear_ask_of_what_it_is_shown_and_report_uses(void **state)
{
	static const int may[] = { LK_PERM_FEED_READ, LK_PERM_TOKENS_VALIDATE, LK_PERM_REPORTER,
		LK_PERM_PUBLIC };
	static const int refused[] = { LK_PERM_CALLER, LK_PERM_SERVICE, LK_PERM_OPERATOR };
	static const char *const why[] = { "NOT_FOR_GATEWAYS", "SERVICES_ONLY", "OPERATORS_ONLY" };
	struct world *w = *state;

	drop_token(w);
	show_assertion(w, "gateway", WORLD_GATEWAY);
	for (size_t i = 0; i < LK_ARRAY_LEN(may); i++) {
		w->row.permission = may[i];
		expect_ok(attempt(w), &w->err);
	}
	for (size_t i = 0; i < LK_ARRAY_LEN(refused); i++) {
		w->row.permission = refused[i];
		expect_fail(attempt(w), &w->err, LK_PERMISSION_DENIED, why[i]);
	}
	for (int i = 0; i < LK_PERM_COUNT; i++) {
		if (i == LK_PERM_FEED_READ || i == LK_PERM_TOKENS_VALIDATE)
			continue;
		w->row.permission = i;
		expect_fail(attempt(w), &w->err, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	}
}

static void
the_row_decides_which_of_two_credentials_speaks(void **state)
{
	struct world *w = *state;

	show_assertion(w, "tokens", WORLD_TOKENS);
	expect_ok(attempt(w), &w->err);
	assert_int_equal(w->caller->kind, LK_CALLER_USER);
	w->row.permission = LK_PERM_SERVICE;
	expect_ok(attempt(w), &w->err);
	assert_int_equal(w->caller->kind, LK_CALLER_SERVICE);
	w->standing.active = false; /* the token beside it still has to be good */
	expect_token_out(w);
}

/* ---- Nothing shown ---- */

static void
nobody_reaches_public_methods_only(void **state)
{
	static const int rows[] = { LK_PERM_CALLER, LK_PERM_SERVICE, LK_PERM_OPERATOR,
		LK_PERM_API_KEYS_MANAGE, LK_PERM_FEED_READ };
	struct world *w = *state;

	drop_token(w);
	for (size_t i = 0; i < LK_ARRAY_LEN(rows); i++) {
		w->row.permission = rows[i];
		expect_fail(attempt(w), &w->err, LK_UNAUTHENTICATED, "CREDENTIALS_MISSING");
	}
	w->row.permission = LK_PERM_PUBLIC;
	expect_ok(attempt(w), &w->err);
	assert_int_equal(w->caller->kind, LK_CALLER_ANONYMOUS);
}

static void
a_public_method_looks_at_no_credential(void **state)
{
	struct world *w = *state;

	w->row.permission = LK_PERM_PUBLIC;
	w->may_block = false;
	w->header.authorization = (char *)(uintptr_t) "nonsense";
	expect_ok(attempt(w), &w->err);
	assert_int_equal(w->caller->kind, LK_CALLER_ANONYMOUS);
}

static void
users_reach_no_method_of_services_or_operators(void **state)
{
	struct world *w = *state;

	w->row.permission = LK_PERM_SERVICE;
	expect_fail(attempt(w), &w->err, LK_PERMISSION_DENIED, "SERVICES_ONLY");
	w->row.permission = LK_PERM_OPERATOR;
	expect_fail(attempt(w), &w->err, LK_PERMISSION_DENIED, "OPERATORS_ONLY");
	w->row.permission = LK_PERM_CALLER;
	expect_ok(attempt(w), &w->err);
}

LK_TESTS(LK_CASE_WITH(a_token_makes_a_caller_no_wider_than_scope_and_standing, setup, teardown),
    LK_CASE_WITH(workgroups_are_those_of_token_and_standing_both, setup, teardown),
    LK_CASE_WITH(a_lost_permission_counts_at_the_very_next_call, setup, teardown),
    LK_CASE_WITH(standing_is_asked_on_every_call, setup, teardown),
    LK_CASE_WITH(a_token_dies_when_any_generation_is_raised, setup, teardown),
    LK_CASE_WITH(a_remembered_token_expires_to_the_second, setup, teardown),
    LK_CASE_WITH(a_token_dies_with_its_key, setup, teardown),
    LK_CASE_WITH(a_revoked_token_is_refused_though_remembered, setup, teardown),
    LK_CASE_WITH(a_token_is_refused_while_nobody_can_say_whether_it_was_revoked, setup, teardown),
    LK_CASE_WITH(a_token_of_a_withdrawn_key_is_refused_though_remembered, setup, teardown),
    LK_CASE_WITH(standing_of_somebody_else_is_refused, setup, teardown),
    LK_CASE_WITH(a_token_for_the_platform_is_no_token_for_us, setup, teardown),
    LK_CASE_WITH(outsiders_learn_nothing_of_why, setup, teardown),
    LK_CASE_WITH(a_new_token_waits_for_a_worker_and_a_known_one_does_not, setup, teardown),
    LK_CASE_WITH(an_operator_may_everything_everywhere, setup, teardown),
    LK_CASE_WITH(a_service_may_what_services_ask_each_other, setup, teardown),
    LK_CASE_WITH(no_service_but_tokens_may_ask_about_keys, setup, teardown),
    LK_CASE_WITH(a_wrong_assertion_is_refused_even_beside_a_good_token, setup, teardown),
    LK_CASE_WITH(a_gateway_may_hear_ask_of_what_it_is_shown_and_report_uses, setup, teardown),
    LK_CASE_WITH(the_row_decides_which_of_two_credentials_speaks, setup, teardown),
    LK_CASE_WITH(nobody_reaches_public_methods_only, setup, teardown),
    LK_CASE_WITH(a_public_method_looks_at_no_credential, setup, teardown),
    LK_CASE_WITH(users_reach_no_method_of_services_or_operators, setup, teardown))
