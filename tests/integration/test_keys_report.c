/* The report of keys that want attention: about to end, idle, due for rotation. */
#include <unistd.h>

#include "keys_world.h"

static const int64_t day_ms = INT64_C(86400000);

static struct world_key
key_for(struct world *w, const char *who, const char *name, const char *ttl)
{
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	CreateKeyResponse *rep;

	req.name = text(name);
	req.ttl = text(ttl);
	ask_ok(w, who, "CreateKey", &req, &rep);
	return (struct world_key){ rep->key->id, rep->secret_key };
}

static ReportKeysResponse *
report(struct world *w, const char *who, ReportKeysRequest *req)
{
	ReportKeysResponse *rep;

	ask_ok(w, who, "ReportKeys", req, &rep);
	return rep;
}

static void
move_days(struct world *w, int64_t days)
{
	atomic_store(&w->clock.ahead_ms, days * day_ms);
}

/* Sessions end within hours: who asks after days is the operator. */
static void
I6_keys_that_end_or_idle_or_are_old_are_reported_with_the_reason(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	const char *ada = world_redeem(w, t.ticket);
	ReportKeysRequest req = LATCHKEY__KEYS__V1__REPORT_KEYS_REQUEST__INIT;
	VerifyKeyRequest use = LATCHKEY__KEYS__V1__VERIFY_KEY_REQUEST__INIT;

	const struct world_key soon = key_for(w, ada, "soon", "70d");
	const struct world_key busy = key_for(w, ada, "busy", "300d");
	world_revoke(w, ada, key_for(w, ada, "gone", "70d").id);
	req.tenant = t.id;
	assert_int_equal(report(w, OPERATOR, &req)->n_findings, 0);
	move_days(w, 50);
	use.secret_key = busy.secret;
	use.source_address = text("10.1.2.3");
	ask_ok(w, SERVICE, "VerifyKey", &use, NULL);
	req.idle_for = text("40d");
	const ReportKeysResponse *rep = report(w, OPERATOR, &req);
	assert_int_equal(rep->n_findings, 1);
	assert_string_equal(rep->findings[0]->key->id, soon.id);
	assert_true(rep->findings[0]->expiring && rep->findings[0]->idle);
	assert_false(rep->findings[0]->rotate_due);
	world_set_policy(w, OPERATOR, t.id, "rotate_after", "45d");
	req.expiring_within = text("1d");
	req.idle_for = text("60d");
	rep = report(w, OPERATOR, &req);
	assert_int_equal(rep->n_findings, 2);
	/* both were made within a millisecond, perhaps: either may be the first */
	const bool first = strcmp(rep->findings[0]->key->id, busy.id) == 0;
	const KeyFindingMsg *found = rep->findings[first ? 0 : 1];
	assert_string_equal(found->key->id, busy.id);
	assert_true(found->rotate_due && !found->idle);
	assert_string_equal(found->last_source_address, "10.1.2.3");
	req.older_than = text("51d");
	assert_int_equal(report(w, OPERATOR, &req)->n_findings, 0);
	move_days(w, 80);
	req.expiring_within = text("30d");
	req.older_than = text("1000d");
	assert_int_equal(report(w, OPERATOR, &req)->n_findings, 0); /* what is over wants nothing */
}

static void
G8_everybody_is_told_of_their_own_keys_and_administrators_of_all(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");
	ReportKeysRequest req = LATCHKEY__KEYS__V1__REPORT_KEYS_REQUEST__INIT;

	key_for(w, ada, "hers", "10d");
	key_for(w, ben, "his", "10d");
	assert_string_equal(report(w, ben, &req)->findings[0]->key->name, "his");
	assert_int_equal(report(w, ben, &req)->n_findings, 1);
	req.all_owners = true;
	ask_fails(w, ben, "ReportKeys", &req, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	assert_int_equal(report(w, ada, &req)->n_findings, 2);
	req.idle_for = text("sometimes");
	ask_field(w, ada, "ReportKeys", &req, "idle_for", "DURATION_INVALID");
}

static int64_t
last_used(struct world *w, const char *who, const char *id)
{
	GetKeyRequest req = LATCHKEY__KEYS__V1__GET_KEY_REQUEST__INIT;
	GetKeyResponse *rep;

	req.id = text(id);
	ask_ok(w, who, "GetKey", &req, &rep);
	return rep->key->last_used_at_ms;
}

static void
I6_reports_in_a_row_write_uses_down_once_a_second(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key key = world_key(w, ada, "k");
	const struct use_log_setup setup = { w->store, NULL, &w->clock.clock, 3600000 };
	struct use use = { .at_ms = 1000 };
	struct use_log *log;

	assert_true(id_pack(key.id, &use.id));
	expect_ok(use_log_new(&setup, &log, &w->err), &w->err);
	use_log_note(log, &use);
	use_log_flush_lately(log);
	assert_int_equal(last_used(w, ada, key.id), 1000);
	use.at_ms = 2000;
	use_log_note(log, &use);
	for (int i = 0; i < 100; i++)
		use_log_flush_lately(log);
	assert_int_equal(last_used(w, ada, key.id), 1000);
	usleep(1050000);
	use_log_flush_lately(log);
	assert_int_equal(last_used(w, ada, key.id), 2000);
	use_log_stop(log);
	use_log_free(log);
}

LK_TESTS(KEYS_CASE(I6_reports_in_a_row_write_uses_down_once_a_second),
    KEYS_CASE(I6_keys_that_end_or_idle_or_are_old_are_reported_with_the_reason),
    KEYS_CASE(G8_everybody_is_told_of_their_own_keys_and_administrators_of_all))
