/* Sources under a keyed hash of what was shown: the key, from where, and in which way. What makes
 * one old is the business of daemon/standing_cache.h. */
#include "sources.h"

#include <stddef.h>
#include <string.h>

#include "auth/cache.h"
#include "base/alloc.h"
#include "crypto/digest.h"

enum { KEPT = 8192, KEPT_MS = 60000 };

struct sources {
	const struct lk_host *host;
	struct lk_auth_cache *kept;
};

/* One list of workgroups, cut behind the last. */
struct known {
	uint64_t number; /* before keys was asked */
	char subject[LK_ID_SIZE], tenant[LK_ID_SIZE], key[LK_ID_SIZE];
	lk_permissions permissions;
	int64_t not_before_ms, expires_at_ms, ttl_default_ms, ttl_max_ms;
	uint64_t tenant_generation, user_generation, key_generation;
	bool all_workgroups;
	size_t workgroups_count;
	char workgroups[LK_TOKEN_WORKGROUPS_MAX][LK_ID_SIZE];
};

lk_status
sources_new(struct sources **out_sources, const struct lk_host *host, struct lk_error *err)
{
	struct sources *sources = LK_ALLOC(struct sources);

	if (!sources)
		return lk_fail_oom(err);
	sources->host = host;
	const lk_status status = lk_auth_cache_new(&sources->kept, KEPT, err);
	if (status == LK_OK)
		*out_sources = sources;
	else
		lk_free(sources);
	return status;
}

void
sources_free(struct sources *sources)
{
	if (!sources)
		return;
	lk_auth_cache_free(sources->kept);
	lk_free(sources);
}

/* The digest that is hashed again under the cache's key lives as long as this takes. */
static void
question_hash(
    const struct sources *sources, const IssueTokenRequest *req, uint8_t out_hash[LK_DIGEST_LEN])
{
	const uint8_t direct = req->direct ? 1 : 0;
	const struct lk_bytes parts[] = { lk_bytes_of(req->secret_key),
		lk_bytes_of(req->source_address), lk_bytes(&direct, sizeof direct) };
	uint8_t digest[LK_DIGEST_LEN];

	lk_hash256_parts("latchkey token source v1", parts, LK_ARRAY_LEN(parts), digest);
	lk_auth_cache_hash(sources->kept, lk_bytes(digest, sizeof digest), out_hash);
	lk_wipe(digest, sizeof digest);
}

static bool
is_in_time(const struct known *known, int64_t now_ms)
{
	return now_ms >= known->not_before_ms &&
	       (known->expires_at_ms == 0 || now_ms < known->expires_at_ms);
}

static bool
still_counts(const struct sources *sources, const struct known *known)
{
	const char *const ids[] = { known->subject, known->tenant, known->key };

	return lk_host_keys_unchanged(sources->host, known->number, ids, LK_ARRAY_LEN(ids));
}

/* Borrows from `known`. */
static bool
source_of(const struct known *known, struct lk_arena *arena, struct grant_source *out)
{
	const char **workgroups =
	    lk_arena_array(arena, known->workgroups_count, sizeof *workgroups);

	if (!workgroups)
		return false;
	for (size_t i = 0; i < known->workgroups_count; i++)
		workgroups[i] = known->workgroups[i];
	*out = (struct grant_source){
		.subject = known->subject,
		.tenant = known->tenant,
		.key = known->key,
		.session = "",
		.permissions = known->permissions,
		.all_workgroups = known->all_workgroups,
		.workgroups = workgroups,
		.workgroups_count = known->workgroups_count,
		.expires_at_ms = known->expires_at_ms,
		.tenant_generation = known->tenant_generation,
		.user_generation = known->user_generation,
		.key_generation = known->key_generation,
		.ttl_default_ms = known->ttl_default_ms,
		.ttl_max_ms = known->ttl_max_ms,
	};
	return true;
}

bool
sources_recall(struct sources *sources, struct lk_call *call, const IssueTokenRequest *req,
    struct grant_source *out_source)
{
	const int64_t now_ms = lk_clock_wall_ms(sources->host->clock);
	struct lk_arena *arena = lk_call_arena(call);
	struct known *known = LK_ARENA_NEW(arena, struct known);
	uint8_t hash[LK_DIGEST_LEN];
	size_t len;

	if (!known || !*req->secret_key)
		return false;
	question_hash(sources, req, hash);
	if (!lk_auth_cache_get(sources->kept, hash, now_ms, known, sizeof *known, &len) ||
	    !is_in_time(known, now_ms) || !source_of(known, arena, out_source) ||
	    !still_counts(sources, known))
		return false;
	lk_use_report_note(sources->host->uses, known->key, "", req->source_address);
	return true;
}

uint64_t
sources_number(const struct sources *sources)
{
	return lk_host_keys_number(sources->host);
}

static bool
may_be_kept(const struct grant_source *source)
{
	return source->key[0] != '\0' && source->session[0] == '\0' &&
	       source->workgroups_count <= LK_TOKEN_WORKGROUPS_MAX;
}

static bool
fill(struct known *known, const struct grant_source *source)
{
	bool fits = lk_text_copy(known->subject, sizeof known->subject, source->subject) &&
		    lk_text_copy(known->tenant, sizeof known->tenant, source->tenant) &&
		    lk_text_copy(known->key, sizeof known->key, source->key);

	for (size_t i = 0; fits && i < source->workgroups_count; i++)
		fits = lk_text_copy(known->workgroups[i], LK_ID_SIZE, source->workgroups[i]);
	return fits;
}

void
sources_keep(struct sources *sources, struct lk_call *call, const IssueTokenRequest *req,
    uint64_t number, const VerifyKeyResponse *answer, const struct grant_source *source)
{
	struct known *known =
	    may_be_kept(source) ? LK_ARENA_NEW(lk_call_arena(call), struct known) : NULL;
	uint8_t hash[LK_DIGEST_LEN];

	if (!known || !fill(known, source))
		return;
	known->number = number;
	known->permissions = source->permissions;
	known->not_before_ms = answer->not_before_at_ms;
	known->expires_at_ms = source->expires_at_ms;
	known->ttl_default_ms = source->ttl_default_ms;
	known->ttl_max_ms = source->ttl_max_ms;
	known->tenant_generation = source->tenant_generation;
	known->user_generation = source->user_generation;
	known->key_generation = source->key_generation;
	known->all_workgroups = source->all_workgroups;
	known->workgroups_count = source->workgroups_count;
	question_hash(sources, req, hash);
	lk_auth_cache_put(sources->kept, hash, lk_clock_wall_ms(sources->host->clock) + KEPT_MS,
	    lk_bytes(
		(const uint8_t *)known, offsetof(struct known, workgroups) +
					    known->workgroups_count * sizeof known->workgroups[0]));
}
