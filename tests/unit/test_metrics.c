/* Metrics: counted without locks, printed as Prometheus reads it. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "metrics/families.h"
#include "test.h"

enum { CALLS_OK, CALLS_BAD, QUEUED, SECONDS, VERIFY_SECONDS };

static const struct lk_metric_row rows[] = {
	{ LK_METRIC_COUNTER, "calls_total{status=\"OK\"}", "calls answered" },
	{ LK_METRIC_COUNTER, "calls_total{status=\"BAD\"}", "calls answered" },
	{ LK_METRIC_GAUGE, "queued", "calls waiting" },
	{ LK_METRIC_HISTOGRAM, "call_seconds", "time to answer" },
	{ LK_METRIC_HISTOGRAM, "verify_seconds{kind=\"key\"}", "time to verify" },
};

static int
open_metrics(void **state)
{
	*state = lk_metrics_new(rows, LK_ARRAY_LEN(rows));
	return *state == NULL;
}

static int
close_metrics(void **state)
{
	lk_metrics_free(*state);
	return 0;
}

static char *
printed(const struct lk_metrics *metrics)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	struct lk_arena *arena = lk_arena_new(256 * 1024);
	struct lk_families families;
	lk_families_init(&families, arena);
	lk_families_metrics(&families, metrics);
	lk_families_print(&families, out);
	fclose(out);
	lk_arena_free(arena);
	return text;
}

static void
counters_and_gauges_print_under_one_head_for_each_name(void **state)
{
	lk_counter_add(*state, CALLS_OK, 3);
	lk_counter_add(*state, CALLS_BAD, 1);
	lk_gauge_set(*state, QUEUED, 7);
	lk_gauge_add(*state, QUEUED, -9);
	LK_AUTO(lk_freep) char *text = printed(*state);
	expect_contains(text,
	    "# HELP calls_total calls answered\n# TYPE calls_total counter\n"
	    "calls_total{status=\"OK\"} 3\ncalls_total{status=\"BAD\"} 1\n"
	    "# HELP queued calls waiting\n# TYPE queued gauge\nqueued -2\n"
	    "# HELP call_seconds time to answer\n# TYPE call_seconds histogram\n");
}

static void
a_histogram_prints_cumulative_buckets_in_seconds(void **state)
{
	lk_histogram_observe_us(*state, SECONDS, 10);
	lk_histogram_observe_us(*state, SECONDS, 11);
	lk_histogram_observe_us(*state, SECONDS, 2000000);
	lk_histogram_observe_us(*state, SECONDS, 3600000000);
	LK_AUTO(lk_freep) char *text = printed(*state);
	expect_contains(
	    text, "call_seconds_bucket{le=\"1e-05\"} 1\ncall_seconds_bucket{le=\"2.5e-05\"} 2\n");
	expect_contains(
	    text, "call_seconds_bucket{le=\"1\"} 2\ncall_seconds_bucket{le=\"2.5\"} 3\n");
	expect_contains(text, "call_seconds_bucket{le=\"+Inf\"} 4\ncall_seconds_sum "
			      "3602.000021\ncall_seconds_count 4\n");
	assert_int_equal(lk_metric_value(*state, SECONDS), 4);
}

static void
constant_labels_stand_before_the_bucket(void **state)
{
	lk_histogram_observe_us(*state, VERIFY_SECONDS, 1);
	LK_AUTO(lk_freep) char *text = printed(*state);
	expect_contains(text, "# TYPE verify_seconds "
			      "histogram\nverify_seconds_bucket{kind=\"key\",le=\"1e-05\"} 1\n");
	expect_contains(text,
	    "verify_seconds_sum{kind=\"key\"} 0.000001\nverify_seconds_count{kind=\"key\"} 1\n");
}

static void *
count_much(void *metrics)
{
	for (int i = 0; i < 10000; i++) {
		lk_counter_add(metrics, CALLS_OK, 1);
		lk_histogram_observe_us(metrics, SECONDS, (uint64_t)i);
	}
	return NULL;
}

static void
nothing_is_lost_when_threads_count_together(void **state)
{
	pthread_t threads[4];

	for (size_t i = 0; i < LK_ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_much, *state), 0);
	for (size_t i = 0; i < LK_ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(lk_metric_value(*state, CALLS_OK), 40000);
	assert_int_equal(lk_metric_value(*state, SECONDS), 40000);
}

static void
without_metrics_counting_does_nothing(void **state)
{
	(void)state;
	lk_counter_add(NULL, 0, 1);
	lk_gauge_set(NULL, 0, 1);
	lk_gauge_add(NULL, 0, 1);
	lk_histogram_observe_us(NULL, 0, 1);
	lk_metrics_free(NULL);
}

static void
short_of_memory_there_are_no_metrics(void **state)
{
	(void)state;
	for (long n = 0;; n++) {
		lk_alloc_fail_after(n);
		LK_AUTO(lk_metrics_freep)
		struct lk_metrics *metrics = lk_metrics_new(rows, LK_ARRAY_LEN(rows));
		const bool failed = lk_alloc_failed();
		lk_alloc_fail_after(-1);
		assert_int_equal(metrics == NULL, failed);
		if (!failed)
			return;
	}
}

#define METRICS_CASE(fn) LK_CASE_WITH(fn, open_metrics, close_metrics)

LK_TESTS(METRICS_CASE(counters_and_gauges_print_under_one_head_for_each_name),
    METRICS_CASE(a_histogram_prints_cumulative_buckets_in_seconds),
    METRICS_CASE(constant_labels_stand_before_the_bucket),
    METRICS_CASE(nothing_is_lost_when_threads_count_together),
    LK_CASE(without_metrics_counting_does_nothing), LK_CASE(short_of_memory_there_are_no_metrics))
