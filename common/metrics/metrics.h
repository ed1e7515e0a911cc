/* Counters, gauges and histograms as rows of a process's metrics.def: lock-free to write, printed
 * as Prometheus text by families.h. */
#ifndef LK_METRICS_H
#define LK_METRICS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/scope.h"

/*
 * A row is LK_METRIC(kind, id, "name", "help"), kind one of COUNTER, GAUGE, HISTOGRAM. The name may
 * carry constant labels: latchkey_calls_total{status="OK"}; rows of one name stand together and
 * share their help. Histograms observe microseconds, their name ends in _seconds.
 */
enum lk_metric_kind { LK_METRIC_COUNTER, LK_METRIC_GAUGE, LK_METRIC_HISTOGRAM };

struct lk_metric_row {
	enum lk_metric_kind kind;
	const char *name, *help;
};

/* README.md shows how metrics.def becomes the enum of ids and this table. */
struct lk_metrics;

struct lk_metrics *lk_metrics_new(const struct lk_metric_row *rows,
    size_t count); /* rows: borrowed. NULL without memory. Yours. */
void lk_metrics_free(struct lk_metrics *metrics);
LK_DEFINE_FREEP(lk_metrics_freep, struct lk_metrics *, lk_metrics_free)

/* `id` is the row's position. Any thread, without locks; metrics NULL does nothing. */
void lk_counter_add(struct lk_metrics *metrics, size_t id, uint64_t n);
void lk_gauge_set(struct lk_metrics *metrics, size_t id, int64_t value);
void lk_gauge_add(struct lk_metrics *metrics, size_t id, int64_t delta);
void lk_histogram_observe_us(struct lk_metrics *metrics, size_t id, uint64_t us);

/* What a counter or gauge stands at; of a histogram, how often it observed. */
int64_t lk_metric_value(const struct lk_metrics *metrics, size_t id);

/* Each sample of each row, in order, under the name without labels: metrics/families.h prints them.
 * A snapshot of each number, not of all at one moment. */
struct lk_sample;
typedef void lk_sample_fn(
    void *user, const struct lk_metric_row *row, const char *name, const struct lk_sample *sample);
void lk_metrics_each(const struct lk_metrics *metrics, lk_sample_fn *each, void *user);

#endif
