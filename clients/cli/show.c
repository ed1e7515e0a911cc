/* Which fields an object has in an answer, in this order; see show.h. */
#include "show.h"

/* A typed step between out_texts() and one of the library's lists of texts. */
#define TEXTS(noun, item)                                                                          \
	static const char *noun##_##item(const void *of, size_t index)                             \
	{                                                                                          \
		return latchkey_##noun##_##item##_at(of, index);                                   \
	}                                                                                          \
	static void show_##noun##_##item##s(struct out *out, const latchkey_##noun *of)            \
	{                                                                                          \
		out_texts(                                                                         \
		    out, #item "s", noun##_##item, of, latchkey_##noun##_##item##_count(of));      \
	}
TEXTS(user, role)
TEXTS(capabilities, role)
TEXTS(principal, permission)
TEXTS(principal, tenant)
TEXTS(role, permission)
TEXTS(workgroup, member)
TEXTS(workgroup, admin)
TEXTS(workgroup, permission)
TEXTS(identity, permission)
TEXTS(identity, workgroup)
TEXTS(identity, tenant)
TEXTS(key, permission)
TEXTS(key, workgroup)
TEXTS(key, source_network)

static const char *
word_all(const void *of, size_t index)
{
	(void)of;
	(void)index;
	return "ALL";
}

/* JSON has a switch and a list; people get ALL in place of the list. */
static void
show_reach(struct out *out, const char *flag, const char *list, bool all,
    void (*texts)(struct out *, const void *), const void *of)
{
	if (out->json)
		out_flag(out, flag, all);
	if (all && !out->json)
		out_texts(out, list, word_all, NULL, 1);
	else
		texts(out, of);
}

#define REACH(noun, item)                                                                          \
	static void noun##_##item##_texts(struct out *out, const void *of)                         \
	{                                                                                          \
		show_##noun##_##item##s(out, of);                                                  \
	}                                                                                          \
	static void show_##noun##_##item##_reach(struct out *out, const latchkey_##noun *of)       \
	{                                                                                          \
		show_reach(out, "all_" #item "s", #item "s", latchkey_##noun##_all_##item##s(of),  \
		    noun##_##item##_texts, of);                                                    \
	}
REACH(principal, tenant)
REACH(identity, workgroup)
REACH(identity, tenant)
REACH(key, workgroup)

void
show_tenant(struct out *out, const latchkey_tenant *tenant)
{
	out_text(out, "id", latchkey_tenant_id(tenant));
	out_text(out, "name", latchkey_tenant_name(tenant));
	out_text(out, "domain", latchkey_tenant_domain(tenant));
	out_text(out, "profile", latchkey_tenant_profile(tenant));
	out_text(out, "state", latchkey_tenant_state(tenant));
	out_time(out, "created_at", latchkey_tenant_created_at_ms(tenant));
}

void
show_user(struct out *out, const latchkey_user *user)
{
	out_text(out, "id", latchkey_user_id(user));
	out_text(out, "email", latchkey_user_email(user));
	out_text(out, "name", latchkey_user_display_name(user));
	out_text(out, "kind", latchkey_kind_name(latchkey_user_kind(user)));
	out_text(out, "state", latchkey_user_state(user));
	show_user_roles(out, user);
	out_text(out, "tenant", latchkey_user_tenant(user));
	out_time(out, "created_at", latchkey_user_created_at_ms(user));
	out_time(out, "last_sign_in_at", latchkey_user_last_sign_in_at_ms(user));
}

void
show_ticket(struct out *out, const latchkey_ticket *ticket, const latchkey_secret *secret)
{
	show_user(out, latchkey_ticket_user(ticket));
	out_text(out, "ticket", latchkey_secret_text(secret));
	out_time(out, "ticket_expires_at", latchkey_ticket_expires_at_ms(ticket));
}

void
show_registration(struct out *out, const latchkey_registration *registration)
{
	out_text(out, "id", latchkey_registration_id(registration));
	out_text(out, "email", latchkey_registration_email(registration));
	out_text(out, "name", latchkey_registration_display_name(registration));
	out_text(out, "tenant", latchkey_registration_tenant(registration));
	out_time(out, "created_at", latchkey_registration_created_at_ms(registration));
}

void
show_capabilities(struct out *out, const latchkey_capabilities *may)
{
	out_flag(out, "shows_keys", latchkey_capabilities_shows_keys(may));
	out_flag(out, "shows_credentials", latchkey_capabilities_shows_credentials(may));
	out_flag(out, "may_create_keys", latchkey_capabilities_may_create_keys(may));
	out_text(out, "create_key_reason", latchkey_capabilities_create_key_reason(may));
	out_number(out, "active_keys", latchkey_capabilities_active_keys(may));
	out_text(out, "policy_profile", latchkey_capabilities_profile(may));
	show_capabilities_roles(out, may);
}

void
show_principal(struct out *out, const latchkey_principal *principal)
{
	out_text(out, "id", latchkey_principal_id(principal));
	out_text(out, "name", latchkey_principal_name(principal));
	out_text(out, "state", latchkey_principal_state(principal));
	show_principal_permissions(out, principal);
	show_principal_tenant_reach(out, principal);
	out_time(out, "created_at", latchkey_principal_created_at_ms(principal));
}

void
show_issuer(struct out *out, const latchkey_issuer *issuer)
{
	out_text(out, "issuer", latchkey_issuer_issuer(issuer));
	out_text(out, "audience", latchkey_issuer_audience(issuer));
	out_number(out, "keys", latchkey_issuer_keys(issuer));
	out_time(out, "created_at", latchkey_issuer_created_at_ms(issuer));
}

void
show_open_session(struct out *out, const latchkey_open_session *session)
{
	out_text(out, "id", latchkey_open_session_id(session));
	out_text(out, "user", latchkey_open_session_user(session));
	out_time(out, "created_at", latchkey_open_session_created_at_ms(session));
	out_time(out, "last_used_at", latchkey_open_session_last_used_at_ms(session));
	out_expiry(out, "expires_at", latchkey_open_session_expires_at_ms(session));
	out_flag(out, "current", latchkey_open_session_current(session));
}

void
show_role(struct out *out, const latchkey_role *role)
{
	out_text(out, "name", latchkey_role_name(role));
	out_text(out, "id", latchkey_role_id(role));
	out_flag(out, "built_in", latchkey_role_built_in(role));
	show_role_permissions(out, role);
}

void
show_workgroup(struct out *out, const latchkey_workgroup *workgroup)
{
	out_text(out, "id", latchkey_workgroup_id(workgroup));
	out_text(out, "name", latchkey_workgroup_name(workgroup));
	show_workgroup_members(out, workgroup);
	show_workgroup_admins(out, workgroup);
	show_workgroup_permissions(out, workgroup);
	out_text(out, "tenant", latchkey_workgroup_tenant(workgroup));
	out_time(out, "created_at", latchkey_workgroup_created_at_ms(workgroup));
}

void
show_policy(struct out *out, const latchkey_policy *policy)
{
	out_text(out, "profile", latchkey_policy_profile(policy));
	if (out->json)
		out_object(out, "values");
	for (size_t i = 0; i < latchkey_policy_count(policy); i++)
		out_text(
		    out, latchkey_policy_name_at(policy, i), latchkey_policy_value_at(policy, i));
	if (out->json)
		out_object_end(out);
}

void
show_identity(struct out *out, const latchkey_identity *identity)
{
	const bool principal = latchkey_identity_kind(identity) == LATCHKEY_KIND_PRINCIPAL;
	const char *subject = latchkey_identity_subject(identity);

	out_text(out, "user", principal ? "" : subject);
	out_text(out, "principal", principal ? subject : "");
	out_text(out, "kind", latchkey_kind_name(latchkey_identity_kind(identity)));
	out_text(out, "name", latchkey_identity_name(identity));
	out_text(out, "tenant", latchkey_identity_tenant(identity));
	out_text(out, "tenant_name", latchkey_identity_tenant_name(identity));
	show_identity_permissions(out, identity);
	show_identity_workgroup_reach(out, identity);
	if (principal)
		show_identity_tenant_reach(out, identity);
	out_text(out, "key_id", latchkey_identity_key(identity));
	out_text(out, "session_id", latchkey_identity_session(identity));
	out_expiry(out, "expires_at", latchkey_identity_expires_at_ms(identity));
}

void
show_key(struct out *out, const latchkey_key *key)
{
	out_text(out, "id", latchkey_key_id(key));
	out_text(out, "name", latchkey_key_name(key));
	out_text(out, "hint", latchkey_key_hint(key));
	out_text(out, "state", latchkey_key_state(key));
	out_text(out, "owner", latchkey_key_owner(key));
	out_text(out, "owner_name", latchkey_key_owner_name(key));
	out_text(out, "tenant", latchkey_key_tenant(key));
	if (out->json || latchkey_key_permission_count(key) > 0)
		show_key_permissions(out, key);
	else
		out_text(out, "permissions", "the owner's, short of those that mint power");
	show_key_workgroup_reach(out, key);
	if (out->json || latchkey_key_source_network_count(key) > 0)
		show_key_source_networks(out, key);
	out_time(out, "created_at", latchkey_key_created_at_ms(key));
	out_time(out, "not_before_at", latchkey_key_not_before_at_ms(key));
	out_expiry(out, "expires_at", latchkey_key_expires_at_ms(key));
	out_time(out, "last_used_at", latchkey_key_last_used_at_ms(key));
	out_time(out, "last_sign_in_at", latchkey_key_last_sign_in_at_ms(key));
	out_time(out, "suspended_at", latchkey_key_suspended_at_ms(key));
	out_text(out, "suspended_by", latchkey_key_suspended_by(key));
	out_text(out, "replaced_by", latchkey_key_replaced_by(key));
	out_text(out, "imported_from", latchkey_key_imported_from(key));
	out_time(out, "revoked_at", latchkey_key_revoked_at_ms(key));
	out_text(out, "revoke_reason", latchkey_key_revoke_reason(key));
}

void
show_finding(struct out *out, const latchkey_finding *finding)
{
	const latchkey_key *key = latchkey_finding_key(finding);

	out_text(out, "id", latchkey_key_id(key));
	out_text(out, "name", latchkey_key_name(key));
	out_text(out, "owner_name", latchkey_key_owner_name(key));
	out_text(out, "state", latchkey_key_state(key));
	out_flag(out, "expiring", latchkey_finding_expiring(finding));
	out_flag(out, "idle", latchkey_finding_idle(finding));
	out_flag(out, "rotate_due", latchkey_finding_rotate_due(finding));
	out_time(out, "created_at", latchkey_key_created_at_ms(key));
	out_expiry(out, "expires_at", latchkey_key_expires_at_ms(key));
	out_time(out, "last_used_at", latchkey_key_last_used_at_ms(key));
	out_time(out, "last_sign_in_at", latchkey_key_last_sign_in_at_ms(key));
	out_text(out, "last_source_address", latchkey_finding_last_source_address(finding));
}

void
show_credential(struct out *out, const latchkey_credential *credential)
{
	out_text(out, "id", latchkey_credential_id(credential));
	out_text(out, "provider", latchkey_credential_provider(credential));
	out_text(out, "label", latchkey_credential_label(credential));
	out_text(out, "hint", latchkey_credential_hint(credential));
	out_text(out, "state", latchkey_credential_state(credential));
	out_text(out, "owner", latchkey_credential_owner(credential));
	out_text(out, "tenant", latchkey_credential_tenant(credential));
	out_number(out, "version", latchkey_credential_version(credential));
	out_time(out, "created_at", latchkey_credential_created_at_ms(credential));
	out_expiry(out, "expires_at", latchkey_credential_expires_at_ms(credential));
	out_time(out, "last_used_at", latchkey_credential_last_used_at_ms(credential));
}

void
show_lease(struct out *out, const latchkey_lease *lease)
{
	out_text(out, "id", latchkey_lease_id(lease));
	out_text(out, "provider", latchkey_lease_provider(lease));
	out_text(out, "owner", latchkey_lease_owner(lease));
	out_text(out, "tenant", latchkey_lease_tenant(lease));
	out_text(out, "credential", latchkey_lease_credential(lease));
	out_text(out, "worker", latchkey_lease_worker(lease));
	out_text(out, "job", latchkey_lease_job(lease));
	out_text(out, "granted_by", latchkey_lease_granted_by(lease));
	out_text(out, "state", latchkey_lease_state(lease));
	out_number(out, "beat_ttl_ms", (uint64_t)latchkey_lease_beat_ttl_ms(lease));
	out_time(out, "created_at", latchkey_lease_created_at_ms(lease));
	out_time(out, "heartbeat_at", latchkey_lease_heartbeat_at_ms(lease));
	out_expiry(out, "expires_at", latchkey_lease_expires_at_ms(lease));
	out_time(out, "ended_at", latchkey_lease_ended_at_ms(lease));
	out_text(out, "ended_by", latchkey_lease_ended_by(lease));
}

void
show_worker(struct out *out, const latchkey_worker *worker)
{
	out_text(out, "id", latchkey_worker_id(worker));
	out_text(out, "enrolled_by", latchkey_worker_enrolled_by(worker));
	out_time(out, "enrolled_at", latchkey_worker_enrolled_at_ms(worker));
}

void
show_event(struct out *out, const latchkey_event *event)
{
	out_number(out, "sequence", latchkey_event_sequence(event));
	out_text(out, "id", latchkey_event_id(event));
	out_time(out, "at", latchkey_event_at_ms(event));
	out_text(out, "action", latchkey_event_action(event));
	out_text(out, "outcome", latchkey_event_outcome(event));
	out_text(out, "actor_kind", latchkey_event_actor_kind(event));
	out_text(out, "actor", latchkey_event_actor(event));
	out_text(out, "actor_key", latchkey_event_actor_key(event));
	out_text(out, "tenant", latchkey_event_tenant(event));
	out_text(out, "object", latchkey_event_object(event));
	out_text(out, "owner", latchkey_event_owner(event));
	out_text(out, "purpose", latchkey_event_purpose(event));
	out_text(out, "request_id", latchkey_event_request_id(event));
	out_text(out, "detail", latchkey_event_detail(event));
}

void
show_health(struct out *out, const latchkey_health *health)
{
	out_text(out, "state", latchkey_health_state(health));
	out_text(out, "version", latchkey_health_version(health));
	out_text(out, "instance", latchkey_health_instance(health));
	out_time(out, "started_at", latchkey_health_started_at_ms(health));
}
