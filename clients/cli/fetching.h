/* One credential for one job, as the options of exec and its like say. */
#ifndef LATCHKEY_CLI_FETCHING_H
#define LATCHKEY_CLI_FETCHING_H

#include <sys/types.h>

#include "cli.h"

enum { FETCHING_PURPOSE_SIZE = 129 };

/* What stands in the audit trail when nobody says better: which command, where, which process. */
void fetching_purpose(const char *what, pid_t pid, char out[FETCHING_PURPOSE_SIZE]);

/* Fetch for --purpose (else `purpose`), under --lease where that is given; without --owner the
 * caller's own. Says so when it has expired and is handed out all the same. */
latchkey_status fetching_once(struct cli *cli, const char *purpose, latchkey_fetched **out_fetched);

/* The same of a provider that no operand names; as often as wanted. */
latchkey_status fetching_of(
    struct cli *cli, const char *provider, const char *purpose, latchkey_fetched **out_fetched);

/*
 * The same, and the lease that the command is to hold for its life: that of --lease, else one that
 * the caller grants themselves on a credential of their own. *out_lease is NULL where there is
 * none.
 */
latchkey_status fetching_leased(struct cli *cli, const char *purpose, latchkey_lease **out_lease,
    latchkey_fetched **out_fetched);

bool fetching_is_expired(const latchkey_credential *credential);

#endif
