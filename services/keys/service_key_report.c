/* ReportKeys: which keys are about to end, idle, or due for rotation. */
#include "access.h"
#include "encode.h"
#include "handlers.h"
#include "key_choice.h"
#include "tenant_store.h"
#include "time/duration.h"

static const int64_t day_ms = INT64_C(86400000);
enum { EXPIRING_DAYS = 30, IDLE_DAYS = 90 };

static lk_status
duration_or(
    const char *field, const char *text, int64_t preset_ms, int64_t *out_ms, struct lk_error *err)
{
	*out_ms = preset_ms;
	return *text == '\0' ? LK_OK : lk_duration_parse(field, text, out_ms, err);
}

/* Of the tenant that is asked about; principals' keys are in none. */
static lk_status
rotate_after(
    struct op *op, struct lk_tx *tx, const char *tenant_name, int64_t *out_ms, struct lk_error *err)
{
	struct tenant tenant;
	struct policy policy;

	*out_ms = 0;
	if (*tenant_name == '\0' && op->caller->tenant[0] == '\0')
		return LK_OK;
	LK_TRY(access_tenant(op, tx, tenant_name, &tenant, err));
	LK_TRY(policy_load(tx, &tenant, &policy, err));
	*out_ms = policy.values[POLICY_ROTATE_AFTER];
	return LK_OK;
}

static lk_status
attention_of(
    struct op *op, struct lk_tx *tx, struct key_attention *out_attention, struct lk_error *err)
{
	const ReportKeysRequest *req = op->req;
	int64_t within_ms, idle_ms, policy_ms, age_ms;

	LK_TRY(duration_or(
	    "expiring_within", req->expiring_within, EXPIRING_DAYS * day_ms, &within_ms, err));
	LK_TRY(duration_or("idle_for", req->idle_for, IDLE_DAYS * day_ms, &idle_ms, err));
	LK_TRY(rotate_after(op, tx, req->tenant, &policy_ms, err));
	LK_TRY(duration_or("older_than", req->older_than, policy_ms, &age_ms, err));
	*out_attention = (struct key_attention){ .now_ms = op->now_ms,
		.ends_before_ms = op->now_ms + within_ms,
		.unused_since_ms = op->now_ms - idle_ms,
		.made_before_ms = age_ms == 0 ? 0 : op->now_ms - age_ms };
	return LK_OK;
}

static lk_status
encode_finding(struct op *op, const struct key_found *found, const struct key_attention *attention,
    KeyFindingMsg **out, struct lk_error *err)
{
	KeyFindingMsg *msg = LK_ARENA_NEW(op->arena, KeyFindingMsg);
	const struct key *key = &found->key;

	if (!msg)
		return lk_fail_oom(err);
	*msg = (KeyFindingMsg)LATCHKEY__KEYS__V1__KEY_FINDING__INIT;
	msg->expiring = key->expires_at_ms != 0 && key->expires_at_ms < attention->ends_before_ms;
	msg->idle = key->created_at_ms < attention->unused_since_ms &&
		    key->last_used_at_ms < attention->unused_since_ms;
	msg->rotate_due = key->created_at_ms < attention->made_before_ms;
	msg->last_source_address = lk_field_borrow(found->last_source_address);
	LK_TRY(encode_key(op->arena, key, op->keys->setup.prefix, op->now_ms, &msg->key, err));
	*out = msg;
	return LK_OK;
}

static lk_status
report_keys(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const ReportKeysRequest *req = op->req;
	ReportKeysResponse *rep = op->rep;
	ListKeysRequest whose = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	struct key_attention attention;
	struct key_found_page found;
	struct key_filter filter = { 0 };
	struct lk_page page;

	whose.owner = req->owner;
	whose.all_owners = req->all_owners;
	whose.tenant = req->tenant;
	LK_TRY(lk_page_read(LK_ID_KEY, req->page, &page, err));
	LK_TRY(key_filter_of(op, tx, &whose, &filter, err));
	LK_TRY(attention_of(op, tx, &attention, err));
	LK_TRY(key_list_attention(tx, &filter, &attention, &page, op->arena, &found, err));
	rep->findings = lk_arena_array(op->arena, found.count, sizeof *rep->findings);
	if (!rep->findings)
		return lk_fail_oom(err);
	for (; rep->n_findings < found.count; rep->n_findings++)
		LK_TRY(encode_finding(op, &found.items[rep->n_findings], &attention,
		    &rep->findings[rep->n_findings], err));
	return lk_page_reply(
	    op->arena, found.more ? found.items[found.count - 1].key.id : NULL, &rep->page, err);
}

/* What is still in memory is written down first, so that no key is idle that was used a second ago;
 * who asks often makes no more writes than that. */
lk_status
keys_report_keys(struct lk_call *call, const ReportKeysRequest *req, ReportKeysResponse *rep)
{
	struct op op = op_of(call, req, rep);

	use_log_flush_lately(op.keys->uses);
	return op_read(&op, report_keys);
}
