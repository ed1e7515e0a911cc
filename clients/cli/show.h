/* Each object of the library as fields of an answer, within the object that is open. */
#ifndef LATCHKEY_CLI_SHOW_H
#define LATCHKEY_CLI_SHOW_H

#include <latchkey/latchkey.h>

#include "out.h"

void show_tenant(struct out *out, const latchkey_tenant *tenant);
void show_user(struct out *out, const latchkey_user *user);
void show_ticket(struct out *out, const latchkey_ticket *ticket, const latchkey_secret *secret);
void show_registration(struct out *out, const latchkey_registration *registration);
/* A list of roles in JSON is named `roles`: those that the caller may give. */
void show_capabilities(struct out *out, const latchkey_capabilities *capabilities);
void show_principal(struct out *out, const latchkey_principal *principal);
void show_issuer(struct out *out, const latchkey_issuer *issuer);
void show_open_session(struct out *out, const latchkey_open_session *session);
void show_role(struct out *out, const latchkey_role *role);
void show_workgroup(struct out *out, const latchkey_workgroup *workgroup);
void show_policy(struct out *out, const latchkey_policy *policy);
void show_identity(struct out *out, const latchkey_identity *identity);
void show_key(struct out *out, const latchkey_key *key);
void show_finding(struct out *out, const latchkey_finding *finding);
void show_credential(struct out *out, const latchkey_credential *credential);
void show_lease(struct out *out, const latchkey_lease *lease);
void show_worker(struct out *out, const latchkey_worker *worker);
void show_event(struct out *out, const latchkey_event *event);
void show_health(struct out *out, const latchkey_health *health);

#endif
