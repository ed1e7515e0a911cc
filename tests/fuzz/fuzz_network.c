/* Networks: a list that reads is what it writes, and each of it lies within itself. */
#include <stdlib.h>
#include <string.h>

#include "auth/network.h"
#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	LK_AUTO(lk_freep) char *text = lk_text_dup_n(data, len);
	char once[LK_NETWORKS_TEXT_SIZE], twice[LK_NETWORKS_TEXT_SIZE];
	struct lk_networks list, again;

	if (!lk_networks_read(text, &list))
		return 0;
	lk_networks_text(&list, once);
	must(lk_networks_read(once, &again) && again.count == list.count);
	lk_networks_text(&again, twice);
	must(strcmp(once, twice) == 0);
	must(list.count == 0 || lk_networks_within(&list, again.items, again.count));
	must(lk_networks_allow(list.items, list.count, "") == (list.count == 0));
	return 0;
}
