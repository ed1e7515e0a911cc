/* latchkey-audit-head v1 INSTANCE SERVICE SEQUENCE HASH SIGNED-AT-MS SIGNATURE; the last two of
 * bytes in hexadecimal. */
#include "audit/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/alloc.h"
#include "crypto/encode.h"

static const char opening[] = "latchkey-audit-head v1 ";

/* ---- A line ---- */

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

bool
lk_checkpoint_read(const char *line, struct lk_checkpoint *out)
{
	struct lk_checkpoint c = { .sequence = 0 };
	char hash[2 * sizeof c.hash + 1], signature[2 * sizeof c.signature + 1];
	char again[LK_CHECKPOINT_SIZE];
	const char *at = strstr(line, opening);

	if (!at ||
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

/* ---- The place ---- */

struct lk_checkpoints {
	int fd; /* -1: the system's log */
};

static lk_status
unwritable(struct lk_error *err)
{
	return lk_fail(err, LK_UNAVAILABLE, "CHECKPOINTS_UNWRITABLE",
	    "the file of audit checkpoints cannot be written: %s", strerrordesc_np(errno));
}

lk_status
lk_checkpoints_open(
    const char *place, struct lk_checkpoints **out_checkpoints, struct lk_error *err)
{
	LK_AUTO(lk_checkpoints_closep)
	struct lk_checkpoints *checkpoints = LK_ALLOC(struct lk_checkpoints);

	if (!checkpoints)
		return lk_fail_oom(err);
	checkpoints->fd = -1;
	if (strncmp(place, "file:/", 6) == 0) {
		checkpoints->fd = open(place + 5,
		    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
		if (checkpoints->fd < 0)
			return unwritable(err);
	} else if (strcmp(place, "syslog") != 0)
		return lk_fail(err, LK_INVALID_ARGUMENT, "CHECKPOINTS_INVALID",
		    "audit checkpoints go to file:/PATH or syslog");
	*out_checkpoints = LK_TAKE(checkpoints);
	return LK_OK;
}

lk_status
lk_checkpoints_add(struct lk_checkpoints *checkpoints, const struct lk_checkpoint *checkpoint,
    struct lk_error *err)
{
	char line[LK_CHECKPOINT_SIZE + 1];
	const size_t len = lk_checkpoint_write(checkpoint, line);

	if (checkpoints->fd < 0) {
		syslog(LOG_AUTHPRIV | LOG_NOTICE, "%s", line);
		return LK_OK;
	}
	line[len] = '\n';
	if (write(checkpoints->fd, line, len + 1) != (ssize_t)len + 1 ||
	    fdatasync(checkpoints->fd) != 0)
		return unwritable(err);
	return LK_OK;
}

void
lk_checkpoints_close(struct lk_checkpoints *checkpoints)
{
	if (!checkpoints)
		return;
	if (checkpoints->fd >= 0)
		close(checkpoints->fd);
	lk_free(checkpoints);
}
