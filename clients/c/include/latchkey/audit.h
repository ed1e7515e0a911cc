/* The audit trail: reading it, and proving that nothing in it was changed, moved, dropped or cut
 * off. */
#ifndef LATCHKEY_AUDIT_H
#define LATCHKEY_AUDIT_H

#include <latchkey/client.h>

LATCHKEY_BEGIN_DECLS

typedef struct latchkey_event latchkey_event;
typedef struct latchkey_event_list latchkey_event_list;
LATCHKEY_API uint64_t latchkey_event_sequence(
    const latchkey_event *event); /**< 0: not yet sealed */
LATCHKEY_API const char *latchkey_event_id(const latchkey_event *event);
LATCHKEY_API int64_t latchkey_event_at_ms(const latchkey_event *event);
LATCHKEY_API const char *latchkey_event_action(const latchkey_event *event); /**< "key.revoked" */
LATCHKEY_API const char *latchkey_event_outcome(
    const latchkey_event *event); /**< "ok", or why it was refused */
LATCHKEY_API const char *latchkey_event_actor_kind(const latchkey_event *event);
LATCHKEY_API const char *latchkey_event_actor(const latchkey_event *event);
LATCHKEY_API const char *latchkey_event_actor_key(const latchkey_event *event);
LATCHKEY_API const char *latchkey_event_tenant(const latchkey_event *event);
LATCHKEY_API const char *latchkey_event_object(const latchkey_event *event);
LATCHKEY_API const char *latchkey_event_owner(const latchkey_event *event);
LATCHKEY_API const char *latchkey_event_purpose(const latchkey_event *event);
LATCHKEY_API const char *latchkey_event_request_id(const latchkey_event *event);
LATCHKEY_API const char *latchkey_event_detail(const latchkey_event *event);

LATCHKEY_API size_t latchkey_event_list_count(const latchkey_event_list *list);
LATCHKEY_API const latchkey_event *latchkey_event_list_at(
    const latchkey_event_list *list, size_t index);
LATCHKEY_API const char *latchkey_event_list_next(const latchkey_event_list *list);
LATCHKEY_API void latchkey_event_list_free(latchkey_event_list *list);

/** Which events; each text exact. NULL in place of it: all that the caller may see. */
typedef struct latchkey_event_filter {
	const char *tenant;
	const char *action;
	const char *object;
	const char *actor;
	int64_t since_at_ms;
} latchkey_event_filter;

/** One service's events, newest first. Permission audit.read. */
LATCHKEY_API latchkey_status latchkey_event_list_get(latchkey_client *client,
    latchkey_service service, const latchkey_event_filter *filter, const latchkey_page *page,
    const latchkey_call *call, latchkey_event_list **out_list,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** A head of a service's chain that was found good: keep it, the next verification must contain it.
 */
typedef struct latchkey_audit_head {
	uint64_t sequence; /**< 0: none yet */
	uint8_t hash[32];
} latchkey_audit_head;

typedef struct latchkey_audit_result {
	latchkey_audit_head head; /**< the head of today */
	uint64_t rows;            /**< read and recomputed */
	uint32_t unsealed;        /**< rows written and not yet numbered: not covered */
	int64_t signed_at_ms;
} latchkey_audit_result;

/**
 * Read a service's whole chain (operators only), recompute every hash, check the signature of its
 * head with the service's public key (32 bytes, from peers/), and that the chain still contains
 * every head that is `remembered` (in order of sequence, each above 0; several of one are fine).
 *
 * @return LATCHKEY_DATA_LOSS with reason AUDIT_ROW_BROKEN, AUDIT_GAP, AUDIT_HEAD_BROKEN,
 * AUDIT_SIGNATURE, AUDIT_CUT (shorter than what is remembered) or AUDIT_REWRITTEN (other rows than
 * those remembered). `call` gives the time for each page.
 */
LATCHKEY_API latchkey_status latchkey_audit_verify(latchkey_client *client,
    latchkey_service service, const uint8_t public_key[32], const latchkey_audit_head *remembered,
    size_t remembered_count, const latchkey_call *call, latchkey_audit_result *out_result,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

LATCHKEY_END_DECLS

#endif
