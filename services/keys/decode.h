/* From messages to the domain: the parts that several requests share. */
#ifndef LK_KEYS_DECODE_H
#define LK_KEYS_DECODE_H

#include "page.h"
#include "wire.h"

/* An absent PageRequest is the first page. As page_read. */
lk_status page_of_request(enum lk_id_kind kind, const PageRequestMsg *request,
    struct page *out_page, struct lk_error *err);

#endif
