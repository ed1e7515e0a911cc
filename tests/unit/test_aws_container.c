/* The answers of AWS's container credentials protocol, letter by letter. */
#include "aws/container.h"

#include "test.h"

#define NOW_MS INT64_C(1790000000000) /* 2026-09-21T14:13:20Z */
#define MINUTE_MS (60 * 1000)

static void
answers(const struct lk_aws_keys *keys, const char *wanted)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };

	lk_aws_container_credentials(&json, keys, NOW_MS);
	assert_string_equal(lk_json_text(&json), wanted);
}

static void
all_four_members_are_there_also_without_a_session(void **state)
{
	(void)state;
	answers(&(struct lk_aws_keys){ "AKIAIOSFODNN7EXAMPLE", "wJalrX/+\"", "session==", 0 },
	    "{\"AccessKeyId\":\"AKIAIOSFODNN7EXAMPLE\",\"SecretAccessKey\":\"wJalrX/+\\\"\","
	    "\"Token\":\"session==\",\"Expiration\":\"2026-09-21T15:13:20.000Z\"}");
	answers(&(struct lk_aws_keys){ "a", "b", NULL, 0 },
	    "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\",\"Token\":\"\","
	    "\"Expiration\":\"2026-09-21T15:13:20.000Z\"}");
	answers(&(struct lk_aws_keys){ "a", "b", "", 0 },
	    "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\",\"Token\":\"\","
	    "\"Expiration\":\"2026-09-21T15:13:20.000Z\"}");
}

static void
an_answer_is_over_with_its_credential_and_after_an_hour(void **state)
{
	static const struct {
		int64_t expires_at_ms;
		const char *over;
	} cases[] = {
		{ 0, "2026-09-21T15:13:20.000Z" },
		{ NOW_MS + 20 * MINUTE_MS, "2026-09-21T14:33:20.000Z" },
		{ NOW_MS + 1, "2026-09-21T14:13:20.001Z" },
		{ NOW_MS + 60 * MINUTE_MS + 1, "2026-09-21T15:13:20.000Z" },
		/* policy hands it out all the same */
		{ NOW_MS, "2026-09-21T15:13:20.000Z" },
		{ NOW_MS - 20 * MINUTE_MS, "2026-09-21T15:13:20.000Z" },
	};

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(cases); i++) {
		LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };
		const struct lk_aws_keys keys = { "a", "b", NULL, cases[i].expires_at_ms };
		lk_aws_container_credentials(&json, &keys, NOW_MS);
		expect_contains(lk_json_text(&json), cases[i].over);
	}
}

static void
a_refusal_says_code_and_message(void **state)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 }, asked = { 0 };

	(void)state;
	lk_aws_container_refusal(&json, "CREDENTIAL_NOT_FOUND", "there is none", NULL);
	assert_string_equal(lk_json_text(&json),
	    "{\"code\":\"CREDENTIAL_NOT_FOUND\",\"message\":\"there is none\"}");
	lk_aws_container_refusal(&asked, "X", "\n", "req_1");
	assert_string_equal(
	    lk_json_text(&asked), "{\"code\":\"X\",\"message\":\"\\n\",\"requestId\":\"req_1\"}");
}

static void
without_memory_there_is_no_answer(void **state)
{
	char small[40];
	LK_AUTO(lk_json_wipe) struct lk_json json = lk_json_fixed(small, sizeof small);
	const struct lk_aws_keys keys = { "AKIAIOSFODNN7EXAMPLE", "wJalrX", NULL, 0 };

	(void)state;
	lk_aws_container_credentials(&json, &keys, NOW_MS);
	assert_null(lk_json_text(&json));
}

LK_TESTS(LK_CASE(all_four_members_are_there_also_without_a_session),
    LK_CASE(an_answer_is_over_with_its_credential_and_after_an_hour),
    LK_CASE(a_refusal_says_code_and_message), LK_CASE(without_memory_there_is_no_answer))
