/* Where a service's hints are; apart from the publisher, for those who only listen. */
#include <stdio.h>
#include <string.h>

#include "feed/feed.h"
#include "rpc/url.h"

lk_status
lk_feed_hint_url(const char *service_url, char out[LK_URL_SIZE], struct lk_error *err)
{
	static const char ending[] = ".sock", own_ending[] = ".feed.sock";
	const size_t len = strlen(service_url);
	const size_t stem =
	    len > strlen(ending) && strcmp(service_url + len - strlen(ending), ending) == 0
		? len - strlen(ending)
		: len;

	LK_TRY(lk_url_check(service_url, NULL, err));
	if (snprintf(out, LK_URL_SIZE, "%.*s%s", (int)stem, service_url, own_ending) >= LK_URL_SIZE)
		return lk_fail(err, LK_INVALID_ARGUMENT, "URL_TOO_LONG",
		    "the address of the feed is longer than %d bytes", LK_URL_SIZE - 1);
	return lk_url_check(out, NULL, err);
}
