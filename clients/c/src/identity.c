/* Tokens and assertions; see identity.h. */
#include "identity.h"

#include <stdio.h>
#include <string.h>

#include "ask.h"

/* The instance is part of every audience and assertion. The service that is asked knows it. */
static lk_status
instance_learn(
    latchkey_client *client, latchkey_service service, int64_t deadline_ms, struct lk_error *err)
{
	Latchkey__Health__V1__CheckRequest body = LATCHKEY__HEALTH__V1__CHECK_REQUEST__INIT;
	LK_AUTO(answer_wipe) struct answer answer = { 0 };

	pthread_mutex_lock(&client->lock);
	const bool known = *client->instance;
	pthread_mutex_unlock(&client->lock);
	if (known)
		return LK_OK;
	LK_TRY(ask(client,
	    &(struct question){ .method = M_HEALTH_CHECK,
		.body = &body.base,
		.service = &service,
		.deadline_ms = deadline_ms },
	    &answer, err));
	const char *instance = ((const CheckResponse *)(const void *)answer.message)->instance;
	pthread_mutex_lock(&client->lock);
	if (!*client->instance) /* written once: others read it unlocked when they have seen it
				   there */
		lk_text_copy(client->instance, sizeof client->instance, instance);
	const bool learnt = *client->instance;
	pthread_mutex_unlock(&client->lock);
	if (!learnt)
		return lk_fail(err, LK_INTERNAL, "REPLY_INCOMPLETE",
		    "the service did not name its installation");
	return LK_OK;
}

lk_status
client_instance(latchkey_client *client, latchkey_service service, int64_t deadline_ms,
    char out_instance[INSTANCE_SIZE], struct lk_error *err)
{
	LK_TRY(instance_learn(client, service, deadline_ms, err));
	memcpy(out_instance, client->instance, INSTANCE_SIZE);
	return LK_OK;
}

/* ---- tokens ---- */

struct fetched_token {
	struct lk_secret *token;
	int64_t ttl_ms;
};

static lk_status
token_keep(latchkey_client *client, const IssueTokenResponse *answer, struct fetched_token *out,
    struct lk_error *err)
{
	const size_t len = strlen(answer->secret_token);

	out->ttl_ms = answer->expires_at_ms - lk_clock_wall_ms(client->clock);
	if (len == 0)
		return lk_fail(err, LK_INTERNAL, "REPLY_INCOMPLETE",
		    "the service left out a part of its answer");
	return lk_secret_new(lk_bytes(answer->secret_token, len + 1), &out->token, err);
}

static lk_status
token_fetch(latchkey_client *client, int64_t deadline_ms, void *out, struct lk_error *err)
{
	Latchkey__Tokens__V1__IssueTokenRequest body =
	    LATCHKEY__TOKENS__V1__ISSUE_TOKEN_REQUEST__INIT;
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	char audience[sizeof "latchkey:" + INSTANCE_SIZE];

	LK_TRY(instance_learn(client, LATCHKEY_TOKENS, deadline_ms, err));
	snprintf(audience, sizeof audience, "latchkey:%s", client->instance);
	body.secret_key = (char *)latchkey_secret_text(client->settings.secret);
	body.audience = audience;
	LK_TRY(ask(client,
	    &(struct question){
		.method = M_TOKEN_ISSUE, .body = &body.base, .deadline_ms = deadline_ms },
	    &answer, err));
	return token_keep(
	    client, (const IssueTokenResponse *)(const void *)answer.message, out, err);
}

static void
token_install(latchkey_client *client, void *fetched)
{
	struct fetched_token *token = fetched;

	lk_secret_free(client->token);
	client->token = token->token;
	lease_begin(client, &client->token_lease, token->ttl_ms);
}

static lk_status
token_prove(latchkey_client *client, int64_t deadline_ms, struct lk_arena *arena, struct proof *out,
    struct lk_error *err)
{
	struct fetched_token fetched = { 0 };

	LK_TRY(lease_hold(client, &client->token_lease,
	    &(struct lease_source){ token_fetch, token_install, &fetched }, deadline_ms, err));
	out->token = lk_arena_text(arena, (const char *)lk_secret_bytes(client->token).data);
	out->token_number = client->token_lease.number;
	pthread_mutex_unlock(&client->lock);
	return out->token ? LK_OK : lk_fail_oom(err);
}

void
proof_refused(latchkey_client *client, const struct proof *proof)
{
	lease_drop(client, &client->token_lease, proof->token_number);
}

/* ---- assertions ---- */

static lk_status
maker_ready(latchkey_client *client, struct lk_error *err)
{
	lk_status status = LK_OK;

	pthread_mutex_lock(&client->lock);
	if (!client->maker)
		status = lk_assertion_maker_new(&client->maker, client->settings.operator_name,
		    client->instance, client->settings.sign_key, client->clock, err);
	pthread_mutex_unlock(&client->lock);
	return status;
}

static lk_status
assertion_message(const struct lk_assertion *made, struct lk_arena *arena, const AssertionMsg **out,
    struct lk_error *err)
{
	AssertionMsg *message = LK_ARENA_NEW(arena, AssertionMsg);

	if (!message)
		return lk_fail_oom(err);
	latchkey__common__v1__assertion__init(message);
	message->caller = lk_arena_text(arena, made->caller);
	message->callee = lk_arena_text(arena, made->callee);
	message->method = lk_arena_text(arena, made->method);
	message->instance = lk_arena_text(arena, made->instance);
	message->issued_at_ms = made->issued_at_ms;
	message->expires_at_ms = made->expires_at_ms;
	message->signature.data = lk_arena_copy(arena, made->signature, sizeof made->signature);
	message->signature.len = sizeof made->signature;
	if (!message->caller || !message->callee || !message->method || !message->instance ||
	    !message->signature.data)
		return lk_fail_oom(err);
	*out = message;
	return LK_OK;
}

static lk_status
operator_prove(latchkey_client *client, latchkey_service service, const char *method,
    int64_t deadline_ms, struct lk_arena *arena, struct proof *out, struct lk_error *err)
{
	struct lk_assertion made;

	LK_TRY(instance_learn(client, service, deadline_ms, err));
	LK_TRY(maker_ready(client, err));
	LK_TRY(
	    lk_assertion_make(client->maker, latchkey_service_name(service), method, &made, err));
	return assertion_message(&made, arena, &out->assertion, err);
}

lk_status
proof_make(latchkey_client *client, latchkey_service service, const char *method,
    int64_t deadline_ms, struct lk_arena *arena, struct proof *out, struct lk_error *err)
{
	switch (client->settings.source) {
	case LATCHKEY_SOURCE_NONE:
		return LK_OK;
	case LATCHKEY_SOURCE_KEY:
	case LATCHKEY_SOURCE_SESSION:
		return token_prove(client, deadline_ms, arena, out, err);
	case LATCHKEY_SOURCE_OPERATOR:
		return operator_prove(client, service, method, deadline_ms, arena, out, err);
	}
	return LK_OK;
}
