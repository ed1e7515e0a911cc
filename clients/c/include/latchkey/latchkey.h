/* All of liblatchkey: clients and profiles, accounts and people, issuers, keys, tokens,
 * credentials, leases, audit. */
#ifndef LATCHKEY_LATCHKEY_H
#define LATCHKEY_LATCHKEY_H

#include <latchkey/accounts.h>
#include <latchkey/audit.h>
#include <latchkey/base.h>
#include <latchkey/client.h>
#include <latchkey/credentials.h>
#include <latchkey/issuers.h>
#include <latchkey/keks.h>
#include <latchkey/keys.h>
#include <latchkey/leases.h>
#include <latchkey/people.h>
#include <latchkey/registrations.h>
#include <latchkey/roles.h>
#include <latchkey/signing_keys.h>
#include <latchkey/tokens.h>
#include <latchkey/workers.h>

#endif
