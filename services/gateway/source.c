/* See source.h. */
#include "source.h"

#include <arpa/inet.h>
#include <string.h>

/* One spelling of an address; false when the text is none. */
static bool
canonical(const char *text, size_t len, char out[HTTP_ADDRESS_SIZE])
{
	char copy[HTTP_ADDRESS_SIZE];
	struct in_addr v4;
	struct in6_addr v6;

	while (len > 0 && *text == ' ') {
		text++;
		len--;
	}
	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (len == 0 || len >= sizeof copy)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, &v4) == 1)
		return inet_ntop(AF_INET, &v4, out, HTTP_ADDRESS_SIZE) != NULL;
	return inet_pton(AF_INET6, copy, &v6) == 1 &&
	       inet_ntop(AF_INET6, &v6, out, HTTP_ADDRESS_SIZE) != NULL;
}

static bool
is_trusted(const char *address, const char *trusted)
{
	char each[HTTP_ADDRESS_SIZE];

	while (trusted && *trusted) {
		const size_t len = strcspn(trusted, ",");
		if (canonical(trusted, len, each) && strcmp(each, address) == 0)
			return true;
		trusted += len + (trusted[len] == ',');
	}
	return false;
}

lk_status
source_check(const char *trusted, struct lk_error *err)
{
	char each[HTTP_ADDRESS_SIZE];

	while (trusted && *trusted) {
		const size_t len = strcspn(trusted, ",");
		if (!canonical(trusted, len, each))
			return lk_fail(err, LK_INVALID_ARGUMENT, "CONFIG_INVALID",
			    "trusted-proxies are IPv4 or IPv6 addresses by comma");
		trusted += len + (trusted[len] == ',');
	}
	return LK_OK;
}

const char *
source_address(const struct http_request *request, const char *trusted)
{
	const char *list = http_header(request, "X-Forwarded-For");
	const char *end = list ? list + strlen(list) : NULL;
	char each[HTTP_ADDRESS_SIZE];

	if (!is_trusted(request->peer, trusted) ||
	    http_header_count(request, "X-Forwarded-For") != 1)
		return request->peer;
	while (end > list) {
		const char *begin = end;
		while (begin > list && begin[-1] != ',')
			begin--;
		if (!canonical(begin, (size_t)(end - begin), each))
			return request->peer;
		if (!is_trusted(each, trusted)) {
			const char *address = lk_arena_text(request->arena, each);
			return address ? address : request->peer;
		}
		end = begin > list ? begin - 1 : list;
	}
	return request->peer;
}
