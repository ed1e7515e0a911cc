#!/usr/bin/env python3
"""Who reaches what: nobody anything without authorisation, a tenant nothing of another, a principal those on its list."""

import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import world

OPERATORS_ONLY = {"CreateTenant", "ListTenants", "RenameTenant", "SetTenantState", "DeleteTenant",
                  "CreatePrincipal", "ListPrincipals", "SetPrincipalState", "ReadChain", "GetPepperStatus",
                  "ListSigningKeys", "RotateSigningKey", "WithdrawSigningKey", "ImportSigningKey",
                  "ListKeks", "RotateKek", "RewrapKeys", "RetireKek", "EnrolWorker", "RemoveWorker", "ListWorkers",
                  "GetMetrics"}
SERVICES_ONLY = {"GetStanding", "ResolveUser", "FindDeletedTenants"}
PRINCIPALS_ONLY = {"ReadFeed", "ReportUse", "VerifyKey", "VerifyKeys", "ValidateToken", "ValidateTokens", "FetchCredential", "HeartbeatLease"}  # no administrator may
NAMES_NOBODY = {"GetMe", "GetCapabilities", "ChangePassword", "ChangeName", "AgreeTransport", "CreateCredential"}  # their requests hold nobody's id
EVERYTHING_A_KEY_MAY = [
    "users.manage", "roles.manage", "workgroups.manage", "policy.manage", "api_keys.manage", "api_keys.manage_any",
    "credentials.manage", "credentials.manage_any", "tokens.revoke_any", "sessions.manage_any", "audit.read"]


def methods(*but):
    """(service, method) of all that is served, without the public ones and those named."""
    for service in wire.SERVED:
        for name in wire.CONTRACT.served_by(service):
            if name.rsplit("/", 1)[1] not in wire.PUBLIC.union(*but):
                yield service, name.split(".", 3)[3]


def rpc(method):
    return method.rsplit("/", 1)[1]


class TwoTenants(e2e.Case):
    maxDiff = None
    """Ada administers genomics; Bea administers botany and has one of everything."""

    # RFC 7517 A.1
    JWKS = ('{"keys":[{"kty":"EC","crv":"P-256","kid":"1","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",'
            '"y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}')

    def setUp(self):
        super().setUp()
        self.state.start()
        self.genomics, self.botany = world.Tenant(self.state, "genomics"), world.Tenant(self.state, "botany")
        self.ada, self.bea = self.genomics.admin, self.botany.admin
        self.victim_key = self.bea.key("hers")
        self.victim_credential = world.add_aws(self.bea)
        self.victim_lease = self.bea.command_line().json("lease", "grant", "aws")["id"]
        self.victim_workgroup = self.workgroup(self.bea, "plants")
        self.victim_role = self.bea.caller.ok("keys", "AccountService/CreateRole", name="gardener",
                                              permissions=["audit.read"])["role"]["id"]
        self.bea.caller.ok("keys", "AccountService/SetPolicy", values=[{"name": "self_registration", "value": "on"}])
        wire.once(self.state, "keys", "AccountService/RequestAccount", tenant="botany", email="eve@botany.example")
        self.victim_token = wire.access_token(self.state, self.victim_key.secret)
        self.own_workgroup = self.workgroup(self.ada, "readers")
        self.own_key = self.ada.key("own")

    @staticmethod
    def workgroup(user, name):
        return user.caller.ok("keys", "AccountService/CreateWorkgroup", name=name)["workgroup"]["id"]

    def attacks(self):
        """Requests that name something of botany: {rpc: [request, …]}."""
        bea, tenants = [self.bea.id, self.bea.email], [self.botany.id, self.botany.name, self.botany.domain]
        in_botany = [{"tenant": tenant} for tenant in tenants]
        users = [{"user": user} for user in bea]
        users += [{"user": user, **place} for place in in_botany for user in (*bea, self.ada.id)]
        listings = [{"owner": owner} for owner in bea] + in_botany + [{"all_owners": True, **place} for place in in_botany]
        stricter = [{"name": "max_active_keys_per_user", "value": "1"}]
        return {
            "GetTenant": in_botany,
            "CreateUser": [{"email": "eve@botany.example", **place} for place in in_botany],
            "GetUser": users,
            "ListUsers": in_botany,
            "SetUserRoles": [{"roles": ["member"], **user} for user in users],
            "SetUserState": [{"state": "disabled", **user} for user in users],
            "UpdateUser": [{"display_name": "taken", **user} for user in users],
            "DeleteUser": users,
            "IssueTicket": users,
            "ListRegistrations": in_botany,
            "AdmitRegistration": [{"registration": "eve@botany.example", **place} for place in ({}, *in_botany)],
            "RejectRegistration": [{"registration": "eve@botany.example", **place} for place in ({}, *in_botany)],
            "EndSession": [{"session": self.bea.session_id}],
            "ListSessions": users,
            "AddIssuer": [{"issuer": "https://x.example", "audience": "x", "jwks": self.JWKS, **place} for place in in_botany],
            "ListIssuers": in_botany,
            "RemoveIssuer": [{"issuer": "https://x.example", **place} for place in in_botany],
            "LinkSubject": [{"issuer": "https://x.example", "subject": "x", **user} for user in users],
            "UnlinkSubject": [{"issuer": "https://x.example", "subject": "x", **user} for user in users],
            "ListRoles": in_botany,
            "CreateRole": [{"name": "intruder", "permissions": ["audit.read"], **place} for place in in_botany],
            "UpdateRole": [{"role": self.victim_role, "permissions": ["users.manage"], **place} for place in ({}, *in_botany)],
            "DeleteRole": [{"role": self.victim_role, **place} for place in ({}, *in_botany)],
            "RenameWorkgroup": [{"workgroup": self.victim_workgroup, "name": "taken", **place} for place in ({}, *in_botany)],
            "SetWorkgroupPermissions": [{"workgroup": self.victim_workgroup, "permissions": ["users.manage"], **place}
                                        for place in ({}, *in_botany)],
            "DeleteWorkgroup": [{"workgroup": self.victim_workgroup, **place} for place in ({}, *in_botany)],
            "CreateWorkgroup": [{"name": "intruders", **place} for place in in_botany],
            "ListWorkgroups": in_botany,
            "AddWorkgroupMember": self.memberships(),
            "RemoveWorkgroupMember": self.memberships(),
            "GetPolicy": in_botany,
            "SetPolicy": [{"values": stricter, **place} for place in in_botany],
            "CreateKey": [{"name": "x", **whose} for whose in [
                {"owner": self.bea.id}, {"owner": self.bea.email}, {"workgroups": [self.victim_workgroup]}, *in_botany]],
            "GetKey": [{"id": self.victim_key.id}],
            "GetKeyUse": [{"id": self.victim_key.id}],
            "ReportKeys": listings,
            "ImportKeys": [{"source": "elsewhere", "keys": [{"owner": owner, "sha256": "0" * 64, "name": "x"}], **place}
                           for owner in bea for place in ({}, *in_botany)],
            "RotateKey": [{"id": self.victim_key.id}],
            "SuspendKeys": [{"ids": [self.victim_key.id]}, {"ids": [self.own_key.id, self.victim_key.id]}],
            "ResumeKeys": [{"ids": [self.victim_key.id]}],
            "ListKeys": listings,
            "RevokeKeys": [{"ids": [self.victim_key.id]}, {"ids": [self.own_key.id, self.victim_key.id]}],
            "RevokeToken": [{"secret_token": self.victim_token}],
            "GetCredential": [{"id": self.victim_credential}],
            "ListCredentials": listings,
            "RenameCredential": [{"id": self.victim_credential, "label": "taken"}],
            "ReplaceCredential": [{"id": self.victim_credential}],
            "DeleteCredentials": [{"ids": [self.victim_credential]}],
            "GrantLease": [{"provider": "aws", "job": "x", "worker": self.ada.id, **whose} for whose in [
                {"owner": self.bea.id}, {"owner": self.bea.email}, *[{"owner": self.bea.email, **place} for place in in_botany]]],
            "ListLeases": listings,
            "EndLease": [{"id": self.victim_lease}],
            "ListEvents": in_botany,
        }

    def memberships(self):
        return [{"workgroup": self.victim_workgroup, "user": self.ada.id},
                {"workgroup": self.own_workgroup, "user": self.bea.id},
                {"workgroup": self.own_workgroup, "user": self.bea.email},
                {"workgroup": self.victim_workgroup, "user": self.bea.id, "tenant": self.botany.id}]

    def assert_nothing_of_botany_in(self, reply, request):
        """No name that the request did not hold itself."""
        names = (self.botany.id, self.botany.name, self.bea.id, self.victim_key.id, self.victim_credential,
                 self.victim_lease, self.victim_workgroup, self.victim_role)
        told = [name for name in names if name.encode() in reply.raw and name not in str(request)]
        self.assertEqual([], told, str(reply))

    def assert_nothing_reached(self, caller, not_by_keys=frozenset()):
        before, attacks, wrong = world.rows(self.state), self.attacks(), []
        for service, method in methods(NAMES_NOBODY):
            if rpc(method) in OPERATORS_ONLY | SERVICES_ONLY | PRINCIPALS_ONLY | not_by_keys:
                self.assertEqual("PERMISSION_DENIED", caller.call(service, method).status, method)
                continue
            for request in attacks[rpc(method)]:  # a new method says above how it could be misused
                reply = caller.call(service, method, **request)
                self.assert_nothing_of_botany_in(reply, request)
                if reply.status != "NOT_FOUND":
                    wrong.append(f"{request} → {reply}")
        self.assertEqual("", "\n".join(wrong))
        self.assertEqual(before, world.rows(self.state))

    def assert_lists_hold_nothing_of_botany(self, caller):
        listings = [("keys", "AccountService/GetMe", {}), ("keys", "AccountService/ListUsers", {}),
                    ("keys", "AccountService/ListWorkgroups", {}), ("keys", "AccountService/GetPolicy", {}),
                    ("keys", "KeyService/ListKeys", {"all_owners": True, "include_revoked": True}),
                    ("credentials", "CredentialService/ListCredentials", {"all_owners": True}),
                    ("credentials", "CredentialService/ListLeases", {"all_owners": True, "include_ended": True}),
                    ("credentials", "CredentialService/ListLeases", {"held": True})]
        listings += [(service, "AuditService/ListEvents", request) for service in wire.SERVED
                     for request in ({}, {"object": self.victim_key.id}, {"actor": self.bea.id})]
        for service, method, request in listings:
            reply = caller.call(service, method, **request)
            self.assertEqual("OK", reply.status, str(reply))
            self.assert_nothing_of_botany_in(reply, request)

    def test_I9_an_administrator_reaches_nothing_of_another_tenant(self):
        self.assert_nothing_reached(self.ada.caller)
        self.assert_lists_hold_nothing_of_botany(self.ada.caller)

    def test_a_key_with_every_permission_reaches_nothing_of_another_tenant(self):
        strong = self.ada.key("strong", permissions=EVERYTHING_A_KEY_MAY)
        caller = wire.signed_in(self.state, strong.secret)
        self.assert_nothing_reached(caller, not_by_keys={"ImportKeys"})
        self.assert_lists_hold_nothing_of_botany(caller)

    # Workers and principals

    def assert_fetches(self, caller, status, owner, tenant):
        transport = caller.ok("credentials", "CredentialService/AgreeTransport", client_public_key=b"\x09" + bytes(31))
        for request in ({"owner": owner.id}, {"owner": owner.id, "tenant": tenant.id},
                        {"owner": owner.email, "tenant": tenant.name}, {"owner": owner.email, "tenant": tenant.domain}):
            reply = caller.call("credentials", "CredentialService/FetchCredential", provider="aws", purpose="job-1",
                                transport_id=transport["transport_id"], **request)
            self.assertEqual(status, reply.status, f"{request} → {reply}")

    def learns(self, caller, secret):
        """Whether keys and tokens alike tell this principal that the key or token is good."""
        answers = [caller.ok("tokens", "TokenService/ValidateToken", secret_credential=secret),
                   *caller.ok("tokens", "TokenService/ValidateTokens", requests=[{"secret_credential": secret}])["responses"]]
        if "." not in secret:
            answers += [caller.ok("keys", "KeyService/VerifyKey", secret_key=secret),
                        *caller.ok("keys", "KeyService/VerifyKeys", requests=[{"secret_key": secret}])["responses"]]
        active = {answer["active"] for answer in answers}
        self.assertEqual(1, len(active), answers)
        for answer in answers:
            self.assertEqual(answer["active"], answer["identity"] is not None)
        return active.pop()

    def test_a_worker_of_a_tenant_fetches_nothing_of_another(self):
        answer = self.state.json("user", "create", "worker@genomics.example", "--role", "ingestion-worker", "--tenant", "genomics")
        worker = world.User(self.state, answer["ticket"])
        self.assert_fetches(worker.caller, "NOT_FOUND", self.bea, self.botany)

    def test_a_principal_reaches_the_tenants_on_its_list_and_no_other(self):
        permissions = ("credentials.fetch", "keys.verify", "tokens.validate")
        listed = wire.signed_in(self.state, world.principal(self.state, "fleet", permissions, "genomics").secret)
        world.add_aws(self.ada)
        self.assert_fetches(listed, "OK", self.ada, self.genomics)
        self.assert_fetches(listed, "NOT_FOUND", self.bea, self.botany)
        for key, known in ((self.own_key, True), (self.victim_key, False)):
            self.assertEqual(known, self.learns(listed, key.secret))
            self.assertEqual(known, self.learns(listed, wire.platform_token(self.state, key.secret)))

    def test_a_principal_of_all_tenants_reaches_each(self):
        permissions = ("credentials.fetch", "keys.verify", "tokens.validate")
        everywhere = wire.signed_in(self.state, world.principal(self.state, "api", permissions, "ALL").secret)
        self.assert_fetches(everywhere, "OK", self.bea, self.botany)
        self.assertTrue(self.learns(everywhere, self.victim_key.secret))
        self.assertTrue(self.learns(everywhere, wire.platform_token(self.state, self.victim_key.secret)))

    def test_a_principal_manages_nothing_even_where_it_reaches(self):
        fleet = wire.signed_in(self.state, world.principal(self.state, "fleet", ["credentials.fetch"], "botany").secret)
        before, attacks, wrong = world.rows(self.state), self.attacks(), []
        of_the_tenant_itself = {"GetTenant", "GetPolicy", "ListWorkgroups", "ListRoles", "ListKeys", "ListLeases", "ReportKeys"}  # the last three: its own
        for service, method in methods(NAMES_NOBODY, of_the_tenant_itself):
            for request in attacks.get(rpc(method), []):
                reply = fleet.call(service, method, **request)
                if reply.status == "OK":
                    wrong.append(f"{request} → {reply}")
        self.assertEqual("", "\n".join(wrong))
        self.assertEqual(before, world.rows(self.state))
        for request in attacks["ListLeases"]:
            self.assertNotIn(self.victim_lease.encode(), fleet.call("credentials", "CredentialService/ListLeases", **request).raw)
        for request in attacks["ListKeys"]:
            self.assertNotIn(self.victim_key.id.encode(), fleet.call("keys", "KeyService/ListKeys", **request).raw)


class WorkerOfATenant(e2e.Case):
    """A worker of genomics is in two workgroups; Ben, whose credential it wants, is in one of them."""

    def setUp(self):
        super().setUp()
        self.state.start()
        self.genomics = world.Tenant(self.state, "genomics")
        self.ben = self.genomics.user("ben", "key-manager")
        self.worker = self.genomics.user("worker")
        self.state.ok("user", "roles", self.worker.email, "ingestion-worker", "--tenant", "genomics")
        world.add_aws(self.ben)
        self.readers, self.writers = self.workgroup("readers", self.worker), self.workgroup("writers", self.worker, self.ben)

    def workgroup(self, name, *members):
        admin = self.genomics.admin.caller
        workgroup = admin.ok("keys", "AccountService/CreateWorkgroup", name=name)["workgroup"]["id"]
        for member in members:
            admin.ok("keys", "AccountService/AddWorkgroupMember", workgroup=workgroup, user=member.id)
        return workgroup

    def key_for(self, *workgroups):
        words = [word for workgroup in workgroups for word in ("--workgroup", workgroup)]
        answer = self.state.json("key", "create", "job", "--owner", self.worker.email, "--tenant", "genomics", *words)
        return self.state.with_key(answer["key"])

    def test_a_key_for_one_workgroup_fetches_only_from_its_members(self):
        fetch = ("credential-process", "aws", "--owner", self.ben.email, "--purpose", "job-1")
        self.assertIn("AKIAIOSFODNN7EXAMPLE", self.key_for(self.writers).ok(*fetch))
        self.assertIn("AKIAIOSFODNN7EXAMPLE", self.key_for().ok(*fetch))
        self.key_for(self.readers).refused(*fetch, reason="USER_NOT_FOUND")


class Nobody(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()

    def test_without_authorisation_every_method_but_the_public_ones_is_refused(self):
        asked = 0
        for token in ("", "not-a-token", "a.b.c", "x" * 9000, "lk_01arz3ndektsv4rrffq69g5fav"):
            nobody = wire.Caller(self.state, token)
            for service, method in methods():
                reply = nobody.call(service, method)
                self.assertEqual("UNAUTHENTICATED", reply.status, f"{token[:20]} → {reply}")
                asked += 1
        self.assertGreaterEqual(asked, 5 * 40)

    def test_what_is_wrong_with_a_request_is_not_told_without_authorisation(self):
        nobody = wire.Caller(self.state)
        for service, method in methods():
            name = wire.CONTRACT.full_name(service, method)
            reply = wire.Reply(name, nobody.exchange(service, wire.request(name, {}) + os.urandom(40)))
            self.assertEqual("UNAUTHENTICATED", reply.status, str(reply))

    def test_an_assertion_that_nobody_signed_is_refused(self):
        nobody, instance = wire.Caller(self.state), wire.instance(self.state)
        now = int(time.time() * 1000)
        for service, method in methods():
            forged = {"caller": "operator", "callee": service, "method": wire.CONTRACT.full_name(service, method),
                      "instance": instance, "issued_at_ms": now, "expires_at_ms": now + 60000, "signature": os.urandom(64)}
            reply = nobody.call(service, method, header={"assertion": forged})
            self.assertEqual("UNAUTHENTICATED", reply.status, str(reply))

    def test_a_service_answers_its_own_methods_and_no_others(self):
        """So that the lists these tests go through are all there is."""
        nobody = wire.Caller(self.state)
        for service in wire.SERVED:
            for name in sorted(set(wire.CONTRACT.methods) - set(wire.CONTRACT.served_by(service))):
                reply = wire.Reply(name, nobody.exchange(service, wire.request(name, {})))
                self.assertEqual("UNIMPLEMENTED", reply.status, str(reply))


if __name__ == "__main__":
    e2e.main()
