/* New secrets: the text that is shown once, and what is stored in its place. */
#ifndef LK_KEYS_ISSUE_H
#define LK_KEYS_ISSUE_H

#include "crypto/key_format.h"
#include "keys.h"

/* LK_AUTO(issued_wipe) struct issued issued = { 0 }; */
struct issued {
	char id[LK_ID_SIZE];
	struct lk_key_text text;
	char last4[LK_KEY_LAST4_SIZE];
	uint8_t digest[LK_DIGEST_LEN];
	uint32_t pepper_version;
};
void issued_wipe(struct issued *issued);

/* `kind` is LK_ID_KEY, LK_ID_SESSION or LK_ID_TICKET; `tenant` "" for a principal's key. */
lk_status issue(const struct keys *keys, enum lk_id_kind kind, const char *tenant,
    struct issued *out_issued, struct lk_error *err);

/* Does this secret belong to that digest? The same time for every answer. */
bool secret_matches(const struct keys *keys, const char *tenant, const char *id,
    const struct lk_secret32 *secret, uint32_t pepper_version, const uint8_t digest[LK_DIGEST_LEN]);

#endif
