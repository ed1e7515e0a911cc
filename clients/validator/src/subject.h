/* Identities, each kept once: a million keys of a thousand owners share a thousand of these. */
#ifndef LATCHKEY_VALIDATOR_SUBJECT_H
#define LATCHKEY_VALIDATOR_SUBJECT_H

#include <stdatomic.h>

#include "auth/permission.h"
#include "base/base.h"
#include "crypto/digest.h"
#include "latchkey/common/v1/types.pb-c.h"

struct subjects;

/* Immutable. The table holds no reference of its own: the last unref takes it out. */
struct subject {
	struct subjects *table;
	struct subject *next;   /* of its bucket */
	atomic_uint references; /* becomes 0 under the bucket's lock only */
	uint32_t slots[2];      /* of the change log: subject, tenant */
	lk_permissions permissions;
	uint8_t digest[LK_DIGEST_LEN];
	Latchkey__Common__V1__Identity *identity; /* without key, session, expiry, generations */
};

struct subjects *subjects_new(void);        /* NULL when memory is short */
void subjects_free(struct subjects *table); /* every subject must have been given back */

/* The one with these rights. RESOURCE_EXHAUSTED OUT_OF_MEMORY. Yours: subject_unref. */
lk_status subjects_intern(struct subjects *table, const Latchkey__Common__V1__Identity *identity,
    struct subject **out_subject, struct lk_error *err);
struct subject *subject_ref(struct subject *subject);
void subject_unref(struct subject *subject); /* NULL is fine */

#endif
