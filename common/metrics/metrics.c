/* One cache line for each number, so that threads that count different things do not meet; see
 * metrics.h. */
#include "metrics/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { CACHE_LINE = 64 };

static const uint64_t bounds_us[] = { 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000,
	50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000 };
enum { BOUNDS = LK_ARRAY_LEN(bounds_us) };

struct histogram {
	_Atomic uint64_t buckets[BOUNDS + 1]; /* not cumulative; the last is +Inf */
	_Atomic uint64_t sum_us;
};

struct cell {
	_Alignas(CACHE_LINE) _Atomic int64_t value; /* counter or gauge */
	struct histogram *histogram;                /* or this */
};

struct lk_metrics {
	const struct lk_metric_row *rows;
	size_t count;
	void *memory;
	struct cell *cells; /* in `memory`, at a cache line */
};

static bool
cells_init(struct lk_metrics *m)
{
	m->memory = lk_alloc_array(m->count + 1, sizeof *m->cells);
	if (m->memory == NULL)
		return false;
	m->cells =
	    (struct cell *)(((uintptr_t)m->memory + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
	for (size_t i = 0; i < m->count; i++) {
		if (m->rows[i].kind != LK_METRIC_HISTOGRAM)
			continue;
		m->cells[i].histogram = LK_ALLOC(struct histogram);
		if (m->cells[i].histogram == NULL)
			return false;
	}
	return true;
}

struct lk_metrics *
lk_metrics_new(const struct lk_metric_row *rows, size_t count)
{
	LK_AUTO(lk_metrics_freep) struct lk_metrics *m = LK_ALLOC(struct lk_metrics);

	if (m == NULL)
		return NULL;
	m->rows = rows;
	m->count = count;
	return cells_init(m) ? LK_TAKE(m) : NULL;
}

void
lk_metrics_free(struct lk_metrics *metrics)
{
	if (metrics == NULL)
		return;
	for (size_t i = 0; metrics->cells != NULL && i < metrics->count; i++)
		lk_free(metrics->cells[i].histogram);
	lk_free(metrics->memory);
	lk_free(metrics);
}

void
lk_counter_add(struct lk_metrics *metrics, size_t id, uint64_t n)
{
	lk_gauge_add(metrics, id, (int64_t)n);
}

void
lk_gauge_set(struct lk_metrics *metrics, size_t id, int64_t value)
{
	if (metrics != NULL)
		atomic_store_explicit(&metrics->cells[id].value, value, memory_order_relaxed);
}

void
lk_gauge_add(struct lk_metrics *metrics, size_t id, int64_t delta)
{
	if (metrics != NULL)
		atomic_fetch_add_explicit(&metrics->cells[id].value, delta, memory_order_relaxed);
}

void
lk_histogram_observe_us(struct lk_metrics *metrics, size_t id, uint64_t us)
{
	size_t bucket = 0;

	if (metrics == NULL)
		return;
	while (bucket < BOUNDS && us > bounds_us[bucket])
		bucket++;
	struct histogram *h = metrics->cells[id].histogram;
	atomic_fetch_add_explicit(&h->buckets[bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->sum_us, us, memory_order_relaxed);
}

static uint64_t
histogram_count(const struct histogram *h)
{
	uint64_t count = 0;

	for (size_t i = 0; i <= BOUNDS; i++)
		count += atomic_load_explicit(&h->buckets[i], memory_order_relaxed);
	return count;
}

int64_t
lk_metric_value(const struct lk_metrics *metrics, size_t id)
{
	const struct cell *cell = &metrics->cells[id];

	return cell->histogram != NULL ? (int64_t)histogram_count(cell->histogram)
				       : atomic_load_explicit(&cell->value, memory_order_relaxed);
}

/* A name is its base and, between braces, its constant labels. */
struct name {
	const char *base, *labels;
	int base_len, labels_len;
};

static struct name
name_split(const char *text)
{
	const size_t len = strcspn(text, "{");
	const size_t rest = strlen(text + len);

	return (
	    struct name){ text, text + len + (rest > 0), (int)len, rest >= 2 ? (int)rest - 2 : 0 };
}

static void
print_head(const struct lk_metric_row *row, const struct lk_metric_row *before, FILE *out)
{
	static const char *const kinds[] = { "counter", "gauge", "histogram" };
	const struct name name = name_split(row->name);

	if (before != NULL && name_split(before->name).base_len == name.base_len &&
	    strncmp(before->name, row->name, (size_t)name.base_len) == 0)
		return;
	fprintf(out, "# HELP %.*s %s\n# TYPE %.*s %s\n", name.base_len, name.base, row->help,
	    name.base_len, name.base, kinds[row->kind]);
}

static void
print_histogram(const struct lk_metric_row *row, const struct histogram *h, FILE *out)
{
	const struct name name = name_split(row->name);
	const char *comma = name.labels_len > 0 ? "," : "";
	const uint64_t sum_us = atomic_load_explicit(&h->sum_us, memory_order_relaxed);
	uint64_t count = 0;

	for (size_t i = 0; i <= BOUNDS; i++) {
		char bound[24] = "+Inf";
		if (i < BOUNDS)
			snprintf(bound, sizeof bound, "%g", (double)bounds_us[i] / 1e6);
		count += atomic_load_explicit(&h->buckets[i], memory_order_relaxed);
		fprintf(out, "%.*s_bucket{%.*s%sle=\"%s\"} %" PRIu64 "\n", name.base_len, name.base,
		    name.labels_len, name.labels, comma, bound, count);
	}
	const char *labels = row->name + name.base_len;
	fprintf(out, "%.*s_sum%s %" PRIu64 ".%06" PRIu64 "\n", name.base_len, name.base, labels,
	    sum_us / 1000000, sum_us % 1000000);
	fprintf(out, "%.*s_count%s %" PRIu64 "\n", name.base_len, name.base, labels, count);
}

void
lk_metrics_write_prometheus(const struct lk_metrics *metrics, FILE *out)
{
	for (size_t i = 0; i < metrics->count; i++) {
		const struct lk_metric_row *row = &metrics->rows[i];
		print_head(row, i == 0 ? NULL : row - 1, out);
		if (row->kind == LK_METRIC_HISTOGRAM)
			print_histogram(row, metrics->cells[i].histogram, out);
		else
			fprintf(out, "%s %" PRId64 "\n", row->name, lk_metric_value(metrics, i));
	}
}
