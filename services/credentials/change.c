/* Rename and replace. Replacing is one transaction over the row: a fetch sees the version before it
 * or the one after it, never a part of each. */
#include "change.h"

#include "audit/audit.h"
#include "credential_store.h"
#include "crypto/digest.h"
#include "daemon/write.h"
#include "encode.h"
#include "keys_peer.h"
#include "secret.h"

struct change {
	struct credentials *credentials;
	struct lk_call *call;
	const char *id;
	const char *label;                    /* of a renaming */
	const ReplaceCredentialRequest *wish; /* of a replacement */
	const struct provider *provider;
	const ProviderSecret *secret;
	struct lk_bytes packed; /* the secret as it is sealed, in the call's arena */
	struct credential_policy policy;
	struct credential credential;
	CredentialMsg **answer;
};

static int64_t
now_of(const struct change *c)
{
	return lk_clock_wall_ms(lk_call_clock(c->call));
}

static lk_status
load_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct change *c = arg;

	return credential_load_managed(tx, c->id, lk_call_caller(c->call), &c->credential, err);
}

static lk_status
load(struct change *c, struct lk_error *err)
{
	return lk_store_read(
	    c->credentials->host->store, lk_call_deadline_steady_ms(c->call), load_in, c, err);
}

/* What was done stands in the trail, and is the answer. */
static lk_status
finish(struct lk_tx *tx, struct change *c, const char *action, struct lk_error *err)
{
	const struct lk_audit_event event = {
		.action = action,
		.tenant = c->credential.tenant,
		.object = c->credential.id,
		.owner = c->credential.owner,
		.detail = c->credential.provider,
	};

	LK_TRY(lk_audit_write(tx, c->call, &event, err));
	return encode_credential(lk_call_arena(c->call), &c->credential, now_of(c), c->answer, err);
}

static lk_status
rename_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct change *c = arg;

	LK_TRY(load_in(tx, c, err));
	LK_TRY(credential_relabel(tx, c->id, c->label, err));
	lk_text_copy(c->credential.label, sizeof c->credential.label, c->label);
	return finish(tx, c, "credential.renamed", err);
}

lk_status
credentials_rename(
    struct lk_call *call, const RenameCredentialRequest *req, RenameCredentialResponse *rep)
{
	struct lk_error *err = lk_call_error(call);
	struct change c = { .credentials = lk_call_user(call),
		.call = call,
		.id = req->id,
		.label = req->label,
		.answer = &rep->credential };

	LK_TRY(load(&c, err));
	LK_TRY(credential_label_check(req->label, err));
	return lk_call_write(call, c.credentials->host->store, rename_in, &c, &rep->base, err);
}

static lk_status
replace_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct change *c = arg;
	struct lk_bytes sealed;

	LK_TRY(load_in(tx, c, err));
	LK_TRY(credential_expiry(
	    c->wish->ttl, &c->policy, now_of(c), &c->credential.expires_at_ms, err));
	c->credential.version++;
	c->provider->hint(c->secret, c->credential.hint);
	LK_TRY(vault_seal(&c->credentials->vault, tx, &c->credential, c->packed,
	    lk_call_arena(c->call), &sealed, err));
	LK_TRY(credential_reseal(tx, &c->credential, sealed, err));
	return finish(tx, c, "credential.replaced", err);
}

/* The policy is the owner's, whoever replaces. */
static lk_status
read_replacement(struct change *c, struct lk_error *err)
{
	struct owner owner;
	int64_t expires_at_ms;

	LK_TRY(load(c, err));
	LK_TRY(provider_require(c->credential.provider, &c->provider, err));
	LK_TRY(secret_take(c->credentials, c->call, c->wish->secret, &c->secret, &c->packed, err));
	LK_TRY(provider_check(c->provider, c->secret, err));
	LK_TRY(keys_peer_owner(
	    c->credentials->host, c->call, c->credential.owner, c->credential.tenant, &owner, err));
	c->policy = owner.policy;
	return credential_expiry(c->wish->ttl, &c->policy, now_of(c), &expires_at_ms, err);
}

/* As for a creation: what it says, not how it was sealed for the way. */
static void
replacement_meaning(const struct change *c, uint8_t out[LK_DIGEST_LEN])
{
	const struct lk_bytes parts[] = { lk_bytes_of(c->id), lk_bytes_of(c->wish->ttl),
		c->packed };

	lk_hash256_parts("latchkey credential replacement v1", parts, LK_ARRAY_LEN(parts), out);
}

lk_status
credentials_replace(
    struct lk_call *call, const ReplaceCredentialRequest *req, ReplaceCredentialResponse *rep)
{
	struct lk_error *err = lk_call_error(call);
	struct change c = { .credentials = lk_call_user(call),
		.call = call,
		.id = req->id,
		.wish = req,
		.answer = &rep->credential };
	uint8_t meaning[LK_DIGEST_LEN];

	LK_TRY(read_replacement(&c, err));
	replacement_meaning(&c, meaning);
	return lk_call_write_meaning(call, c.credentials->host->store,
	    lk_bytes(meaning, sizeof meaning), replace_in, &c, &rep->base, err);
}
