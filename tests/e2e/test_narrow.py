#!/usr/bin/env python3
"""What a key for less than its owner, a refused worker and a busy backend are answered, and what the trail says of it."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import world

BASE_POINT = b"\x09" + bytes(31)  # a public key that will do where nobody opens what is sealed to it


class Workers(e2e.Case):
    """A worker of the workgroups red and blue; Ben is in red, Cat in blue, Dan in neither."""

    def setUp(self):
        super().setUp()
        self.state.start()
        self.genomics = world.Tenant(self.state, "genomics")
        self.worker = self.made_by_operator("worker", "ingestion-worker", "key-manager")
        self.ben, self.cat, self.dan = (self.genomics.user(name, "key-manager") for name in ("ben", "cat", "dan"))
        for user in (self.ben, self.cat, self.dan):
            world.add_aws(user)
        self.red, self.blue = self.workgroup("red", self.ben), self.workgroup("blue", self.cat)

    def made_by_operator(self, name, *roles):
        words = [word for role in roles for word in ("--role", role)]
        answer = self.state.json("user", "create", f"{name}@genomics.example", "--tenant", "genomics", *words)
        return world.User(self.state, answer["ticket"])

    def workgroup(self, name, *members):
        ada = self.genomics.admin.caller
        made = ada.ok("keys", "AccountService/CreateWorkgroup", name=name)["workgroup"]["id"]
        for user in (self.worker, *members):
            ada.ok("keys", "AccountService/AddWorkgroupMember", workgroup=made, user=user.id)
        return made

    def fetch(self, caller, owner):
        """The reason of the refusal, or OK."""
        transport = caller.ok("credentials", "CredentialService/AgreeTransport", client_public_key=BASE_POINT)
        reply = caller.call("credentials", "CredentialService/FetchCredential", provider="aws", purpose="job-1",
                            transport_id=transport["transport_id"], owner=owner.id)
        return reply.reason or reply.status

    def test_a_key_for_one_workgroup_fetches_nothing_of_another(self):
        everything = wire.signed_in(self.state, self.worker.key("all").secret)
        red = wire.signed_in(self.state, self.worker.key("red", workgroups=[self.red]).secret)
        reached = [[self.fetch(caller, owner) for owner in (self.ben, self.cat, self.dan)] for caller in (everything, red)]
        self.assertEqual([["OK", "OK", "USER_NOT_FOUND"], ["OK", "USER_NOT_FOUND", "USER_NOT_FOUND"]], reached)

    def test_a_token_made_before_a_workgroup_was_joined_does_not_reach_it(self):
        caller = wire.signed_in(self.state, self.worker.session)
        self.workgroup("green", self.dan)
        self.assertEqual("USER_NOT_FOUND", self.fetch(caller, self.dan))
        self.assertEqual("OK", self.fetch(wire.signed_in(self.state, self.worker.session), self.dan))

    def test_a_token_for_fetching_alone_does_not_fetch_as_an_administrator(self):
        both = self.made_by_operator("both", "tenant-admin", "ingestion-worker")
        self.assertEqual("OK", self.fetch(both.caller, self.dan))
        narrow = wire.signed_in(self.state, both.session, scope=["credentials.fetch"])
        self.assertEqual("USER_NOT_FOUND", self.fetch(narrow, self.dan))

    def test_a_refused_fetch_stands_in_the_trail_of_the_workers_tenant(self):
        self.assertEqual("USER_NOT_FOUND", self.fetch(self.worker.caller, self.dan))
        events = self.genomics.admin.caller.ok("credentials", "AuditService/ListEvents", actor=self.worker.id)["events"]
        self.assertEqual([("credential.fetched", "USER_NOT_FOUND")], [(e["action"], e["outcome"]) for e in events])

    def test_the_trail_names_whom_a_ticket_let_in(self):
        events = self.genomics.admin.caller.ok("keys", "AuditService/ListEvents", actor=self.ben.id)["events"]
        first = {e["action"]: (e["actor_kind"], e["owner"], e["actor_key"]) for e in events}
        self.assertEqual({"ticket.redeemed": ("user", self.ben.id, ""),
                          "session.started": ("user", self.ben.id, self.ben.session_id)}, first)

    def test_64_tokens_and_64_keys_are_checked_in_one_message(self):
        api = world.principal(self.state, "api", ("tokens.validate", "keys.verify"), "ALL")
        caller, key = wire.signed_in(self.state, api.secret), self.ben.key()
        for number in range(50):  # a token that is nearly as long as it may be
            self.workgroup(f"group {number}", self.ben)
        for secret in (key.secret, wire.platform_token(self.state, key.secret)):
            answers = caller.ok("tokens", "TokenService/ValidateTokens", requests=[{"secret_credential": secret}] * 64)
            self.assertEqual([True] * 64, [answer["active"] for answer in answers["responses"]])
        answers = caller.ok("keys", "KeyService/VerifyKeys", requests=[{"secret_key": key.secret}] * 64)
        self.assertEqual([True] * 64, [answer["active"] for answer in answers["responses"]])


if __name__ == "__main__":
    e2e.main()
