/* Interning by a digest of what is the same for all credentials of an owner. */
#include "subject.h"

#include <pthread.h>
#include <string.h>

#include "feed/changes.h"

typedef Latchkey__Common__V1__Identity IdentityMsg;

enum { BUCKETS = 4096 };

struct bucket {
	pthread_mutex_t lock;
	struct subject *first;
};

struct subjects {
	struct bucket buckets[BUCKETS];
};

struct subjects *
subjects_new(void)
{
	struct subjects *table = LK_ALLOC(struct subjects);

	for (size_t i = 0; table && i < BUCKETS; i++)
		pthread_mutex_init(&table->buckets[i].lock, NULL);
	return table;
}

void
subjects_free(struct subjects *table)
{
	for (size_t i = 0; table && i < BUCKETS; i++)
		pthread_mutex_destroy(&table->buckets[i].lock);
	lk_free(table);
}

static struct bucket *
bucket_of(struct subjects *table, const uint8_t digest[LK_DIGEST_LEN])
{
	return &table->buckets[(digest[0] | (unsigned)digest[1] << 8) % BUCKETS];
}

static void
subject_free(struct subject *subject)
{
	if (subject->identity)
		latchkey__common__v1__identity__free_unpacked(subject->identity, NULL);
	lk_free(subject);
}

static void
freep(struct subject **subject)
{
	if (*subject)
		subject_free(*subject);
}

/* A name this build does not know grants nothing. */
static lk_permissions
permissions_of(const IdentityMsg *identity)
{
	lk_permissions set = 0;
	enum lk_permission permission;

	for (size_t i = 0; i < identity->n_permissions; i++)
		if (lk_permission_parse(identity->permissions[i], &permission))
			set |= lk_permission_bit(permission);
	return set;
}

static lk_status
subject_new(struct subjects *table, struct lk_bytes packed, const uint8_t digest[LK_DIGEST_LEN],
    struct subject **out, struct lk_error *err)
{
	LK_AUTO(freep) struct subject *subject = LK_ALLOC(struct subject);

	if (!subject)
		return lk_fail_oom(err);
	subject->table = table;
	atomic_init(&subject->references, 1);
	memcpy(subject->digest, digest, LK_DIGEST_LEN);
	subject->identity = latchkey__common__v1__identity__unpack(NULL, packed.len, packed.data);
	if (!subject->identity)
		return lk_fail_oom(err);
	subject->permissions = permissions_of(subject->identity);
	subject->slots[0] = lk_change_slot(subject->identity->subject);
	subject->slots[1] = lk_change_slot(subject->identity->tenant);
	*out = LK_TAKE(subject);
	return LK_OK;
}

/* What is there takes one reference more; else a new one goes in. */
static lk_status
find_or_add(struct subjects *table, struct lk_bytes packed, const uint8_t digest[LK_DIGEST_LEN],
    struct subject **out, struct lk_error *err)
{
	struct bucket *bucket = bucket_of(table, digest);
	lk_status status = LK_OK;

	pthread_mutex_lock(&bucket->lock);
	struct subject *found = bucket->first;
	while (found && memcmp(found->digest, digest, LK_DIGEST_LEN) != 0)
		found = found->next;
	if (found) {
		atomic_fetch_add(&found->references, 1);
	} else if ((status = subject_new(table, packed, digest, &found, err)) == LK_OK) {
		found->next = bucket->first;
		bucket->first = found;
	}
	pthread_mutex_unlock(&bucket->lock);
	if (status == LK_OK)
		*out = found;
	return status;
}

lk_status
subjects_intern(struct subjects *table, const IdentityMsg *identity, struct subject **out_subject,
    struct lk_error *err)
{
	static char none[] = "";
	IdentityMsg shared = *identity;

	shared.key = none;
	shared.session = none;
	shared.expires_at_ms = 0;
	shared.generations = NULL;
	const size_t len = protobuf_c_message_get_packed_size(&shared.base);
	LK_AUTO(lk_freep) uint8_t *packed = lk_alloc(len);
	uint8_t digest[LK_DIGEST_LEN];
	if (!packed)
		return lk_fail_oom(err);
	protobuf_c_message_pack(&shared.base, packed);
	lk_hash256(lk_bytes(packed, len), digest);
	return find_or_add(table, lk_bytes(packed, len), digest, out_subject, err);
}

struct subject *
subject_ref(struct subject *subject)
{
	atomic_fetch_add_explicit(&subject->references, 1, memory_order_relaxed);
	return subject;
}

/* False when this is the last reference, which is still there then. */
static bool
gave_back_one_of_several(struct subject *subject)
{
	unsigned references = atomic_load_explicit(&subject->references, memory_order_relaxed);

	while (references > 1)
		if (atomic_compare_exchange_weak_explicit(&subject->references, &references,
			references - 1, memory_order_release, memory_order_relaxed))
			return true;
	return false;
}

static void
take_out(struct bucket *bucket, const struct subject *subject)
{
	struct subject **at = &bucket->first;

	while (*at != subject)
		at = &(*at)->next;
	*at = subject->next;
}

/* The last reference goes under the lock, where somebody may have found the subject meanwhile. */
void
subject_unref(struct subject *subject)
{
	if (!subject || gave_back_one_of_several(subject))
		return;
	struct bucket *bucket = bucket_of(subject->table, subject->digest);
	pthread_mutex_lock(&bucket->lock);
	const bool last = atomic_fetch_sub(&subject->references, 1) == 1;
	if (last)
		take_out(bucket, subject);
	pthread_mutex_unlock(&bucket->lock);
	if (last)
		subject_free(subject);
}
