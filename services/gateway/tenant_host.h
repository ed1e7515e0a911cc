/* The tenant that a host name selects, for those who come without a key and name no tenant. */
#ifndef LK_GATEWAY_TENANT_HOST_H
#define LK_GATEWAY_TENANT_HOST_H

#include "gateway.h"

/*
 * A name or domain to ask for, in the request's arena; "" when the host selects none. Below
 * `tenant-domain` the first label is the tenant's name ("genomics.keys.example.org"); without that
 * option a host that is no address, not localhost and not that of `public-url` is the tenant's
 * domain. Whether there is such a tenant is not known here. NULL: memory is short.
 */
const char *tenant_host(const struct gateway_config *config, const struct http_request *request);

#endif
