/* Interleaved comparison: see bench.h. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 7, ROUNDS_QUICK = 3 };

double
lk_bench_now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double
seconds(void (*run)(void *arg, uint64_t times), void *arg, uint64_t times)
{
	const double start = lk_bench_now_s();

	run(arg, times);
	return lk_bench_now_s() - start;
}

/* How many times fill about `want_s`. */
static uint64_t
calibrate(void (*run)(void *arg, uint64_t times), void *arg, double want_s)
{
	uint64_t times = 1;
	double took = seconds(run, arg, times);

	while (took < want_s / 10 && times < UINT64_C(1) << 40) {
		times *= 2;
		took = seconds(run, arg, times);
	}
	const double scaled = (double)times * want_s / (took > 0 ? took : 1e-9);
	return scaled < 1 ? 1 : (uint64_t)scaled;
}

static int
ascending(const void *a, const void *b)
{
	const double x = *(const double *)a;
	const double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *values, size_t count)
{
	qsort(values, count, sizeof *values, ascending);
	return values[count / 2];
}

double
lk_bench_compare(const struct lk_bench *bench, bool quick)
{
	const size_t rounds = quick ? ROUNDS_QUICK : ROUNDS;
	const double want_s = quick ? 0.05 : 0.5;
	const uint64_t ours_times = calibrate(bench->run_ours, bench->arg, want_s);
	const uint64_t against_times = calibrate(bench->run_against, bench->arg, want_s);
	double ours[ROUNDS], against[ROUNDS], ratio[ROUNDS];

	for (size_t i = 0; i < rounds; i++) {
		ours[i] = (double)ours_times / seconds(bench->run_ours, bench->arg, ours_times);
		against[i] =
		    (double)against_times / seconds(bench->run_against, bench->arg, against_times);
		ratio[i] = ours[i] / against[i];
	}
	const double middle = median(ratio, rounds);
	char wanted[32] = "";
	if (bench->wanted > 0)
		snprintf(wanted, sizeof wanted, " (wanted %.2f)", bench->wanted);
	printf("%-36s %-20s %12.0f/s   %-24s %12.0f/s   ratio %.2f%s\n", bench->work, bench->ours,
	    median(ours, rounds), bench->against, median(against, rounds), middle, wanted);
	fflush(stdout);
	return middle;
}

bool
lk_bench_quick(int argc, char **argv)
{
	if (argc == 1)
		return false;
	if (argc == 2 && strcmp(argv[1], "--quick") == 0)
		return true;
	fprintf(stderr, "usage: %s [--quick]\n", argv[0]);
	exit(2);
}
