#!/usr/bin/env python3
"""A key's networks, beginning, rotation and suspension: at the command line, over HTTP, in tokens and in a validator's memory."""

import hashlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import http_client
import latchkey_e2e as e2e
import latchkey_wire as wire
import serve
import world


class KeyLife(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.ada = world.Tenant(self.state, "genomics").admin
        self.prompt = self.ada.command_line()

    def validate(self, secret, source=""):
        backend = wire.signed_in(self.state, self.backend)
        return backend.ok("tokens", "TokenService/ValidateToken", secret_credential=secret, source_address=source)

    def test_KEYS_networks_hold_for_the_key_its_tokens_and_at_the_gateway(self):
        self.backend = world.principal(self.state, "backend", ["tokens.validate"], "ALL").secret
        made = self.prompt.json("key", "create", "office", "--network", "10.0.0.0/8", "--network", "2001:DB8::/32")
        self.assertEqual(["10.0.0.0/8", "2001:db8::/32"], made["source_networks"])
        self.prompt.refused("key", "create", "x", "--network", "10.0.0.1/8", reason="NETWORK_INVALID")
        self.assertEqual("SOURCE_REFUSED", self.validate(made["key"])["reason"])
        self.assertTrue(self.validate(made["key"], "10.1.2.3")["active"])
        issue = {"secret_key": made["key"]}
        refused = wire.Caller(self.state).call("tokens", "TokenService/IssueToken", **issue)
        self.assertEqual("UNAUTHENTICATED", refused.status, str(refused))
        token = wire.once(self.state, "tokens", "TokenService/IssueToken", source_address="10.1.2.3", **issue)["secret_token"]
        self.assertTrue(self.validate(token, "10.1.2.3")["active"])
        for source in ("", "192.0.2.1"):
            self.assertEqual("SOURCE_REFUSED", self.validate(token, source)["reason"])
        self.state.start("gateway")
        gateway = http_client.Gateway(self.state)
        gateway.refused(401, "GET", "/v1/me", key=made["key"])
        here = self.prompt.json("key", "create", "here", "--network", "127.0.0.0/8")["key"]
        gateway.ok("GET", "/v1/me", key=here)

    def test_KEYS_networks_and_suspension_hold_in_a_validators_memory(self):
        backend = world.principal(self.state, "backend", ["tokens.validate", "feed.read"], "ALL").secret
        office = self.ada.key("office", source_networks=["10.0.0.0/8"])
        with serve.served(self.state, backend) as asker:
            for _ in range(2):
                self.assertTrue(asker.ask(credential=office.secret, source_address="10.0.0.7")["active"])
                self.assertEqual("SOURCE_REFUSED", asker.ask(credential=office.secret, source_address="192.0.2.1")["reason"])
                self.assertEqual("SOURCE_REFUSED", asker.ask(credential=office.secret)["reason"])
            self.prompt.ok("key", "suspend", office.id, "--reason", "lost laptop")
            e2e.wait_until(lambda: not asker.ask(credential=office.secret, source_address="10.0.0.7")["active"], 10, "suspended")
            self.prompt.ok("key", "resume", office.id)
            e2e.wait_until(lambda: asker.ask(credential=office.secret, source_address="10.0.0.7")["active"], 10, "resumed")
            end = self.prompt.json("key", "rotate", office.id, "--overlap", "0s")
            e2e.wait_until(lambda: not asker.ask(credential=office.secret, source_address="10.0.0.7")["active"], 10, "replaced")
            self.assertTrue(asker.ask(credential=end["key"], source_address="10.0.0.7")["active"])

    def test_I6_a_key_is_rotated_at_the_prompt_and_over_http(self):
        old = self.prompt.json("key", "create", "nightly", "--ttl", "30d")
        out = self.state.folder / "new-key"
        new = self.prompt.json("key", "rotate", old["id"], "--overlap", "1h", "--out", str(out))
        self.assertEqual(("nightly", "active"), (new["name"], new["state"]))
        self.assertEqual(new["id"], self.prompt.json("key", "show", old["id"])["replaced_by"])
        self.assertEqual(0o600, out.stat().st_mode & 0o777)
        for secret in (old["key"], out.read_text().strip()):
            self.state.with_key(secret).ok("whoami")
        self.prompt.refused("key", "rotate", new["id"], reason="ROTATION_UNDER_WAY")
        self.prompt.ok("key", "revoke", old["id"])
        self.state.start("gateway")
        gateway = http_client.Gateway(self.state)
        answer = gateway.ok("POST", f"/v1/keys/{new['id']}:rotate", {"overlap": "0s"}, key=self.ada.session)
        self.assertEqual(answer["key"]["id"], answer["replaced"]["replacedBy"])
        self.state.with_key(answer["secretKey"]).ok("whoami")
        actions = [event["action"] for event in self.state.json("audit", "list", "--action", "key.rotated")["events"]]
        self.assertEqual(2, len(actions))

    def test_I6_keys_that_want_attention_are_reported(self):
        self.ada.key("soon", ttl="10d")
        self.ada.key("long", ttl="90d")
        found = self.prompt.json("key", "report")["findings"]
        self.assertEqual([("soon", True, False, False)],
                         [(one["name"], one["expiring"], one["idle"], one["rotate_due"]) for one in found])
        self.assertEqual(2, len(self.state.json("key", "report", "--all", "--tenant", "genomics", "--expiring-within", "100d")["findings"]))
        self.prompt.refused("key", "report", "--idle", "long", reason="DURATION_INVALID")
        self.state.start("gateway")
        answer = http_client.Gateway(self.state).ok("GET", "/v1/keys:report?expiringWithin=20d", key=self.ada.session)
        self.assertEqual(["soon"], [one["key"]["name"] for one in answer["findings"]])

    def test_IMPORT_a_file_of_digests_lets_owners_go_on_with_their_keys(self):
        foreign = "apikey|f0e1d2c3b4a5968778695a4b3c2d1e0f"
        lines = self.state.folder / "keys.txt"
        lines.write_text(f"# owner digest end name\n\nada@genomics.example {hashlib.sha256(foreign.encode()).hexdigest()} - nightly job\n")
        imported = self.prompt.json("key", "import", str(lines), "--source", "labkey")["keys"]
        self.assertEqual([("nightly job", "labkey")], [(key["name"], key["imported_from"]) for key in imported])
        self.state.with_key(foreign).ok("whoami")
        self.assertEqual([], self.state.files_holding(foreign))
        self.prompt.refused("key", "import", str(lines), "--source", "labkey", reason="KEY_IMPORTED")
        self.state.restart("keys")
        self.state.with_key(foreign).ok("whoami")
        self.state.start("gateway")
        http_client.Gateway(self.state).ok("GET", "/v1/me", key=foreign)
        lines.write_text("ada@genomics.example 0123 - name\n")
        self.prompt.refused("key", "import", str(lines), "--source", "labkey", reason="DIGEST_INVALID")
        lines.write_text("one two\n")
        self.prompt.refused("key", "import", str(lines), "--source", "labkey", reason="LINE_INVALID")

    def test_KEYS_a_key_begins_when_it_was_told_to(self):
        made = self.prompt.json("key", "create", "later", "--not-before", "2d")
        self.assertEqual("pending", made["state"])
        self.state.with_key(made["key"]).refused("whoami", reason="KEY_NOT_YET_VALID")
        self.assertEqual(["later"], [key["name"] for key in self.prompt.json("key", "list", "--state", "pending")["keys"]])

    def test_G4_the_operator_switches_keys_of_a_tenant_off_and_on(self):
        key = self.ada.key()
        self.state.ok("policy", "set", "api_keys_allowed=no", "--tenant", "genomics")
        self.state.with_key(key.secret).refused("whoami")
        self.ada.command_line().refused("key", "create", "x", reason="API_KEYS_NOT_ALLOWED")
        self.ada.command_line().refused("policy", "set", "api_keys_allowed=yes", reason="OPERATORS_ONLY")
        self.state.ok("policy", "set", "api_keys_allowed=yes", "--tenant", "genomics")
        self.state.with_key(key.secret).ok("whoami")


if __name__ == "__main__":
    e2e.main()
