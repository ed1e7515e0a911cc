/* Verification from memory: uniform answers, expiry, batches, uses written down, and nothing secret
 * on disk. */
#include <pthread.h>
#include <stdlib.h>

#include "crypto/key_format.h"
#include "keys/key_store.h"
#include "keys_world.h"

static const int64_t day_ms = INT64_C(86400000);

static void
unknown_wrong_revoked_and_expired_answer_the_same(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key wrong = world_key(w, ada, "wrong"), dead = world_key(w, ada, "dead"),
			       old = world_key(w, ada, "old");
	struct lk_key_parts parts;
	struct lk_key_text forged, unknown;

	expect_ok(lk_key_text_parse("lk", lk_bytes_of(wrong.secret), &parts, &w->err), &w->err);
	parts.secret.bytes[31] ^= 1;
	expect_ok(lk_key_text_make("lk", parts.id, &parts.secret, &forged, &w->err), &w->err);
	expect_ok(lk_key_text_make(
		      "lk", "key_01hzzzzzzzzzzzzzzzzzzzzzzz", &parts.secret, &unknown, &w->err),
	    &w->err);
	world_revoke(w, ada, dead.id);
	for (int twice = 0; twice < 2; twice++) {
		expect_refused(w, SERVICE, forged.text, "KEY_REFUSED");
		expect_refused(w, SERVICE, unknown.text, "KEY_REFUSED");
		expect_refused(w, SERVICE, dead.secret, "KEY_REFUSED");
	}
	expect_active(w, SERVICE, wrong.secret);
	expect_active(w, SERVICE, old.secret);
	w->clock.ahead_ms += 90 * day_ms;
	expect_refused(w, SERVICE, old.secret, "KEY_REFUSED");
}

static void
accept_jwt_makes_a_key_good_for_tokens_only(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "ica").ticket);
	const struct world_key key = world_key(w, ada, "k");
	VerifyKeyRequest req = LATCHKEY__KEYS__V1__VERIFY_KEY_REQUEST__INIT;
	VerifyKeyResponse *rep;

	expect_refused(w, SERVICE, key.secret, "KEY_FOR_TOKENS_ONLY");
	req.secret_key = text(key.secret);
	req.sign_in = true;
	ask_ok(w, SERVICE, "VerifyKey", &req, &rep);
	assert_true(rep->active);
	world_set_policy(w, ada, "", "accept", "all");
	expect_active(w, SERVICE, key.secret);
}

static void
what_is_no_key_is_malformed(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	char *cut = lk_arena_text(w->arena, world_key(w, ada, "k").secret);
	const char *bad[] = { "", "lk_", "Bearer x", cut, "lk_01hzzzzzzzzzzzzzzzzzzzzzzz_" };

	cut[strlen(cut) - 1] = '\0';
	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++)
		expect_refused(w, SERVICE, bad[i], "KEY_MALFORMED");
}

static void
a_made_up_session_does_not_disturb_the_key_of_the_same_number(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key key = world_key(w, ada, "k");
	VerifyKeyRequest req = LATCHKEY__KEYS__V1__VERIFY_KEY_REQUEST__INIT;
	VerifyKeyResponse *rep;
	struct lk_key_parts parts;
	struct lk_key_text session;

	expect_ok(lk_key_text_parse("lk", lk_bytes_of(key.secret), &parts, &w->err), &w->err);
	memcpy(parts.id, "ses_", 4);
	expect_ok(lk_key_text_make("lk", parts.id, &parts.secret, &session, &w->err), &w->err);
	req.secret_key = session.text;
	req.allow_session = true;
	ask_ok(w, SERVICE, "VerifyKey", &req, &rep);
	assert_string_equal(rep->reason, "KEY_REFUSED");
	expect_active(w, SERVICE, key.secret);
}

static uint64_t
reads_of(struct world *w)
{
	struct lk_store_stats stats;

	lk_store_stats(w->store, &stats);
	return stats.reads;
}

/* More of them than the memory of keys has places. */
static void
made_up_keys_push_no_real_one_out_of_memory(void **state)
{
	enum { REAL = 8, MADE_UP = 6000 };
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	struct lk_secret32 secret = { 0 };
	struct world_key real[REAL];
	struct lk_key_text text;
	char id[LK_ID_SIZE];

	for (size_t i = 0; i < REAL; i++) {
		real[i] = world_key(w, ada, "k");
		expect_active(w, SERVICE, real[i].secret);
	}
	for (int i = 0; i < MADE_UP; i++) {
		snprintf(id, sizeof id, "key_01hzzzzzzzzzzzzzzzzzzz%04d", i);
		expect_ok(lk_key_text_make("lk", id, &secret, &text, &w->err), &w->err);
		expect_refused(w, SERVICE, text.text, "KEY_REFUSED");
	}
	const uint64_t before = reads_of(w);
	for (size_t i = 0; i < REAL; i++)
		expect_active(w, SERVICE, real[i].secret);
	assert_int_equal(reads_of(w), before);
}

static void
a_batch_answers_in_the_order_asked(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	VerifyKeysRequest req = LATCHKEY__KEYS__V1__VERIFY_KEYS_REQUEST__INIT;
	VerifyKeyRequest one[65], *requests[65];
	VerifyKeysResponse *rep;
	char *ids[65];

	for (int i = 0; i < 65; i++) {
		one[i] = (VerifyKeyRequest)LATCHKEY__KEYS__V1__VERIFY_KEY_REQUEST__INIT;
		requests[i] = &one[i];
		if (i % 3 == 0) {
			one[i].secret_key = text("nonsense");
			continue;
		}
		const struct world_key key = world_key(w, ada, "k");
		ids[i] = key.id;
		one[i].secret_key = key.secret;
	}
	req.requests = requests;
	req.n_requests = 64;
	ask_ok(w, SERVICE, "VerifyKeys", &req, &rep);
	assert_int_equal(rep->n_responses, 64);
	for (int i = 0; i < 64; i++) {
		assert_int_equal(rep->responses[i]->active, i % 3 != 0);
		if (i % 3 != 0)
			assert_string_equal(rep->responses[i]->identity->key, ids[i]);
	}
	req.n_requests = 65;
	ask_field(w, SERVICE, "VerifyKeys", &req, "requests", "BATCH_INVALID");
	req.n_requests = 0;
	ask_field(w, SERVICE, "VerifyKeys", &req, "requests", "BATCH_INVALID");
}

static void
bad_questions_name_their_field(void **state)
{
	struct world *w = *state;
	VerifyKeyRequest req = LATCHKEY__KEYS__V1__VERIFY_KEY_REQUEST__INIT;

	req.source_address = text("not an address");
	ask_field(w, SERVICE, "VerifyKey", &req, "source_address", "ADDRESS_INVALID");
	req.source_address = text("2001:db8::1");
	req.required_permission = text("everything");
	ask_field(w, SERVICE, "VerifyKey", &req, "required_permission", "PERMISSION_UNKNOWN");
}

static void
uses_are_written_down_at_most_once_a_minute(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key key = world_key(w, ada, "k");

	assert_int_equal(world_key_now(w, ada, key.id)->last_used_at_ms, 0);
	expect_active(w, SERVICE, key.secret);
	keys_flush(w->keys);
	const int64_t first = world_key_now(w, ada, key.id)->last_used_at_ms;
	assert_true(first > 0);
	w->clock.ahead_ms += 30000;
	expect_active(w, SERVICE, key.secret);
	keys_flush(w->keys);
	assert_int_equal(world_key_now(w, ada, key.id)->last_used_at_ms, first);
	w->clock.ahead_ms += 31000;
	expect_active(w, SERVICE, key.secret);
	keys_flush(w->keys);
	assert_true(world_key_now(w, ada, key.id)->last_used_at_ms >= first + 60000);
	assert_int_equal(world_key_now(w, ada, key.id)->last_sign_in_at_ms, 0);
	w->clock.ahead_ms -= 61000; /* a clock that was set back moves nothing back */
	expect_active(w, SERVICE, key.secret);
	keys_flush(w->keys);
	assert_true(world_key_now(w, ada, key.id)->last_used_at_ms >= first + 60000);
}

static void
G6_an_exchange_is_noted_as_a_sign_in(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key key = world_key(w, ada, "k");
	VerifyKeyRequest req = LATCHKEY__KEYS__V1__VERIFY_KEY_REQUEST__INIT;

	expect_active(w, SERVICE, key.secret);
	req.secret_key = key.secret;
	req.sign_in = true;
	ask_ok(w, SERVICE, "VerifyKey", &req, NULL);
	keys_flush(w->keys);
	assert_true(world_key_now(w, ada, key.id)->last_sign_in_at_ms > 0);
}

/* ---- Many at once ---- */

struct maker {
	struct world *w;
	const char *who;
	int made, refused;
};

static void *
make_keys(void *arg)
{
	struct maker *maker = arg;
	struct lk_arena *arena = lk_arena_new(1 << 20);

	for (int i = 0; i < 4; i++) {
		CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
		struct lk_error err = { 0 };
		req.name = text("k");
		const lk_status status =
		    world_ask_in(maker->w, maker->who, "CreateKey", NULL, &req, arena, NULL, &err);
		maker->made += status == LK_OK;
		maker->refused +=
		    status == LK_RESOURCE_EXHAUSTED &&
		    lk_text_is(err.reason, "KEY_LIMIT_REACHED") &&
		    strstr(err.message, "the limit is 10 active keys, and 10 exist") != NULL;
	}
	lk_arena_free(arena);
	return NULL;
}

static void
I3_the_eleventh_key_is_refused_with_limit_and_count(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "ica").ticket);
	ListKeysRequest list = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	ListKeysResponse *rep;
	struct maker makers[16];
	pthread_t threads[16];
	int made = 0, refused = 0;

	for (int i = 0; i < 16; i++) {
		makers[i] = (struct maker){ w, ada, 0, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, make_keys, &makers[i]), 0);
	}
	for (int i = 0; i < 16; i++) {
		pthread_join(threads[i], NULL);
		made += makers[i].made;
		refused += makers[i].refused;
	}
	assert_int_equal(made, 10);
	assert_int_equal(refused, 54);
	ask_ok(w, ada, "ListKeys", &list, &rep);
	assert_int_equal(rep->n_keys, 10);
}

struct redeemer {
	struct world *w;
	const char *ticket;
	lk_status status;
};

static void *
redeem_once(void *arg)
{
	struct redeemer *r = arg;
	struct lk_arena *arena = lk_arena_new(1 << 20);
	RedeemTicketRequest req = LATCHKEY__ACCOUNTS__V1__REDEEM_TICKET_REQUEST__INIT;
	struct lk_error err = { 0 };

	req.secret_ticket = text(r->ticket);
	r->status = world_ask_in(r->w, NULL, "RedeemTicket", NULL, &req, arena, NULL, &err);
	lk_arena_free(arena);
	return NULL;
}

static void
a_ticket_opens_for_one_of_many(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	struct redeemer redeemers[16];
	pthread_t threads[16];
	int entered = 0;

	for (int i = 0; i < 16; i++) {
		redeemers[i] = (struct redeemer){ w, t.ticket, LK_OK };
		assert_int_equal(pthread_create(&threads[i], NULL, redeem_once, &redeemers[i]), 0);
	}
	for (int i = 0; i < 16; i++) {
		pthread_join(threads[i], NULL);
		entered += redeemers[i].status == LK_OK;
	}
	assert_int_equal(entered, 1);
}

struct verifier {
	struct world *w;
	const char *secret;
	atomic_bool revoked, stop;
	atomic_int late;
};

static void *
verify_until_stopped(void *arg)
{
	struct verifier *v = arg;
	struct lk_arena *arena = lk_arena_new(1 << 20);

	while (!atomic_load(&v->stop)) {
		VerifyKeyRequest req = LATCHKEY__KEYS__V1__VERIFY_KEY_REQUEST__INIT;
		VerifyKeyResponse *rep = NULL;
		struct lk_error err = { 0 };
		const bool revoked = atomic_load(&v->revoked);
		req.secret_key = text(v->secret);
		if (world_ask_in(v->w, SERVICE, "VerifyKey", NULL, &req, arena, &rep, &err) ==
			LK_OK &&
		    rep->active && revoked)
			atomic_fetch_add(&v->late, 1);
		lk_arena_reset(arena);
	}
	lk_arena_free(arena);
	return NULL;
}

/* Whatever is being read and remembered at the same time: no check that begins after the answer
 * accepts the key. */
static void
no_check_after_the_answer_accepts_a_revoked_key(void **state)
{
	struct world *w = *state;
	const size_t rounds = lk_test_repeat("revocations", 200, 30);
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);

	for (size_t i = 0; i < rounds; i++) {
		const struct world_key key = world_key(w, ada, "k");
		struct verifier v = { .w = w, .secret = key.secret };
		pthread_t threads[3];
		for (int t = 0; t < 3; t++)
			assert_int_equal(
			    pthread_create(&threads[t], NULL, verify_until_stopped, &v), 0);
		world_revoke(w, ada, key.id);
		atomic_store(&v.revoked, true);
		for (int t = 0; t < 3; t++)
			expect_refused(w, SERVICE, key.secret, "KEY_REFUSED");
		atomic_store(&v.stop, true);
		for (int t = 0; t < 3; t++)
			pthread_join(threads[t], NULL);
		assert_int_equal(atomic_load(&v.late), 0);
	}
}

/* ---- On disk ---- */

static lk_status
read_digest(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct key *key = arg;
	struct lk_arena *arena = lk_arena_new(1 << 16);
	char id[LK_ID_SIZE];
	bool found;

	memcpy(id, key->id, sizeof id);
	const lk_status status = key_find(tx, id, arena, key, &found, err);
	lk_arena_free(arena);
	return status;
}

static void
G7_a_tombstone_keeps_the_row_and_destroys_the_digest(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key made = world_key(w, ada, "k");
	static const uint8_t zero[LK_DIGEST_LEN];
	struct key key = { 0 };

	lk_text_copy(key.id, sizeof key.id, made.id);
	expect_ok(lk_store_read(w->store, LK_NO_DEADLINE, read_digest, &key, &w->err), &w->err);
	assert_memory_not_equal(key.digest, zero, sizeof zero);
	assert_int_equal(key.generation, 1);
	world_revoke(w, ada, made.id);
	expect_ok(lk_store_read(w->store, LK_NO_DEADLINE, read_digest, &key, &w->err), &w->err);
	assert_memory_equal(key.digest, zero, sizeof zero);
	assert_int_equal(key.generation, 2);
	assert_string_equal(world_key_now(w, ada, made.id)->state, "revoked");
}

static bool
file_holds(const char *path, const char *secret)
{
	size_t len;
	char *data = lk_test_read_file(path, &len);
	const bool holds = memmem(data, len, secret, strlen(secret)) != NULL;

	free(data);
	return holds;
}

/* The files of all tables and indexes of the schema, and the log of the server. */
static bool
server_holds(struct world *w, const char *secret)
{
	const char *server = lk_test_postgres_shared(), *schema = strstr(w->store_url, "schema=");
	char sql[600], *files;
	bool holds = false;

	snprintf(sql, sizeof sql,
	    "CHECKPOINT; SELECT 'pg_wal/' || pg_walfile_name(pg_current_wal_lsn()) || "
	    "(SELECT string_agg(' ' || pg_relation_filepath(c.oid), '') FROM pg_class c JOIN "
	    "pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '%s' AND c.relkind IN "
	    "('r', 'i', 'S'))",
	    schema + strlen("schema="));
	files = lk_arena_text(w->arena, lk_test_postgres_sql(server, sql));
	for (char *file = strtok_r(files, " ", &files); file; file = strtok_r(NULL, " ", &files)) {
		char path[200];

		snprintf(path, sizeof path, "%s/data/%s", server, file);
		holds |= file_holds(path, secret);
	}
	return holds;
}

static void
no_secret_is_in_the_database(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	char *session;

	const char *ada = world_redeem_as(w, t.ticket, &session);
	const struct world_key key = world_key(w, ada, "k");
	const char *base = w->url + strlen("ipc://");
	const char *dir = lk_arena_text_n(w->arena, base, strlen(base) - strlen("/keys.sock"));
	const char *files[] = { "keys.db", "keys.db-wal" };
	/* the part behind the id: 43 characters that stand for 32 random bytes */
	const char *secrets[] = { t.ticket + 31, session + 31, key.secret + 30 };

	if (lk_test_on_postgres()) {
		for (size_t i = 0; i < LK_ARRAY_LEN(secrets); i++)
			assert_false(server_holds(w, lk_arena_text_n(w->arena, secrets[i], 20)));
		assert_true(server_holds(w, key.id));
		return;
	}
	for (size_t f = 0; f < 2; f++) {
		for (size_t i = 0; i < LK_ARRAY_LEN(secrets); i++)
			assert_false(file_holds(lk_test_path(dir, files[f]),
			    lk_arena_text_n(w->arena, secrets[i], 20)));
	}
	assert_true(file_holds(lk_test_path(dir, "keys.db-wal"), key.id));
}

LK_TESTS(KEYS_CASE(unknown_wrong_revoked_and_expired_answer_the_same),
    KEYS_CASE(accept_jwt_makes_a_key_good_for_tokens_only), KEYS_CASE(what_is_no_key_is_malformed),
    KEYS_CASE(a_made_up_session_does_not_disturb_the_key_of_the_same_number),
    KEYS_CASE(made_up_keys_push_no_real_one_out_of_memory),
    KEYS_CASE(a_batch_answers_in_the_order_asked), KEYS_CASE(bad_questions_name_their_field),
    KEYS_CASE(uses_are_written_down_at_most_once_a_minute),
    KEYS_CASE(G6_an_exchange_is_noted_as_a_sign_in),
    KEYS_CASE(I3_the_eleventh_key_is_refused_with_limit_and_count),
    KEYS_CASE(a_ticket_opens_for_one_of_many),
    KEYS_CASE(no_check_after_the_answer_accepts_a_revoked_key),
    KEYS_CASE(G7_a_tombstone_keeps_the_row_and_destroys_the_digest),
    KEYS_CASE(no_secret_is_in_the_database))
