/* The sealer: gives committed rows their number and hash, in the order of their row ids, in small
 * batches. It looks ten times a second rather than at each commit: a seal is a durable commit of
 * its own, and one for a hundred rows costs what one for one does. */
#include "audit/sealer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "audit/row.h"

enum { BATCH_MAX = 256, BATCH_BYTES = 1024 * 1024, LOOK_EVERY_MS = 90, LOOKS_PER_CHECKPOINT = 10 };

struct lk_audit_sealer {
	struct lk_store *store;
	struct lk_audit_config config;
	atomic_uint_least64_t lost;
	atomic_int_least64_t read_to_end_at_ms;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stopping_changed;
	bool started, stopping;
	/* The thread's own, and start's before it. */
	uint64_t checkpoint; /* the sequence of the last one */
	bool has_checkpoint, checkpoint_failed;
};

/* ---- One batch ---- */

static const char Q_HEAD[] = "SELECT sequence, chain_hash FROM audit_head WHERE one = 1";
static const char Q_HEAD_SET[] =
    "INSERT INTO audit_head (one, sequence, chain_hash) VALUES (1, $1, $2) "
    "ON CONFLICT (one) DO UPDATE SET sequence = excluded.sequence, chain_hash = "
    "excluded.chain_hash";
static const char Q_UNSEALED[] = "SELECT " AUDIT_COLUMNS " FROM audit_event "
				 "WHERE sequence IS NULL ORDER BY row_id LIMIT $1";
static const char Q_ANY_UNSEALED[] =
    "SELECT row_id FROM audit_event WHERE sequence IS NULL LIMIT 1";
static const char Q_SEAL[] =
    "UPDATE audit_event SET sequence = $1, chain_hash = $2 WHERE row_id = $3";

lk_status
audit_head_read(struct lk_tx *tx, const struct lk_audit_config *config, struct audit_head *out,
    struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_HEAD, LK_NO_ARGS, &rows, &has, err));
	if (!has) {
		out->sequence = 0;
		lk_chain_begin(config->instance, config->service, out->hash);
		return LK_OK;
	}
	out->sequence = (uint64_t)lk_col_int(&rows, 0);
	return lk_col_fixed(&rows, 1, out->hash, sizeof out->hash, err);
}

static lk_status
head_write(struct lk_tx *tx, const struct audit_head *head, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_HEAD_SET,
	    LK_ARGS(
		lk_int((int64_t)head->sequence), lk_blob(lk_bytes(head->hash, sizeof head->hash))),
	    NULL, err);
}

struct batch {
	const struct lk_audit_sealer *sealer;
	struct lk_arena *arena;
	size_t count;
	int64_t row_ids[BATCH_MAX];
	struct lk_chain_row rows[BATCH_MAX];
};

/* All of it before the first update: the updates change what the query walks on. */
static lk_status
batch_read(struct batch *batch, struct lk_tx *tx, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query(tx, Q_UNSEALED, LK_ARGS(lk_int(BATCH_MAX)), &rows, err));
	for (;;) {
		LK_TRY(lk_rows_next(&rows, &has, err));
		if (!has)
			return LK_OK;
		batch->row_ids[batch->count] = lk_col_int(&rows, AUDIT_COLUMN_ROW_ID);
		LK_TRY(audit_row_read(&rows, batch->arena, &batch->rows[batch->count], err));
		batch->count++;
	}
}

static lk_status
row_seal(struct lk_tx *tx, struct audit_head *head, struct lk_chain_row *row, int64_t row_id,
    struct lk_error *err)
{
	uint8_t next[LK_CHAIN_HASH_SIZE];

	row->sequence = ++head->sequence;
	lk_chain_next(head->hash, row, next);
	memcpy(head->hash, next, sizeof head->hash);
	return lk_tx_exec(tx, Q_SEAL,
	    LK_ARGS(lk_int((int64_t)row->sequence), lk_blob(lk_bytes(next, sizeof next)),
		lk_int(row_id)),
	    NULL, err);
}

static lk_status
batch_seal(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct batch *batch = arg;
	struct audit_head head;

	batch->count = 0;
	lk_arena_reset(batch->arena);
	LK_TRY(batch_read(batch, tx, err));
	if (batch->count == 0)
		return LK_OK;
	LK_TRY(audit_head_read(tx, &batch->sealer->config, &head, err));
	for (size_t i = 0; i < batch->count; i++)
		LK_TRY(row_seal(tx, &head, &batch->rows[i], batch->row_ids[i], err));
	return head_write(tx, &head, err);
}

static void
batch_freep(struct batch **batch)
{
	if (*batch != NULL)
		lk_arena_free((*batch)->arena);
	lk_free(*batch);
}

/* ---- Until nothing is left ---- */

static lk_status
any_unsealed(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	return lk_tx_query_first(tx, Q_ANY_UNSEALED, LK_NO_ARGS, &rows, arg, err);
}

lk_status
lk_audit_seal_now(struct lk_audit_sealer *sealer, struct lk_error *err)
{
	bool any = false;

	LK_TRY(lk_store_read(sealer->store, LK_NO_DEADLINE, any_unsealed, &any, err));
	if (!any)
		return LK_OK;
	LK_AUTO(batch_freep) struct batch *batch = LK_ALLOC(struct batch);
	if (batch == NULL)
		return lk_fail_oom(err);
	batch->sealer = sealer;
	batch->arena = lk_arena_new(BATCH_BYTES);
	if (batch->arena == NULL)
		return lk_fail_oom(err);
	do
		LK_TRY(lk_store_write(sealer->store, LK_NO_DEADLINE, batch_seal, batch, err));
	while (batch->count == BATCH_MAX);
	return LK_OK;
}

/* ---- The second place ---- */

struct reading {
	const struct lk_audit_config *config;
	struct audit_head head;
};

static lk_status
read_head(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct reading *reading = arg;

	return audit_head_read(tx, reading->config, &reading->head, err);
}

static void
sign_checkpoint(
    const struct lk_audit_sealer *sealer, const struct audit_head *head, struct lk_checkpoint *out)
{
	const struct lk_audit_config *config = &sealer->config;

	*out = (struct lk_checkpoint){ .sequence = head->sequence,
		.signed_at_ms = audit_sealer_now_ms(sealer) };
	lk_text_copy(out->instance, sizeof out->instance, config->instance);
	lk_text_copy(out->service, sizeof out->service, config->service);
	memcpy(out->hash, head->hash, sizeof out->hash);
	lk_chain_head_sign(config->signing_key, config->instance, config->service, head->sequence,
	    head->hash, out->signed_at_ms, out->signature);
}

static lk_status
checkpoint_write(struct lk_audit_sealer *sealer, struct lk_error *err)
{
	struct reading reading = { .config = &sealer->config };
	struct lk_checkpoint checkpoint;

	LK_TRY(lk_store_read(sealer->store, LK_NO_DEADLINE, read_head, &reading, err));
	if (sealer->has_checkpoint && sealer->checkpoint == reading.head.sequence &&
	    !lk_checkpoints_were_moved(sealer->config.checkpoints))
		return LK_OK;
	sign_checkpoint(sealer, &reading.head, &checkpoint);
	LK_TRY(lk_checkpoints_add(sealer->config.checkpoints, &checkpoint, err));
	sealer->checkpoint = checkpoint.sequence;
	sealer->has_checkpoint = true;
	return LK_OK;
}

/* What cannot be written now is covered by the next one. */
static void
checkpoint_now(struct lk_audit_sealer *sealer)
{
	struct lk_error err = { 0 };

	if (!sealer->config.checkpoints)
		return;
	const bool failed = checkpoint_write(sealer, &err) != LK_OK;
	if (failed != sealer->checkpoint_failed && sealer->config.on_checkpoint)
		sealer->config.on_checkpoint(failed ? &err : NULL);
	sealer->checkpoint_failed = failed;
}

/* ---- The thread ---- */

/* Under the lock. */
static void
wait_a_little(struct lk_audit_sealer *sealer)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOOK_EVERY_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_cond_timedwait(&sealer->stopping_changed, &sealer->lock, &until);
}

static void *
sealer_run(void *arg)
{
	struct lk_audit_sealer *sealer = arg;
	bool stopping = false;

	for (int look = 1; !stopping; look++) {
		pthread_mutex_lock(&sealer->lock);
		if (!sealer->stopping)
			wait_a_little(sealer);
		stopping = sealer->stopping;
		pthread_mutex_unlock(&sealer->lock);
		/* What cannot be sealed now (disk full, store closing) is sealed later. */
		LK_IGNORE(lk_audit_seal_now(sealer, NULL));
		if (stopping || look % LOOKS_PER_CHECKPOINT == 0)
			checkpoint_now(sealer);
	}
	return NULL;
}

static void
sealer_init(
    struct lk_audit_sealer *sealer, struct lk_store *store, const struct lk_audit_config *config)
{
	pthread_condattr_t monotonic;

	sealer->store = store;
	sealer->config = *config;
	pthread_mutex_init(&sealer->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&sealer->stopping_changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

lk_status
lk_audit_sealer_start(struct lk_audit_sealer **out, struct lk_store *store,
    const struct lk_audit_config *config, struct lk_error *err)
{
	LK_AUTO(lk_audit_sealer_stopp)
	struct lk_audit_sealer *sealer = LK_ALLOC(struct lk_audit_sealer);

	if (sealer == NULL) {
		lk_checkpoints_close(config->checkpoints);
		return lk_fail_oom(err);
	}
	sealer_init(sealer, store, config);
	LK_TRY(lk_audit_seal_now(sealer, err)); /* what an earlier process left */
	checkpoint_now(sealer);
	sealer->started = pthread_create(&sealer->thread, NULL, sealer_run, sealer) == 0;
	if (!sealer->started)
		return lk_fail(
		    err, LK_RESOURCE_EXHAUSTED, "NO_THREAD", "the sealer's thread cannot start");
	*out = LK_TAKE(sealer);
	return LK_OK;
}

void
lk_audit_sealer_finish(struct lk_audit_sealer *sealer)
{
	if (sealer == NULL || !sealer->started)
		return;
	pthread_mutex_lock(&sealer->lock);
	sealer->stopping = true;
	pthread_cond_signal(&sealer->stopping_changed);
	pthread_mutex_unlock(&sealer->lock);
	pthread_join(sealer->thread, NULL);
	sealer->started = false;
}

void
lk_audit_sealer_stop(struct lk_audit_sealer *sealer)
{
	if (sealer == NULL)
		return;
	lk_audit_sealer_finish(sealer);
	pthread_cond_destroy(&sealer->stopping_changed);
	pthread_mutex_destroy(&sealer->lock);
	lk_checkpoints_close(sealer->config.checkpoints);
	lk_free(sealer);
}

/* ---- For the other files ---- */

struct lk_store *
audit_sealer_store(const struct lk_audit_sealer *sealer)
{
	return sealer->store;
}

const struct lk_audit_config *
audit_sealer_config(const struct lk_audit_sealer *sealer)
{
	return &sealer->config;
}

int64_t
audit_sealer_now_ms(const struct lk_audit_sealer *sealer)
{
	return lk_clock_wall_ms(sealer->config.clock);
}

void
audit_sealer_lost(struct lk_audit_sealer *sealer)
{
	atomic_fetch_add(&sealer->lost, 1);
}

void
audit_sealer_read_to_end(struct lk_audit_sealer *sealer)
{
	atomic_store(&sealer->read_to_end_at_ms, audit_sealer_now_ms(sealer));
}

int64_t
audit_sealer_read_to_end_at_ms(const struct lk_audit_sealer *sealer)
{
	return atomic_load(&sealer->read_to_end_at_ms);
}

uint64_t
lk_audit_lost(const struct lk_audit_sealer *sealer)
{
	return atomic_load(&sealer->lost);
}
