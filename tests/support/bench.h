/*
 * Two ways of doing the same work, measured in turns on the same machine: prints both rates and
 * their ratio, asserts nothing. A bench program takes no argument, or --quick for a run of a
 * second.
 */
#ifndef LK_TESTS_SUPPORT_BENCH_H
#define LK_TESTS_SUPPORT_BENCH_H

#include <stdbool.h>
#include <stdint.h>

struct lk_bench {
	const char *work;    /* "VerifyKey, 64 in flight" */
	const char *ours;    /* "latchkey-keys" */
	const char *against; /* "bare nng echo" */
	double wanted;       /* the ratio design.md asks for; 0: it asks for none */
	void (*run_ours)(void *arg, uint64_t times);
	void (*run_against)(void *arg, uint64_t times);
	void *arg;
};

/* Seven rounds of about 0.5 s each way (3 of 50 ms when quick), in turns; the median of the rounds'
 * ratios is printed. */
double lk_bench_compare(const struct lk_bench *bench, bool quick);

/* Whether argv asks for --quick; exits 2 with usage on any other argument. */
bool lk_bench_quick(int argc, char **argv);

double lk_bench_now_s(void); /* steady */

#endif
