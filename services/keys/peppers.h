/*
 * The versions of the pepper: the file of option pepper-file is the first, beside it FILE.2, FILE.3
 * and so on, as `latchkey pepper rotate` makes them. The highest that is there is the newest.
 */
#ifndef LK_KEYS_PEPPERS_H
#define LK_KEYS_PEPPERS_H

#include "keys.h"
#include "pepper_store.h"

struct peppers {
	struct lk_pepper *newest;
	const struct lk_pepper *old[PEPPERS_MAX];
	size_t old_count;
};

/* FAILED_PRECONDITION as lk_secret_file_load32, when there is none, or one is not as it should be.
 */
lk_status peppers_open(
    const char *file, const char *instance, struct peppers *out_peppers, struct lk_error *err);
void peppers_close(struct peppers *peppers);

/* Those that were found. */
void peppers_in(const struct keys *keys, struct pepper_uses *out_uses);

/* FAILED_PRECONDITION PEPPER_MISSING when more keys that live and sealed rows are under one version
 * that is not there than under all that are: its file was taken away. Fewer are no reason to stand
 * still: they are refused until it is back, as damaged ones are, and the log tells of them. Blocks.
 */
lk_status peppers_check(struct keys *keys, struct lk_error *err);

#endif
