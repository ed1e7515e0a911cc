/* Root keys (KEKs) that stored credentials are sealed under: for operators. */
#ifndef LATCHKEY_KEKS_H
#define LATCHKEY_KEKS_H

#include <latchkey/credentials.h>

LATCHKEY_BEGIN_DECLS

typedef struct latchkey_kek latchkey_kek;
typedef struct latchkey_kek_list latchkey_kek_list;
LATCHKEY_API const char *latchkey_kek_id(const latchkey_kek *kek);
/** "pending" (loaded, not used yet), "active", "draining" (rotated away from), "retired". */
LATCHKEY_API const char *latchkey_kek_state(const latchkey_kek *kek);
/** How many tenant keys are wrapped under it. */
LATCHKEY_API int64_t latchkey_kek_wraps(const latchkey_kek *kek);
LATCHKEY_API int64_t latchkey_kek_created_at_ms(const latchkey_kek *kek);
LATCHKEY_API int64_t latchkey_kek_changed_at_ms(const latchkey_kek *kek);
LATCHKEY_API void latchkey_kek_free(latchkey_kek *kek);

/** All of them, oldest first. All of these need an operator. */
LATCHKEY_API latchkey_status latchkey_kek_list_get(latchkey_client *client,
    const latchkey_call *call, latchkey_kek_list **out_list,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
LATCHKEY_API size_t latchkey_kek_list_count(const latchkey_kek_list *list);
LATCHKEY_API const latchkey_kek *latchkey_kek_list_at(const latchkey_kek_list *list, size_t index);
LATCHKEY_API void latchkey_kek_list_free(latchkey_kek_list *list);

/**
 * Wrap new tenant keys under this root key; NULL: under the only pending one, or go on with a
 * rotation that was interrupted. latchkey_kek_rewrap brings the older ones there. `out_kek` may be
 * NULL, here and below. LATCHKEY_NOT_FOUND KEK_MISSING, LATCHKEY_FAILED_PRECONDITION
 * KEK_NOT_PENDING, KEK_RETIRED, LATCHKEY_INVALID_ARGUMENT KEK_AMBIGUOUS.
 */
LATCHKEY_API latchkey_status latchkey_kek_rotate(latchkey_client *client, const char *id,
    const latchkey_call *call, latchkey_kek **out_kek,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** What one step of re-wrapping did. */
typedef struct latchkey_rewrap latchkey_rewrap;
/** Where the next step goes on; "" after the last one. */
LATCHKEY_API const char *latchkey_rewrap_after(const latchkey_rewrap *rewrap);
LATCHKEY_API int64_t latchkey_rewrap_rewrapped(const latchkey_rewrap *rewrap);
/** Tenant keys that do not open, and were left as they are. */
LATCHKEY_API int64_t latchkey_rewrap_broken(const latchkey_rewrap *rewrap);
LATCHKEY_API int64_t latchkey_rewrap_total(const latchkey_rewrap *rewrap);
/** Tenant keys that are not under the active root key yet. */
LATCHKEY_API int64_t latchkey_rewrap_remaining(const latchkey_rewrap *rewrap);
LATCHKEY_API void latchkey_rewrap_free(latchkey_rewrap *rewrap);

/** One step, over up to `limit` tenant keys (0: 128, at most 512) behind `after` (NULL: the first).
 */
LATCHKEY_API latchkey_status latchkey_kek_rewrap(latchkey_client *client, const char *after,
    uint32_t limit, const latchkey_call *call, latchkey_rewrap **out_rewrap,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** It may leave the configuration then. LATCHKEY_FAILED_PRECONDITION KEK_IN_USE,
 * LATCHKEY_NOT_FOUND KEK_MISSING. */
LATCHKEY_API latchkey_status latchkey_kek_retire(latchkey_client *client, const char *id,
    const latchkey_call *call, latchkey_kek **out_kek,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

LATCHKEY_END_DECLS

#endif
