/* See tenant_host.h. front.c has seen that there is one Host, and of which characters. */
#include "tenant_host.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

/* In lower case, without its port. */
static char *
host_of(const struct http_request *request)
{
	const char *host = http_header(request, "Host");
	char *out = lk_arena_text_n(request->arena, host, strcspn(host, ":"));

	for (char *c = out; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return out;
}

static bool
is_nobodys(const char *host)
{
	uint8_t address[16];

	return *host == '[' || *host == '\0' || strcmp(host, "localhost") == 0 ||
	       inet_pton(AF_INET, host, address) == 1;
}

static bool
is_of_url(const char *host, const char *url)
{
	const char *slashes = url ? strstr(url, "://") : NULL;
	const size_t len = strlen(host);

	return slashes && strncasecmp(slashes + 3, host, len) == 0 &&
	       strchr(":/", slashes[3 + len]) != NULL; /* its end, too */
}

/* "genomics" of genomics.keys.example.org; "" when it is no single label. */
static const char *
label_below(struct lk_arena *arena, const char *host, const char *domain)
{
	const size_t len = strlen(host), domain_len = strlen(domain);

	if (len <= domain_len + 1 || strcasecmp(host + len - domain_len, domain) != 0 ||
	    strcspn(host, ".") != len - domain_len - 1)
		return "";
	return lk_arena_text_n(arena, host, len - domain_len - 1);
}

const char *
tenant_host(const struct gateway_config *config, const struct http_request *request)
{
	const char *host = host_of(request);

	if (!host)
		return NULL;
	if (is_nobodys(host) || is_of_url(host, config->public_url))
		return "";
	return config->tenant_domain ? label_below(request->arena, host, config->tenant_domain)
				     : host;
}
