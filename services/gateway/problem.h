/* Errors as RFC 9457 problem details, and what every answer carries. */
#ifndef LK_GATEWAY_PROBLEM_H
#define LK_GATEWAY_PROBLEM_H

#include "http.h"

/* The HTTP status of one of ours (200 for LK_OK). */
unsigned problem_status(uint32_t status);

/* "Not Found" … of an HTTP status; "" for one that we never send. */
const char *problem_title(unsigned http_status);

/* The answer to a request that failed. */
void problem_answer(
    const struct http_request *request, const struct lk_error *err, struct http_answer *answer);

/* The same for an HTTP status that none of our own stands for (404 of no route, 405, what front.c
 * refuses). */
void problem_plain(const struct http_request *request, unsigned http_status, const char *reason,
    const char *detail, struct http_answer *answer);

/* JSON that holds somebody's data: not to be kept by anybody (RFC 9111 5.2.2.5). */
void answer_json(unsigned http_status, struct lk_bytes body, struct http_answer *answer);

/* X-Request-Id, no sniffing, no framing … on whatever is answered; last. */
void answer_finish(const struct http_request *request, struct http_answer *answer);

#endif
