/* The rows of enrolled workers, and of the signed fetches that must not come again. */
#ifndef LK_CREDENTIALS_WORKER_STORE_H
#define LK_CREDENTIALS_WORKER_STORE_H

#include "auth/caller.h"
#include "crypto/sign.h"
#include "store/store.h"

struct worker {
	char id[LK_ID_SIZE]; /* usr_… or prn_… */
	uint8_t public_key[LK_SIGN_PUBLIC_LEN];
	char enrolled_by[LK_CALLER_NAME_SIZE];
	int64_t enrolled_at_ms;
};

/* In place of an earlier key of the same worker. */
lk_status worker_save(struct lk_tx *tx, const struct worker *worker, struct lk_error *err);
/* NOT_FOUND WORKER_NOT_FOUND. */
lk_status worker_load(struct lk_tx *tx, const char *id, struct worker *out, struct lk_error *err);
lk_status worker_find(
    struct lk_tx *tx, const char *id, struct worker *out, bool *out_found, struct lk_error *err);
lk_status worker_delete(struct lk_tx *tx, const char *id, struct lk_error *err);
/* In order of id, after `after`. At most `limit` into `out`. */
lk_status worker_list(struct lk_tx *tx, const char *after, size_t limit, struct worker *out,
    size_t *out_count, struct lk_error *err);

/* Remembers a nonce until it is too old to be shown. PERMISSION_DENIED SIGNATURE_REPLAYED when it
 * is there. */
lk_status fetch_nonce_use(struct lk_tx *tx, const char *worker, struct lk_bytes nonce,
    int64_t now_ms, int64_t until_ms, struct lk_error *err);

#endif
