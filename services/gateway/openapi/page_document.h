/* What the document says of pages that are no rpc: pages_about.def, held against pages.def. */
#ifndef LK_GATEWAY_OPENAPI_PAGE_DOCUMENT_H
#define LK_GATEWAY_OPENAPI_PAGE_DOCUMENT_H

#include "schema.h"

/* d->wrong names a page that is told of nowhere, or a row that is of none. */
void page_document_check(struct document *d);

/* Members of "paths" and of "schemas". */
void page_document_paths(struct document *d);
void page_document_schemas(struct document *d);

#endif
