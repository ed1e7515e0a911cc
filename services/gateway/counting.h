/* What metrics.def counts of requests, and the page that Prometheus reads. */
#ifndef LK_GATEWAY_COUNTING_H
#define LK_GATEWAY_COUNTING_H

#include "gateway.h"

/* One request was answered so. Any thread. */
void count_answer(struct gateway *gateway, const struct http_request *request,
    const struct http_answer *answer, int64_t duration_us);

/* An http_handler of the operator's own listener, which answers GET /metrics (Prometheus text
 * format 0.0.4) and nothing else; `user` is the gateway. */
void counting_page(void *user, struct http_request *request, struct http_answer *answer);

#endif
