/* See measure.h. /proc is out of reach of a process in its sandbox, so descriptors are counted by
 * poll(2), which names those that are none. */
#include "daemon/measure.h"

#include <poll.h>
#include <sys/resource.h>

#include "crypto/secret.h"

enum { DESCRIPTORS_MAX = 65536 };

static int64_t
descriptor_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_MAX
		   ? (int64_t)limit.rlim_cur
		   : DESCRIPTORS_MAX;
}

/* -1 when memory is short. */
static int64_t
descriptors_open(int64_t limit)
{
	struct pollfd *fds = lk_alloc_array((size_t)limit, sizeof *fds);
	int64_t open = 0;

	if (!fds)
		return -1;
	for (int64_t i = 0; i < limit; i++)
		fds[i].fd = (int)i;
	if (poll(fds, (nfds_t)limit, 0) < 0)
		open = -1;
	for (int64_t i = 0; i < limit && open >= 0; i++)
		open += (fds[i].revents & POLLNVAL) == 0;
	lk_free(fds);
	return open;
}

void
lk_measure_process(struct lk_families *out, const char *labels, int64_t started_at_ms)
{
	const int64_t limit = descriptor_limit(), open = descriptors_open(limit);

	lk_families_gauge(out, "latchkey_started_timestamp_seconds",
	    "When the process began (Unix time).", labels, started_at_ms / 1000);
	if (open >= 0)
		lk_families_gauge(
		    out, "latchkey_open_descriptors", "Open file descriptors.", labels, open);
	lk_families_gauge(out, "latchkey_descriptor_limit", "As many there may be.", labels, limit);
	lk_families_counter(out, "latchkey_memory_lock_failures_total",
	    "Secrets that could not be kept from the swap.", labels, lk_secret_unlocked());
}

void
lk_measure_certificate(
    struct lk_families *out, const char *labels, const char *use, int64_t ends_at_ms)
{
	char both[128];

	if (ends_at_ms == 0)
		return;
	snprintf(both, sizeof both, "%s%suse=\"%s\"", labels, *labels ? "," : "", use);
	lk_families_gauge(out, "latchkey_certificate_expiry_timestamp_seconds",
	    "When a TLS certificate ends (Unix time).", both, ends_at_ms / 1000);
}
