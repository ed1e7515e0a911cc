/* A short list under a lock, and a count that is looked at first; see shun.h. */
#include "rpc/shun.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/alloc.h"

struct shunned {
	uint32_t pipe;
	int64_t until_ms;
};

struct lk_shun {
	pthread_mutex_t lock;
	atomic_uint count;
	struct shunned list[LK_SHUN_MAX]; /* the first `count`, in no order */
};

lk_status
lk_shun_new(struct lk_shun **out_shun, struct lk_error *err)
{
	struct lk_shun *shun = LK_ALLOC(struct lk_shun);

	if (shun == NULL)
		return lk_fail_oom(err);
	pthread_mutex_init(&shun->lock, NULL);
	*out_shun = shun;
	return LK_OK;
}

void
lk_shun_free(struct lk_shun *shun)
{
	if (shun == NULL)
		return;
	pthread_mutex_destroy(&shun->lock);
	lk_free(shun);
}

/* Under the lock. */
static struct shunned *
find(struct lk_shun *shun, uint32_t pipe)
{
	const unsigned count = atomic_load(&shun->count);

	for (unsigned i = 0; i < count; i++)
		if (shun->list[i].pipe == pipe)
			return &shun->list[i];
	return NULL;
}

/* Under the lock: a new place, or that of who was shunned first. */
static struct shunned *
place(struct lk_shun *shun)
{
	const unsigned count = atomic_load(&shun->count);
	struct shunned *first = &shun->list[0];

	if (count < LK_SHUN_MAX) {
		atomic_store(&shun->count, count + 1);
		return &shun->list[count];
	}
	for (unsigned i = 1; i < count; i++)
		if (shun->list[i].until_ms < first->until_ms)
			first = &shun->list[i];
	return first;
}

void
lk_shun_add(struct lk_shun *shun, uint32_t pipe, int64_t now_ms)
{
	pthread_mutex_lock(&shun->lock);
	struct shunned *entry = find(shun, pipe);
	if (entry == NULL)
		entry = place(shun);
	*entry = (struct shunned){ pipe, now_ms + LK_SHUN_MS };
	pthread_mutex_unlock(&shun->lock);
}

void
lk_shun_forgive(struct lk_shun *shun, uint32_t pipe)
{
	if (atomic_load_explicit(&shun->count, memory_order_relaxed) == 0)
		return;
	pthread_mutex_lock(&shun->lock);
	struct shunned *entry = find(shun, pipe);
	if (entry != NULL)
		*entry = shun->list[atomic_fetch_sub(&shun->count, 1) - 1];
	pthread_mutex_unlock(&shun->lock);
}

bool
lk_shun_admits(struct lk_shun *shun, uint32_t pipe, int64_t now_ms)
{
	if (atomic_load_explicit(&shun->count, memory_order_relaxed) == 0)
		return true;
	pthread_mutex_lock(&shun->lock);
	struct shunned *entry = find(shun, pipe);
	const bool admitted = entry == NULL || now_ms >= entry->until_ms;
	if (entry != NULL && admitted)
		entry->until_ms = now_ms + LK_SHUN_MS;
	pthread_mutex_unlock(&shun->lock);
	return admitted;
}
