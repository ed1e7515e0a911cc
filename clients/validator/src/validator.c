/*
 * The validator: what is remembered, under which lease it counts, and when the service is asked.
 * The order of a decision from memory is: read the lease, look up, check the entry against now, and
 * only then look at the clock for the lease. Read the other way round, a lease renewed in between
 * could vouch for an entry that its renewal had made invalid.
 */
#include "impl.h"

#include <pthread.h>
#include <string.h>

#include "crypto/secret.h"
#include "wish.h"

enum {
	DEFAULT_STALENESS_MS = 5000,
	STALENESS_LEAST_MS = 10,
	STALENESS_MOST_MS = 60000,
	DEFAULT_NEGATIVE_MS = 1000,
	DEFAULT_ENTRIES = 100000,
	DEFAULT_ASK_TIMEOUT_MS = 2000,
};

typedef Latchkey__Tokens__V1__ValidateTokenResponse ValidateTokenAnswer;
typedef Latchkey__Tokens__V1__ValidateTokensResponse ValidateTokensAnswer;
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

/* Where something is kept beside what is remembered, it has to be there. */
static bool
look_up(latchkey_validator *validator, struct cache_tag tag, const struct wish *wish,
    struct entry *out_entry, struct kept **out_kept)
{
	return out_kept ? cache_get_kept(validator->cache, tag, wish->asked_by, out_entry, out_kept)
			: cache_get(validator->cache, tag, out_entry);
}

static void
kept_drop(struct kept **kept)
{
	if (kept)
		kept_unref(LK_TAKE(*kept));
}

static bool
decide_from_memory(latchkey_validator *validator, struct cache_tag tag, const struct wish *wish,
    const struct leases *leases, latchkey_decision *out, struct kept **out_kept)
{
	struct entry entry;

	if (!look_up(validator, tag, wish, &entry, out_kept))
		return false;
	decide(&entry, wish, out);
	if (!lease_holds(validator, leases, entry.is_token)) {
		latchkey_decision_wipe(out);
		kept_drop(out_kept);
		*out = (latchkey_decision){ 0 };
		return false;
	}
	if (!out->active)
		kept_drop(out_kept);
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
batch_send(void *user, ValidateTokenRequest **requests, size_t count, const struct ask *first,
    struct lk_arena **out_arena, ValidateTokensAnswer **out_answer, struct lk_error *err)
{
	latchkey_validator *validator = user;
	Latchkey__Tokens__V1__ValidateTokensRequest body =
	    LATCHKEY__TOKENS__V1__VALIDATE_TOKENS_REQUEST__INIT;
	const latchkey_call call = { .request_id = first->request_id,
		.traceparent = first->traceparent };
	struct answer answer = { 0 };

	body.n_requests = count;
	body.requests = requests;
	LK_TRY(ask(validator->client,
	    &(struct question){ .method = M_VALIDATE_MANY,
		.body = &body.base,
		.call = &call,
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

/* What is made of it stands beside the entry, and for this once beside the decision. */
static lk_status
remember(latchkey_validator *validator, const struct ask *asked, struct cache_tag tag,
    const struct entry *entry, struct kept **out_kept, struct lk_error *err)
{
	struct kept *kept = NULL;

	if (validator->make && !(kept = validator->make(validator->make_user, asked->answer)))
		return lk_fail_oom(err);
	if (kept)
		kept_set_source(kept, asked->request.source_address);
	if (*asked->answer->actor ==
	    '\0') /* events of who acts would not be found under the subject */
		cache_put_kept(validator->cache, tag, entry, kept);
	if (out_kept)
		*out_kept = kept;
	else
		kept_unref(kept);
	return LK_OK;
}

static lk_status
take_answer(latchkey_validator *validator, const struct ask *asked, struct cache_tag tag,
    const struct wish *wish, latchkey_decision *out, struct kept **out_kept, struct lk_error *err)
{
	struct entry entry;

	if (!asked->answer->active) {
		cache_refuse(validator->cache, tag, asked->number,
		    asked->sent_ms + validator->negative_ms, asked->answer->reason);
		refuse(out, asked->answer->reason);
		return LK_OK;
	}
	LK_TRY(entry_of(validator, asked, &entry, err));
	const lk_status remembered = remember(validator, asked, tag, &entry, out_kept, err);
	if (remembered != LK_OK) {
		subject_unref(entry.subject);
		return remembered;
	}
	decide(&entry, wish, out);
	if (!out->active)
		kept_drop(out_kept);
	if (now_ms() < asked->sent_ms + validator->staleness_ms)
		return LK_OK;
	latchkey_decision_wipe(out);
	kept_drop(out_kept);
	return lk_fail(err, LK_UNAVAILABLE, "VALIDATOR_LATE",
	    "the answer came so late that it may not be true any more");
}

static lk_status
decide_by_service(latchkey_validator *validator, struct cache_tag tag, const struct wish *wish,
    latchkey_decision *out, struct kept **out_kept, struct lk_error *err)
{
	struct ask asked = { .request = LATCHKEY__TOKENS__V1__VALIDATE_TOKEN_REQUEST__INIT };

	asked.request.secret_credential = (char *)(uintptr_t)wish->credential;
	asked.request.audience = (char *)(uintptr_t)wish->audience;
	asked.request.source_address = (char *)(uintptr_t)wish->source_address;
	asked.request_id = wish->request_id;
	asked.traceparent = wish->traceparent;
	atomic_fetch_add_explicit(&validator->misses, 1, memory_order_relaxed);
	lk_status status = batch_ask(validator->batch, &asked, err);
	if (status == LK_OK)
		status = take_answer(validator, &asked, tag, wish, out, out_kept, err);
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
    struct kept **out_kept, struct lk_error *err)
{
	const struct leases leases = leases_read(validator);
	const struct cache_tag tag = cache_tag(
	    validator->cache, wish->credential, wish->len, wish->audience, wish->source_address);

	if (decide_from_memory(validator, tag, wish, &leases, out, out_kept) ||
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
	return decide_by_service(validator, tag, wish, out, out_kept, err);
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
	PUBLIC_TRY(validate(validator, &wish, &decision, NULL, err));
	*out_decision = decision;
	return LATCHKEY_OK;
}

bool
validator_recall(latchkey_validator *validator, const struct validator_question *question,
    latchkey_decision *out_decision, struct kept **out_kept)
{
	const struct leases leases = leases_read(validator);
	latchkey_decision decision = { 0 };
	struct wish wish;

	if (wish_read(question->credential, &question->requirements, &wish, NULL) != LK_OK)
		return false;
	wish.asked_by = question->asked_by;
	*out_kept = NULL;
	const struct cache_tag tag = cache_tag(
	    validator->cache, wish.credential, wish.len, wish.audience, wish.source_address);
	if (!decide_from_memory(validator, tag, &wish, &leases, &decision, out_kept) &&
	    !refuse_from_memory(validator, tag, &decision))
		return false;
	*out_decision = decision;
	return true;
}

lk_status
validator_decide(latchkey_validator *validator, const struct validator_question *question,
    latchkey_decision *out_decision, struct kept **out_kept, struct lk_error *err)
{
	latchkey_decision decision = { 0 };
	struct wish wish;

	LK_TRY(wish_read(question->credential, &question->requirements, &wish, err));
	wish.asked_by = question->asked_by;
	wish.request_id = question->request_id;
	wish.traceparent = question->traceparent;
	*out_kept = NULL;
	LK_TRY(validate(validator, &wish, &decision, out_kept, err));
	*out_decision = decision;
	return LK_OK;
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
		.entries = cache_filled(validator->cache),
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

/* A peer signs each question as operators do; what they may ask is the services' to say. */
static lk_status
speak_as(latchkey_client *client, const struct validator_inside *inside, struct lk_error *err)
{
	struct settings *settings = &client->settings;

	settings->source = LATCHKEY_SOURCE_OPERATOR;
	LK_IGNORE(
	    !lk_text_copy(settings->operator_name, sizeof settings->operator_name, inside->name));
	return lk_sign_key_load(inside->key_file, "peer key", &settings->sign_key, err);
}

static lk_status
open_parts(latchkey_validator *validator, const latchkey_validator_options *o,
    const struct validator_inside *inside, struct lk_error *err)
{
	const struct batch_config batch = { validator, batch_send, batch_number, batch_now_ms };
	static const latchkey_service services[FEEDS] = { LATCHKEY_KEYS, LATCHKEY_TOKENS };

	LK_TRY(read_options(validator, o, err));
	validator->cache = cache_new(o->max_entries ? o->max_entries : DEFAULT_ENTRIES);
	validator->subjects = subjects_new();
	if (!validator->cache || !validator->subjects || (inside && !cache_keep(validator->cache)))
		return lk_fail_oom(err);
	LK_TRY(batch_new(&validator->batch, &batch, err));
	LK_TRY((lk_status)latchkey_client_open(
	    o->client, &validator->client, (latchkey_error *)(void *)err));
	if (inside)
		LK_TRY(speak_as(validator->client, inside, err));
	for (size_t i = 0; i < FEEDS; i++)
		LK_TRY(feed_open(validator, &validator->feeds[i], services[i], o->peers_dir,
		    inside != NULL, err));
	return report_start(&validator->report, validator->client, validator->cache, err);
}

static void
validator_closep(latchkey_validator **validator)
{
	latchkey_validator_close(*validator);
}

lk_status
validator_open_inside(const latchkey_validator_options *options,
    const struct validator_inside *inside, latchkey_validator **out_validator, struct lk_error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	LK_AUTO(validator_closep) latchkey_validator *validator = LK_ALLOC(latchkey_validator);

	pthread_once(&once, watch_forks);
	if (!validator)
		return lk_fail_oom(err);
	validator->forks = atomic_load(&forks);
	if (inside) {
		validator->make = inside->make;
		validator->make_user = inside->make_user;
	}
	LK_TRY(open_parts(validator, options, inside, err));
	*out_validator = LK_TAKE(validator);
	return LK_OK;
}

latchkey_status
latchkey_validator_open(const latchkey_validator_options *options,
    latchkey_validator **out_validator, latchkey_error *out_error)
{
	static const latchkey_validator_options defaults;

	return (latchkey_status)validator_open_inside(
	    options ? options : &defaults, NULL, out_validator, error_inside(out_error));
}

void
validator_leave(latchkey_validator *validator)
{
	for (size_t i = 0; i < FEEDS; i++)
		lk_feed_leave(validator->feeds[i].subscriber);
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
