/* An installation of real services for a bench, with people and keys: support/bench_services.
 * Whatever fails ends the program. */
#ifndef LK_TESTS_SUPPORT_BENCH_INSTALLATION_H
#define LK_TESTS_SUPPORT_BENCH_INSTALLATION_H

#include <sys/types.h>

enum { LK_BENCH_TEXT_SIZE = 8192 };

struct lk_bench_installation {
	char dir[64];
	pid_t services;
	int told;
};

/* `program` is argv[0] of a bench, beside whose folder bin/ lies. */
void lk_bench_installation_start(struct lk_bench_installation *installation, char *program);
void lk_bench_installation_stop(struct lk_bench_installation *installation);

/* The first line of a file of it: "user.key". */
void lk_bench_installation_read(const struct lk_bench_installation *installation, const char *name,
    char out[LK_BENCH_TEXT_SIZE]);

#endif
