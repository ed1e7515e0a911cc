/* One cache line for each number, so that threads that count different things do not meet; see
 * metrics.h. */
#include "metrics/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "metrics/families.h"

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

/* ---- Telling ---- */

enum { NAME_SIZE = 128, LABELS_SIZE = 192 };

/* What one row is told with. */
struct telling {
	const struct lk_metric_row *row;
	char name[NAME_SIZE], labels[LABELS_SIZE];
	lk_sample_fn *each;
	void *user;
};

/* A name is its base and, between braces, its constant labels. */
static void
name_split(struct telling *telling)
{
	const char *text = telling->row->name;
	const size_t len = strcspn(text, "{"), rest = strlen(text + len);

	snprintf(telling->name, sizeof telling->name, "%.*s", (int)len, text);
	snprintf(telling->labels, sizeof telling->labels, "%.*s", rest >= 2 ? (int)rest - 2 : 0,
	    text + len + (rest > 0));
}

static void
tell(const struct telling *telling, const char *suffix, const char *labels, const char *value)
{
	const struct lk_sample sample = { suffix, labels, value, NULL };

	telling->each(telling->user, telling->row, telling->name, &sample);
}

static void
tell_histogram(const struct telling *telling, const struct histogram *h)
{
	const uint64_t sum_us = atomic_load_explicit(&h->sum_us, memory_order_relaxed);
	char labels[LABELS_SIZE + 16], value[32];
	uint64_t count = 0;

	for (size_t i = 0; i <= BOUNDS; i++) {
		char bound[24] = "+Inf";
		if (i < BOUNDS)
			snprintf(bound, sizeof bound, "%g", (double)bounds_us[i] / 1e6);
		count += atomic_load_explicit(&h->buckets[i], memory_order_relaxed);
		snprintf(labels, sizeof labels, "%s%sle=\"%.8s\"", telling->labels,
		    *telling->labels ? "," : "", bound);
		snprintf(value, sizeof value, "%" PRIu64, count);
		tell(telling, "_bucket", labels, value);
	}
	snprintf(value, sizeof value, "%" PRIu64 ".%06" PRIu64, sum_us / 1000000, sum_us % 1000000);
	tell(telling, "_sum", telling->labels, value);
	snprintf(value, sizeof value, "%" PRIu64, count);
	tell(telling, "_count", telling->labels, value);
}

void
lk_metrics_each(const struct lk_metrics *metrics, lk_sample_fn *each, void *user)
{
	struct telling telling = { .each = each, .user = user };
	char value[32];

	for (size_t i = 0; i < metrics->count; i++) {
		telling.row = &metrics->rows[i];
		name_split(&telling);
		snprintf(value, sizeof value, "%" PRId64, lk_metric_value(metrics, i));
		if (telling.row->kind == LK_METRIC_HISTOGRAM)
			tell_histogram(&telling, metrics->cells[i].histogram);
		else
			tell(&telling, "", telling.labels, value);
	}
}
