/*
 * The heads of the audit trails as they were last found good, in
 * $XDG_STATE_HOME/latchkey/audit/INSTANCE (else ~/.local/state/…): a trail that was cut, or written
 * anew, no longer contains them. A second place, as long as it is not the service's own.
 */
#ifndef LATCHKEY_CLI_HEADS_H
#define LATCHKEY_CLI_HEADS_H

#include "cli.h"

enum { HEADS_INSTANCE_SIZE = 33 };

struct heads {
	char instance[HEADS_INSTANCE_SIZE];
	latchkey_audit_head of[LATCHKEY_SERVICE_COUNT]; /* sequence 0: none */
};

/* None when there is no file yet. LATCHKEY_FAILED_PRECONDITION HEADS_BROKEN when it is not one. */
latchkey_status heads_load(struct cli *cli, const char *instance, struct heads *out);
latchkey_status heads_save(struct cli *cli, const struct heads *heads);

/* NULL when none is remembered. */
const latchkey_audit_head *heads_find(const struct heads *heads, latchkey_service service);
void heads_set(struct heads *heads, latchkey_service service, const latchkey_audit_head *head);

#endif
