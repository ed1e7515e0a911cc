/* Durations and instants: whatever is accepted lies in range, and an instant prints so that it
 * reads back. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "time/duration.h"
#include "time/instant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
reads_back(int64_t at_ms)
{
	char text[LK_INSTANT_SIZE];
	int64_t again = 0;

	lk_instant_format(at_ms, text);
	must(lk_instant_parse("at", text, &again, NULL) == LK_OK && again == at_ms);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	LK_AUTO(lk_freep) char *text = lk_text_dup_n(data, len);
	struct lk_ttl ttl = { LK_TTL_NEVER, 0 };
	int64_t ms = 1;

	if (lk_ttl_parse("ttl", text, &ttl, NULL) == LK_OK)
		must((ttl.ms == 0) == (ttl.kind == LK_TTL_NEVER) && ttl.ms >= 0 &&
		     ttl.ms <= LK_INSTANT_MAX_MS);
	if (lk_duration_parse("ttl", text, &ms, NULL) == LK_OK)
		must(ttl.kind == LK_TTL_DURATION && ttl.ms == ms);
	if (lk_instant_parse("at", text, &ms, NULL) == LK_OK)
		reads_back(ms);
	return 0;
}
