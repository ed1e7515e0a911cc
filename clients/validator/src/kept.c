/* A count of references and bytes behind it; see kept.h. */
#include "kept.h"

#include <arpa/inet.h>
#include <stdatomic.h>

struct kept {
	atomic_uint references;
	char source_address[LK_USE_SOURCE_SIZE];
	size_t len;
	uint8_t bytes[];
};

struct kept *
kept_new(size_t len)
{
	struct kept *kept = lk_alloc(sizeof *kept + len);

	if (!kept)
		return NULL;
	atomic_init(&kept->references, 1);
	kept->len = len;
	return kept;
}

struct kept *
kept_ref(struct kept *kept)
{
	if (kept)
		atomic_fetch_add_explicit(&kept->references, 1, memory_order_relaxed);
	return kept;
}

void
kept_unref(struct kept *kept)
{
	if (!kept || atomic_fetch_sub(&kept->references, 1) != 1)
		return;
	lk_wipe(kept->bytes, kept->len);
	lk_free(kept);
}

void
kept_set_source(struct kept *kept, const char *source_address)
{
	uint8_t address[16];

	if (inet_pton(AF_INET, source_address, address) == 1 ||
	    inet_pton(AF_INET6, source_address, address) == 1)
		LK_IGNORE(!lk_text_copy(
		    kept->source_address, sizeof kept->source_address, source_address));
}

const char *
kept_source(const struct kept *kept)
{
	return kept->source_address;
}

uint8_t *
kept_bytes(struct kept *kept)
{
	return kept->bytes;
}
