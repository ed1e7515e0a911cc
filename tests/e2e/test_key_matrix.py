#!/usr/bin/env python3
"""Every method of the KeyService × five roles and principals × a key of one's own, of a colleague, of another tenant."""

import pathlib
import secrets
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import world

ROLES = ("tenant-admin", "key-manager", "member", "workgroup-admin", "auditor")
OK, DENIED, ABSENT = "OK", "PERMISSION_DENIED", "NOT_FOUND"
ADMIN, MANAGER = "tenant-admin", "key-manager"

# What each method answers: own key; a colleague's. "manage": by those who manage keys, "any": by administrators,
# "all": by everybody; what is not allowed is PERMISSION_DENIED of one's own and NOT_FOUND of others'.
TABLE = {
    "GetKey": ("all", "any"),
    "GetKeyUse": ("all", "any"),
    "RotateKey": ("manage", "any"),
    "SuspendKeys": ("manage", "any"),
    "ResumeKeys": ("manage", "any"),
    "RevokeKeys": ("all", "any"),
    "CreateKey": ("manage", "any"),
    "ImportKeys": ("admin", "any"),
    "ListKeys": ("all", "any"),
    "ReportKeys": ("all", "any"),
    "GetPepperStatus": ("none", "none"),
    "VerifyKey": ("none", "none"),
    "VerifyKeys": ("none", "none"),
    "ReportUse": ("none", "none"),
}
BY_OWNER = ("CreateKey", "ImportKeys", "ListKeys", "ReportKeys")  # name a user, not a key


class KeyMatrix(e2e.Case):
    maxDiff = None

    def setUp(self):
        super().setUp()
        self.state.start()
        self.genomics, self.botany = world.Tenant(self.state, "genomics"), world.Tenant(self.state, "botany")
        self.users = {role: self.genomics.admin if role == ADMIN else self.genomics.user(role, role) for role in ROLES}
        self.colleague, self.stranger = self.genomics.user("colleague", MANAGER), self.botany.admin

    def key_of(self, user, tenant):
        """A fresh key that its owner need not have made."""
        made = tenant.admin.caller.ok("keys", "KeyService/CreateKey", name="theirs", owner=user.email)
        return world.Key(made["key"]["id"], made["secret_key"])

    def request(self, rpc, user, tenant):
        if rpc == "CreateKey":
            return {"name": "x", "owner": user.id}
        if rpc == "GetPepperStatus":
            return {}
        if rpc == "ImportKeys":
            return {"source": "old", "keys": [{"owner": user.id, "sha256": secrets.token_hex(32), "name": "x"}]}
        if rpc in BY_OWNER:
            self.key_of(user, tenant)
            return {"owner": user.id}
        key = self.key_of(user, tenant)
        if rpc == "ResumeKeys":
            tenant.admin.caller.ok("keys", "KeyService/SuspendKeys", ids=[key.id])
        if rpc in ("VerifyKey", "VerifyKeys"):
            return {"secret_key": key.secret} if rpc == "VerifyKey" else {"requests": [{"secret_key": key.secret}]}
        if rpc == "ReportUse":
            return {"reports": [{"key": key.id, "count": 1}]}
        return {"ids": [key.id]} if rpc.endswith("Keys") else {"id": key.id}

    def expected(self, rpc, role, whose):
        own, others = TABLE[rpc]
        if own == "none":
            return DENIED
        if whose == "stranger":
            return DENIED if rpc in BY_OWNER and role != ADMIN else ABSENT
        if whose == "colleague":
            return OK if role == ADMIN else DENIED if rpc in BY_OWNER else ABSENT
        if own == "admin" and role != ADMIN:
            return DENIED
        if own == "manage" and role not in (ADMIN, MANAGER):
            return DENIED
        if rpc == "ResumeKeys" and role != ADMIN:
            return DENIED  # an administrator suspended it
        return OK

    def test_L12_the_table_has_a_row_for_every_method(self):
        served = {name.rsplit("/", 1)[1] for name in wire.CONTRACT.methods if "KeyService" in name}
        self.assertEqual(served, set(TABLE))

    def test_P2_each_role_reaches_what_it_may_and_nothing_else(self):
        wrong, cells = [], 0
        for rpc in TABLE:
            for role, user in self.users.items():
                people = {"own": (user, self.genomics), "colleague": (self.colleague, self.genomics),
                          "stranger": (self.stranger, self.botany)}
                for whose, (owner, tenant) in people.items():
                    reply = user.caller.call("keys", f"KeyService/{rpc}", **self.request(rpc, owner, tenant))
                    cells += 1
                    if reply.status != self.expected(rpc, role, whose):
                        wrong.append(f"{rpc} by {role} of {whose}: {reply.status} {reply.reason}")
                    elif whose == "stranger":
                        self.assertNotIn(self.botany.id.encode(), reply.raw)
        self.assertEqual("", "\n".join(wrong))
        self.assertEqual(len(TABLE) * len(ROLES) * 3, cells)

    def test_G2_principals_verify_within_their_list_and_manage_nothing(self):
        inside = wire.signed_in(self.state, world.principal(self.state, "inside", ["keys.verify"], "genomics").secret)
        outside = wire.signed_in(self.state, world.principal(self.state, "outside", ["keys.verify"], "botany").secret)
        for rpc in TABLE:
            request = self.request(rpc, self.colleague, self.genomics)
            for name, principal in (("inside", inside), ("outside", outside)):
                reply = principal.call("keys", f"KeyService/{rpc}", **request)
                if rpc in ("VerifyKey", "VerifyKeys", "ReportUse"):
                    self.assertEqual(OK, reply.status, f"{rpc} by {name}")
                else:
                    self.assertIn(reply.status, (DENIED, ABSENT), f"{rpc} by {name}")
                if rpc == "VerifyKey":
                    self.assertEqual(name == "inside", reply.body["active"])


if __name__ == "__main__":
    e2e.main()
