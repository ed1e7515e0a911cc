#!/usr/bin/env python3
"""What keys said of a key is remembered for the next token: a change is seen by the very next issue, a lost lease by all."""

import base64
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import world

STALENESS_S = 5
ISSUE = "TokenService/IssueToken"


def claims(token):
    middle = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))


class Issues(e2e.Case):
    """Ben makes tokens from his key, over and over."""

    def setUp(self):
        super().setUp()
        self.state.start()
        self.genomics = world.Tenant(self.state, "genomics")
        self.ben = self.genomics.user("ben", "key-manager")
        self.key = self.ben.key("laptop")
        self.anybody = wire.Caller(self.state)

    def issue(self, secret=None, **wish):
        """The reason of a refusal, or the claims."""
        reply = self.anybody.call("tokens", ISSUE, secret_key=secret or self.key.secret, **wish)
        return claims(reply.body["secret_token"]) if reply.status == "OK" else reply.reason

    def assert_issues(self, secret=None, **wish):
        """The second is made from what the first was told."""
        first, second = (self.issue(secret, **wish) for _ in range(2))
        self.assertIsInstance(second, dict, second)
        self.assertNotEqual(first["jti"], second["jti"])
        self.assertEqual({**first, "jti": "", "iat": 0, "nbf": 0, "exp": 0}, {**second, "jti": "", "iat": 0, "nbf": 0, "exp": 0})
        return second

    def ask_keys(self, method, **message):
        """As the administrator, with a new token: what narrows rights ends the old ones."""
        ada = wire.signed_in(self.state, self.genomics.admin.session)
        try:
            return ada.ok("keys", method, **message)
        finally:
            ada.close()

    def account(self, method, **message):
        return self.ask_keys(f"AccountService/{method}", **message)


class Remembered(Issues):
    def test_who_may_not_any_more_is_refused_by_the_very_next_issue(self):
        self.assert_issues()
        self.ask_keys("KeyService/SuspendKeys", ids=[self.key.id])
        self.assertEqual("KEY_REFUSED", self.issue())
        self.ask_keys("KeyService/ResumeKeys", ids=[self.key.id])
        self.assert_issues()
        for state in ("disabled", "active"):
            self.account("SetUserState", user=self.ben.id, state=state)
            self.assertEqual("KEY_REFUSED", self.issue()) if state == "disabled" else self.assert_issues()
        self.state.ok("tenant", "suspend", "genomics")
        self.assertEqual("KEY_REFUSED", self.issue())
        self.state.ok("tenant", "resume", "genomics")
        self.assert_issues()
        other = wire.signed_in(self.state, self.ben.session).ok("keys", "KeyService/CreateKey", name="desk")
        self.assert_issues(other["secret_key"])
        self.ask_keys("KeyService/RevokeKeys", ids=[self.key.id])
        self.assertEqual("KEY_REFUSED", self.issue())
        self.assert_issues(other["secret_key"])
        self.account("DeleteUser", user=self.ben.id)
        self.assertEqual("KEY_REFUSED", self.issue(other["secret_key"]))

    def test_the_next_token_says_what_its_owner_may_now_more_or_less(self):
        few = set(self.assert_issues()["scope"].split())
        self.account("SetUserRoles", user=self.ben.id, roles=["key-manager", "auditor"])
        more = set(self.issue()["scope"].split())
        self.assertLess(few, more)
        self.assert_issues()
        self.account("SetUserRoles", user=self.ben.id, roles=["key-manager"])
        self.assertEqual(few, set(self.issue()["scope"].split()))
        group = self.account("CreateWorkgroup", name="plants")["workgroup"]["id"]
        self.account("AddWorkgroupMember", workgroup=group, user=self.ben.id)
        self.assertEqual([group], self.assert_issues()["workgroups"])
        self.account("RemoveWorkgroupMember", workgroup=group, user=self.ben.id)
        self.assertNotIn(group, self.issue().get("workgroups", []))
        self.assert_issues()
        self.account("SetPolicy", values=[{"name": "token_ttl_max", "value": "2m"}, {"name": "token_ttl_default", "value": "2m"}])
        short = self.issue()
        self.assertLessEqual(short["exp"] - short["iat"], 120)
        self.assertEqual("SCOPE_EXCEEDED", self.issue(scope=["users.manage"]))

    def test_each_issue_looks_at_the_address_the_time_and_the_way_it_came(self):
        ada = wire.signed_in(self.state, self.ben.session)
        office = ada.ok("keys", "KeyService/CreateKey", name="office", source_networks=["10.0.0.0/8"])["secret_key"]
        brief = ada.ok("keys", "KeyService/CreateKey", name="brief", ttl="2s")
        self.assert_issues(brief["secret_key"])
        self.assert_issues(office, source_address="10.1.2.3")
        for elsewhere in ("192.0.2.1", "", "10.1.2.3.4"):
            self.assertIn(self.issue(office, source_address=elsewhere), ("SOURCE_REFUSED", "ADDRESS_INVALID"))
        self.assert_issues(office, source_address="10.1.2.3")
        self.assert_issues(direct=True)
        self.account("SetPolicy", values=[{"name": "accept", "value": "jwt"}])
        self.assertEqual("KEY_FOR_TOKENS_ONLY", self.issue(direct=True))
        self.assert_issues()
        self.assertEqual("KEY_FOR_TOKENS_ONLY", self.issue(direct=True))
        last = self.key.secret[:-1] + ("a" if self.key.secret[-1] != "a" else "b")
        self.assertEqual("KEY_MALFORMED", self.issue(last))
        while time.time() * 1000 < brief["key"]["expires_at_ms"]:
            time.sleep(0.05)
        self.assertEqual("KEY_REFUSED", self.issue(brief["secret_key"]))

    def test_every_token_from_memory_is_on_record_and_counts_as_a_use_of_the_key(self):
        made = [self.issue(source_address="192.0.2.7")["jti"] for _ in range(20)]
        events = self.state.json("audit", "list", "--service", "tokens", "--action", "token.issued")["events"]
        self.assertLessEqual(set(made), {event["object"] for event in events})
        self.state.restart("tokens")  # what was counted is told at the end
        use = self.ben.command_line().json("key", "use", self.key.id)
        self.assertEqual({("tokens", 20)}, {(row["caller_name"], row["uses"]) for row in use["uses"]})
        self.assertEqual("192.0.2.7", use["last_source_address"])


class Leased(Issues):
    def test_without_keys_the_lease_bounds_what_is_remembered_and_sessions_never_are(self):
        self.assert_issues()
        self.assert_issues(self.ben.session)
        self.state.kill("keys")
        began = time.monotonic()
        self.assertIsInstance(self.issue(), dict)  # keys is not asked
        self.assertEqual("UNAVAILABLE", self.anybody.call("tokens", ISSUE, secret_key=self.ben.session).status)
        e2e.wait_until(lambda: not isinstance(self.issue(), dict), STALENESS_S + 3, "the end of the lease")
        self.assertLess(time.monotonic() - began, STALENESS_S + 3)
        self.state.start("keys")
        e2e.wait_until(lambda: isinstance(self.issue(), dict), STALENESS_S, "a token with keys again")
        self.ask_keys("KeyService/RevokeKeys", ids=[self.key.id])
        self.assertEqual("KEY_REFUSED", self.issue())


if __name__ == "__main__":
    e2e.main()
