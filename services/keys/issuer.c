/* See issuer.h. */
#include "issuer.h"

#include <string.h>

static bool
text_ok(const char *text, size_t size)
{
	const size_t len = strlen(text);

	return len > 0 && len < size && lk_text_printable(lk_bytes(text, len));
}

lk_status
issuer_check(const char *issuer, struct lk_error *err)
{
	const size_t scheme = strlen("https://");

	if (!text_ok(issuer, ISSUER_SIZE) || strncmp(issuer, "https://", scheme) != 0 ||
	    !issuer[scheme] || issuer[scheme] == '/' || strpbrk(issuer, "?# ") != NULL)
		return lk_fail_field(err, "issuer", "ISSUER_INVALID",
		    "an issuer is https:// and a host, without ? and #, exactly as its tokens say");
	return LK_OK;
}

lk_status
issuer_audience_check(const char *audience, struct lk_error *err)
{
	return text_ok(audience, AUDIENCE_SIZE)
		   ? LK_OK
		   : lk_fail_field(err, "audience", "AUDIENCE_INVALID",
			 "an audience has 1 to %d printable characters", AUDIENCE_SIZE - 1);
}

lk_status
issuer_subject_check(const char *subject, struct lk_error *err)
{
	return text_ok(subject, LK_OPENID_SUBJECT_SIZE)
		   ? LK_OK
		   : lk_fail_field(err, "subject", "SUBJECT_INVALID",
			 "a subject has 1 to %d printable characters", LK_OPENID_SUBJECT_SIZE - 1);
}
