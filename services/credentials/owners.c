/* Bytes under a hash of the question and of everything the caller came with: a token that is
 * narrower is another question. What makes an answer old is the business of
 * daemon/standing_cache.h.
 */
#include "owners.h"

#include "auth/cache.h"
#include "base/alloc.h"
#include "crypto/digest.h"

#include <string.h>

enum { KEPT = 4096, KEPT_MS = 60000 };

struct owners {
	const struct lk_host *host;
	struct lk_auth_cache *kept;
};

struct known {
	uint64_t number; /* before keys was asked */
	struct owner owner;
};

lk_status
owners_new(struct owners **out_owners, const struct lk_host *host, struct lk_error *err)
{
	struct owners *owners = LK_ALLOC(struct owners);

	if (!owners)
		return lk_fail_oom(err);
	owners->host = host;
	const lk_status status = lk_auth_cache_new(&owners->kept, KEPT, err);
	if (status == LK_OK)
		*out_owners = owners;
	else
		lk_free(owners);
	return status;
}

void
owners_free(struct owners *owners)
{
	if (!owners)
		return;
	lk_auth_cache_free(owners->kept);
	lk_free(owners);
}

static bool
question_hash(const struct owners *owners, struct lk_call *call, const char *user,
    const char *tenant, uint8_t out_hash[LK_DIGEST_LEN])
{
	const struct lk_caller *caller = lk_call_caller(call);
	const uint64_t rights[] = { caller->kind, caller->permissions, caller->all_workgroups };
	const struct lk_bytes first[] = { lk_bytes_of(user), lk_bytes_of(tenant),
		lk_bytes_of(caller->id), lk_bytes_of(caller->tenant), lk_bytes_of(caller->key),
		lk_bytes_of(caller->session), lk_bytes((const uint8_t *)rights, sizeof rights) };
	const size_t count = LK_ARRAY_LEN(first) + caller->workgroups_count;
	struct lk_bytes *parts = lk_arena_array(lk_call_arena(call), count, sizeof *parts);
	uint8_t digest[LK_DIGEST_LEN];

	if (!parts)
		return false;
	memcpy(parts, first, sizeof first);
	for (size_t i = 0; i < caller->workgroups_count; i++)
		parts[LK_ARRAY_LEN(first) + i] = lk_bytes_of(caller->workgroups[i]);
	lk_hash256_parts("latchkey owner question v1", parts, count, digest);
	lk_auth_cache_hash(owners->kept, lk_bytes(digest, sizeof digest), out_hash);
	return true;
}

static bool
still_counts(const struct owners *owners, const struct lk_caller *caller, const struct known *known)
{
	const char *const ids[] = { known->owner.id, known->owner.tenant, caller->id,
		caller->tenant, caller->key, caller->session };

	return lk_host_keys_unchanged(owners->host, known->number, ids, LK_ARRAY_LEN(ids));
}

bool
owners_recall(struct owners *owners, struct lk_call *call, const char *user, const char *tenant,
    struct owner *out_owner)
{
	uint8_t hash[LK_DIGEST_LEN];
	struct known known;
	size_t len;

	if (!question_hash(owners, call, user, tenant, hash) ||
	    !lk_auth_cache_get(owners->kept, hash, lk_clock_wall_ms(owners->host->clock), &known,
		sizeof known, &len) ||
	    !still_counts(owners, lk_call_caller(call), &known))
		return false;
	*out_owner = known.owner;
	return true;
}

static void
keep(struct owners *owners, struct lk_call *call, const char *user, const char *tenant,
    const struct known *known)
{
	uint8_t hash[LK_DIGEST_LEN];

	if (question_hash(owners, call, user, tenant, hash))
		lk_auth_cache_put(owners->kept, hash,
		    lk_clock_wall_ms(owners->host->clock) + KEPT_MS,
		    lk_bytes((const uint8_t *)known, sizeof *known));
}

lk_status
owners_ask(struct owners *owners, struct lk_call *call, const char *user, const char *tenant,
    struct owner *out_owner, struct lk_error *err)
{
	struct known known = { .number = lk_host_keys_number(owners->host) };

	LK_TRY(keys_peer_owner(owners->host, call, user, tenant, &known.owner, err));
	keep(owners, call, user, tenant, &known);
	*out_owner = known.owner;
	return LK_OK;
}
