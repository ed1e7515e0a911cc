/* What a process in its sandbox may not do, tried: each trial would do no harm where it succeeded,
 * and with a fault in its arguments would fail with another error than that of a refusal. */
#ifndef LK_TESTS_SUPPORT_TRIALS_H
#define LK_TESTS_SUPPORT_TRIALS_H

#include <stddef.h>

struct lk_trial {
	const char *name;
	int (*attempt)(void); /* 0 or errno */
	int expected;         /* where sockets are those of this machine only */
};

extern const struct lk_trial lk_trials[];
extern const size_t lk_trial_count;

/* A file of this user that no option names, with a folder around it; and a port of 127.0.0.1 that
 * somebody listens at. Borrowed; set before the first trial. */
extern const char *lk_trial_foreign_file;
extern int lk_trial_port;

/* By its name; EINVAL if there is none. */
int lk_trial_attempt(const char *name);

#endif
