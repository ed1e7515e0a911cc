/* A table of slots, by a keyed hash of the offer; see trade.h. A slot's newest offer wins. */
#include "trade.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "crypto/short_hash.h"
#include "gateway.h"
#include "id/id.h"
#include "wire.h"

enum { AUDIENCE_SIZE = 96, LEFT_MS = 30 * 1000, KEEP_MS = 5 * 60 * 1000 };

struct slot {
	uint8_t hash[LK_SHORT_HASH_LEN];
	char *token;           /* NULL: empty */
	int64_t good_until_ms; /* wall */
};

struct trade {
	struct upstream *upstream;
	const struct lk_clock *clock;
	struct lk_metrics *metrics;
	char audience[AUDIENCE_SIZE];
	uint8_t hash_key[LK_SHORT_HASH_KEY_LEN];
	pthread_mutex_t mutex;
	struct slot slots[TRADE_SLOTS];
};

lk_status
trade_new(struct upstream *upstream, const char *instance, const struct lk_clock *clock,
    struct lk_metrics *metrics, struct trade **out_trade, struct lk_error *err)
{
	struct trade *trade = LK_ALLOC(struct trade);

	if (!trade)
		return lk_fail_oom(err);
	trade->upstream = upstream;
	trade->clock = clock;
	trade->metrics = metrics;
	snprintf(trade->audience, sizeof trade->audience, "latchkey:%s", instance);
	lk_random_fill(lk_random_system(), trade->hash_key, sizeof trade->hash_key);
	pthread_mutex_init(&trade->mutex, NULL);
	*out_trade = trade;
	return LK_OK;
}

static void
slot_clear(struct slot *slot)
{
	if (slot->token)
		lk_wipe(slot->token, strlen(slot->token));
	lk_free(slot->token);
	*slot = (struct slot){ .token = NULL };
}

void
trade_free(struct trade *trade)
{
	if (!trade)
		return;
	for (size_t i = 0; i < TRADE_SLOTS; i++)
		slot_clear(&trade->slots[i]);
	pthread_mutex_destroy(&trade->mutex);
	lk_free(trade);
}

/* Of the parts' own hashes, so that no two offers read alike. */
static struct slot *
slot_of(struct trade *trade, const struct trade_offer *offer, uint8_t hash[LK_SHORT_HASH_LEN])
{
	uint8_t parts[2 * LK_SHORT_HASH_LEN + 1] = { [2 * LK_SHORT_HASH_LEN] = offer->direct };
	uint32_t index;

	lk_short_hash(trade->hash_key, lk_bytes_of(offer->secret), parts);
	lk_short_hash(trade->hash_key, lk_bytes_of(offer->source), parts + LK_SHORT_HASH_LEN);
	lk_short_hash(trade->hash_key, lk_bytes(parts, sizeof parts), hash);
	memcpy(&index, hash, sizeof index);
	return &trade->slots[index % TRADE_SLOTS];
}

/* LK_OK with NULL: none is remembered. */
static lk_status
remembered(struct trade *trade, const struct trade_offer *offer, struct lk_arena *arena,
    const char **out_token, struct lk_error *err)
{
	uint8_t hash[LK_SHORT_HASH_LEN];
	struct slot *slot = slot_of(trade, offer, hash);
	bool found;

	*out_token = NULL;
	pthread_mutex_lock(&trade->mutex);
	found = slot->token && memcmp(slot->hash, hash, sizeof hash) == 0 &&
		lk_clock_wall_ms(trade->clock) < slot->good_until_ms;
	if (found)
		*out_token = lk_arena_text(arena, slot->token);
	pthread_mutex_unlock(&trade->mutex);
	return found && !*out_token ? lk_fail_oom(err) : LK_OK;
}

/* A token that is soon over is used once and not kept. */
static void
remember(struct trade *trade, const struct trade_offer *offer, const IssueTokenResponse *issued)
{
	const int64_t now_ms = lk_clock_wall_ms(trade->clock);
	const int64_t most_ms = now_ms + KEEP_MS, good_ms = issued->expires_at_ms - LEFT_MS;
	uint8_t hash[LK_SHORT_HASH_LEN];
	struct slot *slot = slot_of(trade, offer, hash);

	if (good_ms <= now_ms)
		return;
	pthread_mutex_lock(&trade->mutex);
	slot_clear(slot);
	slot->token = lk_text_dup(issued->secret_token);
	slot->good_until_ms = good_ms < most_ms ? good_ms : most_ms;
	memcpy(slot->hash, hash, sizeof hash);
	pthread_mutex_unlock(&trade->mutex);
}

lk_status
trade_token(struct trade *trade, const struct trade_offer *offer,
    const struct http_request *request, const char **out_token, struct lk_error *err)
{
	IssueTokenRequest body = LATCHKEY__TOKENS__V1__ISSUE_TOKEN_REQUEST__INIT;
	ProtobufCMessage *reply;

	LK_TRY(remembered(trade, offer, request->arena, out_token, err));
	if (*out_token) {
		lk_counter_add(trade->metrics, TRADES_REMEMBERED, 1);
		return LK_OK;
	}
	body.secret_key = (char *)(uintptr_t)offer->secret;
	body.audience = trade->audience;
	body.source_address = (char *)(uintptr_t)offer->source;
	body.direct = offer->direct;
	const struct upstream_call call = {
		.service = UPSTREAM_TOKENS,
		.method = "latchkey.tokens.v1.TokenService/IssueToken",
		.body = &body.base,
		.reply_type = &latchkey__tokens__v1__issue_token_response__descriptor,
		.effect = LK_WRITE_ONCE,
		.request_id = request->id,
		.traceparent = request->traceparent,
	};
	const lk_status status = upstream_ask(trade->upstream, &call, request->arena, &reply, err);
	lk_counter_add(trade->metrics, status == LK_OK ? TRADES_ISSUED : TRADES_FAILED, 1);
	LK_TRY(status);
	const IssueTokenResponse *issued = (const IssueTokenResponse *)(const void *)reply;
	remember(trade, offer, issued);
	*out_token = issued->secret_token;
	return LK_OK;
}

void
trade_forget(struct trade *trade, const struct trade_offer *offer)
{
	uint8_t hash[LK_SHORT_HASH_LEN];
	struct slot *slot = slot_of(trade, offer, hash);

	pthread_mutex_lock(&trade->mutex);
	if (slot->token && memcmp(slot->hash, hash, sizeof hash) == 0)
		slot_clear(slot);
	pthread_mutex_unlock(&trade->mutex);
}
