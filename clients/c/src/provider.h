/* What each provider's credential is made of, and where that stands in the sealed message. Adding a
 * provider is adding a row. */
#ifndef LATCHKEY_PROVIDER_H
#define LATCHKEY_PROVIDER_H

#include "object.h"

/* Room for the inner message of one ProviderSecret. */
union provider_room {
	AwsSecretMsg aws;
	DnanexusSecretMsg dnanexus;
	S3SecretMsg s3;
};

/* Fields by position into a message that borrows them. INVALID_ARGUMENT PROVIDER_UNKNOWN,
 * FIELD_MISSING naming the field. */
lk_status provider_fill(const char *provider, const char *const *fields, size_t count,
    union provider_room *room, ProviderSecretMsg *out_secret, struct lk_error *err);

/* A field by name; NULL when the secret has none, or it is empty. */
const char *provider_field(const ProviderSecretMsg *secret, const char *name);

#endif
