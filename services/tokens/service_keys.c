/* Signing keys and the JWKS over RPC. */
#include "handlers.h"

#include "crypto/es256_pem.h"
#include "daemon/write.h"
#include "encode.h"
#include "service.h"

/* ---- JWKS ---- */

lk_status
tokens_get_jwks(struct lk_call *call, const GetJwksRequest *req, GetJwksResponse *rep)
{
	const struct tokens *tokens = lk_call_user(call);
	struct lk_arena *arena = lk_call_arena(call);
	struct lk_error *err = lk_call_error(call);
	LK_AUTO(published_wipe) struct published published = { 0 };

	(void)req;
	publication_get(tokens->publication, &published);
	rep->signature.data = lk_arena_copy(arena, published.signature, sizeof published.signature);
	if (!rep->signature.data)
		return lk_fail_oom(err);
	rep->signature.len = sizeof published.signature;
	rep->signed_at_ms = published.says.signed_at_ms;
	LK_TRY(lk_field_copy(arena, published.says.jwks, &rep->jwks, err));
	LK_TRY(lk_field_copy(arena, published.says.service, &rep->service, err));
	LK_TRY(lk_field_copy(arena, published.says.issuer, &rep->issuer, err));
	LK_TRY(lk_field_copy(arena, published.says.token_typ, &rep->token_typ, err));
	return lk_field_copy(arena, published.says.platform_audience, &rep->platform_audience, err);
}

/* ---- Listing ---- */

struct listing {
	struct lk_call *call;
	struct signing_key_list published, withdrawn;
};

static void
listing_clear(struct listing *listing)
{
	signing_key_list_clear(&listing->published);
	signing_key_list_clear(&listing->withdrawn);
}

static lk_status
list_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct listing *listing = arg;

	listing_clear(listing);
	LK_TRY(signing_keys_load(tx, NULL, NULL, &listing->published, err));
	return signing_keys_load_withdrawn(tx, &listing->withdrawn, err);
}

static lk_status
encode_key(
    struct lk_call *call, const struct signing_key *key, SigningKeyMsg **out, struct lk_error *err)
{
	const struct tokens *tokens = lk_call_user(call);
	struct lk_arena *arena = lk_call_arena(call);
	SigningKeyMsg *msg = LK_ARENA_NEW(arena, SigningKeyMsg);

	if (!msg)
		return lk_fail_oom(err);
	latchkey__tokens__v1__signing_key__init(msg);
	msg->created_at_ms = key->created_at_ms;
	msg->changed_at_ms = key->changed_at_ms;
	msg->next_at_ms = rotation_leaves_at(signer_rules(tokens->signer), key);
	LK_TRY(lk_field_copy(arena, key->kid, &msg->kid, err));
	LK_TRY(lk_field_copy(arena, signing_key_state_name(key->state), &msg->state, err));
	*out = msg;
	return LK_OK;
}

lk_status
tokens_list_keys(
    struct lk_call *call, const ListSigningKeysRequest *req, ListSigningKeysResponse *rep)
{
	const struct tokens *tokens = lk_call_user(call);
	struct lk_error *err = lk_call_error(call);
	LK_AUTO(listing_clear) struct listing listing = { .call = call };

	(void)req;
	LK_TRY(lk_store_read(
	    tokens->host->store, lk_call_deadline_steady_ms(call), list_in, &listing, err));
	const size_t published = listing.published.count, withdrawn = listing.withdrawn.count;
	rep->keys = lk_arena_array(lk_call_arena(call), published + withdrawn, sizeof *rep->keys);
	if (!rep->keys)
		return lk_fail_oom(err);
	for (size_t i = 0; i < withdrawn; i++)
		LK_TRY(encode_key(call, &listing.withdrawn.keys[withdrawn - 1 - i],
		    &rep->keys[rep->n_keys++], err));
	for (size_t i = 0; i < published; i++)
		LK_TRY(
		    encode_key(call, &listing.published.keys[i], &rep->keys[rep->n_keys++], err));
	return LK_OK;
}

/* ---- Changing ---- */

/* What one transaction of a change has to know and fills. */
struct changing {
	struct lk_call *call;
	struct signing_change change;
	const char *kid;       /* withdraw */
	struct lk_es256 *pair; /* import */
	SigningKeyMsg **out_key, **out_active;
};

static struct changing
changing(struct lk_call *call, const char *reason, SigningKeyMsg **out_key)
{
	struct tokens *tokens = lk_call_user(call);

	return (struct changing){
		.call = call,
		.change = signer_change(tokens->signer, lk_call_caller(call),
		    lk_call_request_id(call), reason, lk_call_arena(call)),
		.out_key = out_key,
	};
}

/* What was changed holds here before the answer leaves; other instances follow within a second. */
static lk_status
change(struct changing *c, lk_tx_fn *fn, ProtobufCMessage *rep)
{
	struct tokens *tokens = lk_call_user(c->call);
	struct lk_error *err = lk_call_error(c->call);

	LK_TRY(lk_call_write(c->call, tokens->host->store, fn, c, rep, err));
	return tokens_refresh(tokens, err);
}

static lk_status
rotate_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct changing *c = arg;
	struct signing_key next;

	LK_TRY(signing_keys_rotate(tx, &c->change, &next, err));
	return encode_key(c->call, &next, c->out_key, err);
}

lk_status
tokens_rotate_key(
    struct lk_call *call, const RotateSigningKeyRequest *req, RotateSigningKeyResponse *rep)
{
	struct changing c = changing(call, "", &rep->key);

	(void)req;
	return change(&c, rotate_in, &rep->base);
}

static lk_status
withdraw_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct changing *c = arg;
	struct signing_key withdrawn, active;

	LK_TRY(signing_keys_withdraw(tx, &c->change, c->kid, &withdrawn, &active, err));
	LK_TRY(encode_key(c->call, &active, c->out_active, err));
	return encode_key(c->call, &withdrawn, c->out_key, err);
}

static lk_status
tell_withdrawn(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct changing *c = arg;
	const struct tokens *tokens = lk_call_user(c->call);

	return lk_feed_emit(
	    tokens->host->feed, tx, lk_call_arena(c->call), LK_FEED_KID_WITHDRAWN, c->kid, 0, err);
}

/* Told once we ourselves refuse the key: who hears of it asks at once. A crash before that is a new
 * epoch of the feed. */
lk_status
tokens_withdraw_key(
    struct lk_call *call, const WithdrawSigningKeyRequest *req, WithdrawSigningKeyResponse *rep)
{
	struct changing c = changing(call, req->reason, &rep->key);

	c.kid = req->kid;
	c.out_active = &rep->active;
	LK_TRY(change(&c, withdraw_in, &rep->base));
	return lk_store_write(((struct tokens *)lk_call_user(call))->host->store,
	    lk_call_deadline_steady_ms(call), tell_withdrawn, &c, lk_call_error(call));
}

static lk_status
import_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct changing *c = arg;
	struct signing_key key;

	LK_TRY(signing_keys_import(tx, &c->change, c->pair, &key, err));
	return encode_key(c->call, &key, c->out_key, err);
}

lk_status
tokens_import_key(
    struct lk_call *call, const ImportSigningKeyRequest *req, ImportSigningKeyResponse *rep)
{
	struct changing c = changing(call, "", &rep->key);
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *pair = NULL;

	LK_TRY(lk_es256_import_pem(req->secret_pem, &pair, lk_call_error(call)));
	c.pair = pair;
	return change(&c, import_in, &rep->base);
}
