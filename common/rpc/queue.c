/* First in, first out; full means full. See queue.h. */
#include "rpc/queue.h"

#include <pthread.h>

#include "base/alloc.h"

enum { WORKERS_MAX = 64 };

struct lk_queue {
	void (*run)(struct lk_slot *slot);
	unsigned max, depth;
	struct lk_slot *first, **last;
	bool stopped;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned thread_count;
	pthread_t threads[WORKERS_MAX];
};

lk_status
lk_queue_new(struct lk_queue **out_queue, unsigned max, void (*run)(struct lk_slot *slot),
    struct lk_error *err)
{
	struct lk_queue *queue = LK_ALLOC(struct lk_queue);

	if (queue == NULL)
		return lk_fail_oom(err);
	queue->run = run;
	queue->max = max;
	queue->last = &queue->first;
	pthread_mutex_init(&queue->mutex, NULL);
	pthread_cond_init(&queue->changed, NULL);
	*out_queue = queue;
	return LK_OK;
}

bool
lk_queue_put(struct lk_queue *queue, struct lk_slot *slot)
{
	pthread_mutex_lock(&queue->mutex);
	const bool fits = queue->depth < queue->max && !queue->stopped;
	if (fits) {
		slot->next = NULL;
		*queue->last = slot;
		queue->last = &slot->next;
		queue->depth++;
		pthread_cond_signal(&queue->changed);
	}
	pthread_mutex_unlock(&queue->mutex);
	return fits;
}

/* NULL when the queue was stopped. */
static struct lk_slot *
take(struct lk_queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	while (queue->first == NULL && !queue->stopped)
		pthread_cond_wait(&queue->changed, &queue->mutex);
	struct lk_slot *slot = queue->stopped ? NULL : queue->first;
	if (slot != NULL) {
		queue->first = slot->next;
		if (queue->first == NULL)
			queue->last = &queue->first;
		queue->depth--;
	}
	pthread_mutex_unlock(&queue->mutex);
	return slot;
}

static void *
work(void *arg)
{
	struct lk_queue *queue = arg;
	struct lk_slot *slot;

	while ((slot = take(queue)) != NULL)
		queue->run(slot);
	return NULL;
}

lk_status
lk_queue_start(struct lk_queue *queue, unsigned workers, struct lk_error *err)
{
	for (; queue->thread_count < workers && queue->thread_count < WORKERS_MAX;
	     queue->thread_count++)
		if (pthread_create(&queue->threads[queue->thread_count], NULL, work, queue) != 0)
			return lk_fail(err, LK_RESOURCE_EXHAUSTED, "THREADS_EXHAUSTED",
			    "a worker thread could not be started");
	return LK_OK;
}

unsigned
lk_queue_depth(struct lk_queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	const unsigned depth = queue->depth;
	pthread_mutex_unlock(&queue->mutex);
	return depth;
}

void
lk_queue_stop(struct lk_queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue->stopped = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->mutex);
	while (queue->thread_count > 0)
		pthread_join(queue->threads[--queue->thread_count], NULL);
}

void
lk_queue_free(struct lk_queue *queue)
{
	if (queue == NULL)
		return;
	lk_queue_stop(queue);
	pthread_cond_destroy(&queue->changed);
	pthread_mutex_destroy(&queue->mutex);
	lk_free(queue);
}
