/* Writing JSON while memory runs short: the whole text or none. */
#include "base/base.h"
#include "base/json.h"
#include "test.h"
#include "torture.h"
#include <string.h>

static const char wanted[] = "{\"name\":\"a\\nb\",\"list\":[1,2,3],\"long\":\"";

static lk_status
write_object(void *arg, struct lk_error *err)
{
	LK_AUTO(lk_json_wipe) struct lk_json j = { 0 };
	char text[600];

	(void)arg;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	lk_json_object(&j, NULL);
	lk_json_string(&j, "name", "a\nb");
	lk_json_array(&j, "list");
	for (int64_t i = 1; i <= 3; i++)
		lk_json_int(&j, NULL, i);
	lk_json_array_end(&j);
	lk_json_string(&j, "long", text);
	lk_json_object_end(&j);
	if (!lk_json_text(&j))
		return lk_fail_oom(err);
	assert_memory_equal(lk_json_text(&j), wanted, sizeof wanted - 1);
	return LK_OK;
}

static void
a_text_is_whole_or_not_there(void **state)
{
	(void)state;
	assert_true(lk_torture(write_object, NULL, NULL) > 1);
}

LK_TESTS(LK_CASE(a_text_is_whole_or_not_there))
