/* Shared parts of requests; see decode.h. */
#include "decode.h"

lk_status
page_of_request(enum lk_id_kind kind, const PageRequestMsg *request, struct page *out_page,
    struct lk_error *err)
{
	return page_read(
	    kind, request ? request->size : 0, request ? request->cursor : "", out_page, err);
}
