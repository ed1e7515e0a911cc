/* See assertion_sign_in.h. The signature is checked outside of the transaction that writes, which
 * looks again. */
#include "assertion_sign_in.h"

#include <string.h>

#include "arrival.h"
#include "issuer_store.h"
#include "row_seal.h"
#include "tenant_store.h"

/* op is first, so that the same pointer serves both. */
struct coming {
	struct op op;
	struct tenant tenant;
	struct user user;
	struct issuer issuer;
	char subject[LK_OPENID_SUBJECT_SIZE];
	bool trusted; /* the tenant trusts the issuer that the assertion names */
	bool known;   /* and the subject is one of its users, who may come in */
};

static lk_status
refused(struct lk_error *err)
{
	return lk_fail(
	    err, LK_UNAUTHENTICATED, "SIGN_IN_REFUSED", "the assertion was not accepted");
}

static lk_status
find_issuer(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct coming *coming = arg;
	const SignInRequest *req = coming->op.req;
	struct lk_error why = { 0 };
	char name[ISSUER_SIZE];

	LK_TRY(row_or_none(tenant_find(tx, req->tenant, &coming->tenant, &coming->trusted, &why),
	    &why, &coming->trusted, err));
	if (!coming->trusted)
		return LK_OK;
	coming->trusted = lk_openid_issuer(lk_bytes_of(req->secret_assertion), name, sizeof name);
	return coming->trusted ? issuer_find(tx, coming->tenant.id, name, coming->op.arena,
				     &coming->issuer, &coming->trusted, err)
			       : LK_OK;
}

static lk_status
find_user(struct coming *coming, struct lk_tx *tx, struct lk_error *err)
{
	const struct linked_subject subject = { coming->tenant.id, coming->issuer.issuer,
		coming->subject };
	char user[LK_ID_SIZE];

	LK_TRY(subject_user(tx, &subject, user, &coming->known, err));
	return coming->known ? arrival_find(tx, coming->tenant.id, user, &coming->tenant,
				   &coming->user, &coming->known, err)
			     : LK_OK;
}

static lk_status
come_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct coming *coming = arg;
	const SignInRequest *req = coming->op.req;

	LK_TRY(find_issuer(tx, coming, err));
	if (coming->trusted)
		LK_TRY(find_user(coming, tx, err));
	if (!coming->trusted || !coming->known)
		return refused(err);
	return arrival_complete(&coming->op, tx, &coming->tenant, &coming->user,
	    (int64_t)req->session_ttl_ms, "openid", coming->op.rep, err);
}

/* Signed by the issuer, and refused all the same: only that stands in the trail, which strangers
 * cannot fill. */
static bool
is_the_issuers(const char *reason)
{
	return lk_text_is(reason, "OPENID_CLAIMS") || lk_text_is(reason, "OPENID_ISSUER") ||
	       lk_text_is(reason, "OPENID_AUDIENCE") || lk_text_is(reason, "OPENID_TIME");
}

static lk_status
note_refusal(struct coming *coming, const struct lk_error *why, struct lk_error *err)
{
	const struct lk_audit_event event = { .action = "session.started",
		.outcome = why->reason,
		.tenant = coming->tenant.id,
		.object = coming->tenant.id,
		.detail = coming->issuer.issuer };

	if (is_the_issuers(why->reason))
		LK_TRY(
		    lk_audit_refusal(coming->op.keys->setup.store, coming->op.call, &event, err));
	return refused(err);
}

lk_status
assertion_sign_in(struct op *op, struct lk_error *err)
{
	LK_AUTO(lk_openid_keys_freep) struct lk_openid_keys *keys = NULL;
	const SignInRequest *req = op->req;
	struct coming coming = { .op = *op };
	struct lk_error why = { 0 };

	if (*req->email || *req->secret_password)
		return lk_fail_field(err, "secret_assertion", "SOURCE_TWICE",
		    "a password or an assertion, not both");
	LK_TRY(op_read(&coming.op, find_issuer));
	if (!coming.trusted)
		return refused(err);
	LK_TRY(lk_openid_keys_parse(lk_bytes_of(coming.issuer.jwks), &keys, err));
	const struct lk_openid_rules rules = { coming.issuer.issuer, coming.issuer.audience,
		op->keys->setup.clock };
	if (lk_openid_verify(
		keys, lk_bytes_of(req->secret_assertion), &rules, coming.subject, &why) != LK_OK)
		return note_refusal(&coming, &why, err);
	return op_write(&coming.op, come_in);
}
