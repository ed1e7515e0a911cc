/* Read, copy, update: readers take a reference under a read lock held for two instructions. */
#include "signer.h"

#include <pthread.h>

#include "base/alloc.h"

enum { SIGNER_ARENA = 256 * 1024 };

struct signer {
	struct signer_setup setup;
	struct lk_caller self; /* who acts when the calendar does */
	pthread_rwlock_t lock;
	struct signing_set *set;
};

struct signing_set *
signer_set(struct signer *signer)
{
	pthread_rwlock_rdlock(&signer->lock);
	struct signing_set *set = signing_set_ref(signer->set);
	pthread_rwlock_unlock(&signer->lock);
	return set;
}

/* Takes `set`. Two threads may come with two sets; the newer one stays. */
static void
install(struct signer *signer, struct signing_set *set)
{
	pthread_rwlock_wrlock(&signer->lock);
	struct signing_set *old = signer->set;
	if (!old || signing_set_version(set) > signing_set_version(old)) {
		signer->set = set;
		set = old;
	}
	pthread_rwlock_unlock(&signer->lock);
	signing_set_unref(set);
}

/* ---- Loading ---- */

struct loading {
	const struct signer *signer;
	struct lk_arena *arena;
	int64_t known; /* version; 0 is none */
	int64_t version;
	struct signing_key_list keys;
};

static void
loading_wipe(struct loading *loading)
{
	signing_key_list_clear(&loading->keys);
	lk_arena_free(loading->arena);
}

static lk_status
load(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct loading *l = arg;

	LK_TRY(signing_keys_version(tx, &l->version, err));
	if (l->version == l->known)
		return LK_OK;
	signing_key_list_clear(&l->keys);
	return signing_keys_load(tx, l->signer->setup.ring, l->arena, &l->keys, err);
}

lk_status
signer_refresh(struct signer *signer, struct lk_error *err)
{
	LK_AUTO(signing_set_unrefp)
	struct signing_set *known = signer->set ? signer_set(signer) : NULL;
	LK_AUTO(loading_wipe)
	struct loading l = { .signer = signer, .known = known ? signing_set_version(known) : 0 };
	struct signing_set *set;

	l.arena = lk_arena_new(SIGNER_ARENA);
	if (!l.arena)
		return lk_fail_oom(err);
	LK_TRY(lk_store_read(signer->setup.store, LK_NO_DEADLINE, load, &l, err));
	if (l.version == l.known)
		return LK_OK;
	LK_TRY(signing_set_new(&l.keys, l.version, signer->setup.typ, &set, err));
	install(signer, set);
	return LK_OK;
}

/* ---- The calendar ---- */

struct signing_change
signer_change(struct signer *signer, const struct lk_caller *actor, const char *request_id,
    const char *reason, struct lk_arena *arena)
{
	return (struct signing_change){
		.ring = signer->setup.ring,
		.rules = &signer->setup.rules,
		.actor = actor,
		.request_id = request_id,
		.reason = reason,
		.now_ms = lk_clock_wall_ms(signer->setup.clock),
		.arena = arena,
	};
}

const struct rotation_rules *
signer_rules(const struct signer *signer)
{
	return &signer->setup.rules;
}

static lk_status
advance(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct signing_change *change = arg;

	lk_arena_reset(change->arena);
	return signing_keys_advance(tx, change, err);
}

static lk_status
advance_now(struct signer *signer, struct lk_error *err)
{
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(SIGNER_ARENA);
	struct signing_change change = signer_change(signer, &signer->self, "", "", arena);

	if (!arena)
		return lk_fail_oom(err);
	return lk_store_write(signer->setup.store, LK_NO_DEADLINE, advance, &change, err);
}

static bool
is_due(struct signer *signer)
{
	LK_AUTO(signing_set_unrefp) struct signing_set *set = signer_set(signer);
	const struct signing_key_list *list = signing_set_keys(set);

	return rotation_next(&signer->setup.rules, list->keys, list->count,
		   lk_clock_wall_ms(signer->setup.clock))
		   .step != ROTATION_NOTHING;
}

lk_status
signer_keep(struct signer *signer, struct lk_error *err)
{
	LK_TRY(signer_refresh(signer, err));
	if (!is_due(signer))
		return LK_OK;
	LK_TRY(advance_now(signer, err));
	return signer_refresh(signer, err);
}

/* ---- Life ---- */

lk_status
signer_open(const struct signer_setup *setup, struct signer **out_signer, struct lk_error *err)
{
	LK_AUTO(signer_closep) struct signer *signer = LK_ALLOC(struct signer);

	if (!signer) {
		lk_keyring_free(setup->ring);
		return lk_fail_oom(err);
	}
	signer->setup = *setup;
	pthread_rwlock_init(&signer->lock, NULL);
	signer->self.kind = LK_CALLER_SERVICE;
	lk_text_copy(signer->self.id, sizeof signer->self.id, setup->service);
	LK_TRY(rotation_rules_check(&setup->rules, err));
	LK_TRY(advance_now(signer, err));
	LK_TRY(signer_refresh(signer, err));
	*out_signer = LK_TAKE(signer);
	return LK_OK;
}

void
signer_close(struct signer *signer)
{
	if (!signer)
		return;
	signing_set_unref(signer->set);
	pthread_rwlock_destroy(&signer->lock);
	lk_keyring_free(signer->setup.ring);
	lk_free(signer);
}

lk_status
signer_sign(struct signer *signer, struct lk_bytes claims, struct lk_arena *arena,
    struct lk_bytes *out_token, struct lk_error *err)
{
	LK_AUTO(signing_set_unrefp) struct signing_set *set = signer_set(signer);

	return signing_set_sign(set, claims, arena, out_token, err);
}
