/* A short queue, and a table of what was noted lately; see damage.h. */
#include "damage.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { QUEUE_MAX = 16, LATELY_MAX = 256, KIND_SIZE = 16, ACTION_SIZE = 32 };
static const int64_t quiet_ms = 60000;

static const struct lk_caller myself = { .kind = LK_CALLER_SERVICE, .id = "keys" };

struct damage {
	char kind[KIND_SIZE], id[LK_ID_SIZE], tenant[LK_ID_SIZE], owner[LK_ID_SIZE];
	int64_t now_ms;
};

struct lately {
	char id[LK_ID_SIZE];
	int64_t at_ms;
};

struct damage_log {
	pthread_mutex_t mutex;
	atomic_size_t count;
	struct damage items[QUEUE_MAX];
	struct lately lately[LATELY_MAX];
};

struct damage_log *
damage_log_new(void)
{
	struct damage_log *log = LK_ALLOC(struct damage_log);

	if (log)
		pthread_mutex_init(&log->mutex, NULL);
	return log;
}

void
damage_log_free(struct damage_log *log)
{
	if (!log)
		return;
	pthread_mutex_destroy(&log->mutex);
	lk_free(log);
}

/* A place that is free or whose minute is over; NULL when this row was noted lately, or too many
 * others were. */
static struct lately *
place_for(struct damage_log *log, const struct damage *damage)
{
	struct lately *place = NULL;

	for (size_t i = 0; i < LATELY_MAX; i++) {
		struct lately *one = &log->lately[i];
		const bool over = one->id[0] == '\0' || damage->now_ms - one->at_ms >= quiet_ms ||
				  damage->now_ms < one->at_ms;
		if (lk_text_is(one->id, damage->id))
			return over ? one : NULL;
		if (over && !place)
			place = one;
	}
	return place;
}

void
damage_note(struct keys *keys, const struct damaged *damaged)
{
	struct damage_log *log = keys->damages;
	struct damage damage = { .now_ms = lk_clock_wall_ms(keys->setup.clock) };

	lk_text_copy(damage.kind, sizeof damage.kind, damaged->kind);
	lk_text_copy(damage.id, sizeof damage.id, damaged->id);
	lk_text_copy(damage.tenant, sizeof damage.tenant, damaged->tenant);
	lk_text_copy(damage.owner, sizeof damage.owner, damaged->owner);
	pthread_mutex_lock(&log->mutex);
	struct lately *place = log->count < QUEUE_MAX ? place_for(log, &damage) : NULL;
	if (place) {
		memcpy(place->id, damage.id, sizeof place->id);
		place->at_ms = damage.now_ms;
		log->items[log->count++] = damage;
	}
	pthread_mutex_unlock(&log->mutex);
}

static lk_status
write_one(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct damage *damage = arg;
	char action[ACTION_SIZE];

	snprintf(action, sizeof action, "%s.damaged", damage->kind);
	return lk_audit_write_as(tx, &myself, "", damage->now_ms,
	    &(struct lk_audit_event){ .action = action,
		.outcome = "ROW_DAMAGED",
		.tenant = damage->tenant,
		.object = damage->id,
		.owner = damage->owner },
	    err);
}

static void
written(void *arg, lk_status status, const struct lk_error *error)
{
	(void)status;
	(void)error;
	lk_free(arg);
}

static void
submit(struct keys *keys, const struct damage *damage)
{
	struct damage *copy = LK_ALLOC(struct damage);

	if (!copy)
		return;
	*copy = *damage;
	if (lk_store_submit(keys->setup.store, LK_NO_DEADLINE, write_one, written, copy, NULL) !=
	    LK_OK)
		lk_free(copy);
}

void
damages_write(struct keys *keys)
{
	struct damage_log *log = keys->damages;
	struct damage items[QUEUE_MAX];

	if (atomic_load(&log->count) == 0)
		return;
	pthread_mutex_lock(&log->mutex);
	const size_t count = atomic_exchange(&log->count, 0);
	memcpy(items, log->items, count * sizeof *items);
	pthread_mutex_unlock(&log->mutex);
	for (size_t i = 0; i < count; i++)
		submit(keys, &items[i]);
}
