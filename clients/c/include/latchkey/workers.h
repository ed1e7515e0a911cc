/*
 * Workers with an Ed25519 key of their own, enrolled by an operator: what they fetch is signed, so
 * that neither their API key nor the key that signs tokens is enough to fetch as them.
 */
#ifndef LATCHKEY_WORKERS_H
#define LATCHKEY_WORKERS_H

#include <latchkey/client.h>

LATCHKEY_BEGIN_DECLS

typedef struct latchkey_worker latchkey_worker;
typedef struct latchkey_worker_list latchkey_worker_list;
LATCHKEY_API const char *latchkey_worker_id(const latchkey_worker *worker);
LATCHKEY_API const char *latchkey_worker_enrolled_by(const latchkey_worker *worker);
LATCHKEY_API int64_t latchkey_worker_enrolled_at_ms(const latchkey_worker *worker);
LATCHKEY_API void latchkey_worker_free(latchkey_worker *worker);

LATCHKEY_API size_t latchkey_worker_list_count(const latchkey_worker_list *list);
LATCHKEY_API const latchkey_worker *latchkey_worker_list_at(
    const latchkey_worker_list *list, size_t index);
LATCHKEY_API const char *latchkey_worker_list_next(const latchkey_worker_list *list);
LATCHKEY_API void latchkey_worker_list_free(latchkey_worker_list *list);

/**
 * Make a worker's key: the private file for LATCHKEY_WORKER_KEY_FILE (mode 0600), and the public
 * one to enrol. As latchkey_operator_key_create().
 */
LATCHKEY_API latchkey_status latchkey_worker_key_create(const char *private_path,
    const char *public_path, const char *name, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/**
 * Bind a public key to a worker (usr_… or prn_…), in place of an earlier one; from now on its
 * fetches must be signed. Operators only. The file is one that latchkey_worker_key_create() wrote.
 */
LATCHKEY_API latchkey_status latchkey_worker_enrol(latchkey_client *client, const char *worker,
    const char *public_path, const latchkey_call *call, latchkey_worker **out_worker,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** Forget the key. LATCHKEY_NOT_FOUND WORKER_NOT_FOUND. Operators only. */
LATCHKEY_API latchkey_status latchkey_worker_remove(latchkey_client *client, const char *worker,
    const latchkey_call *call, latchkey_worker **out_worker,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** Operators only. */
LATCHKEY_API latchkey_status latchkey_worker_list_get(latchkey_client *client,
    const latchkey_page *page, const latchkey_call *call, latchkey_worker_list **out_list,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

LATCHKEY_END_DECLS

#endif
