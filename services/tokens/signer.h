/*
 * The signing keys of this process: which set is in force now. Another set takes its place in one
 * step, whether this instance changed the keys or another one on the same store did.
 */
#ifndef LK_TOKENS_SIGNER_H
#define LK_TOKENS_SIGNER_H

#include "signing_keys.h"
#include "signing_set.h"

struct signer;

struct signer_setup {
	struct lk_store *store;  /* borrowed for life, as is the clock */
	struct lk_keyring *ring; /* taken, also on failure */
	const struct lk_clock *clock;
	struct rotation_rules rules;
	enum lk_token_typ typ;
	const char *service; /* actor of what the calendar does, in the trail; borrowed for life */
};

/* Loads the keys; an installation without any gets its first one, durable before this returns. */
lk_status signer_open(
    const struct signer_setup *setup, struct signer **out_signer, struct lk_error *err);
void signer_close(struct signer *signer);
LK_DEFINE_FREEP(signer_closep, struct signer *, signer_close)

/* The set in force. Yours: signing_set_unref. Any thread. */
struct signing_set *signer_set(struct signer *signer);

/* The same as signing_set_sign() of the set in force. */
lk_status signer_sign(struct signer *signer, struct lk_bytes claims, struct lk_arena *arena,
    struct lk_bytes *out_token, struct lk_error *err);

/* Load the keys anew when they have changed since. Blocks. */
lk_status signer_refresh(struct signer *signer, struct lk_error *err);

/* signer_refresh(), after what the calendar asks for. To be called every second or so. Blocks. */
lk_status signer_keep(struct signer *signer, struct lk_error *err);

/* A change by `actor`, for lk_store_write with one of the functions of signing_keys.h; follow it
 * with signer_refresh(). */
struct signing_change signer_change(struct signer *signer, const struct lk_caller *actor,
    const char *request_id, const char *reason, struct lk_arena *arena);
const struct rotation_rules *signer_rules(const struct signer *signer);

#endif
