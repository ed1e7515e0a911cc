/* The OpenAPI 3.1 document of routes.def and the contracts behind it. */
#ifndef LK_GATEWAY_OPENAPI_DOCUMENT_H
#define LK_GATEWAY_OPENAPI_DOCUMENT_H

#include "../router.h"
#include "schema.h"

/* The whole text, borrowed from `d`, which holds arena and comments; NULL when d->wrong says why or
 * memory is short. */
const char *document_write(struct document *d);

/* "security" of an operation. */
void document_security(struct document *d, enum route_who who);

#endif
