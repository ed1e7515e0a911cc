/* The parser of public key lines: whatever it accepts, it would have written itself, but for one
 * newline. */
#include <stdlib.h>
#include <string.h>

#include "crypto/sign.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct lk_error err;
	struct lk_peer_key peer;
	char again[LK_PEER_LINE_SIZE];

	if (lk_peer_line_parse(lk_bytes(data, len), &peer, &err) != LK_OK)
		return 0;
	len -= data[len - 1] == '\n';
	if (lk_peer_line_format(&peer, again, &err) != LK_OK || strlen(again) != len ||
	    memcmp(again, data, len) != 0)
		abort();
	return 0;
}
