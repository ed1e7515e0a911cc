#!/usr/bin/env python3
"""Credentials of several owners: who sees which, deleted together or not at all, one of many at once, none of an owner who is gone."""

import concurrent.futures
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import world

SECRET = world.AWS_FIELDS.split("\n")[1]
DX_TOKEN = "dxtokenEXAMPLE0123456789abcdefgh"


class Many(e2e.Case):
    """Ben and Cat have credentials; Ada administers; Eve administers another tenant; a fleet fetches."""

    def setUp(self):
        super().setUp()
        self.state.start()
        self.genomics = world.Tenant(self.state, "genomics")
        self.ada, self.ben, self.cat = self.genomics.admin, *(self.genomics.user(name, "key-manager") for name in ("ben", "cat"))
        self.eve = world.Tenant(self.state, "proteomics").admin.command_line()
        self.fleet = self.state.with_key(world.principal(self.state, "fleet", ["credentials.fetch"], "genomics").secret)
        self.ids = {("ben", "aws"): world.add_aws(self.ben), ("cat", "aws"): world.add_aws(self.cat),
                    ("ben", "dnanexus"): self.ben.command_line().json("credential", "add", "dnanexus", stdin=DX_TOKEN)["id"]}

    def listed(self, person, *words):
        shown = person.ok("credential", "list", "--json", *words)
        self.assertNotIn(SECRET, shown)
        self.assertNotIn(DX_TOKEN, shown)
        return sorted(one["id"] for one in e2e.json.loads(shown)["credentials"])

    def of(self, *names):
        return sorted(id_ for (owner, _), id_ in self.ids.items() if owner in names)

    def test_P11_each_sees_their_own_and_administrators_those_of_their_tenant(self):
        ada, ben = self.ada.command_line(), self.ben.command_line()
        self.assertEqual(self.of("ben"), self.listed(ben))
        self.assertEqual(self.of("cat"), self.listed(self.cat.command_line()))
        self.assertEqual([], self.listed(ada))
        self.assertEqual(self.of("ben"), self.listed(ada, "--owner", self.ben.email))
        self.assertEqual(self.of("ben", "cat"), self.listed(ada, "--all"))
        self.assertEqual(self.of("ben", "cat"), self.listed(self.state, "--tenant", "genomics", "--all"))
        for words in (("--all",), ("--owner", self.cat.email)):
            ben.refused("credential", "list", *words, reason="PERMISSION_MISSING")
        self.assertEqual([], self.listed(self.eve, "--all"))
        self.eve.refused("credential", "list", "--owner", self.ben.email, reason="USER_NOT_FOUND")
        self.fleet.refused("credential", "list", reason="USERS_ONLY")
        seen, cursor = [], ""
        while True:
            reply = self.ada.caller.ok("credentials", "CredentialService/ListCredentials", all_owners=True, page={"size": 1, "cursor": cursor})
            seen += [one["id"] for one in reply["credentials"]]
            self.assertEqual(len(seen), len(set(seen)))
            cursor = (reply.get("page") or {}).get("next_cursor", "")
            if not cursor:
                break
        self.assertEqual(self.of("ben", "cat"), sorted(seen))

    def test_P11_several_are_deleted_together_or_none_is(self):
        ada, ben = self.ada.command_line(), self.ben.command_line()
        ids = list(self.ids.values())
        ben.refused("credential", "delete", *ids, reason="CREDENTIAL_NOT_FOUND")  # one of them is Cat's
        ada.refused("credential", "delete", *ids, "crd_" + "0" * 26, reason="CREDENTIAL_NOT_FOUND")
        self.eve.refused("credential", "delete", *ids, reason="CREDENTIAL_NOT_FOUND")
        self.assertEqual(self.of("ben", "cat"), self.listed(ada, "--all"))
        self.fleet.ok("credential-process", "aws", "--owner", self.ben.email)
        self.assertEqual(ids, ada.json("credential", "delete", *ids)["deleted"])
        self.assertEqual([], self.listed(ada, "--all"))
        for person in (self.ben, self.cat):
            self.fleet.refused("credential-process", "aws", "--owner", person.email, reason="CREDENTIAL_NOT_FOUND")
        told = ada.json("audit", "list", "--action", "credential.deleted")["events"]
        self.assertEqual(sorted(ids), sorted(event["object"] for event in told if event["outcome"] == "ok"))
        self.assertEqual([], world.rows(self.state)["credentials"]["credential"])

    def test_P10_of_many_at_once_one_is_stored(self):
        dee = self.genomics.user("dee", "key-manager").command_line()
        count = e2e.repeat("creates at once", 64, 12)
        with concurrent.futures.ThreadPoolExecutor(count) as together:
            results = list(together.map(lambda n: dee.run("credential", "add", "aws", "--label", f"n{n}", stdin=world.AWS_FIELDS), range(count)))
        self.assertEqual([0] + [e2e.REFUSED] * (count - 1), sorted(result.code for result in results))
        for result in results:
            if result.code:
                self.assertIn("CREDENTIAL_EXISTS", result.err)
        self.assertEqual(1, len(self.listed(dee)))

    def test_what_a_disabled_or_deleted_owner_has_is_handed_to_nobody(self):
        dispatcher = self.state.with_key(world.principal(self.state, "dispatcher", ["credentials.lease"], "genomics").secret)
        worker = world.principal(self.state, "other-fleet", ["credentials.fetch"], "genomics").id
        for command, reason in (("disable", "OWNER_NOT_ACTIVE"), ("delete", "USER_NOT_FOUND")):
            self.state.ok("user", command, self.ben.email, "--tenant", "genomics")
            for provider in ("aws", "dnanexus"):
                self.fleet.refused("exec", "--owner", self.ben.id, provider, "--", "true", reason=reason)
            self.fleet.refused("env", "aws", "--owner", self.ben.id, reason=reason)
            dispatcher.refused("lease", "grant", "aws", "--owner", self.ben.id, "--worker", worker, reason=reason)
        self.fleet.ok("credential-process", "aws", "--owner", self.cat.email)
        refused = [event["outcome"] for event in self.state.json("audit", "list", "--action", "credential.fetched")["events"]]
        self.assertEqual((3, 3), (refused.count("OWNER_NOT_ACTIVE"), refused.count("USER_NOT_FOUND")))


if __name__ == "__main__":
    e2e.main()
