/*
 * The providers whose credentials we keep. A provider is one file here and one row in providers.c:
 * its fields and their checks, and what a list may show of it.
 */
#ifndef LK_CREDENTIALS_PROVIDER_H
#define LK_CREDENTIALS_PROVIDER_H

#include "base/base.h"
#include "latchkey/credentials/v1/credentials.pb-c.h"

enum { PROVIDER_HINT_SIZE = 64 };

typedef Latchkey__Credentials__V1__ProviderSecret ProviderSecret;

struct provider {
	const char *name; /* "aws" */
	Latchkey__Credentials__V1__ProviderSecret__ProviderCase
	    kind; /* which member of ProviderSecret */
	/* INVALID_ARGUMENT naming the field, FIELD_INVALID; never quotes a secret. `secret` is of
	 * this kind. */
	lk_status (*check)(const ProviderSecret *secret, struct lk_error *err);
	/* What tells one credential from another without giving it away. `secret` has passed the
	 * check. */
	void (*hint)(const ProviderSecret *secret, char out[PROVIDER_HINT_SIZE]);
	/* Does it end by itself at the provider? NULL: none does. */
	bool (*is_session)(const ProviderSecret *secret);
};

const struct provider *provider_find(const char *name); /* NULL: not one of ours */

/* INVALID_ARGUMENT PROVIDER_UNKNOWN naming `provider` and the list of those we know. */
lk_status provider_require(const char *name, const struct provider **out, struct lk_error *err);

/* The secret is of this provider's kind and passes its checks. */
lk_status provider_check(
    const struct provider *provider, const ProviderSecret *secret, struct lk_error *err);

extern const struct provider provider_aws, provider_dnanexus, provider_s3;

#endif
