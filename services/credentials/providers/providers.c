/* The registry: one row a provider. */
#include "providers/provider.h"

#include <stdio.h>

static const struct provider *const providers[] = { &provider_aws, &provider_dnanexus,
	&provider_s3 };

const struct provider *
provider_find(const char *name)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(providers); i++)
		if (lk_text_is(name, providers[i]->name))
			return providers[i];
	return NULL;
}

/* "aws, dnanexus, s3" */
static void
names(char *out, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < LK_ARRAY_LEN(providers) && len < size; i++)
		len += (size_t)snprintf(
		    out + len, size - len, "%s%s", i > 0 ? ", " : "", providers[i]->name);
}

lk_status
provider_require(const char *name, const struct provider **out, struct lk_error *err)
{
	const struct provider *provider = provider_find(name);
	char known[128];

	if (!provider) {
		names(known, sizeof known);
		return lk_fail_field(
		    err, "provider", "PROVIDER_UNKNOWN", "provider must be one of %s", known);
	}
	*out = provider;
	return LK_OK;
}

lk_status
provider_check(const struct provider *provider, const ProviderSecret *secret, struct lk_error *err)
{
	if (secret->provider_case != provider->kind)
		return lk_fail_field(err, "secret", "PROVIDER_MISMATCH",
		    "the secret is not of provider %s", provider->name);
	return provider->check(secret, err);
}
