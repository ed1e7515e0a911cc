/* See checkpoints.h. */
#include "checkpoints.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void
checkpoints_free(struct checkpoints *checkpoints)
{
	lk_free(checkpoints->at);
}

static bool
add(struct checkpoints *all, const struct lk_checkpoint *one)
{
	if (all->count == all->room) {
		const size_t room = all->room > 0 ? 2 * all->room : 64;
		struct lk_checkpoint *at = lk_realloc(all->at, room * sizeof *at);
		if (!at)
			return false;
		all->at = at;
		all->room = room;
	}
	all->at[all->count++] = *one;
	return true;
}

/* What a file holds, line by line. */
struct reading {
	FILE *file;
	char *line;
	size_t room, number;
	size_t other;  /* the first line that is no checkpoint; 0: none */
	bool has_bare; /* a line without what a log puts there: nothing else belongs into the file
			*/
};

static void
reading_end(struct reading *reading)
{
	if (reading->file)
		fclose(reading->file);
	lk_free(reading->line);
}

static bool
next_line(struct reading *reading)
{
	const ssize_t len = getline(&reading->line, &reading->room, reading->file);

	for (ssize_t i = 0; i < len; i++) {
		if (reading->line[i] == '\0')
			reading->line[i] = '?'; /* hides nothing behind it */
	}
	reading->number++;
	return len > 0;
}

static latchkey_status
broken(struct cli *cli, size_t line)
{
	return cli_refuse(cli, LATCHKEY_DATA_LOSS, "checkpoints", "CHECKPOINT_BROKEN",
	    "line %zu of the file of checkpoints is not as a service wrote it", line);
}

static latchkey_status
take_line(struct cli *cli, struct reading *reading, const char *instance, struct checkpoints *out)
{
	struct lk_checkpoint one;
	const enum lk_checkpoint_line holds = lk_checkpoint_read(reading->line, &one);

	if (holds == LK_CHECKPOINT_BROKEN)
		return broken(cli, reading->number);
	if (holds == LK_CHECKPOINT_NONE && reading->other == 0 && *reading->line != '\n')
		reading->other = reading->number;
	reading->has_bare = reading->has_bare || lk_checkpoint_is_bare(reading->line);
	if (holds == LK_CHECKPOINT_READ && strcmp(one.instance, instance) == 0 && !add(out, &one))
		return cli_refuse(
		    cli, LATCHKEY_RESOURCE_EXHAUSTED, "", "OUT_OF_MEMORY", "out of memory");
	return LATCHKEY_OK;
}

static latchkey_status
read_lines(struct cli *cli, struct reading *reading, const char *instance, struct checkpoints *out)
{
	while (next_line(reading)) {
		const latchkey_status status = take_line(cli, reading, instance, out);
		if (status != LATCHKEY_OK)
			return status;
	}
	if (ferror(reading->file))
		return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "checkpoints",
		    "CHECKPOINTS_UNREADABLE", "the file of checkpoints cannot be read");
	return reading->has_bare && reading->other > 0 ? broken(cli, reading->other) : LATCHKEY_OK;
}

latchkey_status
checkpoints_load(struct cli *cli, const char *path, const char *instance, struct checkpoints *out)
{
	if (!path)
		return LATCHKEY_OK;
	LK_AUTO(reading_end) struct reading reading = { .file = fopen(path, "re") };
	if (!reading.file)
		return errno == ENOENT
			   ? cli_refuse(cli, LATCHKEY_NOT_FOUND, "checkpoints",
				 "CHECKPOINTS_MISSING", "the file of checkpoints is not there")
			   : cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "checkpoints",
				 "CHECKPOINTS_UNREADABLE",
				 "the file of checkpoints cannot be opened");
	return read_lines(cli, &reading, instance, out);
}

bool
checkpoints_have(const struct checkpoints *checkpoints, const char *service)
{
	for (size_t i = 0; i < checkpoints->count; i++) {
		if (strcmp(checkpoints->at[i].service, service) == 0)
			return true;
	}
	return false;
}

static int
by_sequence(const void *a, const void *b)
{
	const latchkey_audit_head *x = a, *y = b;

	return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

static bool
is_signed(const struct lk_checkpoint *c, const uint8_t public_key[32])
{
	return lk_chain_head_ok(public_key, c->instance, c->service, c->sequence, c->hash,
	    c->signed_at_ms, c->signature);
}

latchkey_status
checkpoints_of(struct cli *cli, const struct checkpoints *checkpoints, const char *service,
    const uint8_t public_key[32], const latchkey_audit_head *remembered, latchkey_audit_head **out,
    size_t *out_count)
{
	latchkey_audit_head *heads = lk_alloc((checkpoints->count + 1) * sizeof *heads);
	size_t count = 0;

	if (!heads)
		return cli_refuse(
		    cli, LATCHKEY_RESOURCE_EXHAUSTED, "", "OUT_OF_MEMORY", "out of memory");
	if (remembered)
		heads[count++] = *remembered;
	for (size_t i = 0; i < checkpoints->count; i++) {
		const struct lk_checkpoint *one = &checkpoints->at[i];
		if (strcmp(one->service, service) != 0)
			continue;
		if (!is_signed(one, public_key)) {
			lk_free(heads);
			return cli_refuse(cli, LATCHKEY_DATA_LOSS, "", "AUDIT_CHECKPOINT_FORGED",
			    "%s did not sign its checkpoint of row %llu", service,
			    (unsigned long long)one->sequence);
		}
		if (one->sequence == 0)
			continue; /* every chain contains its beginning */
		heads[count].sequence = one->sequence;
		memcpy(heads[count++].hash, one->hash, sizeof one->hash);
	}
	qsort(heads, count, sizeof *heads, by_sequence);
	*out = heads;
	*out_count = count;
	return LATCHKEY_OK;
}
