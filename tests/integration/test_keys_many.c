/* One call that changes many rows fits the memory of a call, and each of them stands in the trail.
 */
#include "keys_world.h"

#include "keys/issuer_store.h"
#include "keys/key_seal.h"
#include "keys/key_store.h"
#include "keys/user_store.h"

enum { LINKED = 150, KEYS = 900 };

static const char Q_EVENTS[] = "SELECT count(*) FROM audit_event WHERE action = $1 AND owner = $2";

struct trail {
	const char *action, *owner;
	int64_t count;
};

static lk_status
count_events(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct trail *trail = arg;
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_EVENTS,
	    LK_ARGS(lk_text(trail->action), lk_text(trail->owner)), &rows, &has, err));
	trail->count = lk_col_int(&rows, 0);
	return LK_OK;
}

static int64_t
events(struct world *w, const char *action, const char *owner)
{
	struct trail trail = { action, owner, 0 };

	expect_ok(lk_store_read(w->store, LK_NO_DEADLINE, count_events, &trail, &w->err), &w->err);
	return trail.count;
}

struct many {
	struct world *w;
	const char *tenant, *owner;
};

static const char ISSUER[] = "https://login.genomics.example";

static lk_status
link_one(struct lk_tx *tx, const struct many *many, int i, struct lk_error *err)
{
	struct user user = { .kind = USER_HUMAN, .state = USER_ACTIVE, .generation = 1 };
	char subject[16];
	const struct linked_subject linked = { many->tenant, ISSUER, subject };

	snprintf(subject, sizeof subject, "s%d", i);
	snprintf(user.email, sizeof user.email, "u%d@genomics.example", i);
	lk_id_make(LK_ID_USER, &many->w->clock.clock, lk_random_system(), user.id);
	lk_text_copy(user.tenant, sizeof user.tenant, many->tenant);
	LK_TRY(user_insert(tx, &user, err));
	return subject_link(tx, &linked, user.id, err);
}

static lk_status
link_many(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct many *many = arg;
	const struct linked_subject linked = { many->tenant, ISSUER, "owner" };
	struct issuer issuer = { .issuer = "https://login.genomics.example", .jwks = text("{}") };

	lk_text_copy(issuer.tenant, sizeof issuer.tenant, many->tenant);
	LK_TRY(issuer_save(tx, &issuer, err));
	for (int i = 1; i < LINKED; i++)
		LK_TRY(link_one(tx, many, i, err));
	return subject_link(tx, &linked, many->owner, err);
}

static void
MANY_an_issuer_with_many_linked_users_is_removed(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	const char *ada = world_redeem(w, t.ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", NULL);
	struct many many = { w, t.id, world_id(w, ben) };
	RemoveIssuerRequest req = LATCHKEY__ACCOUNTS__V1__REMOVE_ISSUER_REQUEST__INIT;
	GetMeRequest me = LATCHKEY__ACCOUNTS__V1__GET_ME_REQUEST__INIT;

	expect_ok(lk_store_write(w->store, LK_NO_DEADLINE, link_many, &many, &w->err), &w->err);
	req.issuer = text(ISSUER);
	ask_ok(w, ada, "RemoveIssuer", &req, NULL);
	ask_fails(w, ben, "GetMe", &me, LK_UNAUTHENTICATED, "TOKEN_REFUSED");
	assert_int_equal(events(w, "session.ended", many.owner), 1);
	ask_ok(w, ada, "GetMe", &me, NULL);
}

static lk_status
make_keys(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct many *many = arg;
	struct key key = { .all_permissions = true,
		.all_workgroups = true,
		.name = "one of many",
		.last4 = "----",
		.generation = 1,
		.pepper_version = 1,
		.created_at_ms = 1 };

	lk_text_copy(key.tenant, sizeof key.tenant, many->tenant);
	lk_text_copy(key.owner, sizeof key.owner, many->owner);
	for (int i = 0; i < KEYS; i++) {
		lk_id_make(LK_ID_KEY, &many->w->clock.clock, lk_random_system(), key.id);
		key_seal(many->w->pepper, &key);
		LK_TRY(key_insert(tx, &key, err));
	}
	return LK_OK;
}

static void
MANY_a_user_with_many_keys_is_deleted(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	const char *ada = world_redeem(w, t.ticket);
	struct many many = { w, t.id,
		world_id(w, world_user(w, ada, "ben@genomics.example", NULL)) };
	DeleteUserRequest req = LATCHKEY__ACCOUNTS__V1__DELETE_USER_REQUEST__INIT;
	DeleteUserResponse *rep;

	expect_ok(lk_store_write(w->store, LK_NO_DEADLINE, make_keys, &many, &w->err), &w->err);
	req.user = text(many.owner);
	ask_ok(w, ada, "DeleteUser", &req, &rep);
	assert_int_equal(rep->keys_revoked, KEYS);
	assert_int_equal(events(w, "key.revoked", many.owner), KEYS);
	assert_int_equal(events(w, "session.ended", many.owner), 1);
}

LK_TESTS(KEYS_CASE(MANY_an_issuer_with_many_linked_users_is_removed),
    KEYS_CASE(MANY_a_user_with_many_keys_is_deleted))
