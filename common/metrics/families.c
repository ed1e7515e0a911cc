/* Lists in an arena; see families.h. */
#include "metrics/families.h"

#include <inttypes.h>
#include <string.h>

void
lk_families_init(struct lk_families *families, struct lk_arena *arena)
{
	*families = (struct lk_families){ .arena = arena };
	families->last = &families->first;
}

static struct lk_family *
find(const struct lk_families *families, const char *name)
{
	struct lk_family *family = families->first;

	while (family && strcmp(family->name, name) != 0)
		family = family->next;
	return family;
}

static struct lk_family *
family_new(
    struct lk_families *families, enum lk_metric_kind kind, const char *name, const char *help)
{
	struct lk_family *family = LK_ARENA_NEW(families->arena, struct lk_family);

	if (!family || families->count == LK_FAMILIES_MAX)
		return NULL;
	*family = (struct lk_family){ .name = lk_arena_text(families->arena, name),
		.help = lk_arena_text(families->arena, help),
		.kind = kind };
	if (!family->name || !family->help)
		return NULL;
	family->last = &family->first;
	*families->last = family;
	families->last = &family->next;
	families->count++;
	return family;
}

static struct lk_sample *
sample_copy(struct lk_arena *arena, const struct lk_sample *from)
{
	struct lk_sample *sample = LK_ARENA_NEW(arena, struct lk_sample);

	if (!sample)
		return NULL;
	*sample = (struct lk_sample){ lk_arena_text(arena, from->suffix),
		lk_arena_text(arena, from->labels), lk_arena_text(arena, from->value), NULL };
	return sample->suffix && sample->labels && sample->value ? sample : NULL;
}

void
lk_families_add(struct lk_families *families, enum lk_metric_kind kind, const char *name,
    const char *help, const struct lk_sample *sample)
{
	struct lk_family *family = find(families, name);
	struct lk_sample *copy;

	if (!family)
		family = family_new(families, kind, name, help);
	if (!family || families->samples == LK_SAMPLES_MAX ||
	    !(copy = sample_copy(families->arena, sample)))
		return;
	*family->last = copy;
	family->last = &copy->next;
	family->count++;
	families->samples++;
}

enum { NUMBER_SIZE = 24 };

static void
add_number(struct lk_families *families, enum lk_metric_kind kind, const char *name,
    const char *help, const char *labels, const char *text)
{
	lk_families_add(families, kind, name, help, &(struct lk_sample){ "", labels, text, NULL });
}

void
lk_families_gauge(struct lk_families *families, const char *name, const char *help,
    const char *labels, int64_t value)
{
	char text[NUMBER_SIZE];

	snprintf(text, sizeof text, "%" PRId64, value);
	add_number(families, LK_METRIC_GAUGE, name, help, labels, text);
}

void
lk_families_counter(struct lk_families *families, const char *name, const char *help,
    const char *labels, uint64_t value)
{
	char text[NUMBER_SIZE];

	snprintf(text, sizeof text, "%" PRIu64, value);
	add_number(families, LK_METRIC_COUNTER, name, help, labels, text);
}

static void
add_row(
    void *user, const struct lk_metric_row *row, const char *name, const struct lk_sample *sample)
{
	lk_families_add(user, row->kind, name, row->help, sample);
}

void
lk_families_metrics(struct lk_families *families, const struct lk_metrics *metrics)
{
	lk_metrics_each(metrics, add_row, families);
}

void
lk_families_print(const struct lk_families *families, FILE *out)
{
	static const char *const kinds[] = { "counter", "gauge", "histogram" };

	for (const struct lk_family *f = families->first; f; f = f->next) {
		fprintf(
		    out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, kinds[f->kind]);
		for (const struct lk_sample *s = f->first; s; s = s->next)
			fprintf(out, "%s%s%s%s%s %s\n", f->name, s->suffix, *s->labels ? "{" : "",
			    s->labels, *s->labels ? "}" : "", s->value);
	}
}
