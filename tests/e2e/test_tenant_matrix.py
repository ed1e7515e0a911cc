#!/usr/bin/env python3
"""Every method × every field that names something × a name of another tenant × every role and two principals: all are told
what they would be told of something that does not exist, and nothing changes. The methods and fields come from proto/."""

import collections
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import world

Who = collections.namedtuple("Who", "name caller transport names_tenant")
ROLES = re.findall(r'^LK_ROLE\(\w+,\s*"([a-z-]+)"', (e2e.TOP / "services/keys/roles.def").read_text(), re.M)
KEY_PERMISSIONS = ("keys.verify", "tokens.validate", "credentials.fetch", "users.act_for")

# What a field names, by the field, by "rpc.field" where the field alone does not tell; None: it names nothing.
NAMES = {
    "tenant": "tenant", "tenants": "tenant", "user": "user", "owner": "user", "role": "role", "roles": "role", "worker": "user",
    "workgroup": "workgroup", "workgroups": "workgroup", "required_workgroup": "workgroup", "session": "session",
    "registration": "registration", "principal": "principal", "key": "key", "lease": "lease", "transport_id": "transport",
    "subject": "user", "for_subject": "user", "for_key": "key", "for_session": "session", "object": "key", "actor": "user",
    "issuer": "issuer", "LinkSubject.subject": None, "UnlinkSubject.subject": None, "FindDeletedTenants.ids": "tenant",
    "GetCredential.id": "credential", "RenameCredential.id": "credential", "ReplaceCredential.id": "credential",
    "DeleteCredentials.ids": "credential", "HeartbeatLease.id": "lease", "EndLease.id": "lease", "ids": "key", "id": "key",
    "RotateKek.id": None, "RetireKek.id": None, "IssueToken.user": None, "AddIssuer.issuer": None, "EnrolWorker.worker": "principal",
    "RemoveWorker.worker": "principal",
    **dict.fromkeys((
        "action", "after", "asked_by", "audience", "client_public_key", "confirm_name", "confirmation", "cursor", "display_name",
        "domain", "email", "admin_email", "epoch", "expiring_within", "idle_for", "job", "jwks", "kid", "label", "name",
        "not_before", "older_than", "overlap", "permissions", "profile", "provider", "purpose", "reason", "required_permission",
        "scope", "secret_actor_token", "secret_assertion",
        "secret_credential", "secret_current", "secret_key", "secret_new", "secret_password", "secret_pem", "secret_subject_token", "secret_ticket",
        "secret_token", "sha256",
        "source", "source_address", "source_networks", "state", "ttl", "value")),
}
# What a request needs besides the field that is tried.
BASE = {
    "CreateTenant": {"name": "third", "domain": "third.example", "profile": "panomics", "admin_email": "x@third.example"},
    "RenameTenant": {"name": "taken"}, "SetTenantState": {"state": "suspended"}, "DeleteTenant": {"confirm_name": "botany"},
    "CreateUser": {"email": "eve@genomics.example"}, "GetUser": {"user": "OWN"}, "ListSessions": {"user": "OWN"},
    "SetUserRoles": {"user": "OTHER", "roles": ["auditor"]}, "SetUserState": {"user": "OTHER", "state": "disabled"},
    "UpdateUser": {"user": "OTHER", "display_name": "taken"}, "DeleteUser": {"user": "OTHER"}, "IssueTicket": {"user": "OTHER"},
    "CreatePrincipal": {"name": "x", "permissions": ["keys.verify"]}, "SetPrincipalState": {"state": "disabled"},
    "SignIn": {"email": "FRESH", "secret_password": "not this one, nor another"},
    "RequestAccount": {"email": "FRESH"}, "AdmitRegistration": {"registration": "nobody@genomics.example"},
    "RejectRegistration": {"registration": "nobody@genomics.example"}, "CreateRole": {"name": "x", "permissions": ["audit.read"]},
    "UpdateRole": {"role": "ROLE", "name": "taken"}, "DeleteRole": {"role": "ROLE"}, "CreateWorkgroup": {"name": "x"},
    "RenameWorkgroup": {"workgroup": "WORKGROUP", "name": "taken"}, "DeleteWorkgroup": {"workgroup": "WORKGROUP"},
    "SetWorkgroupPermissions": {"workgroup": "WORKGROUP", "permissions": ["audit.read"]},
    "AddWorkgroupMember": {"workgroup": "WORKGROUP", "user": "OTHER"},
    "RemoveWorkgroupMember": {"workgroup": "WORKGROUP", "user": "OTHER"},
    "SetPolicy": {"values": [{"name": "max_active_keys_per_user", "value": "1"}]},
    "AddIssuer": {"issuer": "https://own.example", "audience": "x", "jwks": "JWKS"},
    "RemoveIssuer": {"issuer": "https://none.example"},
    "LinkSubject": {"user": "OTHER", "issuer": "https://own.example", "subject": "x"},
    "UnlinkSubject": {"user": "OTHER", "issuer": "https://own.example", "subject": "x"},
    "CreateKey": {"name": "x"}, "VerifyKey": {"secret_key": "SECRET"},
    "ImportKeys": {"source": "old", "keys": [{"owner": "OWN", "sha256": "0" * 64, "name": "x"}]},
    "VerifyKeys": {"requests": [{"secret_key": "SECRET"}]}, "ReportUse": {"reports": [{"count": 1}]},
    "RevokeKeys": {"dry_run": True}, "ValidateToken": {"secret_credential": "SECRET"},
    "ValidateTokens": {"requests": [{"secret_credential": "SECRET"}]}, "RenameCredential": {"label": "taken"},
    "FetchCredential": {"owner": "OWN", "provider": "aws", "purpose": "x", "transport_id": "TRANSPORT"},
    "GrantLease": {"provider": "aws", "worker": "OWN", "job": "x"}, "GetStanding": {"queries": [{}]},
    "CreateCredential": {"provider": "aws", "label": "x", "secret": {"sealed": b"x" * 64}},
    "ReplaceCredential": {"secret": {"transport_id": "TRANSPORT", "sealed": b"x" * 64}},
    "IssueToken": {"user": "FRESH", "secret_password": "not this one, nor another"},
}
# Answered with OK, the same of what is theirs and of nothing: a filter that finds nothing, what a key is asked for and is
# found not to have, and a report of use that is not counted.
FINDS_NOTHING = {"ListEvents.object", "ListEvents.actor", "RequestAccount.tenant", "VerifyKey.required_workgroup",
                 "VerifyKeys.required_workgroup", "ValidateToken.required_workgroup", "ValidateTokens.required_workgroup",
                 "ReportUse.key", "ListLeases.owner", "ListLeases.tenant"}
# The names of nothing where a caller cannot know one.
UNKNOWN = {"ROLE_UNKNOWN", "TRANSPORT_UNKNOWN", "WORKER_INVALID"}
# What a principal with the tenant on its list is told of it.
LISTED = {"GetTenant.tenant", "GetPolicy.tenant", "ListWorkgroups.tenant", "ListRoles.tenant", "FetchCredential.owner"}
# It is answered of its own keys, of which it has none there.
OF_ITS_OWN = {"ListKeys.tenant", "ReportKeys.tenant", "RevokeKeys.tenant"}


def leaves(kind, path=()):
    """The paths of the text fields of a message, those of messages within it, too."""
    for name, _, field_kind, _ in wire.CONTRACT.messages[kind]:
        if field_kind == "string":
            yield (*path, name)
        elif field_kind in wire.CONTRACT.messages:
            yield from leaves(field_kind, (*path, name))


def named_by(rpc, path):
    return NAMES[f"{rpc}.{path[-1]}"] if f"{rpc}.{path[-1]}" in NAMES else NAMES[path[-1]]


def cells(public=False):
    """(service, method, path, kind of thing) of every field that names something, of the methods that need authorisation
    or of those that do not."""
    for service in wire.SERVED:
        for full in wire.CONTRACT.served_by(service):
            method = full.split(".", 3)[3]
            if (method.rsplit("/", 1)[1] in wire.PUBLIC) != public:
                continue
            for path in leaves(wire.CONTRACT.methods[full][0]):
                kind = named_by(method.rsplit("/", 1)[1], path)
                if kind:
                    yield service, method, path, kind


def with_field(kind, message, path, value):
    """The message with the field at this path set: in the first of repeated ones."""
    fields = {name: (field_kind, repeated) for name, _, field_kind, repeated in wire.CONTRACT.messages[kind]}
    field_kind, repeated = fields[path[0]]
    if len(path) > 1:
        inner = message.get(path[0], [{}] if repeated else {})
        value = with_field(field_kind, inner[0] if repeated else inner, path[1:], value)
    return {**message, path[0]: [value] if repeated else value}


class TenantMatrix(e2e.Case):
    maxDiff = None
    # RFC 7517 A.1
    JWKS = ('{"keys":[{"kty":"EC","crv":"P-256","kid":"1","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",'
            '"y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}')

    def setUp(self):
        super().setUp()
        self.state.start()
        self.asked = 0
        self.genomics, self.botany = world.Tenant(self.state, "genomics"), world.Tenant(self.state, "botany")
        self.ada, self.bea = self.genomics.admin, self.botany.admin
        self.other, self.key = self.genomics.user("other"), self.ada.key("own")
        self.fleet = world.principal(self.state, "everywhere", KEY_PERMISSIONS, "ALL")
        self.things = self.things_of(self.bea, "plants", "gardener", "https://botany.example")
        self.own = self.things_of(self.ada, "readers", "reader", "https://own.example")
        self.absent = {kind: [self.like(one) for one in ones] for kind, ones in self.things.items()}

    def things_of(self, admin, workgroup, role, issuer):
        """One or more names of each kind of thing that the administrator's tenant has."""
        call, key = admin.caller.ok, admin.key("hers")
        domain = admin.email.split("@")[1]
        tenant = self.genomics if admin is self.ada else self.botany
        call("keys", "AccountService/SetPolicy", values=[{"name": "self_registration", "value": "on"}])
        wire.once(self.state, "keys", "AccountService/RequestAccount", tenant=tenant.name, email=f"joe@{domain}")
        call("keys", "AccountService/SetPolicy", values=[{"name": "self_registration", "value": "off"}])
        call("keys", "AccountService/AddIssuer", issuer=issuer, audience="x", jwks=self.JWKS)
        role_id = call("keys", "AccountService/CreateRole", name=role, permissions=["audit.read"])["role"]["id"]
        credential = world.add_aws(admin)
        return {
            "tenant": [tenant.id, tenant.name, domain], "user": [admin.id, admin.email], "role": [role_id, role],
            "workgroup": [call("keys", "AccountService/CreateWorkgroup", name=workgroup)["workgroup"]["id"]],
            "session": [admin.session_id], "registration": [f"joe@{domain}"], "principal": [self.fleet.id], "key": [key.id],
            "credential": [credential], "lease": [admin.command_line().json("lease", "grant", "aws")["id"]], "issuer": [issuer],
            "transport": [self.transport(admin.caller)]}

    @staticmethod
    def transport(caller):
        return caller.ok("credentials", "CredentialService/AgreeTransport", client_public_key=b"\x09" + bytes(31))["transport_id"]

    @staticmethod
    def like(name):
        """A name of the same form that nothing has: its last letter or digit, or the one before a dot, is another."""
        at = name.rindex(".example") - 1 if name.endswith(".example") else len(name) - 1
        return name[:at] + ("q" if name[at] != "q" else "r") + name[at + 1:]

    def users(self):
        """A caller of each role of the tenant, administrator first."""
        for role in ROLES:
            if role == "tenant-admin":
                yield role, self.ada
                continue
            user = self.genomics.user(role, *([] if role == "ingestion-worker" else [role]))
            if role == "ingestion-worker":  # only operators give it
                self.state.ok("user", "roles", user.email, role, "--tenant", "genomics")
                user.caller = wire.signed_in(self.state, user.session)
            yield role, user

    def request(self, rpc, kind, who, path, value):
        """What the method needs, of things of one's own, and in the field at the path the value."""
        self.asked += 1
        words = {"OWN": self.ada.id, "OTHER": self.other.id, "ROLE": self.own["role"][0], "WORKGROUP": self.own["workgroup"][0],
                 "SECRET": self.key.secret, "TRANSPORT": who.transport, "JWKS": self.JWKS, "FRESH": f"no{self.asked}@botany.example"}

        def filled(part):
            if isinstance(part, dict):
                return {name: filled(one) for name, one in part.items()}
            if isinstance(part, list):
                return [filled(one) for one in part]
            return words.get(part, part) if isinstance(part, str) else part

        message = filled(BASE.get(rpc, {}))
        if who.names_tenant and "tenant" in {name for name, *_ in wire.CONTRACT.messages[kind]}:
            message["tenant"] = who.names_tenant
        return with_field(kind, message, path, value)

    @staticmethod
    def told(reply, name):
        """What an answer says, whatever name was asked for."""
        return reply.status, reply.reason, reply.message.replace(name, "…"), reply.field, repr(reply.body).replace(name, "…")

    def names_of_botany(self, reply, asked):
        known = [name for ones in self.things.values() for name in ones]
        return [name for name in known if name.encode() in reply.raw and name not in asked]

    def who(self, name, caller, names_tenant=""):
        return Who(name, caller, self.transport(caller) if caller.token else "", names_tenant)

    def asked_of(self, who, cell, name):
        service, method, path, _ = cell
        full = wire.CONTRACT.full_name(service, method)
        message = self.request(method.rsplit("/", 1)[1], wire.CONTRACT.methods[full][0], who, path, name)
        return who.caller.call(service, method, **message)

    def complaints(self, who, cell, theirs, absent):
        """What is wrong with what the caller is told of this thing of theirs."""
        field = f"{cell[1].rsplit('/', 1)[1]}.{cell[2][-1]}"
        of_theirs, of_nothing = self.asked_of(who, cell, theirs), self.asked_of(who, cell, absent)
        if self.told(of_theirs, theirs) != self.told(of_nothing, absent):
            yield f"{of_theirs}, but of nothing {of_nothing}"
        refused = of_theirs.status in ("NOT_FOUND", "PERMISSION_DENIED") or of_theirs.reason in UNKNOWN
        if not refused and field not in FINDS_NOTHING:
            yield str(of_theirs)
        if self.names_of_botany(of_theirs, theirs):
            yield f"{of_theirs} tells {self.names_of_botany(of_theirs, theirs)}"

    def assert_told_nothing(self, who):
        """How many cells were tried: every one."""
        before, wrong, tried = world.rows(self.state), [], 0
        for cell in cells():
            for theirs, absent in zip(self.things[cell[3]], self.absent[cell[3]], strict=True):
                wrong += [f"{who.name}: {cell[1]}.{cell[2]} of {theirs}: {one}" for one in self.complaints(who, cell, theirs, absent)]
                tried += 1
        self.assertEqual("", "\n".join(wrong))
        self.assertEqual(before, world.rows(self.state), who.name)
        self.assertGreaterEqual(tried, 130)
        return tried

    def test_I9_every_field_is_known_to_name_something_or_nothing(self):
        fields = {(method.split("/")[-1], path[-1]) for service in wire.SERVED for method in wire.CONTRACT.served_by(service)
                  for path in leaves(wire.CONTRACT.methods[method][0])}
        for rpc, field in sorted(fields):
            self.assertTrue(field in NAMES or f"{rpc}.{field}" in NAMES, f"{rpc}.{field}: what does it name?")
        self.assertLessEqual({kind for kind in NAMES.values() if kind}, set(self.things))
        self.assertGreaterEqual(len(list(cells())), 90)

    def test_I9_every_role_is_told_nothing_of_another_tenant(self):
        tried = {role: self.assert_told_nothing(self.who(role, user.caller)) for role, user in self.users()}
        self.assertLessEqual({"tenant-admin", "workgroup-admin", "key-manager", "member", "auditor", "ingestion-worker"}, set(tried))
        self.assertEqual(1, len(set(tried.values())), "each the same cells")

    def principal(self, name, *tenants):
        return wire.signed_in(self.state, world.principal(self.state, name, KEY_PERMISSIONS, *tenants).secret)

    def test_I9_a_principal_outside_its_list_is_told_nothing(self):
        self.assert_told_nothing(self.who("outside", self.principal("outside", "genomics"), self.genomics.id))

    def test_I9_a_principal_inside_its_list_reads_what_it_needs_and_changes_nothing(self):
        who = self.who("inside", self.principal("inside", "botany"), self.botany.id)
        before, told, tried = world.rows(self.state), set(), 0
        for cell in cells():
            for theirs in self.things[cell[3]]:
                field = f"{cell[1].rsplit('/', 1)[1]}.{cell[2][-1]}"
                reply = self.asked_of(who, cell, theirs)
                if reply.status == "OK" and field not in FINDS_NOTHING:
                    told.add(field)
                if field in OF_ITS_OWN:
                    self.assertNotIn(self.things["key"][0].encode(), reply.raw)
                tried += 1
        self.assertEqual(LISTED | OF_ITS_OWN, told)
        self.assertEqual(before, world.rows(self.state))
        self.assertGreaterEqual(tried, 130)

    def test_I9_nobody_learns_from_a_public_method_which_tenants_there_are(self):
        nobody, tried = self.who("nobody", wire.Caller(self.state)), 0
        before = world.rows(self.state, world.VOLATILE + "|registration_asks")
        for cell in cells(public=True):
            for theirs, absent in zip(self.things[cell[3]], self.absent[cell[3]], strict=True):
                of_theirs, of_nothing = self.asked_of(nobody, cell, theirs), self.asked_of(nobody, cell, absent)
                self.assertEqual(self.told(of_theirs, theirs), self.told(of_nothing, absent))
                tried += 1
        self.assertGreaterEqual(tried, 9)
        self.assertEqual(before, world.rows(self.state, world.VOLATILE + "|registration_asks"))


if __name__ == "__main__":
    e2e.main()
