/* Prefixed ULIDs; see id.h. */
#include "id/id.h"

#include <string.h>

enum { PREFIX_LEN = 4, TIME_CHARS = 10, RANDOM_CHARS = 16, RANDOM_BYTES = 10 };

static const char alphabet[] =
    "0123456789abcdefghjkmnpqrstvwxyz"; /* Crockford's base32: no i, l, o, u */

const char *
lk_id_prefix(enum lk_id_kind kind)
{
	static const char *const prefixes[LK_ID_KIND_COUNT_] = {
		[LK_ID_TENANT] = "tnt_",
		[LK_ID_USER] = "usr_",
		[LK_ID_PRINCIPAL] = "prn_",
		[LK_ID_ROLE] = "rol_",
		[LK_ID_WORKGROUP] = "wkg_",
		[LK_ID_KEY] = "key_",
		[LK_ID_SESSION] = "ses_",
		[LK_ID_TICKET] = "tkt_",
		[LK_ID_CREDENTIAL] = "crd_",
		[LK_ID_TOKEN] = "jti_",
		[LK_ID_REQUEST] = "req_",
		[LK_ID_EVENT] = "evt_",
		[LK_ID_LEASE] = "lea_",
	};

	return prefixes[kind];
}

/* The low 5 * chars bits, most significant first. */
static void
encode(uint64_t value, char *out, int chars)
{
	for (int i = chars - 1; i >= 0; i--, value >>= 5)
		out[i] = alphabet[value & 31];
}

static uint64_t
bits40(const uint8_t *bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < 5; i++)
		value = value << 8 | bytes[i];
	return value;
}

void
lk_id_make(enum lk_id_kind kind, const struct lk_clock *clock, const struct lk_random *random,
    char out[LK_ID_SIZE])
{
	uint8_t bytes[RANDOM_BYTES];
	const uint64_t now_ms = (uint64_t)lk_clock_wall_ms(clock) & ((UINT64_C(1) << 48) - 1);

	lk_random_fill(random, bytes, sizeof bytes);
	memcpy(out, lk_id_prefix(kind), PREFIX_LEN);
	encode(now_ms, out + PREFIX_LEN, TIME_CHARS);
	encode(bits40(bytes), out + PREFIX_LEN + TIME_CHARS, RANDOM_CHARS / 2);
	encode(
	    bits40(bytes + 5), out + PREFIX_LEN + TIME_CHARS + RANDOM_CHARS / 2, RANDOM_CHARS / 2);
	out[LK_ID_LEN] = '\0';
}

bool
lk_id_ok(enum lk_id_kind kind, const char *text)
{
	if (text == NULL || strncmp(text, lk_id_prefix(kind), PREFIX_LEN) != 0)
		return false;
	if (strnlen(text, LK_ID_SIZE) != LK_ID_LEN ||
	    text[PREFIX_LEN] > '7') /* 48 bits end below 8000000000 */
		return false;
	return strspn(text + PREFIX_LEN, alphabet) == LK_ULID_LEN;
}
