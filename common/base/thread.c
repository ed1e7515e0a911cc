/* A thread inherits the mask of who makes it; see thread.h. */
#include "base/thread.h"

#include <signal.h>

bool
lk_thread_start(pthread_t *out_thread, void *(*run)(void *arg), void *arg)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	const bool started = pthread_create(out_thread, NULL, run, arg) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}
