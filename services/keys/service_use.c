/* GetKeyUse, ReportUse: who uses a key, and what those who decide from memory say about it. */
#include <arpa/inet.h>

#include "access.h"
#include "encode.h"
#include "handlers.h"
#include "key_use_store.h"
#include "standing.h"

enum { REPORTS_MAX = 256, ROWS_MAX = 1000, DAYS_DEFAULT = 30 };

/* ---- GetKeyUse ---- */

static lk_status
encode_use(struct lk_arena *arena, const struct key_use *use, KeyUseMsg **out, struct lk_error *err)
{
	KeyUseMsg *msg = LK_ARENA_NEW(arena, KeyUseMsg);

	if (!msg)
		return lk_fail_oom(err);
	*msg = (KeyUseMsg)LATCHKEY__KEYS__V1__KEY_USE__INIT;
	msg->day_at_ms = use->day * DAY_MS;
	msg->count = use->count;
	msg->last_used_at_ms = use->last_used_at_ms;
	msg->caller = lk_field_borrow(use->caller);
	msg->caller_name = lk_field_borrow(use->caller_name);
	msg->source_address = lk_field_borrow(use->source_address);
	*out = msg;
	return LK_OK;
}

/* The newest of all rows wins: of the key itself only a use without an address may be newer. */
static lk_status
sum_up(struct lk_arena *arena, const struct key_use *uses, size_t count, GetKeyUseResponse *rep,
    struct lk_error *err)
{
	const struct key_use *newest = NULL;

	rep->uses = lk_arena_array(arena, count, sizeof *rep->uses);
	if (!rep->uses)
		return lk_fail_oom(err);
	for (; rep->n_uses < count; rep->n_uses++) {
		const struct key_use *use = &uses[rep->n_uses];
		rep->total += use->count;
		if (use->last_used_at_ms > rep->last_used_at_ms)
			rep->last_used_at_ms = use->last_used_at_ms;
		if (use->source_address[0] != '\0' &&
		    (!newest || use->last_used_at_ms > newest->last_used_at_ms))
			newest = use;
		LK_TRY(encode_use(arena, use, &rep->uses[rep->n_uses], err));
	}
	if (newest)
		rep->last_source_address = lk_field_borrow(newest->source_address);
	return LK_OK;
}

static lk_status
get_key_use(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const GetKeyUseRequest *req = op->req;
	GetKeyUseResponse *rep = op->rep;
	const int64_t days = req->days ? req->days : DAYS_DEFAULT;
	struct key_use *uses;
	struct key key;
	size_t count;

	LK_TRY(access_key(op, tx, req->id, &key, err));
	LK_TRY(key_use_list(
	    tx, key.id, op->now_ms / DAY_MS - days + 1, ROWS_MAX, op->arena, &uses, &count, err));
	LK_TRY(encode_key(op->arena, &key, op->keys->setup.prefix, op->now_ms, &rep->key, err));
	rep->last_used_at_ms = key.last_used_at_ms;
	return sum_up(op->arena, uses, count, rep, err);
}

/* What is still in memory is written down first, so that the answer leaves nothing out. */
lk_status
keys_get_key_use(struct lk_call *call, const GetKeyUseRequest *req, GetKeyUseResponse *rep)
{
	struct op op = op_of(call, req, rep);

	if (req->days > KEY_USE_DAYS)
		return lk_fail_field(lk_call_error(call), "days", "DAYS_INVALID",
		    "days must be 1 to %d", KEY_USE_DAYS);
	use_counts_flush(op.keys->use_counts, op.now_ms);
	return op_read(&op, get_key_use);
}

/* ---- ReportUse ---- */

/* They name on whose behalf, and reach every tenant. */
static bool
is_peer(const struct lk_caller *caller)
{
	return caller->kind == LK_CALLER_SERVICE || caller->kind == LK_CALLER_GATEWAY;
}

static lk_status
check_reporter(const struct lk_caller *caller, struct lk_error *err)
{
	if (is_peer(caller) || lk_caller_has(caller, LK_PERM_TOKENS_VALIDATE))
		return LK_OK;
	return lk_caller_require(caller, LK_PERM_KEYS_VERIFY, err);
}

static bool
address_ok(const char *text)
{
	uint8_t address[16];

	return *text == '\0' || inet_pton(AF_INET, text, address) == 1 ||
	       inet_pton(AF_INET6, text, address) == 1;
}

static lk_status
check_report(const struct op *op, const UseReportMsg *report, struct lk_error *err)
{
	const bool by_ok =
	    report->asked_by[0] == '\0' ||
	    (is_peer(op->caller) && (lk_id_ok(LK_ID_USER, report->asked_by) ||
					lk_id_ok(LK_ID_PRINCIPAL, report->asked_by)));

	if (!lk_id_ok(LK_ID_KEY, report->key) || report->count == 0 || report->count > UINT32_MAX ||
	    !by_ok || !address_ok(report->source_address))
		return lk_fail_field(
		    err, "reports", "REPORT_INVALID", "a report is not what it should be");
	return LK_OK;
}

static bool
reaches(const struct lk_caller *caller, const struct held_facts *held)
{
	char tenant[LK_ID_SIZE];

	if (!held->tenant)
		return is_peer(caller) || caller->all_tenants;
	id_unpack(LK_ID_TENANT, held->tenant->id, tenant);
	return lk_caller_reaches_tenant(caller, tenant);
}

/* No later than now and not longer ago than a report may be on its way: reporters have clocks of
 * their own. */
static int64_t
plausible_ms(int64_t at_ms, int64_t now_ms)
{
	return at_ms > now_ms || at_ms < now_ms - DAY_MS ? now_ms : at_ms;
}

static void
note(const struct op *op, const UseReportMsg *report, const struct held_facts *held)
{
	struct keys *keys = op->keys;
	const struct key_ref ref = { held->key.id, false };
	const int64_t at_ms = plausible_ms(report->last_used_at_ms, op->now_ms);

	use_counts_note(
	    keys->use_counts, &(struct use_count){ .key = ref.id,
				  .caller = report->asked_by[0] ? report->asked_by : op->caller->id,
				  .count = report->count,
				  .at_ms = at_ms,
				  .source_address = report->source_address });
	const uint32_t every_s = use_every_s(0);
	if (at_ms / 1000 - held->key.used_at_s >= every_s &&
	    key_cache_use(keys->key_cache, ref, (uint32_t)(at_ms / 1000), every_s, false))
		use_log_note(keys->uses, &(struct use){ ref.id, at_ms, false, false });
}

static lk_status
take_report(const struct op *op, const UseReportMsg *report, struct lk_error *err)
{
	LK_AUTO(held_facts_release) struct held_facts held = { 0 };
	const struct patience patience = { true, lk_call_deadline_steady_ms(op->call), op->arena };
	bool known;

	LK_TRY(check_report(op, report, err));
	LK_TRY(standing_of_key(op->keys, report->key, &patience, &held, &known, err));
	if (known && reaches(op->caller, &held))
		note(op, report, &held);
	return LK_OK;
}

lk_status
keys_report_use(struct lk_call *call, const ReportUseRequest *req, ReportUseResponse *rep)
{
	const struct op op = op_of(call, req, rep);
	struct lk_error *err = lk_call_error(call);

	LK_TRY(check_reporter(op.caller, err));
	if (req->n_reports == 0 || req->n_reports > REPORTS_MAX)
		return lk_fail_field(
		    err, "reports", "BATCH_INVALID", "report 1 to %d keys", REPORTS_MAX);
	for (size_t i = 0; i < req->n_reports; i++)
		LK_TRY(take_report(&op, req->reports[i], err));
	return LK_OK;
}
