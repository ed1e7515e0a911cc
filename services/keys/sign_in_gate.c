/* A table of slots by a keyed hash; accounts that share one share its delay. See sign_in_gate.h. */
#include "sign_in_gate.h"

#include <pthread.h>
#include <string.h>

#include "crypto/short_hash.h"

enum {
	SLOTS = 16384,
	GROUPS = 4096,
	FREE_TRIES = 3,
	FIRST_DELAY_MS = 1000,
	LONGEST_DELAY_MS = 30 * 1000,
	FORGET_MS = 15 * 60 * 1000,
	BUSY_MS = 500,
};

struct slot {
	int64_t tried_at_ms;
	uint32_t wrong; /* tries that were not found right, those under way included */
};

struct sign_in_gate {
	pthread_mutex_t mutex;
	size_t inside, at_once;
	uint8_t hash_key[LK_SHORT_HASH_KEY_LEN];
	struct slot slots[SLOTS];
	uint32_t inside_of[GROUPS];   /* how many of a group are inside */
	uint32_t inside_from[GROUPS]; /* and from a source */
};

struct sign_in_gate *
sign_in_gate_new(size_t at_once, const struct lk_random *random)
{
	struct sign_in_gate *gate = LK_ALLOC(struct sign_in_gate);

	if (!gate)
		return NULL;
	gate->at_once = at_once;
	lk_random_fill(random, gate->hash_key, sizeof gate->hash_key);
	pthread_mutex_init(&gate->mutex, NULL);
	return gate;
}

void
sign_in_gate_free(struct sign_in_gate *gate)
{
	if (!gate)
		return;
	pthread_mutex_destroy(&gate->mutex);
	lk_free(gate);
}

int64_t
sign_in_delay_ms(uint32_t wrong)
{
	int64_t delay_ms = FIRST_DELAY_MS;

	if (wrong < FREE_TRIES)
		return 0;
	for (uint32_t i = FREE_TRIES; i < wrong && delay_ms < LONGEST_DELAY_MS; i++)
		delay_ms *= 2;
	return delay_ms < LONGEST_DELAY_MS ? delay_ms : LONGEST_DELAY_MS;
}

static uint32_t
hash_of(struct sign_in_gate *gate, struct lk_bytes text)
{
	uint8_t hash[LK_SHORT_HASH_LEN];
	uint32_t number;

	lk_short_hash(gate->hash_key, text, hash);
	memcpy(&number, hash, sizeof number);
	return number;
}

/* Where a try is counted. */
struct counted {
	struct slot *slot;
	uint32_t *group, *source; /* NULL for an account of no group, a source that is not known */
};

static struct counted
counted_of(struct sign_in_gate *gate, const char *account, const char *source)
{
	const char *space = strchr(account, ' ');
	struct counted counted = { .slot =
				       &gate->slots[hash_of(gate, lk_bytes_of(account)) % SLOTS] };

	if (space) {
		const struct lk_bytes group = lk_bytes(account, (size_t)(space - account));
		counted.group = &gate->inside_of[hash_of(gate, group) % GROUPS];
	}
	if (*source)
		counted.source = &gate->inside_from[hash_of(gate, lk_bytes_of(source)) % GROUPS];
	return counted;
}

/* Whoever has all places but one. */
static bool
has_its_share(const struct sign_in_gate *gate, const uint32_t *inside)
{
	return inside && gate->at_once > 1 && *inside + 1 >= gate->at_once;
}

static void
count(const struct counted *counted, int by)
{
	if (counted->group)
		*counted->group += (uint32_t)by;
	if (counted->source)
		*counted->source += (uint32_t)by;
}

static lk_status
refuse(struct lk_error *err, const char *reason, const char *message, int64_t after_ms)
{
	const lk_status status = lk_fail(err, LK_RESOURCE_EXHAUSTED, reason, "%s", message);

	if (err)
		err->retry_after_ms = (uint32_t)after_ms;
	return status;
}

/* The mutex is held. A clock that was set back delays nobody for longer than one that was not. */
static lk_status
try_enter(
    struct sign_in_gate *gate, const struct counted *counted, int64_t now_ms, struct lk_error *err)
{
	struct slot *slot = counted->slot;
	const int64_t since_ms = now_ms - slot->tried_at_ms;

	if (since_ms < 0 || since_ms >= FORGET_MS)
		slot->wrong = 0;
	const int64_t left_ms = sign_in_delay_ms(slot->wrong) - since_ms;
	if (slot->wrong > 0 && left_ms > 0)
		return refuse(err, "SIGN_IN_DELAYED", "too many tries: wait a moment", left_ms);
	if (gate->inside >= gate->at_once || has_its_share(gate, counted->source) ||
	    has_its_share(gate, counted->group))
		return refuse(
		    err, "SIGN_IN_BUSY", "many people sign in at this moment: try again", BUSY_MS);
	gate->inside++;
	count(counted, 1);
	slot->wrong++;
	slot->tried_at_ms = now_ms;
	return LK_OK;
}

lk_status
sign_in_gate_enter(struct sign_in_gate *gate, const char *account, const char *source,
    int64_t now_ms, struct lk_error *err)
{
	const struct counted counted = counted_of(gate, account, source);

	pthread_mutex_lock(&gate->mutex);
	const lk_status status = try_enter(gate, &counted, now_ms, err);
	pthread_mutex_unlock(&gate->mutex);
	return status;
}

void
sign_in_gate_leave(struct sign_in_gate *gate, const char *account, const char *source, bool right)
{
	const struct counted counted = counted_of(gate, account, source);

	pthread_mutex_lock(&gate->mutex);
	gate->inside--;
	count(&counted, -1);
	if (right)
		counted.slot->wrong = 0;
	pthread_mutex_unlock(&gate->mutex);
}
