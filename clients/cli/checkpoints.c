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

static latchkey_status
read_lines(struct cli *cli, FILE *file, const char *instance, struct checkpoints *out)
{
	char line[1024];

	while (fgets(line, sizeof line, file)) {
		struct lk_checkpoint one;
		if (!lk_checkpoint_read(line, &one) || strcmp(one.instance, instance) != 0)
			continue;
		if (!add(out, &one))
			return cli_refuse(
			    cli, LATCHKEY_RESOURCE_EXHAUSTED, "", "OUT_OF_MEMORY", "out of memory");
	}
	if (ferror(file))
		return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "checkpoints",
		    "CHECKPOINTS_UNREADABLE", "the file of checkpoints cannot be read");
	return LATCHKEY_OK;
}

latchkey_status
checkpoints_load(struct cli *cli, const char *path, const char *instance, struct checkpoints *out)
{
	if (!path)
		return LATCHKEY_OK;
	FILE *file = fopen(path, "re");
	if (!file)
		return errno == ENOENT
			   ? cli_refuse(cli, LATCHKEY_NOT_FOUND, "checkpoints",
				 "CHECKPOINTS_MISSING", "the file of checkpoints is not there")
			   : cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "checkpoints",
				 "CHECKPOINTS_UNREADABLE",
				 "the file of checkpoints cannot be opened");
	const latchkey_status status = read_lines(cli, file, instance, out);
	fclose(file);
	return status;
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
