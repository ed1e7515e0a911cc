/* A trail on a store in memory, and a caller who writes and reads it. */
#ifndef LK_TESTS_SUPPORT_AUDIT_WORLD_H
#define LK_TESTS_SUPPORT_AUDIT_WORLD_H

#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "audit/chain.h"
#include "latchkey/audit/v1/audit.pb-c.h"
#include "latchkey/common/v1/frame.pb-c.h"
#include "postgres.h"
#include "test.h"

#define NOW_MS INT64_C(1790000000000)
#define TENANT_A "tnt_01arz3ndektsv4rrffq69g5faa"
#define TENANT_B "tnt_01arz3ndektsv4rrffq69g5fab"

extern const struct lk_migrations audit_migrations; /* made at build time */

typedef Latchkey__Audit__V1__ListEventsRequest ListEventsRequest;
typedef Latchkey__Audit__V1__ListEventsResponse ListEventsResponse;
typedef Latchkey__Audit__V1__ReadChainRequest ReadChainRequest;
typedef Latchkey__Audit__V1__ReadChainResponse ReadChainResponse;
typedef Latchkey__Audit__V1__Event EventMsg;

struct world {
	struct lk_store *store;
	struct lk_clock_frozen clock;
	struct lk_sign_key *key;
	struct lk_audit_sealer *sealer;
	struct lk_call *call;
	struct lk_caller caller;
	ListEventsResponse list;
	ReadChainResponse chain;
	struct lk_error err;

	struct lk_audit_event event; /* what write_event writes */
	int events;
	bool fail_after;
};

static inline int
audit_setup(void **state)
{
	static struct world w;

	memset(&w, 0, sizeof w);
	lk_clock_frozen_init(&w.clock, NOW_MS);
	const struct lk_store_options options = { .clock = &w.clock.clock };
	expect_ok(lk_store_open(lk_test_store_url(), LK_MIGRATIONS(&audit_migrations), &options,
		      &w.store, &w.err),
	    &w.err);
	expect_ok(lk_sign_key_generate(&w.key, &w.err), &w.err);
	const struct lk_audit_config config = {
		.service = "keys", .instance = "test", .signing_key = w.key, .clock = &w.clock.clock
	};
	expect_ok(lk_audit_sealer_start(&w.sealer, w.store, &config, &w.err), &w.err);
	w.caller = (struct lk_caller){ .kind = LK_CALLER_USER,
		.id = "usr_1",
		.tenant = TENANT_A,
		.key = "key_1",
		.permissions = LK_PERMISSIONS_ALL };
	w.event = (struct lk_audit_event){ .action = "key.created", .object = "key_2" };
	w.events = 1;
	*state = &w;
	return 0;
}

static inline int
audit_teardown(void **state)
{
	struct world *w = *state;

	lk_call_free(w->call);
	lk_audit_sealer_stop(w->sealer);
	lk_store_close(w->store);
	lk_sign_key_free(w->key);
	return 0;
}

static inline struct lk_call *
new_call(struct world *w)
{
	static Latchkey__Common__V1__RequestHeader header;
	static char request_id[] = "req_1";
	const struct lk_call_setup call = { .method = "a.B/C",
		.caller = &w->caller,
		.header = &header,
		.user = w->sealer,
		.clock = &w->clock.clock,
		.may_block = true };

	latchkey__common__v1__request_header__init(&header);
	header.request_id = request_id;
	lk_call_free(w->call);
	w->call = lk_call_new(&call);
	assert_non_null(w->call);
	lk_error_clear(&w->err);
	return w->call;
}

static inline lk_status
write_event(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct world *w = arg;

	for (int i = 0; i < w->events; i++)
		LK_TRY(lk_audit_write(tx, w->call, &w->event, err));
	return w->fail_after ? lk_fail(err, LK_ABORTED, "TEST", "after the row") : LK_OK;
}

static inline lk_status
record(struct world *w)
{
	new_call(w);
	return lk_store_write(w->store, LK_NO_DEADLINE, write_event, w, &w->err);
}

static inline void
record_as(struct world *w, const char *actor, const char *tenant, const char *action)
{
	w->event = (struct lk_audit_event){ .action = action, .tenant = tenant };
	assert_true(lk_text_copy(w->caller.id, sizeof w->caller.id, actor));
	expect_ok(record(w), &w->err);
}

static inline lk_status
ask(struct world *w, const char *rpc, const void *req, void *rep)
{
	const struct lk_method_table *table = lk_audit_method_table();

	new_call(w);
	for (size_t i = 0; i < table->count; i++) {
		if (lk_text_is(table->methods[i].rpc, rpc)) {
			const lk_status status = table->methods[i].invoke(w->call, req, rep);
			w->err = *lk_call_error(w->call);
			return status;
		}
	}
	fail_msg("no such row");
	return LK_UNIMPLEMENTED;
}

static inline lk_status
list(struct world *w, const ListEventsRequest *req)
{
	latchkey__audit__v1__list_events_response__init(&w->list);
	return ask(w, "ListEvents", req, &w->list);
}

static inline lk_status
list_tenant(struct world *w, const char *tenant)
{
	ListEventsRequest req = LATCHKEY__AUDIT__V1__LIST_EVENTS_REQUEST__INIT;

	req.tenant = (char *)(uintptr_t)tenant;
	return list(w, &req);
}

static inline lk_status
read_chain(struct world *w, uint64_t after, uint32_t max)
{
	ReadChainRequest req = LATCHKEY__AUDIT__V1__READ_CHAIN_REQUEST__INIT;

	req.after_sequence = after;
	req.max_rows = max;
	latchkey__audit__v1__read_chain_response__init(&w->chain);
	return ask(w, "ReadChain", &req, &w->chain);
}

static inline void
chain_row_of(const EventMsg *e, struct lk_chain_row *out)
{
	*out = (struct lk_chain_row){ e->sequence, e->id, e->at_ms, e->action, e->outcome,
		e->actor_kind, e->actor, e->actor_key, e->tenant, e->object, e->owner, e->purpose,
		e->request_id, e->detail };
}

/* What `latchkey audit verify` does. Returns how many rows it saw. */
static inline uint64_t
verify_chain(struct world *w, uint32_t page)
{
	uint8_t hash[LK_CHAIN_HASH_SIZE], next[LK_CHAIN_HASH_SIZE];
	uint64_t sequence = 0;

	lk_chain_begin("test", "keys", hash);
	do {
		expect_ok(read_chain(w, sequence, page), &w->err);
		for (size_t i = 0; i < w->chain.n_events; i++) {
			struct lk_chain_row row;
			chain_row_of(w->chain.events[i], &row);
			assert_int_equal(row.sequence, ++sequence);
			lk_chain_next(hash, &row, next);
			memcpy(hash, next, sizeof hash);
			assert_memory_equal(w->chain.events[i]->chain_hash.data, hash, sizeof hash);
		}
	} while (sequence < w->chain.head_sequence && w->chain.n_events > 0);
	assert_int_equal(sequence, w->chain.head_sequence);
	assert_memory_equal(w->chain.head_hash.data, hash, sizeof hash);
	assert_true(lk_chain_head_ok(lk_sign_key_public(w->key), "test", "keys", sequence, hash,
	    w->chain.signed_at_ms, w->chain.signature.data));
	return sequence;
}

#endif
