/* Decoding into an arena, and the check that a message type may be decoded at all. See decode.h. */
#include "rpc/decode.h"

#include "rpc/wire_check.h"

/* protobuf-c asks this allocator; the arena's reset is what frees. */
struct arena_allocator {
	ProtobufCAllocator allocator; /* first */
	struct lk_arena *arena;
	bool exhausted;
};

static void *
arena_alloc(void *data, size_t size)
{
	struct arena_allocator *a = data;
	void *memory = lk_arena_alloc(a->arena, size);

	if (memory == NULL)
		a->exhausted = true;
	return memory;
}

static void
arena_keep(void *data, void *pointer)
{
	(void)data;
	(void)pointer;
}

lk_status
lk_decode(const ProtobufCMessageDescriptor *type, struct lk_bytes packed, struct lk_arena *arena,
    ProtobufCMessage **out_message, struct lk_error *err)
{
	static const uint8_t nothing[1];
	struct arena_allocator a = { .allocator = { arena_alloc, arena_keep, &a }, .arena = arena };

	LK_TRY(lk_wire_check(type, packed, err));
	ProtobufCMessage *message = protobuf_c_message_unpack(
	    type, &a.allocator, packed.len, packed.len == 0 ? nothing : packed.data);
	if (a.exhausted)
		return lk_fail_oom(err);
	if (message == NULL)
		return lk_fail(err, LK_INVALID_ARGUMENT, "MESSAGE_INVALID", "this is not a %s",
		    type->short_name);
	if (protobuf_c_message_get_packed_size(message) != packed.len)
		return lk_fail(err, LK_INVALID_ARGUMENT, "MESSAGE_INVALID",
		    "%s is not encoded the one way it may be", type->short_name);
	*out_message = message;
	return LK_OK;
}

/* The types from the outermost to the one looked at. */
struct path {
	const ProtobufCMessageDescriptor *types[LK_DECODE_DEPTH_MAX];
	int depth;
};

static bool
path_has(const struct path *path, const ProtobufCMessageDescriptor *type)
{
	for (int i = 0; i < path->depth; i++)
		if (path->types[i] == type)
			return true;
	return false;
}

static lk_status
check_type(struct path *path, const ProtobufCMessageDescriptor *type, struct lk_error *err)
{
	if (path_has(path, type))
		return lk_fail(err, LK_FAILED_PRECONDITION, "MESSAGE_TYPE_UNSAFE",
		    "%s contains itself", type->name);
	if (path->depth == LK_DECODE_DEPTH_MAX)
		return lk_fail(err, LK_FAILED_PRECONDITION, "MESSAGE_TYPE_UNSAFE",
		    "%s is nested more than %d deep", type->name, LK_DECODE_DEPTH_MAX);

	path->types[path->depth++] = type;
	for (unsigned i = 0; i < type->n_fields; i++)
		if (type->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
			LK_TRY(check_type(path, type->fields[i].descriptor, err));
	path->depth--;
	return LK_OK;
}

lk_status
lk_decode_type_ok(const ProtobufCMessageDescriptor *type, struct lk_error *err)
{
	struct path path = { 0 };

	return check_type(&path, type, err);
}
