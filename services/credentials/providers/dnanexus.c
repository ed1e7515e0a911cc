/* DNAnexus: one bearer token. */
#include <stdio.h>
#include <string.h>

#include "providers/provider.h"

enum { TOKEN_MIN = 16, TOKEN_MAX = 512 };

static lk_status
dnanexus_check(const ProviderSecret *secret, struct lk_error *err)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";
	const char *token = secret->dnanexus->secret_token;
	const size_t len = strlen(token);

	/* RFC 6750 2.1: what may stand behind "Bearer ". */
	if (len < TOKEN_MIN || len > TOKEN_MAX || strspn(token, alphabet) != len)
		return lk_fail_field(err, "token", "FIELD_INVALID",
		    "token must be %d to %d letters, digits and -._~+/=", TOKEN_MIN, TOKEN_MAX);
	return LK_OK;
}

static void
dnanexus_hint(const ProviderSecret *secret, char out[PROVIDER_HINT_SIZE])
{
	const char *token = secret->dnanexus->secret_token;

	snprintf(out, PROVIDER_HINT_SIZE, "…%s", token + strlen(token) - 4);
}

const struct provider provider_dnanexus = {
	.name = "dnanexus",
	.kind = LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__PROVIDER_DNANEXUS,
	.check = dnanexus_check,
	.hint = dnanexus_hint,
};
