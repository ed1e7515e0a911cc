/* See source.h. */
#include "source.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

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

/* The last address of a list that is no trusted proxy: true when there is one, or when the list
 * ends in something else, which leaves `out` empty. */
static bool
last_stranger(const char *list, const char *trusted, char out[HTTP_ADDRESS_SIZE])
{
	for (const char *end = list + strlen(list); end > list;) {
		const char *begin = end;
		while (begin > list && begin[-1] != ',')
			begin--;
		if (!canonical(begin, (size_t)(end - begin), out)) {
			*out = '\0';
			return true;
		}
		if (!is_trusted(out, trusted))
			return true;
		end = begin > list ? begin - 1 : list;
	}
	return false;
}

/* Several lines are one list (RFC 9110 5.3), and a proxy may add its own as the last. */
const char *
source_address(const struct http_request *request, const char *trusted)
{
	char found[HTTP_ADDRESS_SIZE] = "";
	bool done = !is_trusted(request->peer, trusted);

	for (size_t i = request->header_count; i > 0 && !done; i--)
		if (strcasecmp(request->headers[i - 1].name, "X-Forwarded-For") == 0)
			done = last_stranger(request->headers[i - 1].value, trusted, found);
	const char *address = *found && done ? lk_arena_text(request->arena, found) : NULL;
	return address ? address : request->peer;
}
