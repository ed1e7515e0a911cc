/* The signed JWKS. Renewed every second: who hears an old word knows that it is one. */
#include "publication.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"

struct publication {
	struct publication_config config;
	pthread_rwlock_t lock;
	struct signing_set *set; /* NULL at first */
	int64_t signed_at_ms;
	uint8_t signature[LK_SIGNATURE_LEN];
};

struct publication *
publication_new(const struct publication_config *config)
{
	struct publication *publication = LK_ALLOC(struct publication);

	if (!publication)
		return NULL;
	publication->config = *config;
	pthread_rwlock_init(&publication->lock, NULL);
	return publication;
}

void
publication_free(struct publication *publication)
{
	if (!publication)
		return;
	signing_set_unref(publication->set);
	pthread_rwlock_destroy(&publication->lock);
	lk_free(publication);
}

static struct lk_jwks_statement
statement(const struct publication *p, const struct signing_set *set, int64_t signed_at_ms)
{
	return (struct lk_jwks_statement){
		.service = p->config.service,
		.jwks = signing_set_jwks_json(set),
		.issuer = p->config.issuer,
		.platform_audience = p->config.platform_audience,
		.token_typ = lk_token_typ_text(p->config.typ),
		.signed_at_ms = signed_at_ms,
	};
}

bool
publication_renew(struct publication *publication, struct signing_set *set, int64_t now_ms)
{
	const struct lk_jwks_statement says = statement(publication, set, now_ms);
	struct signing_set *old = NULL;
	uint8_t signature[LK_SIGNATURE_LEN];

	lk_jwks_sign(publication->config.sign_key, publication->config.instance, &says, signature);
	pthread_rwlock_wrlock(&publication->lock);
	const struct signing_set *before = publication->set;
	const bool newer = !before || signing_set_version(set) > signing_set_version(before);
	if (newer) {
		old = publication->set;
		publication->set = signing_set_ref(set);
	}
	if (newer || set == before) {
		publication->signed_at_ms = now_ms;
		memcpy(publication->signature, signature, sizeof signature);
	}
	pthread_rwlock_unlock(&publication->lock);
	signing_set_unref(old);
	return newer;
}

void
publication_get(struct publication *publication, struct published *out)
{
	pthread_rwlock_rdlock(&publication->lock);
	out->set = signing_set_ref(publication->set);
	out->says = statement(publication, out->set, publication->signed_at_ms);
	memcpy(out->signature, publication->signature, sizeof out->signature);
	pthread_rwlock_unlock(&publication->lock);
}

void
published_wipe(struct published *published)
{
	signing_set_unref(published->set);
	published->set = NULL;
}
