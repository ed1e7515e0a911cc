/* What users of the four platforms have, row by row of the requirements, where no other test shows
 * it. */
#include "keys_world.h"

static size_t
listed(struct world *w, const char *who)
{
	ListKeysRequest req = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	ListKeysResponse *rep;

	ask_ok(w, who, "ListKeys", &req, &rep);
	return rep->n_keys;
}

static void
P5_without_a_limit_there_are_as_many_keys_as_needed(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);

	for (int i = 0; i < 40; i++)
		world_key(w, ada, "one of many");
	assert_int_equal(listed(w, ada), 40);
}

/* Newest first; of one millisecond, which an id begins with, in any order. */
static bool
lists_newest(const ListKeysResponse *rep, const char *id)
{
	const size_t made = strlen("key_") + 10;

	for (size_t i = 0; i < rep->n_keys && strncmp(rep->keys[i]->id, id, made) == 0; i++)
		if (strcmp(rep->keys[i]->id, id) == 0)
			return true;
	return false;
}

static void
P6_a_new_key_is_in_the_list_at_once(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	ListKeysRequest req = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	ListKeysResponse *rep;

	for (size_t i = 1; i <= 5; i++) {
		const struct world_key key = world_key(w, ada, "laptop");
		ask_ok(w, ada, "ListKeys", &req, &rep);
		assert_int_equal(rep->n_keys, i);
		assert_true(lists_newest(rep, key.id));
	}
}

static void
G1_keys_need_no_password(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);

	world_set_policy(w, ada, "", "password_login", "off");
	expect_active(w, SERVICE, world_key(w, ada, "laptop").secret);
}

static void
G2_a_service_account_owns_keys_of_its_own(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	CreateUserRequest user = LATCHKEY__ACCOUNTS__V1__CREATE_USER_REQUEST__INIT;
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	char *roles[] = { text("key-manager") };
	CreateUserResponse *made;
	CreateKeyResponse *rep;

	user.email = text("pipeline@genomics.example");
	user.kind = LATCHKEY__COMMON__V1__SUBJECT_KIND__SUBJECT_KIND_SERVICE;
	user.roles = roles;
	user.n_roles = 1;
	ask_ok(w, ada, "CreateUser", &user, &made);
	req.name = text("nightly");
	req.owner = made->user->id;
	ask_ok(w, ada, "CreateKey", &req, &rep);
	const VerifyKeyResponse *answer = world_verify(w, SERVICE, rep->secret_key);
	assert_true(answer->active);
	assert_string_equal(answer->identity->subject, made->user->id);
	assert_int_equal(
	    answer->identity->kind, LATCHKEY__COMMON__V1__SUBJECT_KIND__SUBJECT_KIND_SERVICE);
}

static void
G5_two_keys_may_have_one_name(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key one = world_key(w, ada, "laptop"), two = world_key(w, ada, "laptop");

	assert_string_not_equal(one.id, two.id);
	world_revoke(w, ada, one.id);
	expect_refused(w, SERVICE, one.secret, "KEY_REFUSED");
	expect_active(w, SERVICE, two.secret);
}

static void
L3_a_key_of_another_installation_is_refused(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key key = world_key(w, ada, "laptop");
	const struct lk_secret32 same = { { 7 } };
	struct lk_pepper *elsewhere;

	expect_active(w, SERVICE, key.secret);
	expect_ok(lk_pepper_new(1, &same, "another", &elsewhere, &w->err), &w->err);
	w->keys->setup.pepper = elsewhere; /* the same rows and the same secret on another server */
	expect_refused(w, SERVICE, key.secret, "KEY_REFUSED");
	w->keys->setup.pepper = w->pepper;
	lk_pepper_free(elsewhere);
	expect_active(w, SERVICE, key.secret);
}

struct trail {
	const char *object;
	char owner[LK_ID_SIZE], actor[LK_ID_SIZE];
	bool found;
};

static lk_status
read_trail(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	static const char Q_EVENT[] =
	    "SELECT owner, actor FROM audit_event WHERE action = 'key.created' AND object = $1";
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct trail *trail = arg;

	LK_TRY(lk_tx_query_first(
	    tx, Q_EVENT, LK_ARGS(lk_text(trail->object)), &rows, &trail->found, err));
	if (trail->found) {
		lk_text_copy(trail->owner, sizeof trail->owner, lk_col_text(&rows, 0));
		lk_text_copy(trail->actor, sizeof trail->actor, lk_col_text(&rows, 1));
	}
	return LK_OK;
}

static void
L8_the_trail_names_the_owner_of_a_key_and_who_made_it(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	CreateKeyResponse *rep;

	req.name = text("for him");
	req.owner = text("ben@genomics.example");
	ask_ok(w, ada, "CreateKey", &req, &rep);
	struct trail trail = { .object = rep->key->id };
	expect_ok(lk_store_read(w->store, LK_NO_DEADLINE, read_trail, &trail, &w->err), &w->err);
	assert_true(trail.found);
	assert_string_equal(trail.owner, world_id(w, ben));
	assert_string_equal(trail.actor, world_id(w, ada));
}

static void
L9_several_keys_are_good_at_once(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key one = world_key(w, ada, "one"), two = world_key(w, ada, "two");

	expect_active(w, SERVICE, one.secret);
	expect_active(w, SERVICE, two.secret);
}

/* A session's own key: whoever holds it is that session. */
static void
L10_a_session_key_dies_with_its_session_and_is_neither_listed_nor_counted(void **state)
{
	struct world *w = *state;
	char *secret;
	const char *ada = world_redeem_as(w, world_tenant(w, "genomics", "ica").ticket, &secret);
	VerifyKeyRequest req = LATCHKEY__KEYS__V1__VERIFY_KEY_REQUEST__INIT;
	EndSessionRequest end = LATCHKEY__ACCOUNTS__V1__END_SESSION_REQUEST__INIT;
	VerifyKeyResponse *rep;

	req.secret_key = secret;
	req.allow_session = true;
	ask_ok(w, SERVICE, "VerifyKey", &req, &rep);
	assert_true(rep->active);
	assert_int_equal(listed(w, ada), 0);
	for (int i = 0; i < 10; i++)
		world_key(w, ada, "one of ten");
	assert_int_equal(listed(w, ada), 10);
	ask_ok(w, ada, "EndSession", &end, NULL);
	ask_ok(w, SERVICE, "VerifyKey", &req, &rep);
	assert_false(rep->active);
}

static void
I7_administrators_are_warned_of_keys_of_their_own_or_kept_from_them(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "ica").ticket);
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	CreateKeyResponse *rep;

	req.name = text("hers");
	ask_ok(w, ada, "CreateKey", &req, &rep);
	assert_true(*rep->warning != '\0');
	world_set_policy(w, ada, "", "admin_owned_keys", "allow");
	ask_ok(w, ada, "CreateKey", &req, &rep);
	assert_true(*rep->warning == '\0');
	world_set_policy(w, ada, "", "admin_owned_keys", "deny");
	ask_fails(w, ada, "CreateKey", &req, LK_FAILED_PRECONDITION, "ADMIN_OWNED_KEY");
}

static void
I10_ids_say_what_they_are_of_and_keys_go_on_when_names_change(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key key = world_key(w, ada, "laptop");
	ChangeNameRequest req = LATCHKEY__ACCOUNTS__V1__CHANGE_NAME_REQUEST__INIT;

	assert_true(lk_id_ok(LK_ID_KEY, key.id));
	req.display_name = text("Ada, renamed");
	ask_ok(w, ada, "ChangeName", &req, NULL);
	const VerifyKeyResponse *answer = world_verify(w, SERVICE, key.secret);
	assert_true(answer->active);
	assert_true(lk_id_ok(LK_ID_USER, answer->identity->subject));
	assert_true(lk_id_ok(LK_ID_TENANT, answer->identity->tenant));
}

LK_TESTS(KEYS_CASE(P5_without_a_limit_there_are_as_many_keys_as_needed),
    KEYS_CASE(P6_a_new_key_is_in_the_list_at_once), KEYS_CASE(G1_keys_need_no_password),
    KEYS_CASE(G2_a_service_account_owns_keys_of_its_own), KEYS_CASE(G5_two_keys_may_have_one_name),
    KEYS_CASE(L3_a_key_of_another_installation_is_refused),
    KEYS_CASE(L8_the_trail_names_the_owner_of_a_key_and_who_made_it),
    KEYS_CASE(L9_several_keys_are_good_at_once),
    KEYS_CASE(L10_a_session_key_dies_with_its_session_and_is_neither_listed_nor_counted),
    KEYS_CASE(I7_administrators_are_warned_of_keys_of_their_own_or_kept_from_them),
    KEYS_CASE(I10_ids_say_what_they_are_of_and_keys_go_on_when_names_change))
