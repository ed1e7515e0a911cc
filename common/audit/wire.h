/* The wire types under the names this folder uses; only service.c includes this. */
#ifndef LK_AUDIT_WIRE_H
#define LK_AUDIT_WIRE_H

#include "latchkey/audit/v1/audit.pb-c.h"

typedef Latchkey__Audit__V1__Event EventMsg;
typedef Latchkey__Audit__V1__ListEventsRequest ListEventsRequest;
typedef Latchkey__Audit__V1__ListEventsResponse ListEventsResponse;
typedef Latchkey__Audit__V1__ReadChainRequest ReadChainRequest;
typedef Latchkey__Audit__V1__ReadChainResponse ReadChainResponse;

#endif
