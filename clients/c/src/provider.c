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
	const ProtobufCMessageDescriptor *message;
	size_t member; /* of ProviderSecretMsg: the pointer to that message */
	const struct field *fields;
	size_t count;
} providers[] = {
	{ "aws", LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__PROVIDER_AWS,
	    &latchkey__credentials__v1__aws_secret__descriptor, offsetof(ProviderSecretMsg, aws),
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
	    &latchkey__credentials__v1__dnanexus_secret__descriptor,
	    offsetof(ProviderSecretMsg, dnanexus),
	    (const struct field[]){
		{ "token", offsetof(DnanexusSecretMsg, secret_token), LATCHKEY_FIELD_SECRET } },
	    1 },
	{ "s3", LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__PROVIDER_S3,
	    &latchkey__credentials__v1__s3_secret__descriptor, offsetof(ProviderSecretMsg, s3),
	    (const struct field[]){
		{ "endpoint", offsetof(S3SecretMsg, endpoint), 0 },
		{ "access_key_id", offsetof(S3SecretMsg, access_key_id), 0 },
		{ "secret_access_key", offsetof(S3SecretMsg, secret_access_key),
		    LATCHKEY_FIELD_SECRET },
		{ "region", offsetof(S3SecretMsg, region), 0 },
		{ "path_style", offsetof(S3SecretMsg, path_style), LATCHKEY_FIELD_OPTIONAL },
	    },
	    5 },
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
latchkey_provider_name(size_t index)
{
	return index < LK_ARRAY_LEN(providers) ? providers[index].name : NULL;
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
static char *
inner_begin(const struct provider *provider, union provider_room *room, ProviderSecretMsg *out)
{
	latchkey__credentials__v1__provider_secret__init(out);
	out->provider_case = provider->which;
	protobuf_c_message_init(provider->message, room);
	memcpy((char *)out + provider->member, &room, sizeof room);
	return (char *)room;
}

static const char *
inner_of(const ProviderSecretMsg *secret, const struct provider *provider)
{
	const char *inner;

	memcpy(&inner, (const char *)secret + provider->member, sizeof inner);
	return inner;
}

lk_status
provider_fill(const char *provider, const char *const *fields, size_t count,
    union provider_room *room, ProviderSecretMsg *out_secret, struct lk_error *err)
{
	const struct provider *found = provider_find(provider);

	if (!found)
		return lk_fail_field(err, "provider", "PROVIDER_UNKNOWN",
		    "this library knows no provider of that name");
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
			const char *value = *(
			    char *const *)(inner_of(secret, provider) + provider->fields[k].offset);
			return *value ? value : NULL;
		}
	}
	return NULL;
}
