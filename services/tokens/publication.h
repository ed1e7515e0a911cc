/* What GetJwks answers: the keys, and this service's fresh word that they are all there is. */
#ifndef LK_TOKENS_PUBLICATION_H
#define LK_TOKENS_PUBLICATION_H

#include "auth/jwks_source.h"
#include "signing_set.h"

struct publication;

/* What is said besides the keys. Everything is borrowed for life. */
struct publication_config {
	const struct lk_sign_key *sign_key;
	const char *instance, *service, *issuer, *platform_audience;
	enum lk_token_typ typ;
};

struct publication *publication_new(const struct publication_config *config); /* NULL: no memory */
void publication_free(struct publication *publication);
LK_DEFINE_FREEP(publication_freep, struct publication *, publication_free)

/* Say again, now, that `set` is in force; answers whether another one was before. An older set than
 * the one said last changes nothing. */
bool publication_renew(struct publication *publication, struct signing_set *set, int64_t now_ms);

/* The last word. */
struct published {
	struct signing_set *set;       /* a reference: yours */
	struct lk_jwks_statement says; /* borrows from the set and from the config */
	uint8_t signature[LK_SIGNATURE_LEN];
};
void publication_get(struct publication *publication, struct published *out);
void published_wipe(struct published *published);

#endif
