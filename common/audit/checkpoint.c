/* latchkey-audit-head v1 INSTANCE SERVICE SEQUENCE HASH SIGNED-AT-MS SIGNATURE; the hash and the
 * signature in hexadecimal. */
#include "audit/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/encode.h"

static const char name[] = "latchkey-audit-head", opening[] = "latchkey-audit-head v1 ";

size_t
lk_checkpoint_write(const struct lk_checkpoint *c, char out[LK_CHECKPOINT_SIZE])
{
	char hash[2 * sizeof c->hash + 1], signature[2 * sizeof c->signature + 1];

	lk_hex_encode(lk_bytes(c->hash, sizeof c->hash), hash);
	lk_hex_encode(lk_bytes(c->signature, sizeof c->signature), signature);
	return (size_t)snprintf(out, LK_CHECKPOINT_SIZE, "%s%s %s %" PRIu64 " %s %" PRId64 " %s",
	    opening, c->instance, c->service, c->sequence, hash, c->signed_at_ms, signature);
}

static bool
hex_read(const char *text, uint8_t *out, size_t size)
{
	size_t len = 0;

	return lk_hex_decode(lk_bytes_of(text), out, size, &len) && len == size;
}

static bool
read_exactly(const char *at, struct lk_checkpoint *out)
{
	struct lk_checkpoint c = { .sequence = 0 };
	char hash[2 * sizeof c.hash + 1], signature[2 * sizeof c.signature + 1];
	char again[LK_CHECKPOINT_SIZE];

	if (strncmp(at, opening, strlen(opening)) != 0 ||
	    sscanf(at + strlen(opening),
		"%32[a-z0-9-] %32[a-z0-9-] %" SCNu64 " %64[0-9a-f] %" SCNd64 " %128[0-9a-f]",
		c.instance, c.service, &c.sequence, hash, &c.signed_at_ms, signature) != 6 ||
	    !hex_read(hash, c.hash, sizeof c.hash) ||
	    !hex_read(signature, c.signature, sizeof c.signature))
		return false;
	const size_t len = lk_checkpoint_write(&c, again);
	if (strncmp(at, again, len) != 0 || (at[len] != '\0' && at[len] != '\n'))
		return false;
	*out = c;
	return true;
}

enum lk_checkpoint_line
lk_checkpoint_read(const char *line, struct lk_checkpoint *out)
{
	const char *at = strstr(line, name);

	if (!at)
		return LK_CHECKPOINT_NONE;
	return read_exactly(at, out) ? LK_CHECKPOINT_READ : LK_CHECKPOINT_BROKEN;
}

bool
lk_checkpoint_is_bare(const char *line)
{
	return strncmp(line, name, strlen(name)) == 0;
}
