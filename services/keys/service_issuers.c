/* Trusted issuers and their subjects: AddIssuer, ListIssuers, RemoveIssuer, LinkSubject,
 * UnlinkSubject. */
#include <string.h>

#include "access.h"
#include "arrival.h"
#include "encode.h"
#include "handlers.h"
#include "issuer_reach.h"
#include "issuer_store.h"
#include "rpc/field.h"

static lk_status
encode_issuer(
    struct lk_arena *arena, const struct issuer *issuer, IssuerMsg **out, struct lk_error *err)
{
	LK_AUTO(lk_openid_keys_freep) struct lk_openid_keys *keys = NULL;
	IssuerMsg *message = LK_ARENA_NEW(arena, IssuerMsg);

	if (!message)
		return lk_fail_oom(err);
	latchkey__accounts__v1__issuer__init(message);
	LK_TRY(lk_openid_keys_parse(lk_bytes_of(issuer->jwks), &keys, err));
	LK_TRY(lk_field_copy(arena, issuer->issuer, &message->issuer, err));
	LK_TRY(lk_field_copy(arena, issuer->audience, &message->audience, err));
	message->keys = (uint32_t)lk_openid_keys_count(keys);
	message->created_at_ms = issuer->created_at_ms;
	*out = message;
	return LK_OK;
}

static lk_status
audit(struct op *op, struct lk_tx *tx, const char *action, const struct tenant *tenant,
    const char *owner, const char *issuer, struct lk_error *err)
{
	return op_audit(op, tx,
	    &(struct lk_audit_event){ .action = action,
		.tenant = tenant->id,
		.object = owner ? owner : tenant->id,
		.owner = owner,
		.detail = issuer },
	    err);
}

/* ---- Issuers ---- */

static lk_status
add_issuer(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const AddIssuerRequest *req = op->req;
	AddIssuerResponse *rep = op->rep;
	struct issuer issuer = { .jwks = req->jwks, .created_at_ms = op->now_ms }, *all;
	struct tenant tenant;
	size_t count;

	LK_TRY(access_tenant(op, tx, req->tenant, &tenant, err));
	LK_TRY(issuer_list(tx, tenant.id, op->arena, &all, &count, err));
	for (size_t i = 0; i < count; i++) /* one that is replaced does not count */
		if (lk_text_is(all[i].issuer, req->issuer)) {
			issuer.created_at_ms = all[i].created_at_ms;
			count--;
			break;
		}
	if (count >= ISSUERS_PER_TENANT)
		return lk_fail(err, LK_FAILED_PRECONDITION, "ISSUERS_MANY",
		    "a tenant trusts at most %d issuers", ISSUERS_PER_TENANT);
	LK_TRY(issuer_covers(op, tx, &tenant, req->issuer, err));
	memcpy(issuer.tenant, tenant.id, sizeof issuer.tenant);
	lk_text_copy(issuer.issuer, sizeof issuer.issuer, req->issuer);
	lk_text_copy(issuer.audience, sizeof issuer.audience, req->audience);
	LK_TRY(issuer_save(tx, &issuer, err));
	LK_TRY(audit(op, tx, "issuer.added", &tenant, NULL, issuer.issuer, err));
	return encode_issuer(op->arena, &issuer, &rep->issuer, err);
}

lk_status
accounts_add_issuer(struct lk_call *call, const AddIssuerRequest *req, AddIssuerResponse *rep)
{
	LK_AUTO(lk_openid_keys_freep) struct lk_openid_keys *keys = NULL;
	struct op op = op_of(call, req, rep);
	struct lk_error *err = lk_call_error(call);

	LK_TRY(issuer_check(req->issuer, err));
	LK_TRY(issuer_audience_check(req->audience, err));
	LK_TRY(lk_openid_keys_parse(lk_bytes_of(req->jwks), &keys, err));
	return op_write(&op, add_issuer);
}

static lk_status
list_issuers(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const ListIssuersRequest *req = op->req;
	ListIssuersResponse *rep = op->rep;
	struct tenant tenant;
	struct issuer *all;
	size_t count;

	LK_TRY(access_tenant(op, tx, req->tenant, &tenant, err));
	LK_TRY(issuer_list(tx, tenant.id, op->arena, &all, &count, err));
	rep->issuers = lk_arena_array(op->arena, count, sizeof *rep->issuers);
	if (!rep->issuers)
		return lk_fail_oom(err);
	for (; rep->n_issuers < count; rep->n_issuers++)
		LK_TRY(encode_issuer(
		    op->arena, &all[rep->n_issuers], &rep->issuers[rep->n_issuers], err));
	return LK_OK;
}

lk_status
accounts_list_issuers(struct lk_call *call, const ListIssuersRequest *req, ListIssuersResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_read(&op, list_issuers);
}

static lk_status
issuer_absent(struct lk_error *err)
{
	return lk_fail(err, LK_NOT_FOUND, "ISSUER_NOT_FOUND", "the tenant trusts no such issuer");
}

static lk_status
remove_issuer(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const RemoveIssuerRequest *req = op->req;
	struct tenant tenant;
	bool removed;

	LK_TRY(access_tenant(op, tx, req->tenant, &tenant, err));
	LK_TRY(issuer_end_sessions(op, tx, &tenant, req->issuer, err));
	LK_TRY(issuer_remove(tx, tenant.id, req->issuer, &removed, err));
	if (!removed)
		return issuer_absent(err);
	return audit(op, tx, "issuer.removed", &tenant, NULL, req->issuer, err);
}

lk_status
accounts_remove_issuer(
    struct lk_call *call, const RemoveIssuerRequest *req, RemoveIssuerResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, remove_issuer);
}

/* ---- Subjects ---- */

/* Whoever links a subject to somebody opens their account to it: nobody does so to those above. */
static lk_status
link_subject(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const LinkSubjectRequest *req = op->req;
	struct tenant tenant;
	struct issuer issuer;
	struct user user;
	bool found;

	LK_TRY(access_user(op, tx, req->tenant, req->user, &tenant, &user, err));
	LK_TRY(access_covers(op, tx, &tenant, &user, err));
	LK_TRY(issuer_find(tx, tenant.id, req->issuer, op->arena, &issuer, &found, err));
	if (!found)
		return issuer_absent(err);
	const struct linked_subject subject = { tenant.id, req->issuer, req->subject };
	LK_TRY(subject_link(tx, &subject, user.id, err));
	return audit(op, tx, "subject.linked", &tenant, user.id, req->issuer, err);
}

lk_status
accounts_link_subject(struct lk_call *call, const LinkSubjectRequest *req, LinkSubjectResponse *rep)
{
	struct op op = op_of(call, req, rep);

	LK_TRY(issuer_subject_check(req->subject, lk_call_error(call)));
	return op_write(&op, link_subject);
}

static lk_status
unlink_subject(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const UnlinkSubjectRequest *req = op->req;
	struct tenant tenant;
	struct user user;
	bool removed;

	LK_TRY(access_user(op, tx, req->tenant, req->user, &tenant, &user, err));
	const struct linked_subject subject = { tenant.id, req->issuer, req->subject };
	LK_TRY(subject_unlink(tx, &subject, user.id, &removed, err));
	if (!removed)
		return lk_fail(err, LK_NOT_FOUND, "SUBJECT_NOT_FOUND",
		    "that subject is not linked to this user");
	LK_TRY(arrival_end_sessions(op, tx, &user, "", err));
	return audit(op, tx, "subject.unlinked", &tenant, user.id, req->issuer, err);
}

lk_status
accounts_unlink_subject(
    struct lk_call *call, const UnlinkSubjectRequest *req, UnlinkSubjectResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, unlink_subject);
}
