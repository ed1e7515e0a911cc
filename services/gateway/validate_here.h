/* /v1/validate answered from memory, where both who asks and what is asked about are known. */
#ifndef LK_GATEWAY_VALIDATE_HERE_H
#define LK_GATEWAY_VALIDATE_HERE_H

#include "gateway.h"

/*
 * True with the answer that the service would give; false where the service has to say it: another
 * path, somebody who may not ask, what is malformed. With `may_ask`, memory is filled by asking; it
 * blocks then.
 */
bool validate_here(struct gateway *gateway, struct http_request *request, bool may_ask,
    struct http_answer *answer);

#endif
