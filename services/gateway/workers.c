/* A queue under a mutex; see workers.h. */
#include "workers.h"

#include <pthread.h>

enum { THREADS_MAX = 256 };

struct workers {
	pthread_t threads[THREADS_MAX];
	size_t started, queued, queue_max;
	unsigned running;
	pthread_mutex_t mutex;
	pthread_cond_t work;
	bool stopping;
	struct job *first, **last;
};

/* NULL when all is done and nothing more comes. */
static struct job *
next_job(struct workers *workers, bool was_running)
{
	struct job *job;

	pthread_mutex_lock(&workers->mutex);
	workers->running -= was_running;
	while (!workers->first && !workers->stopping)
		pthread_cond_wait(&workers->work, &workers->mutex);
	job = workers->first;
	if (job) {
		workers->first = job->next;
		if (!workers->first)
			workers->last = &workers->first;
		workers->queued--;
		workers->running++;
	}
	pthread_mutex_unlock(&workers->mutex);
	return job;
}

static void *
work(void *arg)
{
	struct workers *workers = (struct workers *)arg;
	struct job *job = NULL;

	while ((job = next_job(workers, job != NULL)) != NULL)
		job->run(job);
	return NULL;
}

lk_status
workers_new(size_t threads, size_t queue_max, struct workers **out_workers, struct lk_error *err)
{
	struct workers *workers = LK_ALLOC(struct workers);

	if (!workers)
		return lk_fail_oom(err);
	workers->queue_max = queue_max;
	workers->last = &workers->first;
	pthread_mutex_init(&workers->mutex, NULL);
	pthread_cond_init(&workers->work, NULL);
	for (size_t i = 0; i < threads && i < THREADS_MAX; i++) {
		if (pthread_create(&workers->threads[i], NULL, work, workers) != 0) {
			workers_free(workers);
			return lk_fail(err, LK_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY",
			    "a thread cannot be started");
		}
		workers->started++;
	}
	*out_workers = workers;
	return LK_OK;
}

bool
workers_put(struct workers *workers, struct job *job)
{
	pthread_mutex_lock(&workers->mutex);
	const bool taken = workers->queued < workers->queue_max && !workers->stopping;
	if (taken) {
		job->next = NULL;
		*workers->last = job;
		workers->last = &job->next;
		workers->queued++;
		pthread_cond_signal(&workers->work);
	}
	pthread_mutex_unlock(&workers->mutex);
	return taken;
}

unsigned
workers_busy(struct workers *workers)
{
	pthread_mutex_lock(&workers->mutex);
	const unsigned busy = (unsigned)workers->queued + workers->running;
	pthread_mutex_unlock(&workers->mutex);
	return busy;
}

void
workers_free(struct workers *workers)
{
	if (!workers)
		return;
	pthread_mutex_lock(&workers->mutex);
	workers->stopping = true;
	pthread_cond_broadcast(&workers->work);
	pthread_mutex_unlock(&workers->mutex);
	while (workers->started > 0)
		pthread_join(workers->threads[--workers->started], NULL);
	pthread_cond_destroy(&workers->work);
	pthread_mutex_destroy(&workers->mutex);
	lk_free(workers);
}
