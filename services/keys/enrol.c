/* Roles and tickets of new users; see enrol.h. */
#include "enrol.h"

#include <string.h>

#include "encode.h"
#include "issue.h"
#include "role_store.h"
#include "session_store.h"

lk_status
roles_to_give(struct op *op, struct lk_tx *tx, const struct tenant *tenant, char *const *names,
    size_t count, struct roles *out_roles, struct lk_error *err)
{
	static const struct roles none = { 0 };

	LK_TRY(roles_of_names(tx, tenant->id, names, count, out_roles, err));
	if (out_roles->built_in != role_bit(ROLE_MEMBER) || out_roles->own_count > 0)
		LK_TRY(lk_caller_require(op->caller, LK_PERM_ROLES_MANAGE, err));
	return role_change_check(op->caller->permissions, &none, out_roles, err);
}

lk_status
ticket_issue(struct op *op, struct lk_tx *tx, const struct user *user, char **out_text,
    int64_t *out_expires_at_ms, struct lk_error *err)
{
	LK_AUTO(issued_wipe) struct issued issued = { 0 };
	struct ticket ticket = { .has_digest = true,
		.created_at_ms = op->now_ms,
		.expires_at_ms = op->now_ms + op->keys->setup.ticket_ttl_ms };

	LK_TRY(issue(op->keys, LK_ID_TICKET, user->tenant, &issued, err));
	memcpy(ticket.id, issued.id, sizeof ticket.id);
	memcpy(ticket.tenant, user->tenant, sizeof ticket.tenant);
	memcpy(ticket.user, user->id, sizeof ticket.user);
	memcpy(ticket.digest, issued.digest, sizeof ticket.digest);
	ticket.pepper_version = issued.pepper_version;
	LK_TRY(ticket_insert(tx, &ticket, err));
	LK_TRY(op_audit(op, tx,
	    &(struct lk_audit_event){ .action = "ticket.issued",
		.tenant = user->tenant,
		.object = ticket.id,
		.owner = user->id },
	    err));
	*out_expires_at_ms = ticket.expires_at_ms;
	return lk_field_copy(op->arena, issued.text.text, out_text, err);
}
