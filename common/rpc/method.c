/* Start-up holds a method table against the service block it claims to serve. See method.h. */
#include "rpc/method.h"

#include "rpc/decode.h"
#include "rpc/frame.h"

static lk_status
wrong(const struct lk_method_table *table, const char *rpc, const char *what, struct lk_error *err)
{
	return lk_fail(err, LK_FAILED_PRECONDITION, "METHOD_TABLE_INVALID", "%s/%s: %s",
	    table->service->name, rpc, what);
}

static const ProtobufCMethodDescriptor *
descriptor_of(const struct lk_method_table *table, const char *rpc)
{
	return rpc == NULL ? NULL
			   : protobuf_c_service_descriptor_get_method_by_name(table->service, rpc);
}

static lk_status
check_row(const struct lk_method_table *table, const struct lk_method *row, struct lk_error *err)
{
	const ProtobufCMethodDescriptor *rpc = descriptor_of(table, row->rpc);

	if (rpc == NULL)
		return wrong(
		    table, row->rpc == NULL ? "(unnamed)" : row->rpc, "is not in the service", err);
	if (row->invoke == NULL)
		return wrong(table, row->rpc, "has no handler", err);
	if (row->req_size != rpc->input->sizeof_message)
		return wrong(table, row->rpc, "its request is of another type", err);
	if (row->rep_size != rpc->output->sizeof_message)
		return wrong(table, row->rpc, "its reply is of another type", err);
	if (row->max_request < 1 || row->max_request > LK_FRAME_MESSAGE_MAX)
		return wrong(
		    table, row->rpc, "its largest request must be 1 to 1048576 bytes", err);
	LK_TRY(lk_decode_type_ok(rpc->input, err));
	return lk_decode_type_ok(rpc->output, err);
}

static size_t
count_rows(const struct lk_method_table *table, const char *rpc)
{
	size_t count = 0;

	for (size_t i = 0; i < table->count; i++)
		if (lk_text_is(table->methods[i].rpc, rpc))
			count++;
	return count;
}

lk_status
lk_method_table_check(const struct lk_method_table *table, struct lk_error *err)
{
	for (size_t i = 0; i < table->count; i++)
		LK_TRY(check_row(table, &table->methods[i], err));
	for (unsigned i = 0; i < table->service->n_methods; i++) {
		const char *rpc = table->service->methods[i].name;
		const size_t rows = count_rows(table, rpc);
		if (rows != 1)
			return wrong(
			    table, rpc, rows == 0 ? "has no row" : "has more than one row", err);
	}
	return LK_OK;
}
