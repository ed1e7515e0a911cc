/*
 * Objects that callers hold: an answer's message, moved behind a small prefix in the arena it was
 * decoded into. So an opaque latchkey_key is a wire message that callers cannot see into, what lies
 * within an object is borrowed by a cast, and freeing an object frees (and wipes) its arena.
 */
#ifndef LATCHKEY_OBJECT_H
#define LATCHKEY_OBJECT_H

#include <latchkey/latchkey.h>

#include "base/base.h"
#include "wire.h"

/* The two objects that are no wire message as it stands. */
struct ticket {
	UserMsg *user;
	TenantMsg *tenant;
	int64_t expires_at_ms;
};
struct fetched {
	CredentialMsg *credential;
	ProviderSecretMsg *secret;
};

/* Public errors have the layout of ours, so that nothing is copied on the way out. */
static inline struct lk_error *
error_inside(latchkey_error *error)
{
	_Static_assert(sizeof(latchkey_error) == sizeof(struct lk_error), "one layout");
	_Static_assert(
	    offsetof(latchkey_error, message) == offsetof(struct lk_error, message), "one layout");
	_Static_assert(
	    offsetof(latchkey_error, field) == offsetof(struct lk_error, field), "one layout");
	_Static_assert(
	    offsetof(latchkey_error, retry_after_ms) == offsetof(struct lk_error, retry_after_ms),
	    "one layout");
	return (struct lk_error *)(void *)error;
}

/* Zeroed memory for an object that owns `arena` from now on; NULL when memory is short (the arena
 * is still yours). */
void *object_new(struct lk_arena *arena, size_t size);

/*
 * Make an object of a message in `*arena` and take the arena. INTERNAL REPLY_INCOMPLETE when the
 * message is NULL, that is when the service left it out. `out_object` is the address of a pointer
 * to the public type.
 */
lk_status object_take(
    struct lk_arena **arena, const void *message, void *out_object, struct lk_error *err);

/* Wipe and free with all that lies in its arena. NULL is allowed. */
void object_free(const void *object);

/* Copy a secret text of an answer into guarded memory and wipe it in the answer. INTERNAL
 * REPLY_INCOMPLETE when it is empty. */
lk_status secret_take(char *text, latchkey_secret **out_secret, struct lk_error *err);
static inline void
secret_freep(latchkey_secret **secret)
{
	latchkey_secret_free(*secret);
}

/* Leave a public function early; its return type is not lk_status. */
#define PUBLIC_TRY(call)                                                                           \
	do {                                                                                       \
		const lk_status public_try_ = (call);                                              \
		if (public_try_ != LK_OK)                                                          \
			return (latchkey_status)public_try_;                                       \
	} while (0)

#endif
