/* Reading our own tokens. */
#include "own_token.h"

#include <string.h>

lk_status
own_token_read(const struct tokens *tokens, const char *text, enum own_token_audience audience,
    struct lk_claims *out_claims)
{
	const char *const audiences[] = { tokens->rules.platform_audience,
		tokens->rules.own_audience };
	const size_t count = audience == OWN_TOKEN_ANY ? LK_ARRAY_LEN(audiences) : 1;
	LK_AUTO(signing_set_unrefp) struct signing_set *set = signer_set(tokens->signer);
	struct lk_token_rules rules = { .issuer = tokens->rules.issuer,
		.typ = tokens->rules.typ,
		.clock = tokens->host->clock };

	for (size_t i = 0; i < count; i++) {
		rules.audience = audiences[i];
		if (lk_token_verify(text, strlen(text), signing_set_jwks(set), &rules, out_claims,
			NULL) == LK_OK)
			return lk_revoked_has(tokens->revoked, out_claims->token)
				   ? LK_UNAUTHENTICATED
				   : LK_OK;
	}
	return LK_UNAUTHENTICATED;
}
