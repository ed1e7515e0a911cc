#!/usr/bin/env python3
"""Every value of a tenant's policy that latchkey-tokens and latchkey-credentials hold to, both ways: what one value allows,
another refuses. Those of latchkey-keys: integration/test_keys_policy.c."""

import json
import pathlib
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import world

TEMPORARY = world.AWS_FIELDS.replace("AKIA", "ASIA") + "\nFwoGZXIvYXdzEJr//////////wEaDEXAMPLE=="
DAY_MS = 86400000


class Tokens(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.ada = world.Tenant(self.state, "genomics").admin
        self.key = self.ada.key()

    def policy(self, **values):
        self.state.ok("policy", "set", *[f"{name}={value}" for name, value in values.items()], "--tenant", "genomics")

    def issue(self, minutes=0):
        return wire.Caller(self.state).call("tokens", "TokenService/IssueToken", secret_key=self.key.secret,
                                            ttl_ms=minutes * 60000)

    def minutes(self):
        secret = self.issue().body["secret_token"]
        shown = wire.once(self.state, "tokens", "TokenService/DescribeToken", secret_credential=secret)
        return round((shown["identity"]["expires_at_ms"] - shown["issued_at_ms"]) / 60000)

    def test_POLICY_token_ttl_default_both_ways(self):
        for value in (10, 40):
            self.policy(token_ttl_default=f"{value}m")
            self.assertEqual(value, self.minutes())

    def test_POLICY_token_ttl_max_both_ways(self):
        self.policy(token_ttl_max="20m")
        self.assertEqual("OK", self.issue(20).status)
        refused = self.issue(21)
        self.assertEqual(("INVALID_ARGUMENT", "TTL_TOO_LONG"), (refused.status, refused.reason), str(refused))
        self.policy(token_ttl_max="21m")
        self.assertEqual("OK", self.issue(21).status)


class Credentials(e2e.Case):
    """Ben has an AWS credential; a fleet fetches it."""

    def setUp(self):
        super().setUp()
        self.state.start()
        self.genomics = world.Tenant(self.state, "genomics")
        self.ben = self.genomics.user("ben", "key-manager")
        self.line, self.id = self.ben.command_line(), world.add_aws(self.ben)
        self.worker = world.principal(self.state, "fleet", ["credentials.fetch"], "genomics")
        self.fleet = self.state.with_key(self.worker.secret)
        self.ask = ("credential-process", "aws", "--owner", self.ben.email)

    def policy(self, **values):
        self.state.ok("policy", "set", *[f"{name}={value}" for name, value in values.items()], "--tenant", "genomics")

    def life(self, *more):
        made = self.line.json("credential", "replace", self.id, *more, stdin=world.AWS_FIELDS)
        shown = self.ben.caller.ok("credentials", "CredentialService/GetCredential", id=made["id"])["credential"]
        return shown["expires_at_ms"]

    def refused_to_live(self, ttl):
        self.line.refused("credential", "replace", self.id, "--ttl", ttl, stdin=world.AWS_FIELDS, reason="TTL_TOO_LONG")

    def test_POLICY_external_ttl_default_both_ways(self):
        self.policy(external_ttl_default="10d")
        short = self.life()
        self.policy(external_ttl_default="20d")
        self.assertAlmostEqual(10 * DAY_MS, self.life() - short, delta=60000)
        self.policy(external_ttl_max="0")
        self.policy(external_ttl_default="0")
        self.assertEqual(0, self.life())

    def test_POLICY_external_ttl_max_both_ways(self):
        self.policy(external_ttl_default="10d", external_ttl_max="30d")
        self.life("--ttl", "30d")
        self.refused_to_live("31d")
        self.refused_to_live("never")
        self.policy(external_ttl_max="0")
        self.life("--ttl", "31d")
        self.assertEqual(0, self.life("--ttl", "never"))

    def test_POLICY_vend_both_ways(self):
        for value in ("preferred", "stored"):
            self.policy(vend=value)
            self.fleet.ok(*self.ask)
        self.policy(vend="session_only")
        self.fleet.refused(*self.ask, reason="SESSION_ONLY")
        with sqlite3.connect(self.state.path / "data" / "credentials.db") as connection:
            connection.execute("UPDATE credential SET hint = 'ASIA' || substr(hint, 5)")
        self.fleet.refused(*self.ask, reason="SESSION_ONLY")
        self.line.ok("credential", "replace", self.id, "--with", "session_token", stdin=TEMPORARY)
        self.assertEqual(TEMPORARY.split("\n")[3], json.loads(self.fleet.ok(*self.ask))["SessionToken"])

    def test_POLICY_require_lease_both_ways(self):
        self.policy(require_lease="yes")
        self.fleet.refused(*self.ask, reason="LEASE_REQUIRED")
        lease = self.line.json("lease", "grant", "aws", "--worker", self.worker.id, "--purpose", "job-1")
        self.fleet.ok(*self.ask, "--lease", lease["id"])
        self.policy(require_lease="no")
        self.fleet.ok(*self.ask)

    def test_POLICY_require_signed_fetch_both_ways(self):
        self.policy(require_signed_fetch="yes")
        self.fleet.refused(*self.ask, reason="SIGNATURE_REQUIRED")
        self.policy(require_signed_fetch="no")
        self.fleet.ok(*self.ask)

    def test_POLICY_external_unique_scope_both_ways(self):
        cat = self.genomics.user("cat", "key-manager").command_line()
        add = ("credential", "add", "aws", "--label", "x")
        self.policy(external_unique_scope="tenant")
        cat.refused(*add, stdin=world.AWS_FIELDS, reason="CREDENTIAL_EXISTS")
        self.policy(external_unique_scope="user")
        cat.ok(*add, stdin=world.AWS_FIELDS)

    def test_POLICY_external_on_expiry_both_ways(self):
        self.life("--ttl", "1s")
        e2e.wait_until(lambda: self.line.json("credential", "show", self.id)["state"] == "expired", 20, "expired")
        self.fleet.refused(*self.ask, reason="CREDENTIAL_EXPIRED")
        self.policy(external_on_expiry="warn")
        self.fleet.ok(*self.ask)


if __name__ == "__main__":
    e2e.main()
