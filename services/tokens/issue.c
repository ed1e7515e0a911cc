/* Signing and recording an issue. */
#include "issue.h"

#include "audit/audit.h"
#include "claims_write.h"

struct issue {
	struct lk_call *call;
	const struct lk_claims *claims;
};

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
	const struct lk_claims *claims = issue->claims;
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
issue_token(struct tokens *tokens, struct lk_call *call, const struct lk_claims *claims,
    char **out_token, struct lk_error *err)
{
	struct lk_arena *arena = lk_call_arena(call);
	struct issue issue = { call, claims };
	struct lk_bytes json, token;

	LK_TRY(claims_write(claims, arena, &json, err));
	LK_TRY(signer_sign(tokens->signer, json, arena, &token, err));
	LK_TRY(lk_store_write(
	    tokens->host->store, lk_call_deadline_steady_ms(call), record, &issue, err));
	lk_counter_add(tokens->metrics, TOKENS_ISSUED, 1);
	*out_token = (char *)(uintptr_t)token.data;
	return LK_OK;
}
