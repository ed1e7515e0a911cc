/* Decoding, servers and channels while memory runs short. */
#include <stdio.h>
#include <string.h>

#include "arena_caps.h"
#include "latchkey/keys/v1/keys.pb-c.h"
#include "rpc/channel.h"
#include "rpc/decode.h"
#include "rpc/server.h"
#include "torture.h"

typedef Latchkey__Keys__V1__CreateKeyRequest CreateKeyRequest;
typedef Latchkey__Keys__V1__VerifyKeysRequest VerifyKeysRequest;
typedef Latchkey__Keys__V1__VerifyKeyRequest VerifyKeyRequest;

struct packed {
	const ProtobufCMessageDescriptor *type;
	uint8_t bytes[2048];
	size_t len;
};

/* Texts, lists of texts. */
static struct packed
create_key_request(void)
{
	static char name[] = "laptop", ttl[] = "90d", permission[] = "credentials.fetch",
		    workgroup[] = "wkg_01arz3ndektsv4rrffq69g5fav";
	static char *permissions[] = { permission, permission }, *workgroups[] = { workgroup };
	struct packed out = { .type = &latchkey__keys__v1__create_key_request__descriptor };
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;

	req.name = name;
	req.ttl = ttl;
	req.n_permissions = LK_ARRAY_LEN(permissions);
	req.permissions = permissions;
	req.n_workgroups = LK_ARRAY_LEN(workgroups);
	req.workgroups = workgroups;
	out.len = latchkey__keys__v1__create_key_request__pack(&req, out.bytes);
	return out;
}

/* Messages in messages, and an unknown field, which is kept. */
static struct packed
verify_keys_request(void)
{
	static const uint8_t unknown[] = { 0xfa, 0x01, 0x03, 'a', 'b', 'c' };
	static char secret[] = "lk_example", audience[] = "https://platform.example";
	struct packed out = { .type = &latchkey__keys__v1__verify_keys_request__descriptor };
	VerifyKeyRequest one = LATCHKEY__KEYS__V1__VERIFY_KEY_REQUEST__INIT;
	VerifyKeyRequest *requests[] = { &one, &one, &one, &one, &one, &one, &one, &one };
	VerifyKeysRequest req = LATCHKEY__KEYS__V1__VERIFY_KEYS_REQUEST__INIT;

	one.secret_key = secret;
	one.audience = audience;
	req.n_requests = LK_ARRAY_LEN(requests);
	req.requests = requests;
	out.len = latchkey__keys__v1__verify_keys_request__pack(&req, out.bytes);
	memcpy(out.bytes + out.len, unknown, sizeof unknown);
	out.len += sizeof unknown;
	return out;
}

static lk_status
decode(struct lk_arena *arena, void *arg, struct lk_error *err)
{
	const struct packed *packed = arg;
	ProtobufCMessage *message = NULL;

	LK_TRY(lk_decode(packed->type, lk_bytes(packed->bytes, packed->len), arena, &message, err));
	assert_int_equal(protobuf_c_message_get_packed_size(message), packed->len);
	return LK_OK;
}

static void
a_message_is_decoded_within_its_arena_or_not(void **state)
{
	struct packed flat = create_key_request(), nested = verify_keys_request();

	(void)state;
	assert_true(arena_caps(decode, NULL, &flat) > sizeof(CreateKeyRequest));
	assert_true(arena_caps(decode, NULL, &nested) > 8 * sizeof(VerifyKeyRequest));
}

static lk_status
decode_in_a_new_arena(void *arg, struct lk_error *err)
{
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(64 * 1024);

	return arena ? decode(arena, arg, err) : lk_fail_oom(err);
}

static void
a_block_that_is_not_there_fails_the_decoding(void **state)
{
	struct packed nested = verify_keys_request();

	(void)state;
	assert_true(lk_torture(decode_in_a_new_arena, NULL, &nested) >= 2);
}

/* ---- Servers and channels ---- */

static lk_status
anybody(void *user, struct lk_call *call, const struct Latchkey__Common__V1__RequestHeader *header,
    bool may_block, const struct lk_caller **out_caller, struct lk_error *err)
{
	(void)user, (void)call, (void)header, (void)may_block, (void)err;
	*out_caller = NULL;
	return LK_OK;
}

static lk_status
anything(void *user, struct lk_call *call, const struct lk_caller *caller, int permission,
    struct lk_error *err)
{
	(void)user, (void)call, (void)caller, (void)permission, (void)err;
	return LK_OK;
}

static lk_status
verify_none(struct lk_call *call, const ProtobufCMessage *req, ProtobufCMessage *rep)
{
	(void)req, (void)rep;
	return lk_fail(lk_call_error(call), LK_UNIMPLEMENTED, "NOT_HERE", "not in this test");
}

enum { KEY_METHODS = 14 };

/* Every rpc of KeyService, as its descriptor names them. */
static void
fill_rows(struct lk_method rows[KEY_METHODS])
{
	const ProtobufCServiceDescriptor *service = &latchkey__keys__v1__key_service__descriptor;

	assert_int_equal(service->n_methods, KEY_METHODS);
	for (unsigned i = 0; i < KEY_METHODS; i++) {
		const ProtobufCMethodDescriptor *rpc = &service->methods[i];

		rows[i] = (struct lk_method){ rpc->name, verify_none, rpc->input->sizeof_message,
			rpc->output->sizeof_message, 0, LK_READ, LK_WORKER, 4096 };
	}
}

static lk_status
make_and_start(void *arg, struct lk_error *err)
{
	struct lk_method rows[KEY_METHODS];
	const struct lk_method_table table = { &latchkey__keys__v1__key_service__descriptor, rows,
		KEY_METHODS };
	const struct lk_service service = { &table, NULL };
	const struct lk_server_config config = {
		.url = arg,
		.services = &service,
		.service_count = 1,
		.authenticator = { NULL, anybody, anything },
		.contexts = 4,
		.workers = 1,
		.queue_max = 2,
	};
	LK_AUTO(lk_server_freep) struct lk_server *server = NULL;

	fill_rows(rows);
	LK_TRY(lk_server_new(&server, &config, err));
	return lk_server_start(server, err);
}

static void
a_server_starts_whole_or_not_at_all(void **state)
{
	LK_AUTO(lk_freep) char *url = NULL;

	(void)state;
	assert_true(asprintf(&url, "ipc://%s", lk_test_path(lk_test_tmpdir(), "a.sock")) > 0);
	assert_true(lk_torture(make_and_start, NULL, url) > 4);
}

static lk_status
open_channel(void *arg, struct lk_error *err)
{
	LK_AUTO(lk_channel_closep) struct lk_channel *channel = NULL;
	const struct lk_channel_config config = { .max_in_flight = 4 };

	return lk_channel_open(&channel, arg, &config, err);
}

static void
a_channel_opens_whole_or_not_at_all(void **state)
{
	LK_AUTO(lk_freep) char *urls = NULL;
	const char *dir = lk_test_tmpdir();

	(void)state;
	assert_true(asprintf(&urls, "ipc://%s/a.sock,ipc://%s/b.sock", dir, dir) > 0);
	assert_true(lk_torture(open_channel, NULL, urls) > 0);
}

LK_TESTS(LK_CASE(a_message_is_decoded_within_its_arena_or_not),
    LK_CASE(a_block_that_is_not_there_fails_the_decoding),
    LK_CASE(a_server_starts_whole_or_not_at_all), LK_CASE(a_channel_opens_whole_or_not_at_all))
