/* The rules of a provider credential: fields, label, purpose, duration, who may manage it. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "credentials/credential.h"

static const int64_t NOW_MS = 1700000000000;
static const int64_t DAY_MS = 24 * 60 * 60 * 1000;

static lk_status
check_aws(const char *id, const char *secret, const char *region, struct lk_error *err)
{
	Latchkey__Credentials__V1__AwsSecret aws = LATCHKEY__CREDENTIALS__V1__AWS_SECRET__INIT;
	ProviderSecret message = LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__INIT;

	aws.access_key_id = (char *)(uintptr_t)id;
	aws.secret_access_key = (char *)(uintptr_t)secret;
	aws.region = (char *)(uintptr_t)region;
	message.provider_case = LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__PROVIDER_AWS;
	message.aws = &aws;
	return provider_check(&provider_aws, &message, err);
}

static const char ID[] = "AKIAIOSFODNN7EXAMPLE";
static const char SECRET[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

static void
P9_aws_credentials_are_checked_field_by_field(void **state)
{
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(check_aws(ID, SECRET, "eu-central-1", &err), &err);
	expect_field(check_aws("akiaiosfodnn7example", SECRET, "eu-central-1", &err), &err,
	    "access_key_id", "FIELD_INVALID");
	expect_field(check_aws("AKIA", SECRET, "eu-central-1", &err), &err, "access_key_id",
	    "FIELD_INVALID");
	expect_field(check_aws("AKIAIOSFODNN7EXAMPLE\n", SECRET, "eu-central-1", &err), &err,
	    "access_key_id", "FIELD_INVALID");
	expect_field(check_aws(ID, "short", "eu-central-1", &err), &err, "secret_access_key",
	    "FIELD_INVALID");
	expect_field(
	    check_aws(ID, "wJalrXUtnFEMI K7MDENG bPxRfiCYEXAMPLEKEY", "eu-central-1", &err), &err,
	    "secret_access_key", "FIELD_INVALID");
	expect_lacks(err.message, "wJalr");
}

/* Fields that come as text: access key id, secret access key, region, session token. */
static lk_status
check_aws_row(const char *const fields[4], struct lk_error *err)
{
	Latchkey__Credentials__V1__AwsSecret aws = LATCHKEY__CREDENTIALS__V1__AWS_SECRET__INIT;
	ProviderSecret message = LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__INIT;

	aws.access_key_id = (char *)(uintptr_t)fields[0];
	aws.secret_access_key = (char *)(uintptr_t)fields[1];
	aws.region = (char *)(uintptr_t)fields[2];
	aws.secret_session_token = (char *)(uintptr_t)fields[3];
	message.provider_case = LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__PROVIDER_AWS;
	message.aws = &aws;
	return provider_check(&provider_aws, &message, err);
}

#define A15 "AKIAIOSFODNN7EX"
#define TEN "ABCDEFGHIJ"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define THOUSAND HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED

static void
P9_every_field_of_aws_has_its_shape(void **state)
{
	static const char *const names[] = { "access_key_id", "secret_access_key", "region",
		"session_token" };
	static const struct {
		int field;
		bool good;
		const char *value;
	} rows[] = {
		{ 0, true, "AKIAIOSFODNN7EXAMPLE" },
		{ 0, true, "ASIAIOSFODNN7EXAMPLE" }, /* temporary */
		{ 0, true, A15 "A" },
		{ 0, true, HUNDRED TEN TEN "ABCDEFGH" },
		{ 0, false, A15 },
		{ 0, false, HUNDRED TEN TEN "ABCDEFGHI" },
		{ 0, false, "AKIAIOSFODNN7EXAMPL/" },
		{ 0, false, "AKIAIOSFODNN7EXAMPLÉ" },
		{ 0, false, "" },
		{ 1, true, "wJalrXUtnFEMI/K7" },
		{ 1, true, "wJalrXUtnFEMI+K7MDENG/bPxRfiCYEXAMPLEKE=" },
		{ 1, false, "wJalrXUtnFEMI/K" },
		{ 1, false, HUNDRED TEN TEN "ABCDEFGHI" },
		{ 1, false, "wJalrXUtnFEMI_K7MDENG/bPxRfiCYEXAMPLEKEY" },
		{ 1, false, "" },
		{ 2, true, "eu-central-1" }, /* partition aws */
		{ 2, true, "cn-north-1" },   /* aws-cn */
		{ 2, true, "cn-northwest-1" },
		{ 2, true, "us-gov-east-1" }, /* aws-us-gov */
		{ 2, true, "us-gov-west-1" },
		{ 2, false, "us-gov" },
		{ 2, false, "cn_north_1" },
		{ 2, false, "aws-cn" },
		{ 3, true, "" }, /* a long-lived key has none */
		{ 3, true, "FwoGZXIvYXdzEXAMPLEtoken//////////wEaDEXAMPLE=" },
		{ 3, true, THOUSAND THOUSAND THOUSAND THOUSAND },
		{ 3, false, THOUSAND THOUSAND THOUSAND THOUSAND HUNDRED },
		{ 3, false, "with a space" },
		{ 3, false, "token_" },
	};
	struct lk_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(rows); i++) {
		const char *fields[] = { ID, SECRET, "eu-central-1", "" };
		fields[rows[i].field] = rows[i].value;
		if (rows[i].good)
			expect_ok(check_aws_row(fields, &err), &err);
		else
			expect_field(check_aws_row(fields, &err), &err, names[rows[i].field],
			    "FIELD_INVALID");
		expect_lacks(err.message, "wJalr");
	}
}

static void
regions_of_all_partitions_pass_and_others_do_not(void **state)
{
	static const char *const good[] = { "us-east-1", "eu-central-1", "ap-southeast-2",
		"us-gov-west-1", "cn-north-1", "cn-northwest-1", "us-isob-east-1", "me-south-1",
		"ap-northeast-10" };
	static const char *const bad[] = { "", "us", "us-east", "us-east-", "us--east-1",
		"-us-east-1", "us-east-1\n", "US-EAST-1", "us-east-1a", "us-east-100", "us east 1",
		"1-us-east", "us-east-1-", "eu-central-1 ",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-b-1" };
	struct lk_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(good); i++)
		expect_ok(check_aws(ID, SECRET, good[i], &err), &err);
	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++)
		expect_field(check_aws(ID, SECRET, bad[i], &err), &err, "region", "FIELD_INVALID");
}

static void
P9_a_dnanexus_token_is_one_bearer_word(void **state)
{
	Latchkey__Credentials__V1__DnanexusSecret dnanexus =
	    LATCHKEY__CREDENTIALS__V1__DNANEXUS_SECRET__INIT;
	ProviderSecret message = LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__INIT;
	char good[] = "abcdefgh12345678ABCD", bad[] = "abcdefgh 2345678ABCD",
	     hint[PROVIDER_HINT_SIZE];
	struct lk_error err = { 0 };

	(void)state;
	message.provider_case = LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__PROVIDER_DNANEXUS;
	message.dnanexus = &dnanexus;
	dnanexus.secret_token = good;
	expect_ok(provider_check(&provider_dnanexus, &message, &err), &err);
	provider_dnanexus.hint(&message, hint);
	assert_string_equal(hint, "…ABCD");
	dnanexus.secret_token = bad;
	expect_field(
	    provider_check(&provider_dnanexus, &message, &err), &err, "token", "FIELD_INVALID");
	expect_field(
	    provider_check(&provider_aws, &message, &err), &err, "secret", "PROVIDER_MISMATCH");
}

static lk_status
check_dnanexus(const char *token, struct lk_error *err)
{
	Latchkey__Credentials__V1__DnanexusSecret dnanexus =
	    LATCHKEY__CREDENTIALS__V1__DNANEXUS_SECRET__INIT;
	ProviderSecret message = LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__INIT;

	message.provider_case = LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__PROVIDER_DNANEXUS;
	message.dnanexus = &dnanexus;
	dnanexus.secret_token = (char *)(uintptr_t)token;
	return provider_check(&provider_dnanexus, &message, err);
}

static void
P9_the_token_of_dnanexus_has_its_shape(void **state)
{
	static const struct {
		bool good;
		const char *token;
	} rows[] = {
		{ true, "abcdefgh12345678" },
		{ true, "AZaz09-._~+/====" },
		{ true, HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED TEN "ab" },
		{ false, "" },
		{ false, "abcdefgh1234567" },
		{ false, HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED TEN "abc" },
		{ false, "Bearer abcdefgh12345678" },
		{ false, "abcdefgh12345678," },
		{ false, "abcdefgh1234567é" },
	};
	struct lk_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(rows); i++) {
		if (rows[i].good)
			expect_ok(check_dnanexus(rows[i].token, &err), &err);
		else
			expect_field(
			    check_dnanexus(rows[i].token, &err), &err, "token", "FIELD_INVALID");
	}
}

/* endpoint, access key id, secret, region, path style */
static lk_status
check_s3(const char *const fields[5], struct lk_error *err)
{
	Latchkey__Credentials__V1__S3Secret s3 = LATCHKEY__CREDENTIALS__V1__S3_SECRET__INIT;
	ProviderSecret message = LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__INIT;

	s3.endpoint = (char *)(uintptr_t)fields[0];
	s3.access_key_id = (char *)(uintptr_t)fields[1];
	s3.secret_access_key = (char *)(uintptr_t)fields[2];
	s3.region = (char *)(uintptr_t)fields[3];
	s3.path_style = (char *)(uintptr_t)fields[4];
	message.provider_case = LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__PROVIDER_S3;
	message.s3 = &s3;
	return provider_check(&provider_s3, &message, err);
}

static void
s3_credentials_are_checked_field_by_field(void **state)
{
	static const char *const names[] = { "endpoint", "access_key_id", "secret_access_key",
		"region", "path_style" };
	static const struct {
		int field;
		bool good;
		const char *value;
	} rows[] = {
		{ 0, true, "https://minio.lab.example" },
		{ 0, true, "http://127.0.0.1:9000" },
		{ 0, true, "https://[2001:db8::1]:9000" },
		{ 0, false, "" },
		{ 0, false, "minio.lab.example" },
		{ 0, false, "ftp://minio.lab.example" },
		{ 0, false, "https://" },
		{ 0, false, "https://-x" },
		{ 0, false, "https://minio.lab.example/" },
		{ 0, false, "https://minio.lab.example/bucket" },
		{ 0, false, "https://user@minio.lab.example" },
		{ 0, false, "https://minio.lab.example?x" },
		{ 0, false, "https://minio.lab.example:" },
		{ 0, false, "https://minio.lab.example:0" },
		{ 0, false, "https://minio.lab.example:65536" },
		{ 0, false, "https://minio.lab.example:90x" },
		{ 0, false, "https://[::1" },
		{ 0, false, "https://minio.lab.example\r" },
		{ 1, true, "minio" },
		{ 1, false, "ab" },
		{ 1, false, "mi nio" },
		{ 1, false, "minio\x01" },
		{ 2, true, "minio/secret+1" },
		{ 2, false, "short" },
		{ 2, false, "with a space" },
		{ 2, false, "with\ttab12" },
		{ 3, true, "auto" },
		{ 3, true, "us-east-1" },
		{ 3, false, "" },
		{ 3, false, "us east" },
		{ 3, false, "us-east-1\n" },
		{ 4, true, "" },
		{ 4, true, "yes" },
		{ 4, true, "no" },
		{ 4, false, "maybe" },
	};
	struct lk_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(rows); i++) {
		const char *fields[] = { "https://minio.lab.example", "minio", "minio-secret",
			"us-east-1", "" };
		fields[rows[i].field] = rows[i].value;
		if (rows[i].good)
			expect_ok(check_s3(fields, &err), &err);
		else
			expect_field(
			    check_s3(fields, &err), &err, names[rows[i].field], "FIELD_INVALID");
		expect_lacks(err.message, "minio-secret");
	}
}

/* The value with a character more, before it, within it or behind it. */
static const char *
spoil(const char *value, int place, char c, char out[64])
{
	const size_t at = strlen(value) * (size_t)place / 2;

	snprintf(out, 64, "%.*s%c%s", (int)at, value, c, value + at);
	return out;
}

/* Neither before nor within nor behind it. */
static void
no_control_character_stands_in_any_field(void **state)
{
	static const char *const aws[] = { ID, SECRET, "eu-central-1", "FwoGZXIvYXdzEXAMPLE" };
	static const char *const s3[] = { "https://minio.lab.example", "minio", "minio-secret",
		"us-east-1", "yes" };
	static const char dnanexus[] = "abcdefgh12345678ABCD";
	struct lk_error err = { 0 };

	(void)state;
	for (int control = 1; control <= 0x20; control++) {
		const char c = control == 0x20 ? 0x7f : (char)control; /* DEL, too */
		for (int place = 0; place < 3; place++) {
			char spoilt[64];
			for (size_t field = 0; field < LK_ARRAY_LEN(aws); field++) {
				const char *fields[] = { aws[0], aws[1], aws[2], aws[3] };
				fields[field] = spoil(aws[field], place, c, spoilt);
				expect_fail(check_aws_row(fields, &err), &err, LK_INVALID_ARGUMENT,
				    "FIELD_INVALID");
			}
			for (size_t field = 0; field < LK_ARRAY_LEN(s3); field++) {
				const char *fields[] = { s3[0], s3[1], s3[2], s3[3], s3[4] };
				fields[field] = spoil(s3[field], place, c, spoilt);
				expect_fail(check_s3(fields, &err), &err, LK_INVALID_ARGUMENT,
				    "FIELD_INVALID");
			}
			expect_fail(check_dnanexus(spoil(dnanexus, place, c, spoilt), &err), &err,
			    LK_INVALID_ARGUMENT, "FIELD_INVALID");
		}
	}
}

static void
P4_an_unknown_provider_is_told_with_those_we_know(void **state)
{
	const struct provider *provider = NULL;
	struct lk_error err = { 0 };

	(void)state;
	expect_field(
	    provider_require("azure", &provider, &err), &err, "provider", "PROVIDER_UNKNOWN");
	expect_contains(err.message, "aws, dnanexus, s3");
	expect_ok(provider_require("aws", &provider, &err), &err);
	assert_ptr_equal(provider, &provider_aws);
}

static void
labels_and_purposes_are_short_printable_text(void **state)
{
	char text[10001];
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(credential_label_check("Sequenziergerät №2", &err), &err);
	expect_field(credential_label_check("", &err), &err, "label", "LABEL_INVALID");
	expect_field(credential_label_check("a\tb", &err), &err, "label", "LABEL_INVALID");
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	expect_field(credential_label_check(text, &err), &err, "label", "LABEL_INVALID");
	text[CREDENTIAL_LABEL_MAX] = '\0';
	expect_ok(credential_label_check(text, &err), &err);
	expect_ok(credential_purpose_check("job-4711", &err), &err);
	expect_field(credential_purpose_check("", &err), &err, "purpose", "PURPOSE_INVALID");
	expect_field(
	    credential_purpose_check("job\n4711", &err), &err, "purpose", "PURPOSE_INVALID");
}

static void
its_life_is_bounded_by_policy(void **state)
{
	const struct credential_policy bounded = { .ttl_default_ms = 90 * DAY_MS,
		.ttl_max_ms = 365 * DAY_MS };
	const struct credential_policy open = { 0 };
	struct lk_error err = { 0 };
	int64_t at = 0;

	(void)state;
	expect_ok(credential_expiry("", &bounded, NOW_MS, &at, &err), &err);
	assert_int_equal(at, NOW_MS + 90 * DAY_MS);
	expect_ok(credential_expiry("365d", &bounded, NOW_MS, &at, &err), &err);
	expect_field(
	    credential_expiry("366d", &bounded, NOW_MS, &at, &err), &err, "ttl", "TTL_TOO_LONG");
	expect_contains(err.message, "365d");
	expect_field(
	    credential_expiry("never", &bounded, NOW_MS, &at, &err), &err, "ttl", "TTL_TOO_LONG");
	expect_field(
	    credential_expiry("90x", &bounded, NOW_MS, &at, &err), &err, "ttl", "DURATION_INVALID");
	expect_field(credential_expiry("2001-01-01T00:00:00Z", &bounded, NOW_MS, &at, &err), &err,
	    "ttl", "TTL_PAST");
	expect_ok(credential_expiry("", &open, NOW_MS, &at, &err), &err);
	assert_int_equal(at, 0);
	expect_ok(credential_expiry("never", &open, NOW_MS, &at, &err), &err);
	assert_int_equal(at, 0);
}

static void
it_expires_at_its_instant(void **state)
{
	struct credential c = { .expires_at_ms = NOW_MS };

	(void)state;
	assert_false(credential_is_expired(&c, NOW_MS - 1));
	assert_true(credential_is_expired(&c, NOW_MS));
	c.expires_at_ms = 0;
	assert_false(credential_is_expired(&c, NOW_MS));
}

static void
only_owner_administrator_and_operator_manage_it(void **state)
{
	const struct credential c = { .tenant = "tnt_a", .owner = "usr_a" };
	struct lk_caller caller = { .kind = LK_CALLER_USER, .id = "usr_a", .tenant = "tnt_a" };

	(void)state;
	assert_false(credential_is_managed_by(&c, &caller)); /* the owner without the permission */
	caller.permissions = lk_permission_bit(LK_PERM_CREDENTIALS_MANAGE);
	assert_true(credential_is_managed_by(&c, &caller));
	lk_text_copy(caller.id, sizeof caller.id, "usr_b");
	assert_false(credential_is_managed_by(&c, &caller));
	caller.permissions = lk_permission_bit(LK_PERM_CREDENTIALS_MANAGE_ANY);
	assert_true(credential_is_managed_by(&c, &caller));
	lk_text_copy(caller.tenant, sizeof caller.tenant, "tnt_b");
	assert_false(credential_is_managed_by(&c, &caller));
	caller.kind = LK_CALLER_PRINCIPAL;
	caller.all_tenants = true;
	assert_false(credential_is_managed_by(&c, &caller));
	caller.kind = LK_CALLER_OPERATOR;
	assert_true(credential_is_managed_by(&c, &caller));
}

LK_TESTS(LK_CASE(P9_aws_credentials_are_checked_field_by_field),
    LK_CASE(P9_every_field_of_aws_has_its_shape), LK_CASE(P9_the_token_of_dnanexus_has_its_shape),
    LK_CASE(no_control_character_stands_in_any_field),
    LK_CASE(regions_of_all_partitions_pass_and_others_do_not),
    LK_CASE(P9_a_dnanexus_token_is_one_bearer_word),
    LK_CASE(s3_credentials_are_checked_field_by_field),
    LK_CASE(P4_an_unknown_provider_is_told_with_those_we_know),
    LK_CASE(labels_and_purposes_are_short_printable_text), LK_CASE(its_life_is_bounded_by_policy),
    LK_CASE(it_expires_at_its_instant), LK_CASE(only_owner_administrator_and_operator_manage_it))
