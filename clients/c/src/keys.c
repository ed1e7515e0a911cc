/* API keys: each function fills a request and names its answer. */
#include <latchkey/keys.h>

#include "ask.h"

latchkey_status
latchkey_key_create(latchkey_client *client, const latchkey_key_request *request,
    const latchkey_call *call, latchkey_key **out_key, latchkey_secret **out_secret,
    latchkey_error *out_error)
{
	Latchkey__Keys__V1__CreateKeyRequest body = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;

	body.name = (char *)request->name;
	body.ttl = (char *)request->ttl;
	body.n_permissions = request->permissions_count;
	body.permissions = (char **)request->permissions;
	body.n_workgroups = request->workgroups_count;
	body.workgroups = (char **)request->workgroups;
	body.owner = (char *)request->owner;
	body.tenant = (char *)request->tenant;
	body.not_before = (char *)request->not_before;
	body.n_source_networks = request->source_networks_count;
	body.source_networks = (char **)request->source_networks;
	return (latchkey_status)ask_for_secret(client, M_KEY_CREATE, &body.base, call,
	    offsetof(CreateKeyResponse, key), offsetof(CreateKeyResponse, secret_key), out_key,
	    out_secret, error_inside(out_error));
}

latchkey_status
latchkey_key_get(latchkey_client *client, const char *id, const latchkey_call *call,
    latchkey_key **out_key, latchkey_error *out_error)
{
	Latchkey__Keys__V1__GetKeyRequest body = LATCHKEY__KEYS__V1__GET_KEY_REQUEST__INIT;

	body.id = (char *)id;
	return (latchkey_status)ask_for(client, M_KEY_GET, &body.base, call,
	    offsetof(GetKeyResponse, key), out_key, error_inside(out_error));
}

/* Whose keys and which; an absent filter is the caller's own. */
static void
filter_fill(Latchkey__Keys__V1__ListKeysRequest *body, const latchkey_key_filter *filter)
{
	if (!filter)
		return;
	body->owner = (char *)filter->owner;
	body->all_owners = filter->all_owners;
	body->tenant = (char *)filter->tenant;
	body->include_revoked = filter->include_revoked;
	body->state = (char *)filter->state;
	body->expiring_before_at_ms = filter->expiring_before_at_ms;
	body->unused_since_at_ms = filter->unused_since_at_ms;
	body->name = (char *)filter->name;
	body->all_tenants = filter->all_tenants;
}

latchkey_status
latchkey_key_list_get(latchkey_client *client, const latchkey_key_filter *filter,
    const latchkey_page *page, const latchkey_call *call, latchkey_key_list **out_list,
    latchkey_error *out_error)
{
	Latchkey__Keys__V1__ListKeysRequest body = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	PageRequestMsg wire = PAGE_WIRE(page);

	body.page = &wire;
	filter_fill(&body, filter);
	return (latchkey_status)ask_for(
	    client, M_KEY_LIST, &body.base, call, WHOLE, out_list, error_inside(out_error));
}

latchkey_status
latchkey_key_rotate(latchkey_client *client, const char *id, const char *overlap, const char *ttl,
    const latchkey_call *call, latchkey_key **out_key, latchkey_secret **out_secret,
    latchkey_error *out_error)
{
	Latchkey__Keys__V1__RotateKeyRequest body = LATCHKEY__KEYS__V1__ROTATE_KEY_REQUEST__INIT;

	body.id = (char *)id;
	body.overlap = (char *)overlap;
	body.ttl = (char *)ttl;
	return (latchkey_status)ask_for_secret(client, M_KEY_ROTATE, &body.base, call,
	    offsetof(RotateKeyResponse, key), offsetof(RotateKeyResponse, secret_key), out_key,
	    out_secret, error_inside(out_error));
}

latchkey_status
latchkey_key_report(latchkey_client *client, const latchkey_report_request *request,
    const latchkey_page *page, const latchkey_call *call, latchkey_finding_list **out_list,
    latchkey_error *out_error)
{
	Latchkey__Keys__V1__ReportKeysRequest body = LATCHKEY__KEYS__V1__REPORT_KEYS_REQUEST__INIT;
	PageRequestMsg wire = PAGE_WIRE(page);

	body.page = &wire;
	if (request) {
		body.owner = (char *)request->owner;
		body.all_owners = request->all_owners;
		body.tenant = (char *)request->tenant;
		body.expiring_within = (char *)request->expiring_within;
		body.idle_for = (char *)request->idle_for;
		body.older_than = (char *)request->older_than;
	}
	return (latchkey_status)ask_for(
	    client, M_KEY_REPORT, &body.base, call, WHOLE, out_list, error_inside(out_error));
}

/* A latchkey_key_list is the answer of ListKeys: make one of the keys that another one holds. */
static lk_status
keys_take(struct answer *answer, size_t count, KeyMsg **keys, latchkey_key_list **out_list,
    struct lk_error *err)
{
	ListKeysResponse list = LATCHKEY__KEYS__V1__LIST_KEYS_RESPONSE__INIT;

	list.n_keys = count;
	list.keys = keys;
	return object_take(&answer->arena, &list, out_list, err);
}

latchkey_status
latchkey_pepper_status(latchkey_client *client, const latchkey_call *call,
    latchkey_pepper_list **out_list, latchkey_error *out_error)
{
	Latchkey__Keys__V1__GetPepperStatusRequest body =
	    LATCHKEY__KEYS__V1__GET_PEPPER_STATUS_REQUEST__INIT;

	return (latchkey_status)ask_for(
	    client, M_PEPPER_STATUS, &body.base, call, WHOLE, out_list, error_inside(out_error));
}

latchkey_status
latchkey_key_import(latchkey_client *client, const char *source, const char *tenant,
    const latchkey_foreign_key *keys, size_t count, const latchkey_call *call,
    latchkey_key_list **out_list, latchkey_error *out_error)
{
	Latchkey__Keys__V1__ImportKeysRequest body = LATCHKEY__KEYS__V1__IMPORT_KEYS_REQUEST__INIT;
	Latchkey__Keys__V1__ForeignKey foreign[LATCHKEY_IMPORT_MAX], *pointers[LATCHKEY_IMPORT_MAX];
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	struct lk_error *err = error_inside(out_error);

	if (count == 0 || count > LATCHKEY_IMPORT_MAX)
		return (latchkey_status)lk_fail_field(err, "keys", "KEYS_INVALID",
		    "import between 1 and %d keys", LATCHKEY_IMPORT_MAX);
	for (size_t i = 0; i < count; i++) {
		latchkey__keys__v1__foreign_key__init(&foreign[i]);
		foreign[i].owner = (char *)keys[i].owner;
		foreign[i].sha256 = (char *)keys[i].sha256;
		foreign[i].name = (char *)keys[i].name;
		foreign[i].expires_at_ms = keys[i].expires_at_ms;
		pointers[i] = &foreign[i];
	}
	body.source = (char *)source;
	body.tenant = (char *)tenant;
	body.n_keys = count;
	body.keys = pointers;
	PUBLIC_TRY(ask(
	    client, &(struct question){ M_KEY_IMPORT, &body.base, .call = call }, &answer, err));
	const ImportKeysResponse *said = (void *)answer.message;
	return (latchkey_status)keys_take(&answer, said->n_keys, said->keys, out_list, err);
}

static lk_status
revoked_take(struct answer *answer, latchkey_key_list **out_list, struct lk_error *err)
{
	const RevokeKeysResponse *said = (void *)answer->message;

	return keys_take(answer, said->n_keys, said->keys, out_list, err);
}

latchkey_status
latchkey_key_suspend(latchkey_client *client, const char *const *ids, size_t count,
    const char *reason, const latchkey_call *call, latchkey_key_list **out_list,
    latchkey_error *out_error)
{
	Latchkey__Keys__V1__SuspendKeysRequest body =
	    LATCHKEY__KEYS__V1__SUSPEND_KEYS_REQUEST__INIT;
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	struct lk_error *err = error_inside(out_error);

	body.n_ids = count;
	body.ids = (char **)ids;
	body.reason = (char *)reason;
	PUBLIC_TRY(ask(
	    client, &(struct question){ M_KEY_SUSPEND, &body.base, .call = call }, &answer, err));
	const SuspendKeysResponse *said = (void *)answer.message;
	return (latchkey_status)keys_take(&answer, said->n_keys, said->keys, out_list, err);
}

latchkey_status
latchkey_key_resume(latchkey_client *client, const char *const *ids, size_t count,
    const latchkey_call *call, latchkey_key_list **out_list, latchkey_error *out_error)
{
	Latchkey__Keys__V1__ResumeKeysRequest body = LATCHKEY__KEYS__V1__RESUME_KEYS_REQUEST__INIT;
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	struct lk_error *err = error_inside(out_error);

	body.n_ids = count;
	body.ids = (char **)ids;
	PUBLIC_TRY(ask(
	    client, &(struct question){ M_KEY_RESUME, &body.base, .call = call }, &answer, err));
	const ResumeKeysResponse *said = (void *)answer.message;
	return (latchkey_status)keys_take(&answer, said->n_keys, said->keys, out_list, err);
}

latchkey_status
latchkey_key_revoke(latchkey_client *client, const char *const *ids, size_t count,
    const char *reason, const latchkey_call *call, latchkey_key_list **out_list,
    latchkey_error *out_error)
{
	Latchkey__Keys__V1__RevokeKeysRequest body = LATCHKEY__KEYS__V1__REVOKE_KEYS_REQUEST__INIT;
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	struct lk_error *err = error_inside(out_error);

	body.n_ids = count;
	body.ids = (char **)ids;
	body.reason = (char *)reason;
	PUBLIC_TRY(ask(
	    client, &(struct question){ M_KEY_REVOKE, &body.base, .call = call }, &answer, err));
	return out_list ? (latchkey_status)revoked_take(&answer, out_list, err) : LATCHKEY_OK;
}

latchkey_status
latchkey_key_revoke_matching(latchkey_client *client, const latchkey_key_filter *filter,
    const char *confirmation, const char *reason, const latchkey_call *call,
    latchkey_key_list **out_list, latchkey_revocation *out_revocation, latchkey_error *out_error)
{
	Latchkey__Keys__V1__RevokeKeysRequest body = LATCHKEY__KEYS__V1__REVOKE_KEYS_REQUEST__INIT;
	Latchkey__Keys__V1__ListKeysRequest matching = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	struct lk_error *err = error_inside(out_error);

	filter_fill(&matching, filter);
	body.matching = &matching;
	body.dry_run = !confirmation;
	body.confirmation = (char *)confirmation;
	body.reason = (char *)reason;
	PUBLIC_TRY(ask(
	    client, &(struct question){ M_KEY_REVOKE, &body.base, .call = call }, &answer, err));
	const RevokeKeysResponse *said = (void *)answer.message;
	latchkey_revocation revocation = { .more = said->more };
	lk_text_copy(revocation.confirmation, sizeof revocation.confirmation, said->confirmation);
	PUBLIC_TRY(revoked_take(&answer, out_list, err));
	*out_revocation = revocation;
	return LATCHKEY_OK;
}

latchkey_status
latchkey_key_use(latchkey_client *client, const char *id, uint32_t days, const latchkey_call *call,
    latchkey_use_list **out_list, latchkey_error *out_error)
{
	Latchkey__Keys__V1__GetKeyUseRequest body = LATCHKEY__KEYS__V1__GET_KEY_USE_REQUEST__INIT;

	body.id = (char *)id;
	body.days = days;
	return (latchkey_status)ask_for(
	    client, M_KEY_USE, &body.base, call, WHOLE, out_list, error_inside(out_error));
}

static void
verify_fill(VerifyKeyRequest *body, const char *key, const latchkey_requirements *requirements)
{
	latchkey__keys__v1__verify_key_request__init(body);
	body->secret_key = (char *)key;
	if (!requirements)
		return;
	body->source_address = (char *)requirements->source_address;
	body->audience = (char *)requirements->audience;
	body->required_permission = (char *)requirements->permission;
	body->required_workgroup = (char *)requirements->workgroup;
}

latchkey_status
latchkey_key_verify(latchkey_client *client, const char *key,
    const latchkey_requirements *requirements, const latchkey_call *call,
    latchkey_verdict **out_verdict, latchkey_error *out_error)
{
	VerifyKeyRequest body;

	verify_fill(&body, key, requirements);
	return (latchkey_status)ask_for(
	    client, M_KEY_VERIFY, &body.base, call, WHOLE, out_verdict, error_inside(out_error));
}

latchkey_status
latchkey_key_verify_many(latchkey_client *client, const char *const *keys, size_t count,
    const latchkey_requirements *requirements, const latchkey_call *call,
    latchkey_verdict_list **out_list, latchkey_error *out_error)
{
	Latchkey__Keys__V1__VerifyKeysRequest body = LATCHKEY__KEYS__V1__VERIFY_KEYS_REQUEST__INIT;
	VerifyKeyRequest requests[BATCH_MAX], *pointers[BATCH_MAX];
	struct lk_error *err = error_inside(out_error);

	PUBLIC_TRY(batch_check(count, err));
	for (size_t i = 0; i < count; i++) {
		verify_fill(&requests[i], keys[i], requirements);
		pointers[i] = &requests[i];
	}
	body.n_requests = count;
	body.requests = pointers;
	return (latchkey_status)ask_for(
	    client, M_KEY_VERIFY_MANY, &body.base, call, WHOLE, out_list, err);
}
