/* One transaction for a handler's writes, and the memory of outcomes; see write.h. */
#include "daemon/write.h"

#include <string.h>

#include "auth/caller.h"
#include "crypto/box.h"
#include "crypto/digest.h"
#include "daemon/reply_shape.h"

/* How an outcome is remembered. */
enum outcome_kind {
	OUTCOME_PLAIN = 1,   /* the packed reply */
	OUTCOME_SEALED = 2,  /* the packed reply, sealed to the caller's one-time key */
	OUTCOME_ID_ONLY = 3, /* the object's id: the reply held a secret and nobody to seal it to */
};

enum { PRUNE_MAX = 32 }; /* expired rows taken away with each new one */

static const char Q_FIND[] =
    "SELECT body_hash, kind, outcome FROM idempotency WHERE scope = $1 AND expires_at_ms > $2";
static const char Q_PRUNE[] =
    "DELETE FROM idempotency WHERE scope IN "
    "(SELECT scope FROM idempotency WHERE expires_at_ms <= $1 ORDER BY expires_at_ms LIMIT $2)";
static const char Q_REMEMBER[] =
    "INSERT INTO idempotency (scope, body_hash, kind, outcome, expires_at_ms) "
    "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (scope) DO UPDATE SET body_hash = excluded.body_hash, "
    "kind = excluded.kind, outcome = excluded.outcome, expires_at_ms = excluded.expires_at_ms";

struct write {
	struct lk_call *call;
	lk_tx_fn *fn;
	void *arg;
	ProtobufCMessage *rep;
	int64_t now_ms;
	uint64_t runs; /* of the function: `rep` is of the last */
	uint8_t scope[LK_DIGEST_LEN], body_hash[LK_DIGEST_LEN];

	/* What the transaction found; the bytes lie in the call's arena. */
	bool found;
	enum outcome_kind kind;
	struct lk_bytes outcome;
};

static struct lk_bytes
hash_view(const uint8_t hash[LK_DIGEST_LEN])
{
	return lk_bytes(hash, LK_DIGEST_LEN);
}

/*
 * The key of the caller's choice goes into both hashes and nowhere else. With a random key, as the
 * client library makes them, a stolen database tells nothing about a body, a password in it
 * included.
 */
static void
write_name(struct write *write, struct lk_bytes meaning)
{
	const struct lk_caller *caller = lk_call_caller(write->call);
	const struct lk_bytes key = lk_bytes_of(lk_call_idempotency_key(write->call));
	const struct lk_bytes scope[] = {
		lk_bytes_of(caller == NULL ? "" : caller->tenant),
		lk_bytes_of(
		    lk_caller_kind_name(caller == NULL ? LK_CALLER_ANONYMOUS : caller->kind)),
		lk_bytes_of(caller == NULL ? "" : caller->id),
		lk_bytes_of(lk_call_method(write->call)),
		key,
	};
	const struct lk_bytes body[] = { key, meaning };

	lk_hash256_parts("latchkey idempotency scope v1", scope, LK_ARRAY_LEN(scope), write->scope);
	lk_hash256_parts(
	    "latchkey idempotency body v1", body, LK_ARRAY_LEN(body), write->body_hash);
}

/* ---- Inside the transaction ---- */

static lk_status
outcome_find(struct write *write, struct lk_tx *tx, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	uint8_t body_hash[LK_DIGEST_LEN];

	write->found = false;
	LK_TRY(lk_tx_query_first(tx, Q_FIND,
	    LK_ARGS(lk_blob(hash_view(write->scope)), lk_int(write->now_ms)), &rows, &write->found,
	    err));
	if (!write->found)
		return LK_OK;
	LK_TRY(lk_col_fixed(&rows, 0, body_hash, sizeof body_hash, err));
	if (memcmp(body_hash, write->body_hash, sizeof body_hash) != 0)
		return lk_fail(err, LK_INVALID_ARGUMENT, "IDEMPOTENCY_KEY_REUSED",
		    "the idempotency key was used before, for another request");
	const struct lk_bytes stored = lk_col_blob(&rows, 2);
	const void *copy = lk_arena_copy(lk_call_arena(write->call), stored.data, stored.len);
	if (copy == NULL)
		return lk_fail_oom(err);
	write->kind = (enum outcome_kind)lk_col_int(&rows, 1);
	write->outcome = lk_bytes(copy, stored.len);
	return LK_OK;
}

static lk_status
reply_pack(struct write *write, struct lk_bytes *out, struct lk_error *err)
{
	const size_t len = protobuf_c_message_get_packed_size(write->rep);
	uint8_t *packed = lk_arena_alloc(lk_call_arena(write->call), len);

	if (packed == NULL)
		return lk_fail_oom(err);
	protobuf_c_message_pack(write->rep, packed);
	*out = lk_bytes(packed, len);
	return LK_OK;
}

static lk_status
outcome_make(struct write *write, struct lk_error *err)
{
	const struct lk_bytes reply_key = lk_call_reply_public_key(write->call);
	struct lk_bytes packed;

	if (!lk_reply_type_has_secret(write->rep->descriptor)) {
		write->kind = OUTCOME_PLAIN;
		return reply_pack(write, &write->outcome, err);
	}
	if (reply_key.len != LK_BOX_PUBLIC_LEN) {
		write->kind = OUTCOME_ID_ONLY;
		write->outcome = lk_bytes_of(lk_reply_object_id(write->rep));
		return LK_OK;
	}
	write->kind = OUTCOME_SEALED;
	LK_TRY(reply_pack(write, &packed, err));
	return lk_box_seal(
	    reply_key.data, packed, lk_call_arena(write->call), &write->outcome, err);
}

static lk_status
outcome_remember(struct write *write, struct lk_tx *tx, struct lk_error *err)
{
	LK_TRY(
	    lk_tx_exec(tx, Q_PRUNE, LK_ARGS(lk_int(write->now_ms), lk_int(PRUNE_MAX)), NULL, err));
	return lk_tx_exec(tx, Q_REMEMBER,
	    LK_ARGS(lk_blob(hash_view(write->scope)), lk_blob(hash_view(write->body_hash)),
		lk_int(write->kind), lk_blob(write->outcome),
		lk_int(write->now_ms + LK_IDEMPOTENCY_TTL_MS)),
	    NULL, err);
}

/* An earlier run may have left a half-filled reply. */
static lk_status
domain_run(struct write *write, struct lk_tx *tx, struct lk_error *err)
{
	const ProtobufCMessageDescriptor *type = write->rep->descriptor;

	write->runs++;
	protobuf_c_message_init(type, write->rep);
	return write->fn(tx, write->arg, err);
}

static lk_status
run_plain(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	return domain_run(arg, tx, err);
}

static lk_status
run_once(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct write *write = arg;

	LK_TRY(outcome_find(write, tx, err));
	if (write->found)
		return LK_OK;
	LK_TRY(domain_run(write, tx, err));
	LK_TRY(outcome_make(write, err));
	return outcome_remember(write, tx, err);
}

/* ---- Answering again ---- */

static lk_status
outcome_replay(const struct write *write, struct lk_error *err)
{
	switch (write->kind) {
	case OUTCOME_PLAIN:
		return lk_call_reply_with(write->call, write->outcome, err);
	case OUTCOME_SEALED:
		return lk_call_reply_sealed(write->call, write->outcome, err);
	case OUTCOME_ID_ONLY:
		return lk_fail(err, LK_ALREADY_EXISTS, "ALREADY_CREATED", "%.*s",
		    (int)write->outcome.len, (const char *)write->outcome.data);
	}
	return lk_fail(
	    err, LK_DATA_LOSS, "STORE_CORRUPT", "a remembered outcome is of no known kind");
}

/*
 * A remote store may lose the answer of its commit. The same write again tells what became of it:
 * its own outcome is there, and its reply still at hand; or somebody else's; or it happens now.
 */
static lk_status
write_settled(struct write *write, struct lk_store *store, struct lk_error *err)
{
	const int64_t deadline = lk_call_deadline_steady_ms(write->call);
	lk_status status = lk_store_write(store, deadline, run_once, write, err);

	while (status == LK_UNKNOWN && lk_text_is(err->reason, "STORE_IN_DOUBT")) {
		const struct lk_bytes mine = write->found ? lk_bytes(NULL, 0) : write->outcome;
		const lk_status in_doubt = status;
		const uint64_t runs = write->runs;
		const struct lk_error doubt = *err;

		lk_error_clear(err);
		status = lk_store_write(store, deadline, run_once, write, err);
		if (status == LK_OK && write->found && write->runs == runs && mine.len > 0 &&
		    lk_bytes_equal(mine, write->outcome))
			write->found = false; /* it is what was about to be answered */
		if (status == LK_UNAVAILABLE || status == LK_DEADLINE_EXCEEDED) {
			*err = doubt; /* still nobody knows */
			return in_doubt;
		}
	}
	return status;
}

lk_status
lk_call_write(struct lk_call *call, struct lk_store *store, lk_tx_fn *fn, void *arg,
    ProtobufCMessage *rep, struct lk_error *err)
{
	return lk_call_write_meaning(call, store, lk_call_body(call), fn, arg, rep, err);
}

lk_status
lk_call_write_meaning(struct lk_call *call, struct lk_store *store, struct lk_bytes meaning,
    lk_tx_fn *fn, void *arg, ProtobufCMessage *rep, struct lk_error *err)
{
	struct lk_error own = { 0 };
	struct write write = { .call = call,
		.fn = fn,
		.arg = arg,
		.rep = rep,
		.now_ms = lk_clock_wall_ms(lk_call_clock(call)) };

	if (lk_call_idempotency_key(call)[0] == '\0')
		return lk_store_write(
		    store, lk_call_deadline_steady_ms(call), run_plain, &write, err);
	write_name(&write, meaning);
	const lk_status status = write_settled(&write, store, &own);
	if (status != LK_OK) {
		if (err)
			*err = own;
		return status;
	}
	return write.found ? outcome_replay(&write, err) : LK_OK;
}

/* ---- Reading ---- */

struct reading {
	lk_tx_fn *fn;
	void *arg;
	ProtobufCMessage *rep;
};

static lk_status
read_run(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct reading *reading = arg;

	protobuf_c_message_init(reading->rep->descriptor, reading->rep);
	return reading->fn(tx, reading->arg, err);
}

lk_status
lk_call_read(struct lk_call *call, struct lk_store *store, lk_tx_fn *fn, void *arg,
    ProtobufCMessage *rep, struct lk_error *err)
{
	struct reading reading = { fn, arg, rep };

	return lk_store_read(store, lk_call_deadline_steady_ms(call), read_run, &reading, err);
}
