/* A number for each method and code; see call_counts.h. */
#include "daemon/call_counts.h"

#include <stdatomic.h>
#include <stdio.h>

enum { TABLES_MAX = 16, CODES = LK_UNAUTHENTICATED + 1, LABELS_SIZE = 128 };
enum { DURATION };

_Static_assert(LK_UNAUTHENTICATED == 16, "the last of gRPC's codes");

static const struct lk_metric_row rows[] = {
	[DURATION] = { LK_METRIC_HISTOGRAM, "latchkey_call_duration_seconds",
	    "From the arrival of a call to its answer." },
};

struct table {
	const struct lk_method_table *methods;
	atomic_uint_fast64_t *counts; /* CODES for each method */
};

struct lk_call_counts {
	struct table tables[TABLES_MAX];
	size_t count;
	atomic_uint_fast64_t unknown; /* of no method: unreadable, or of another version */
	struct lk_metrics *metrics;
};

struct lk_call_counts *
lk_call_counts_new(const struct lk_service *services, size_t count)
{
	struct lk_call_counts *counts = LK_ALLOC(struct lk_call_counts);

	if (!counts)
		return NULL;
	counts->metrics = lk_metrics_new(rows, LK_ARRAY_LEN(rows));
	bool whole = counts->metrics != NULL;
	for (size_t i = 0; i < count && i < TABLES_MAX && whole; i++) {
		struct table *table = &counts->tables[counts->count++];
		table->methods = services[i].table;
		table->counts =
		    lk_alloc_array(table->methods->count * CODES, sizeof *table->counts);
		whole = table->counts != NULL;
	}
	if (whole)
		return counts;
	lk_call_counts_free(counts);
	return NULL;
}

void
lk_call_counts_free(struct lk_call_counts *counts)
{
	if (!counts)
		return;
	for (size_t i = 0; i < counts->count; i++)
		lk_free(counts->tables[i].counts);
	lk_metrics_free(counts->metrics);
	lk_free(counts);
}

static atomic_uint_fast64_t *
place_of(struct lk_call_counts *counts, const struct lk_method *row, lk_status status)
{
	for (size_t i = 0; row && i < counts->count && (unsigned)status < CODES; i++) {
		const struct lk_method_table *methods = counts->tables[i].methods;
		if (row >= methods->methods && row < methods->methods + methods->count)
			return counts->tables[i].counts + (size_t)(row - methods->methods) * CODES +
			       status;
	}
	return &counts->unknown;
}

void
lk_call_counts_note(struct lk_call_counts *counts, const struct lk_finished *finished)
{
	if (!counts)
		return;
	atomic_fetch_add_explicit(place_of(counts, lk_call_row(finished->call), finished->status),
	    1, memory_order_relaxed);
	lk_histogram_observe_us(counts->metrics, DURATION,
	    finished->duration_us > 0 ? (uint64_t)finished->duration_us : 0);
}

static void
tell_method(const struct table *table, size_t method, struct lk_families *out, const char *name)
{
	char labels[LABELS_SIZE];

	for (size_t code = 0; code < CODES; code++) {
		const uint64_t n = atomic_load(&table->counts[method * CODES + code]);
		snprintf(labels, sizeof labels, "method=\"%s\",code=\"%s\"",
		    table->methods->methods[method].rpc, lk_status_name((lk_status)code));
		if (n > 0)
			lk_families_counter(out, name, "Calls answered.", labels, n);
	}
}

void
lk_call_counts_tell(const struct lk_call_counts *counts, struct lk_families *out)
{
	static const char name[] = "latchkey_calls_total";

	lk_families_counter(out, name, "Calls answered.", "method=\"unknown\",code=\"any\"",
	    atomic_load(&counts->unknown));
	for (size_t i = 0; i < counts->count; i++)
		for (size_t m = 0; m < counts->tables[i].methods->count; m++)
			tell_method(&counts->tables[i], m, out, name);
	lk_families_metrics(out, counts->metrics);
}
