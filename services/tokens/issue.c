/* Signing and recording an issue. */
#include "issue.h"

#include "audit/audit.h"
#include "claims_write.h"
#include "rpc/field.h"

static struct lk_caller
caller_of(const char *subject, const char *tenant, const char *key, const char *session)
{
	struct lk_caller caller = { .kind = lk_id_ok(LK_ID_PRINCIPAL, subject) ? LK_CALLER_PRINCIPAL
									       : LK_CALLER_USER };

	lk_text_copy(caller.id, sizeof caller.id, subject);
	lk_text_copy(caller.tenant, sizeof caller.tenant, tenant);
	lk_text_copy(caller.key, sizeof caller.key, key);
	lk_text_copy(caller.session, sizeof caller.session, session);
	return caller;
}

/* Who acted: the subject, or the one who acts for it. */
static lk_status
record(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct issue *issue = arg;
	const struct lk_claims *claims = &issue->claims;
	const struct lk_actor *actor = &claims->actor;
	const bool exchanged = actor->subject[0] != '\0';
	const struct lk_caller by =
	    exchanged ? caller_of(actor->subject, claims->tenant, actor->key, actor->session)
		      : caller_of(claims->subject, claims->tenant, claims->key, claims->session);
	const struct lk_audit_event event = {
		.action = exchanged ? "token.exchanged" : "token.issued",
		.tenant = claims->tenant,
		.object = claims->token,
		.owner = claims->subject,
		.detail = claims->audience,
	};

	return lk_audit_write_as(tx, &by, lk_call_request_id(issue->call),
	    lk_clock_wall_ms(lk_call_clock(issue->call)), &event, err);
}

lk_status
issue_sign(struct issue *issue, struct lk_error *err)
{
	struct lk_arena *arena = lk_call_arena(issue->call);
	struct lk_bytes json, token;

	LK_TRY(claims_write(&issue->claims, arena, &json, err));
	LK_TRY(signer_sign(issue->tokens->signer, json, arena, &token, err));
	issue->token = (char *)(uintptr_t)token.data;
	return LK_OK;
}

lk_status
issue_record(struct issue *issue, struct lk_error *err)
{
	return lk_store_write(issue->tokens->host->store, lk_call_deadline_steady_ms(issue->call),
	    record, issue, err);
}

/* Durable or failed: on the store's thread. */
static void
recorded(void *arg, lk_status status, const struct lk_error *error)
{
	struct issue *issue = arg;

	issue->status = status;
	if (status != LK_OK)
		issue->error = *error;
	lk_call_resume(issue->call);
}

lk_status
issue_submit(struct issue *issue, struct lk_error *err)
{
	LK_TRY(lk_call_may_wait(issue->call, err));
	lk_call_keep(issue->call, issue);
	return lk_store_submit(issue->tokens->host->store, lk_call_deadline_steady_ms(issue->call),
	    record, recorded, issue, err);
}

lk_status
issue_answer(const struct issue *issue, IssueTokenResponse *rep, struct lk_error *err)
{
	struct lk_arena *arena = lk_call_arena(issue->call);
	const struct lk_claims *claims = &issue->claims;

	lk_counter_add(issue->tokens->metrics, TOKENS_ISSUED, 1);
	rep->secret_token = issue->token;
	rep->expires_at_ms = claims->expires_at_s * 1000;
	LK_TRY(lk_field_copy(arena, claims->token, &rep->token_id, err));
	return lk_permissions_fields(claims->scope, arena, &rep->scope, &rep->n_scope, err);
}
