/* Kinds of events, their wire form, and the signature of an answer. */
#include "feed/event.h"

#include <string.h>

#include "auth/signed_text.h"
#include "feed/answer.h"

static const char *const kind_names[] = {
#define LK_FEED_KIND(symbol, name, help) name,
#include "feed/kinds.def"
#undef LK_FEED_KIND
};

const char *
lk_feed_kind_name(enum lk_feed_kind kind)
{
	return kind < LK_FEED_KIND_COUNT ? kind_names[kind] : "unknown";
}

enum lk_feed_kind
lk_feed_kind_of(const char *name)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(kind_names); i++) {
		if (strcmp(kind_names[i], name) == 0)
			return (enum lk_feed_kind)i;
	}
	return LK_FEED_UNKNOWN;
}

static char *
wire_text(const char *text)
{
	return (char *)(uintptr_t)text; /* generated types know no const */
}

lk_status
feed_events_encode(struct lk_arena *arena, const struct lk_feed_event *events, size_t count,
    FeedEventMsg ***out, struct lk_error *err)
{
	FeedEventMsg **list = lk_arena_array(arena, count, sizeof *list);
	FeedEventMsg *storage = lk_arena_array(arena, count, sizeof *storage);

	if (!list || !storage)
		return lk_fail_oom(err);
	for (size_t i = 0; i < count; i++) {
		latchkey__common__v1__feed_event__init(&storage[i]);
		storage[i].sequence = events[i].sequence;
		storage[i].kind = wire_text(lk_feed_kind_name(events[i].kind));
		storage[i].id = wire_text(events[i].id);
		storage[i].generation = events[i].generation;
		storage[i].at_ms = events[i].at_ms;
		list[i] = &storage[i];
	}
	*out = list;
	return LK_OK;
}

void
feed_event_decode(const FeedEventMsg *msg, struct lk_feed_event *out)
{
	*out = (struct lk_feed_event){
		.sequence = msg->sequence,
		.generation = msg->generation,
		.at_ms = msg->at_ms,
		.kind = lk_feed_kind_of(msg->kind),
	};
	if (!lk_text_copy(out->id, sizeof out->id, msg->id))
		out->kind = LK_FEED_UNKNOWN;
}

static void
events_text(struct lk_signed_text *text, FeedEventMsg *const *events, size_t count)
{
	lk_signed_text_add_int(text, (int64_t)count);
	for (size_t i = 0; i < count; i++) {
		lk_signed_text_add_int(text, (int64_t)events[i]->sequence);
		lk_signed_text_add_text(text, events[i]->kind);
		lk_signed_text_add_text(text, events[i]->id);
		lk_signed_text_add_int(text, (int64_t)events[i]->generation);
		lk_signed_text_add_int(text, events[i]->at_ms);
	}
}

static void
answer_text(struct lk_signed_text *text, const char *instance, struct lk_bytes nonce,
    const ReadFeedResponse *answer)
{
	lk_signed_text_begin(text, "latchkey feed v2");
	lk_signed_text_add_text(text, instance);
	lk_signed_text_add(text, nonce);
	lk_signed_text_add_text(text, answer->service);
	lk_signed_text_add_text(text, answer->epoch);
	lk_signed_text_add_int(text, (int64_t)answer->head);
	lk_signed_text_add_int(text, answer->lease_ttl_ms);
	lk_signed_text_add_int(text, answer->truncated);
	lk_signed_text_add_int(text, (int64_t)answer->open_next);
	events_text(text, answer->events, answer->n_events);
	events_text(text, answer->open, answer->n_open);
}

void
feed_answer_sign(const struct lk_sign_key *key, const char *instance, struct lk_bytes nonce,
    const ReadFeedResponse *answer, uint8_t out_signature[LK_SIGNATURE_LEN])
{
	struct lk_signed_text text;

	answer_text(&text, instance, nonce, answer);
	lk_sign(key, lk_signed_text_bytes(&text), out_signature);
}

bool
feed_answer_ok(const uint8_t public_key[LK_SIGN_PUBLIC_LEN], const char *instance,
    struct lk_bytes nonce, const ReadFeedResponse *answer)
{
	struct lk_signed_text text;

	answer_text(&text, instance, nonce, answer);
	return !text.failed && lk_sign_verify(public_key, lk_signed_text_bytes(&text),
				   lk_bytes(answer->signature.data, answer->signature.len));
}
