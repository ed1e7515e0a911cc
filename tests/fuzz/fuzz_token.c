/* The token verifier: of all texts only the one that was signed is a token. */
#include <stdlib.h>
#include <string.h>

#include "auth/token.h"

/* A key set whose private key is gone, and the only token it ever signed. */
static const char JWKS[] =
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ES256\",\"use\":\"sig\",\""
    "kid\":\"rwFIgVHzEnI5eEUuUWa40MtqKJPOJtr5WVPuFECaYyk\",\"x\":\"abJbqk9OHLVqxo9QrI"
    "NUVnzC0oE5JJ6vT_evilclAio\",\"y\":\"JOaFnOcGm4OJCy2vf0DvGalUUWd7cnY1Uzw9NkGE4tg\""
    "}]}";
static const char TOKEN[] =
    "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6InJ3RklnVkh6RW5JNWVFVXVVV2E0ME10"
    "cUtKUE9KdHI1V1ZQdUZFQ2FZeWsifQ.eyJpc3MiOiJodHRwczovL2xhdGNoa2V5LmV4YW1wbGUiLCJzd"
    "WIiOiJ1c3JfMDFhcnozbmRla3RzdjRycmZmcTY5ZzVmYXYiLCJhdWQiOiJsYXRjaGtleTp0ZXN0IiwiY"
    "2xpZW50X2lkIjoia2V5XzAxYXJ6M25kZWt0c3Y0cnJmZnE2OWc1ZmF2IiwiaWF0IjoxNzg5OTk5OTkwL"
    "CJuYmYiOjE3ODk5OTk5ODAsImV4cCI6MTc5MDAwMDkwMCwianRpIjoianRpXzAxYXJ6M25kZWt0c3Y0c"
    "nJmZnE2OWc1ZmF2IiwidGVuYW50IjoidG50XzAxYXJ6M25kZWt0c3Y0cnJmZnE2OWc1ZmF2Iiwic2Nvc"
    "GUiOiJhcGlfa2V5cy5tYW5hZ2Uga2V5cy52ZXJpZnkiLCJ3b3JrZ3JvdXBzIjpbIndrZ18wMWFyejNuZ"
    "GVrdHN2NHJyZmZxNjlnNWZhdiJdLCJrZXkiOiJrZXlfMDFhcnozbmRla3RzdjRycmZmcTY5ZzVmYXYiL"
    "CJnZW4iOlsxLDIsMywwXX0.FcO4VoO8-8LphKFqVrEL4j1cbFR7sjFLcUAfeUhge_75B1DIZWnBC9_0o"
    "IeIsg_GHOEmg7Om_nmJGP5PuQkQ1A";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct lk_jwks *jwks;
	struct lk_clock_frozen clock;
	struct lk_claims claims;
	char kid[LK_KID_SIZE];

	if (jwks == NULL && lk_jwks_parse(&jwks, JWKS, strlen(JWKS), NULL) != LK_OK)
		abort();
	lk_clock_frozen_init(&clock, INT64_C(1790000000000));
	const struct lk_token_rules rules = { "https://latchkey.example", "latchkey:test",
		LK_TOKEN_TYP_AT_JWT, &clock.clock };
	const bool accepted =
	    lk_token_verify((const char *)data, len, jwks, &rules, &claims, NULL) == LK_OK;
	if (accepted != (len == strlen(TOKEN) && memcmp(data, TOKEN, len) == 0))
		abort();
	if (lk_token_kid((const char *)data, len, kid) && strlen(kid) != LK_KID_SIZE - 1)
		abort();
	return 0;
}
