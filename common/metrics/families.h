/*
 * Families of samples, gathered from several places (rows of metrics.def, what a process measures
 * of itself, what other processes tell) and printed once, each under one head.
 */
#ifndef LK_METRICS_FAMILIES_H
#define LK_METRICS_FAMILIES_H

#include "base/base.h"
#include "metrics/metrics.h"

enum { LK_FAMILIES_MAX = 256, LK_SAMPLES_MAX = 16384 }; /* what is beyond is left out */

struct lk_sample {
	const char *suffix; /* "_bucket" …, or "" */
	const char *labels; /* status="OK",… without braces, or "" */
	const char *value;
	struct lk_sample *next;
};

struct lk_family {
	const char *name, *help;
	enum lk_metric_kind kind;
	size_t count;
	struct lk_sample *first, **last;
	struct lk_family *next;
};

/* Everything that is added is copied into the arena. One thread. */
struct lk_families {
	struct lk_arena *arena; /* borrowed */
	size_t count, samples;
	struct lk_family *first, **last;
};

void lk_families_init(struct lk_families *families, struct lk_arena *arena);

/* One sample. A family is known by its name: kind and help are those that came first. What finds no
 * memory or no room is left out. */
void lk_families_add(struct lk_families *families, enum lk_metric_kind kind, const char *name,
    const char *help, const struct lk_sample *sample);

/* The same of a number; `labels` may be "". */
void lk_families_gauge(struct lk_families *families, const char *name, const char *help,
    const char *labels, int64_t value);
void lk_families_counter(struct lk_families *families, const char *name, const char *help,
    const char *labels, uint64_t value);

/* All rows, as they stand. */
void lk_families_metrics(struct lk_families *families, const struct lk_metrics *metrics);

/* Prometheus text format 0.0.4. */
void lk_families_print(const struct lk_families *families, FILE *out);

#endif
