#!/usr/bin/env python3
"""What becomes of tenants and people, with all services: whoever is suspended or deleted gets nothing from any of them."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import world


class People(e2e.Case):
    """Ben of genomics has a key, tokens and a credential that a fleet fetches."""

    def setUp(self):
        super().setUp()
        self.state.start()
        self.genomics = world.Tenant(self.state, "genomics")
        self.ada, self.ben = self.genomics.admin, self.genomics.user("ben", "key-manager")
        self.key = self.ben.key()
        self.token = wire.platform_token(self.state, self.key.secret)
        world.add_aws(self.ben)
        self.fleet = self.state.with_key(world.principal(self.state, "fleet", ["credentials.fetch"], "genomics").secret)
        self.api = wire.signed_in(self.state, world.principal(self.state, "api", ["tokens.validate"], "ALL").secret)
        self.fetch = ("credential-process", "aws", "--owner", self.ben.email, "--tenant", self.genomics.id)

    def is_good(self, secret):
        return self.api.ok("tokens", "TokenService/ValidateToken", secret_credential=secret)["active"]

    def assert_all_refused(self, fetch_reason):
        self.assertFalse(self.is_good(self.key.secret))
        self.assertFalse(self.is_good(self.token))
        self.assertEqual("UNAUTHENTICATED", self.ben.caller.call("credentials", "CredentialService/ListCredentials").status)
        self.fleet.refused(*self.fetch, reason=fetch_reason)

    def test_I1_a_suspended_tenant_gets_nothing_from_any_service_until_it_is_resumed(self):
        self.fleet.ok(*self.fetch)
        self.state.ok("tenant", "suspend", "genomics")
        self.assert_all_refused("OWNER_NOT_ACTIVE")
        self.state.ok("tenant", "resume", "genomics")
        self.assertTrue(self.is_good(self.key.secret))
        self.assertFalse(self.is_good(self.token))  # made before, and stays dead
        self.fleet.ok(*self.fetch)

    def test_I1_a_deleted_tenant_is_confirmed_by_name_and_ends_everything(self):
        self.state.refused("tenant", "delete", self.genomics.id, "--confirm", "genomic", reason="CONFIRMATION_WRONG")
        self.assertTrue(self.is_good(self.key.secret))
        self.state.ok("tenant", "delete", self.genomics.id, "--confirm", "genomics")
        self.assert_all_refused("USER_NOT_FOUND")
        self.assertNotEqual(self.genomics.id, world.Tenant(self.state, "genomics").id)

    def test_P12_a_deleted_users_credential_is_no_longer_handed_out(self):
        answer = self.ada.command_line().json("user", "delete", self.ben.email)
        self.assertEqual(1, answer["keys_revoked"])
        self.assert_all_refused("USER_NOT_FOUND")
        trail = self.ada.command_line().json("audit", "list", "--service", "keys", "--action", "user.deleted")
        self.assertEqual([self.ben.id], [event["object"] for event in trail["events"]])

    def test_I10_names_and_addresses_change_and_ids_stay(self):
        line = self.ada.command_line()
        self.assertEqual(self.ben.id, line.json("user", "email", self.ben.email, "benedict@genomics.example")["id"])
        self.assertEqual("Benedict", line.json("user", "rename", "benedict@genomics.example", "Benedict")["name"])
        renamed = self.state.json("tenant", "rename", "genomics", "--name", "proteomics", "--domain", "proteomics.example")
        self.assertEqual((self.genomics.id, "proteomics.example"), (renamed["id"], renamed["domain"]))
        self.assertTrue(self.is_good(self.key.secret))
        self.fleet.ok("credential-process", "aws", "--owner", "benedict@genomics.example", "--tenant", "proteomics")

    def test_I13_an_account_is_asked_for_at_a_prompt_and_admitted(self):
        line, nobody = self.ada.command_line(), self.state.with_key("")
        line.ok("policy", "set", "self_registration=on")
        nobody.ok("register", "eve@genomics.example", "--tenant", "genomics.example", "--name", "Eve")
        nobody.ok("register", "dan@genomics.example", "--tenant", "genomics")
        names = [one["email"] for one in line.json("registration", "list")["registrations"]]
        self.assertEqual(["eve@genomics.example", "dan@genomics.example"], names)
        line.ok("registration", "reject", "dan@genomics.example")
        eve = world.User(self.state, line.json("registration", "admit", "eve@genomics.example", "--role", "key-manager")["ticket"])
        may = eve.command_line().json("whoami", "--capabilities")
        self.assertEqual((True, True, []), (may["shows_keys"], may["may_create_keys"], may["roles"]))
        self.assertEqual([], line.json("registration", "list")["registrations"])

    def test_I14_roles_and_workgroups_are_made_changed_and_ended_at_a_prompt(self):
        line, cat = self.ada.command_line(), self.genomics.user("cat", "member")
        line.ok("role", "create", "keeper", "--permission", "credentials.manage", "--permission", "audit.read")
        self.assertEqual(["keeper"], line.json("user", "roles", cat.email, "keeper")["roles"])
        self.assertEqual(["audit.read"], line.json("role", "change", "keeper", "--permission", "audit.read")["permissions"])
        line.ok("role", "change", "keeper", "--name", "reader")
        self.assertEqual("reader", line.json("role", "list")["roles"][-1]["name"])
        self.assertEqual(["audit.read"], cat.command_line().json("whoami")["permissions"])
        group = line.json("workgroup", "create", "Plants")["id"]
        self.assertEqual([cat.id], line.json("workgroup", "add", group, cat.email, "--admin")["admins"])
        self.assertEqual(["credentials.manage"],
                         line.json("workgroup", "permissions", "Plants", "credentials.manage")["permissions"])
        world.add_aws(cat)
        self.assertEqual([], line.json("workgroup", "permissions", "Plants")["permissions"])
        cat.command_line().refused("credential", "add", "s3", "--label", "x", reason="PERMISSION_MISSING", stdin="a\nb\nc\nd")
        line.ok("workgroup", "rename", "Plants", "Ferns")
        line.ok("workgroup", "delete", "Ferns")
        self.assertEqual(1, line.json("role", "delete", "reader")["users"])


e2e.main()
