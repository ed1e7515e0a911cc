/* Providers as rows; see provider.h. */
#include "provider.h"

#include <string.h>

struct field {
	const char *name;
	size_t offset;
	unsigned flags;
};

static const struct provider {
	const char *name;
	Latchkey__Credentials__V1__ProviderSecret__ProviderCase which;
	const struct field *fields;
	size_t count;
} providers[] = {
	{ "aws", LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__PROVIDER_AWS,
	    (const struct field[]){
		{ "access_key_id", offsetof(AwsSecretMsg, access_key_id), 0 },
		{ "secret_access_key", offsetof(AwsSecretMsg, secret_access_key),
		    LATCHKEY_FIELD_SECRET },
		{ "region", offsetof(AwsSecretMsg, region), 0 },
		{ "session_token", offsetof(AwsSecretMsg, secret_session_token),
		    LATCHKEY_FIELD_SECRET | LATCHKEY_FIELD_OPTIONAL },
	    },
	    4 },
	{ "dnanexus", LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__PROVIDER_DNANEXUS,
	    (const struct field[]){
		{ "token", offsetof(DnanexusSecretMsg, secret_token), LATCHKEY_FIELD_SECRET } },
	    1 },
};

static const struct provider *
provider_find(const char *name)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(providers); i++) {
		if (name && strcmp(providers[i].name, name) == 0)
			return &providers[i];
	}
	return NULL;
}

const char *
latchkey_provider_field(const char *provider, size_t index, unsigned *out_flags)
{
	const struct provider *found = provider_find(provider);

	if (!found || index >= found->count)
		return NULL;
	if (out_flags)
		*out_flags = found->fields[index].flags;
	return found->fields[index].name;
}

/* The inner message, in the room given. */
static void *
inner_begin(const struct provider *provider, struct provider_room *room, ProviderSecretMsg *out)
{
	latchkey__credentials__v1__provider_secret__init(out);
	out->provider_case = provider->which;
	if (provider->which == LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__PROVIDER_AWS) {
		latchkey__credentials__v1__aws_secret__init(&room->aws);
		return out->aws = &room->aws;
	}
	latchkey__credentials__v1__dnanexus_secret__init(&room->dnanexus);
	return out->dnanexus = &room->dnanexus;
}

static const void *
inner_of(const ProviderSecretMsg *secret, const struct provider *provider)
{
	if (provider->which == LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__PROVIDER_AWS)
		return secret->aws;
	return secret->dnanexus;
}

lk_status
provider_fill(const char *provider, const char *const *fields, size_t count,
    struct provider_room *room, ProviderSecretMsg *out_secret, struct lk_error *err)
{
	const struct provider *found = provider_find(provider);

	if (!found)
		return lk_fail_field(
		    err, "provider", "PROVIDER_UNKNOWN", "providers are aws and dnanexus");
	if (count > found->count)
		return lk_fail_field(
		    err, "fields", "FIELD_UNKNOWN", "%s has %zu fields", provider, found->count);
	char *inner = inner_begin(found, room, out_secret);
	for (size_t i = 0; i < found->count; i++) {
		const char *value = i < count ? fields[i] : NULL;
		if (!value && !(found->fields[i].flags & LATCHKEY_FIELD_OPTIONAL))
			return lk_fail_field(err, found->fields[i].name, "FIELD_MISSING",
			    "%s is missing", found->fields[i].name);
		*(char **)(inner + found->fields[i].offset) = (char *)(value ? value : "");
	}
	return LK_OK;
}

const char *
provider_field(const ProviderSecretMsg *secret, const char *name)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(providers); i++) {
		const struct provider *provider = &providers[i];
		for (size_t k = 0; provider->which == secret->provider_case && k < provider->count;
		     k++) {
			if (strcmp(provider->fields[k].name, name) != 0)
				continue;
			const char *value =
			    *(char *const *)((const char *)inner_of(secret, provider) +
					     provider->fields[k].offset);
			return *value ? value : NULL;
		}
	}
	return NULL;
}
