/* A ring of agreed keys with a hash index over their random ids. */
#include "transports.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "crypto/encode.h"
#include "id/random.h"

enum { BUCKETS = 4096 }; /* a power of two */

struct agreed {
	char id[TRANSPORT_ID_SIZE];
	char caller[LK_CALLER_NAME_SIZE];
	int64_t expires_at_ms;
	struct lk_transport keys;
	struct agreed *next;
};

struct transports {
	pthread_mutex_t lock;
	const struct lk_clock *clock;
	struct agreed *ring[TRANSPORTS_MAX]; /* in order of agreement; `oldest` is replaced next */
	size_t oldest;
	struct agreed *buckets[BUCKETS];
};

struct transports *
transports_new(const struct lk_clock *clock)
{
	struct transports *transports = LK_ALLOC(struct transports);

	if (!transports)
		return NULL;
	pthread_mutex_init(&transports->lock, NULL);
	transports->clock = clock;
	return transports;
}

static void
agreed_free(struct agreed *agreed)
{
	if (!agreed)
		return;
	lk_transport_wipe(&agreed->keys);
	lk_free(agreed);
}

void
transports_free(struct transports *transports)
{
	if (!transports)
		return;
	for (size_t i = 0; i < TRANSPORTS_MAX; i++)
		agreed_free(transports->ring[i]);
	pthread_mutex_destroy(&transports->lock);
	lk_free(transports);
}

/* Ids are 128 random bits: their first digits are a hash. */
static struct agreed **
bucket_of(struct transports *transports, const char *id)
{
	uint32_t hash = 0;

	for (size_t i = 0; i < 8 && id[i]; i++)
		hash = hash * 31 + (unsigned char)id[i];
	return &transports->buckets[hash & (BUCKETS - 1)];
}

static void
unlink_agreed(struct transports *transports, const struct agreed *gone)
{
	for (struct agreed **at = bucket_of(transports, gone->id); *at; at = &(*at)->next) {
		if (*at == gone) {
			*at = gone->next;
			return;
		}
	}
}

/* The caller's own oldest when they have as many as one may have; else the oldest of all. */
static size_t
place_for(const struct transports *transports, const char *caller, size_t most)
{
	size_t own_oldest = 0, count = 0;

	for (size_t i = 0; i < TRANSPORTS_MAX; i++) {
		const size_t at = (transports->oldest + i) % TRANSPORTS_MAX;
		const struct agreed *agreed = transports->ring[at];
		if (agreed && strcmp(agreed->caller, caller) == 0 && count++ == 0)
			own_oldest = at;
	}
	return count < most ? transports->oldest : own_oldest;
}

/* What lies between moves up, so that the ring stays in order of agreement. */
static void
make_room(struct transports *transports, size_t at)
{
	struct agreed **ring = transports->ring;

	if (ring[at])
		unlink_agreed(transports, ring[at]);
	agreed_free(ring[at]);
	for (; at != transports->oldest; at = (at + TRANSPORTS_MAX - 1) % TRANSPORTS_MAX)
		ring[at] = ring[(at + TRANSPORTS_MAX - 1) % TRANSPORTS_MAX];
}

static void
insert_agreed(struct transports *transports, struct agreed *agreed, size_t most)
{
	struct agreed **bucket = bucket_of(transports, agreed->id);

	make_room(transports, place_for(transports, agreed->caller, most));
	transports->ring[transports->oldest] = agreed;
	transports->oldest = (transports->oldest + 1) % TRANSPORTS_MAX;
	agreed->next = *bucket;
	*bucket = agreed;
}

lk_status
transports_agree(struct transports *transports, const struct lk_caller *caller,
    struct lk_bytes client_public_key, uint8_t out_server_public_key[LK_BOX_PUBLIC_LEN],
    char out_id[TRANSPORT_ID_SIZE], int64_t *out_expires_at_ms, struct lk_error *err)
{
	LK_AUTO(lk_box_pair_wipe) struct lk_box_pair pair = { 0 };
	uint8_t random[16];

	if (client_public_key.len != LK_BOX_PUBLIC_LEN)
		return lk_fail_field(err, "client_public_key", "TRANSPORT_KEY_INVALID",
		    "client_public_key must be %d bytes", LK_BOX_PUBLIC_LEN);
	struct agreed *agreed = LK_ALLOC(struct agreed);
	if (!agreed)
		return lk_fail_oom(err);
	lk_box_pair_make(&pair);
	const lk_status status =
	    lk_transport_init_server(&pair, client_public_key.data, &agreed->keys, err);
	if (status != LK_OK) {
		agreed_free(agreed);
		return status;
	}
	lk_random_fill(lk_random_system(), random, sizeof random);
	lk_hex_encode(lk_bytes(random, sizeof random), agreed->id);
	lk_text_copy(agreed->caller, sizeof agreed->caller, caller->id);
	agreed->expires_at_ms = lk_clock_wall_ms(transports->clock) + TRANSPORT_TTL_MS;
	memcpy(out_server_public_key, pair.public_key, LK_BOX_PUBLIC_LEN);
	memcpy(out_id, agreed->id, TRANSPORT_ID_SIZE);
	*out_expires_at_ms = agreed->expires_at_ms;
	pthread_mutex_lock(&transports->lock);
	insert_agreed(transports, agreed,
	    caller->kind == LK_CALLER_PRINCIPAL ? TRANSPORTS_OF_PRINCIPAL : TRANSPORTS_OF_USER);
	pthread_mutex_unlock(&transports->lock);
	return LK_OK;
}

lk_status
transports_find(struct transports *transports, const struct lk_caller *caller, const char *id,
    struct lk_transport *out_transport, struct lk_error *err)
{
	const int64_t now_ms = lk_clock_wall_ms(transports->clock);
	bool found = false;

	pthread_mutex_lock(&transports->lock);
	for (const struct agreed *agreed = *bucket_of(transports, id); agreed && !found;
	     agreed = agreed->next) {
		found = strcmp(agreed->id, id) == 0 && strcmp(agreed->caller, caller->id) == 0 &&
			agreed->expires_at_ms > now_ms;
		if (found)
			*out_transport = agreed->keys;
	}
	pthread_mutex_unlock(&transports->lock);
	if (!found)
		return lk_fail_field(
		    err, "transport_id", "TRANSPORT_UNKNOWN", "agree on a transport key first");
	return LK_OK;
}
