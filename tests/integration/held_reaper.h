/* nng's reaper, kept busy as a lost receive keeps it: nothing of this process is reaped meanwhile.
 */
#ifndef HELD_REAPER_H
#define HELD_REAPER_H

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <nng/supplemental/util/platform.h>

#include "rpc_world.h"

/* What is done about it is left out with a newer one. */
static inline void
need_old_nng(void)
{
	if (NNG_MAJOR_VERSION != 1 || NNG_MINOR_VERSION >= 6)
		lk_test_skip("this nng does not lose its reaper");
}

struct held_reaper {
	nng_socket ends[2];
	atomic_bool held, release;
	pthread_t closer;
};

static inline void
hold_reaper(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
	struct held_reaper *reaper = arg;

	(void)pipe, (void)event;
	atomic_store(&reaper->held, true);
	while (!atomic_load(&reaper->release))
		nng_msleep(5);
}

static inline void *
close_end(void *arg)
{
	const struct held_reaper *reaper = arg;

	nng_close(reaper->ends[1]); /* waits for the reaper */
	return NULL;
}

static inline void
reaper_hold(struct held_reaper *reaper)
{
	char word[4] = "ping";

	assert_int_equal(nng_pair0_open(&reaper->ends[0]), 0);
	assert_int_equal(nng_pair0_open(&reaper->ends[1]), 0);
	assert_int_equal(
	    nng_pipe_notify(reaper->ends[0], NNG_PIPE_EV_REM_POST, hold_reaper, reaper), 0);
	assert_int_equal(nng_listen(reaper->ends[0], "inproc://reaper", NULL, 0), 0);
	assert_int_equal(nng_dial(reaper->ends[1], "inproc://reaper", NULL, 0), 0);
	/* Once something got through, both ends have their pipes. */
	assert_int_equal(nng_send(reaper->ends[1], word, sizeof word, 0), 0);
	assert_int_equal(nng_recv(reaper->ends[0], word, &(size_t){ sizeof word }, 0), 0);
	pthread_create(&reaper->closer, NULL, close_end, reaper);
	assert_true(world_wait_until(atomic_load(&reaper->held)));
}

static inline void
reaper_release(struct held_reaper *reaper)
{
	atomic_store(&reaper->release, true);
	pthread_join(reaper->closer, NULL);
	nng_close(reaper->ends[0]);
}

#endif
