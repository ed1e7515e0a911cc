/* UTF-8, ids and the JSON writer over any bytes: what one of them accepts, the others agree on. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/json.h"
#include "id/id.h"

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
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };
	const struct lk_bytes view = lk_bytes(data, len);

	must(!lk_text_printable(view) || lk_utf8_ok(view));
	must(!lk_utf8_ok(view) || lk_utf8_count(view) <= len);
	for (enum lk_id_kind kind = 0; kind < LK_ID_KIND_COUNT_; kind++)
		must(!lk_id_ok(kind, text) ||
		     (strlen(text) == LK_ID_LEN && lk_text_printable(lk_bytes_of(text))));
	lk_json_bytes(&json, NULL, view);
	must(lk_utf8_ok(lk_bytes_of(lk_json_text(&json))));
	must(strlen(lk_json_text(&json)) == json.len);
	return 0;
}
