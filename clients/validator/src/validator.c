/*
 * The validator: what is remembered, under which lease it counts, and when the service is asked.
 * The order of a decision from memory is: read the lease, look up, check the entry against now, and
 * only then look at the clock for the lease. Read the other way round, a lease renewed in between
 * could vouch for an entry that its renewal had made invalid.
 */
#include <latchkey/validator.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "batch.h"
#include "cache.h"
#include "crypto/sign.h"
#include "feed/subscriber.h"
#include "identity.h"
#include "report.h"
#include "wish.h"

enum {
	DEFAULT_STALENESS_MS = 5000,
	STALENESS_LEAST_MS = 10,
	STALENESS_MOST_MS = 60000,
	DEFAULT_NEGATIVE_MS = 1000,
	DEFAULT_ENTRIES = 100000,
	DEFAULT_ASK_TIMEOUT_MS = 2000,
	FEEDS = 2,
};

typedef Latchkey__Tokens__V1__ValidateTokenResponse ValidateTokenAnswer;
typedef Latchkey__Tokens__V1__ValidateTokensResponse ValidateTokensAnswer;
typedef Latchkey__Common__V1__ReadFeedRequest ReadFeedQuestion;
typedef Latchkey__Common__V1__ReadFeedResponse ReadFeedAnswer;

/* The feed of one service. */
struct feed {
	latchkey_validator *validator;
	latchkey_service service;
	uint8_t public_key[LK_SIGN_PUBLIC_LEN];
	struct answer answer; /* the last, kept for its reader */
	struct lk_feed_subscriber *subscriber;
};

struct latchkey_validator {
	latchkey_client *client;
	uint32_t staleness_ms, grace_ms, negative_ms, timeout_ms;
	latchkey_lost_lease lost_lease;
	unsigned forks; /* of this process, when it was opened */
	struct cache *cache;
	struct subjects *subjects;
	struct batch *batch;
	struct report *report;
	struct feed feeds[FEEDS];
	atomic_uint_fast64_t hits, refused_hits, misses, failures, lease_lost;
};

/* ---- Fork ---- */

static atomic_uint forks;

static void
count_fork(void)
{
	atomic_fetch_add(&forks, 1);
}

static void
watch_forks(void)
{
	pthread_atfork(NULL, NULL, count_fork);
}

static bool
is_forked(const latchkey_validator *validator)
{
	return atomic_load_explicit(&forks, memory_order_relaxed) != validator->forks;
}

/* ---- Feeds ---- */

static lk_status
feed_ask(void *user, const ReadFeedQuestion *request, uint32_t timeout_ms, struct lk_arena *arena,
    const ReadFeedAnswer **out_answer, struct lk_error *err)
{
	struct feed *feed = user;
	latchkey_client *client = feed->validator->client;
	const int64_t deadline_ms = lk_clock_steady_ms(client->clock) + timeout_ms;
	char instance[INSTANCE_SIZE];

	(void)arena; /* the answer brings its own */
	LK_TRY(client_instance(client, feed->service, deadline_ms, instance, err));
	answer_wipe(&feed->answer);
	feed->answer = (struct answer){ 0 };
	LK_TRY(ask(client,
	    &(struct question){ .method = M_FEED_READ,
		.body = &request->base,
		.service = &feed->service,
		.deadline_ms = deadline_ms },
	    &feed->answer, err));
	*out_answer = (const ReadFeedAnswer *)(const void *)feed->answer.message;
	return LK_OK;
}

static void
feed_event(void *user, const struct lk_feed_event *event)
{
	const struct feed *feed = user;
	struct lk_changes *changes = cache_changes(feed->validator->cache);

	if (event->kind == LK_FEED_GENERATION || event->kind == LK_FEED_TOKEN_REVOKED ||
	    event->kind == LK_FEED_TENANT_DELETED || event->kind == LK_FEED_USER_DELETED)
		lk_changes_note(changes, event->id);
	else if (event->kind != LK_FEED_JWKS_CHANGED) /* a key that is withdrawn says so itself */
		lk_changes_note_all(changes);         /* that, or something of a newer service */
}

static void
feed_flush(void *user)
{
	const struct feed *feed = user;

	lk_changes_note_all(cache_changes(feed->validator->cache));
}

static lk_status
feed_key_load(struct feed *feed, const char *peers_dir, struct lk_error *err)
{
	struct lk_peer_key peer;
	char path[4096];

	snprintf(path, sizeof path, "%s/%s.pub", peers_dir, latchkey_service_name(feed->service));
	LK_TRY(lk_peer_file_load(path, &peer, err));
	if (!lk_text_is(peer.role, "service"))
		return lk_fail(err, LK_INVALID_ARGUMENT, "PEER_KEY_INVALID",
		    "the key of \"%s\" is not that of a service", peer.name);
	memcpy(feed->public_key, peer.public_key, sizeof feed->public_key);
	return LK_OK;
}

static lk_status
feed_open(latchkey_validator *validator, struct feed *feed, latchkey_service service,
    const char *peers_dir, struct lk_error *err)
{
	char urls[LK_URL_LIST_SIZE]; /* read while subscribing only */

	feed->validator = validator;
	feed->service = service;
	if (peers_dir)
		LK_TRY(feed_key_load(feed, peers_dir, err));
	LK_TRY(lk_url_of_service(service == LATCHKEY_KEYS ? LK_URL_KEYS : LK_URL_TOKENS,
	    validator->client->settings.url, validator->client->settings.service_urls[service],
	    urls, err));
	const struct lk_feed_subscriber_config config = {
		.service = latchkey_service_name(service),
		.instance = validator->client->instance, /* known once feed_ask has answered */
		.public_key = peers_dir ? feed->public_key : NULL,
		.service_urls = urls,
		.max_staleness_ms = validator->staleness_ms,
		.clock = lk_clock_boot(),
		.random = lk_random_system(),
		.user = feed,
		.ask = feed_ask,
		.on_event = feed_event,
		.on_flush = feed_flush,
	};
	return lk_feed_subscribe(&feed->subscriber, &config, err);
}

/* When trust ends in what is remembered of keys, and of tokens, of which both services have a say.
 */
struct leases {
	int64_t keys_end_ms, tokens_end_ms;
};

static struct leases
leases_read(const latchkey_validator *validator)
{
	const int64_t keys = lk_feed_lease_ends_ms(validator->feeds[LATCHKEY_KEYS].subscriber);
	const int64_t tokens = lk_feed_lease_ends_ms(validator->feeds[LATCHKEY_TOKENS].subscriber);

	return (struct leases){ keys, tokens < keys ? tokens : keys };
}

static int64_t
now_ms(void)
{
	return lk_clock_steady_ms(lk_clock_boot());
}

/* ---- Decisions ---- */

static void
refuse(latchkey_decision *out, const char *reason)
{
	latchkey_decision_wipe(out);
	lk_text_copy(out->reason, sizeof out->reason, reason);
}

static bool
has_workgroup(const IdentityMsg *identity, const char *workgroup)
{
	for (size_t i = 0; i < identity->n_workgroups; i++)
		if (strcmp(identity->workgroups[i], workgroup) == 0)
			return true;
	return identity->all_workgroups;
}

/* The clock is read only for what depends on it. */
static bool
is_in_its_time(const struct entry *entry)
{
	if (entry->expires_at_ms == 0 && entry->not_before_ms <= 0)
		return true;
	const int64_t wall_ms = lk_clock_wall_ms(lk_clock_system());
	return (entry->expires_at_ms == 0 || wall_ms < entry->expires_at_ms) &&
	       wall_ms >= entry->not_before_ms;
}

/* Why what is known to be good does not do, now and for this wish; NULL when it does. */
static const char *
why_not(const struct entry *entry, const struct wish *wish)
{
	if (!is_in_its_time(entry))
		return entry->is_token ? "TOKEN_REFUSED" : "KEY_REFUSED";
	if (wish->needed & ~entry->subject->permissions)
		return "PERMISSION_MISSING";
	if (*wish->workgroup && !has_workgroup(entry->subject->identity, wish->workgroup))
		return "WORKGROUP_MISSING";
	return NULL;
}

static void
id_write(const char *prefix, const char ulid[ULID_LEN], char out[LK_ID_SIZE])
{
	if (ulid[0] == '\0')
		return; /* out is all zeroes */
	memcpy(out, prefix, LK_ID_LEN - ULID_LEN);
	memcpy(out + LK_ID_LEN - ULID_LEN, ulid, ULID_LEN);
}

/* Takes the entry's reference to its subject. */
static void
decide(const struct entry *entry, const struct wish *wish, latchkey_decision *out)
{
	const char *reason = why_not(entry, wish);

	out->held = entry->subject;
	out->is_token = entry->is_token;
	out->expires_at_ms = entry->expires_at_ms;
	id_write("key_", entry->key, out->key);
	id_write("jti_", entry->token, out->token);
	if (reason) {
		refuse(out, reason);
		return;
	}
	out->active = true;
	out->identity = (const latchkey_identity *)(const void *)entry->subject->identity;
}

/* ---- From memory ---- */

static bool
lease_holds(const latchkey_validator *validator, const struct leases *leases, bool is_token)
{
	const int64_t ends_ms = is_token ? leases->tokens_end_ms : leases->keys_end_ms;

	return ends_ms > 0 && now_ms() < ends_ms + validator->grace_ms;
}

static bool
decide_from_memory(latchkey_validator *validator, struct cache_tag tag, const struct wish *wish,
    const struct leases *leases, latchkey_decision *out)
{
	struct entry entry;

	if (!cache_get(validator->cache, tag, &entry))
		return false;
	decide(&entry, wish, out);
	if (!lease_holds(validator, leases, entry.is_token)) {
		latchkey_decision_wipe(out);
		*out = (latchkey_decision){ 0 };
		return false;
	}
	out->remembered = true;
	atomic_fetch_add_explicit(&validator->hits, 1, memory_order_relaxed);
	return true;
}

static bool
refuse_from_memory(latchkey_validator *validator, struct cache_tag tag, latchkey_decision *out)
{
	char reason[REFUSAL_REASON_SIZE];

	if (!cache_refused(validator->cache, tag, now_ms(), reason))
		return false;
	refuse(out, reason);
	out->remembered = true;
	atomic_fetch_add_explicit(&validator->refused_hits, 1, memory_order_relaxed);
	return true;
}

/* ---- From the service ---- */

static uint32_t
patience_ms(const latchkey_validator *validator)
{
	return validator->timeout_ms < validator->staleness_ms ? validator->timeout_ms
							       : validator->staleness_ms;
}

static lk_status
batch_send(void *user, ValidateTokenRequest **requests, size_t count, struct lk_arena **out_arena,
    ValidateTokensAnswer **out_answer, struct lk_error *err)
{
	latchkey_validator *validator = user;
	Latchkey__Tokens__V1__ValidateTokensRequest body =
	    LATCHKEY__TOKENS__V1__VALIDATE_TOKENS_REQUEST__INIT;
	struct answer answer = { 0 };

	body.n_requests = count;
	body.requests = requests;
	LK_TRY(ask(validator->client,
	    &(struct question){ .method = M_VALIDATE_MANY,
		.body = &body.base,
		.deadline_ms =
		    lk_clock_steady_ms(validator->client->clock) + patience_ms(validator) },
	    &answer, err));
	*out_arena = answer.arena;
	*out_answer = (ValidateTokensAnswer *)(void *)answer.message;
	return LK_OK;
}

static uint64_t
batch_number(void *user)
{
	const latchkey_validator *validator = user;

	return lk_changes_now(cache_changes(validator->cache));
}

static int64_t
batch_now_ms(void *user)
{
	(void)user;
	return now_ms();
}

static void
ulid_copy(const char *id, char out[ULID_LEN])
{
	if (strlen(id) == LK_ID_LEN)
		memcpy(out, id + LK_ID_LEN - ULID_LEN, ULID_LEN);
}

static lk_status
entry_of(
    latchkey_validator *validator, const struct ask *asked, struct entry *out, struct lk_error *err)
{
	const ValidateTokenAnswer *answer = asked->answer;

	if (!answer->identity)
		return lk_fail(
		    err, LK_INTERNAL, "REPLY_INCOMPLETE", "the service left out who it is");
	*out = (struct entry){ .number = asked->number,
		.expires_at_ms = answer->identity->expires_at_ms,
		.not_before_ms = answer->not_before_ms,
		.slots = { lk_change_slot(answer->identity->key),
		    lk_change_slot(answer->token_id) },
		.is_token = lk_text_is(answer->credential_kind, "token") };
	ulid_copy(answer->identity->key, out->key);
	ulid_copy(answer->token_id, out->token);
	if (*answer->identity->session) /* a token of a session: two slots are enough for it, too */
		out->slots[0] = lk_change_slot(answer->identity->session);
	return subjects_intern(validator->subjects, answer->identity, &out->subject, err);
}

static lk_status
take_answer(latchkey_validator *validator, const struct ask *asked, struct cache_tag tag,
    const struct wish *wish, latchkey_decision *out, struct lk_error *err)
{
	struct entry entry;

	if (!asked->answer->active) {
		cache_refuse(validator->cache, tag, asked->number,
		    asked->sent_ms + validator->negative_ms, asked->answer->reason);
		refuse(out, asked->answer->reason);
		return LK_OK;
	}
	LK_TRY(entry_of(validator, asked, &entry, err));
	if (*asked->answer->actor ==
	    '\0') /* events of who acts would not be found under the subject */
		cache_put(validator->cache, tag, &entry);
	decide(&entry, wish, out);
	if (now_ms() < asked->sent_ms + validator->staleness_ms)
		return LK_OK;
	latchkey_decision_wipe(out);
	return lk_fail(err, LK_UNAVAILABLE, "VALIDATOR_LATE",
	    "the answer came so late that it may not be true any more");
}

static lk_status
decide_by_service(latchkey_validator *validator, struct cache_tag tag, const struct wish *wish,
    latchkey_decision *out, struct lk_error *err)
{
	struct ask asked = { .request = LATCHKEY__TOKENS__V1__VALIDATE_TOKEN_REQUEST__INIT };

	asked.request.secret_credential = (char *)(uintptr_t)wish->credential;
	asked.request.audience = (char *)(uintptr_t)wish->audience;
	asked.request.source_address = (char *)(uintptr_t)wish->source_address;
	atomic_fetch_add_explicit(&validator->misses, 1, memory_order_relaxed);
	lk_status status = batch_ask(validator->batch, &asked, err);
	if (status == LK_OK)
		status = take_answer(validator, &asked, tag, wish, out, err);
	if (status != LK_OK)
		atomic_fetch_add_explicit(&validator->failures, 1, memory_order_relaxed);
	batch_release(&asked);
	return status;
}

/* ---- Public ---- */

/* What is remembered was once asked about, so what it was asked with need not be looked at again.
 */
static lk_status
validate(latchkey_validator *validator, const struct wish *wish, latchkey_decision *out,
    struct lk_error *err)
{
	const struct leases leases = leases_read(validator);
	const struct cache_tag tag = cache_tag(
	    validator->cache, wish->credential, wish->len, wish->audience, wish->source_address);

	if (decide_from_memory(validator, tag, wish, &leases, out) ||
	    refuse_from_memory(validator, tag, out))
		return LK_OK;
	LK_TRY(wish_check(wish, err));
	if (wish_is_unspeakable(wish)) {
		refuse(out, "KEY_MALFORMED");
		return LK_OK;
	}
	if (!lease_holds(validator, &leases, wish_is_token(wish))) {
		atomic_fetch_add_explicit(&validator->lease_lost, 1, memory_order_relaxed);
		if (validator->lost_lease == LATCHKEY_LOST_LEASE_FAIL_CLOSED)
			return lk_fail(err, LK_UNAVAILABLE, "LEASE_LOST",
			    "the services were not heard of for too long to trust what is "
			    "remembered");
	}
	return decide_by_service(validator, tag, wish, out, err);
}

latchkey_status
latchkey_validator_validate(latchkey_validator *validator, const char *credential,
    const latchkey_requirements *requirements, latchkey_decision *out_decision,
    latchkey_error *out_error)
{
	struct lk_error *err = error_inside(out_error);
	latchkey_decision decision = { 0 };
	struct wish wish;

	if (is_forked(validator))
		return (latchkey_status)lk_fail(err, LK_FAILED_PRECONDITION, "FORKED",
		    "a validator does not survive fork(): open one in the child");
	PUBLIC_TRY(wish_read(credential, requirements, &wish, err));
	PUBLIC_TRY(validate(validator, &wish, &decision, err));
	*out_decision = decision;
	return LATCHKEY_OK;
}

void
latchkey_decision_wipe(latchkey_decision *decision)
{
	subject_unref(decision->held);
	decision->held = NULL;
	decision->identity = NULL;
	decision->active = false;
}

void
latchkey_validator_count(const latchkey_validator *validator, latchkey_validator_counts *out_counts)
{
	*out_counts = (latchkey_validator_counts){
		.hits = atomic_load(&validator->hits),
		.refused_hits = atomic_load(&validator->refused_hits),
		.misses = atomic_load(&validator->misses),
		.batches = batch_messages(validator->batch),
		.failures = atomic_load(&validator->failures),
		.lease_lost = atomic_load(&validator->lease_lost),
		.uses_reported = report_uses(validator->report),
	};
	for (size_t i = 0; i < FEEDS; i++) {
		const struct lk_feed_subscriber *subscriber = validator->feeds[i].subscriber;
		const struct lk_feed_subscriber_stats stats = lk_feed_subscriber_stats(subscriber);
		out_counts->events += stats.events;
		out_counts->flushes += stats.flushes;
		out_counts->lease_left_ms[i] = lk_feed_lease_ends_ms(subscriber) - now_ms();
	}
}

/* ---- Life ---- */

static uint32_t
or_default(uint32_t value, uint32_t preset)
{
	return value ? value : preset;
}

static lk_status
read_options(
    latchkey_validator *validator, const latchkey_validator_options *o, struct lk_error *err)
{
	validator->staleness_ms = or_default(o->max_staleness_ms, DEFAULT_STALENESS_MS);
	if (validator->staleness_ms < STALENESS_LEAST_MS ||
	    validator->staleness_ms > STALENESS_MOST_MS)
		return lk_fail_field(err, "max_staleness_ms", "STALENESS_INVALID",
		    "max_staleness_ms must be %d to %d", STALENESS_LEAST_MS, STALENESS_MOST_MS);
	validator->grace_ms = o->stale_grace_ms;
	validator->negative_ms = or_default(o->negative_ttl_ms, DEFAULT_NEGATIVE_MS);
	validator->timeout_ms = or_default(o->timeout_ms, DEFAULT_ASK_TIMEOUT_MS);
	validator->lost_lease = o->lost_lease;
	return LK_OK;
}

static lk_status
open_parts(latchkey_validator *validator, const latchkey_validator_options *o, struct lk_error *err)
{
	const struct batch_config batch = { validator, batch_send, batch_number, batch_now_ms };
	static const latchkey_service services[FEEDS] = { LATCHKEY_KEYS, LATCHKEY_TOKENS };

	LK_TRY(read_options(validator, o, err));
	validator->cache = cache_new(o->max_entries ? o->max_entries : DEFAULT_ENTRIES);
	validator->subjects = subjects_new();
	if (!validator->cache || !validator->subjects)
		return lk_fail_oom(err);
	LK_TRY(batch_new(&validator->batch, &batch, err));
	LK_TRY((lk_status)latchkey_client_open(
	    o->client, &validator->client, (latchkey_error *)(void *)err));
	for (size_t i = 0; i < FEEDS; i++)
		LK_TRY(feed_open(validator, &validator->feeds[i], services[i], o->peers_dir, err));
	return report_start(&validator->report, validator->client, validator->cache, err);
}

static void
validator_closep(latchkey_validator **validator)
{
	latchkey_validator_close(*validator);
}

latchkey_status
latchkey_validator_open(const latchkey_validator_options *options,
    latchkey_validator **out_validator, latchkey_error *out_error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static const latchkey_validator_options defaults;
	LK_AUTO(validator_closep) latchkey_validator *validator = LK_ALLOC(latchkey_validator);
	struct lk_error *err = error_inside(out_error);

	pthread_once(&once, watch_forks);
	if (!validator)
		return (latchkey_status)lk_fail_oom(err);
	validator->forks = atomic_load(&forks);
	PUBLIC_TRY(open_parts(validator, options ? options : &defaults, err));
	*out_validator = LK_TAKE(validator);
	return LATCHKEY_OK;
}

/* In a forked child the threads are gone and locks may be held by nobody: what there is stays. */
void
latchkey_validator_close(latchkey_validator *validator)
{
	if (!validator || is_forked(validator))
		return;
	report_stop(validator->report);
	for (size_t i = 0; i < FEEDS; i++) {
		lk_feed_unsubscribe(validator->feeds[i].subscriber);
		answer_wipe(&validator->feeds[i].answer);
	}
	latchkey_client_close(validator->client);
	batch_free(validator->batch);
	cache_free(validator->cache);
	subjects_free(validator->subjects);
	lk_free(validator);
}
