/* How a provider's credential stands in the environment of the tools that use it. */
#ifndef LATCHKEY_CLI_ENVIRONMENT_H
#define LATCHKEY_CLI_ENVIRONMENT_H

#include <latchkey/latchkey.h>

#include "base/base.h"

/* An environment: our own without what speaks for us or leads elsewhere, then what is added. */
struct child_environment {
	char **entries; /* those kept are borrowed; those added are ours */
	size_t kept, added;
	bool failed; /* memory was short */
};

void environment_begin(struct child_environment *child);
void environment_free(struct child_environment *child); /* wipes what was added; twice is fine */

/* The nth variable that could lead a tool to another credential; NULL past the last. */
const char *environment_misleading(size_t index);

/* How a provider's credential is handed to its tool. */
struct handover {
	const char *provider;
	void (*add)(struct child_environment *child, const latchkey_fetched *fetched);
	bool has_process; /* tools that use it know AWS's credential_process */
};
const struct handover *handover_find(const char *provider); /* NULL: none */

#endif
