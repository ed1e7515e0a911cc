#!/usr/bin/env python3
"""Token exchange (RFC 8693): a worker acts for a user, never beyond what either may do, and not a moment longer."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from base64url import claims
import latchkey_e2e as e2e
import latchkey_wire
import world


class Exchange(e2e.Case):
    """Ben is a user of genomics; the ingestion fleet may act for users there and fetch credentials."""

    def setUp(self):
        super().setUp()
        self.state.start()
        self.genomics = world.Tenant(self.state, "genomics")
        self.other = world.Tenant(self.state, "other")
        self.ben = self.genomics.user("ben", "key-manager", "auditor")
        self.ben_key = self.ben.key("laptop")
        self.fleet = self.fleet_of("fleet", "genomics")
        self.api = latchkey_wire.signed_in(self.state, world.principal(self.state, "api", ["tokens.validate"], "ALL").secret)
        self.subject = self.platform(self.ben_key.secret)
        self.actor = self.platform(self.fleet.secret)

    def fleet_of(self, name, *tenants, permissions=("users.act_for", "credentials.fetch", "audit.read")):
        return world.principal(self.state, name, permissions, *tenants)

    def platform(self, secret, **wish):
        return latchkey_wire.platform_token(self.state, secret, **wish)

    def exchange(self, subject=None, actor=None, **wish):
        anybody = latchkey_wire.Caller(self.state)
        self.addCleanup(anybody.close)
        return anybody.call("tokens", "TokenService/ExchangeToken", secret_subject_token=subject or self.subject,
                            secret_actor_token=actor or self.actor, **wish)

    def exchanged(self, **more):
        reply = self.exchange(**more)
        self.assertEqual("OK", reply.status, reply)
        return reply.body

    def refused(self, status, reason, **more):
        reply = self.exchange(**more)
        self.assertEqual((status, reason), (reply.status, reply.reason), reply)

    def verdict(self, token):
        return self.api.ok("tokens", "TokenService/ValidateToken", secret_credential=token)

    def test_it_says_for_whom_and_by_whom(self):
        token = self.exchanged()["secret_token"]
        says = claims(token)
        self.assertEqual((self.ben.id, self.fleet_id()), (says["sub"], says["act"]["sub"]))
        answer = self.verdict(token)
        self.assertTrue(answer["active"], answer)
        self.assertEqual((self.ben.id, self.fleet_id()), (answer["identity"]["subject"], answer["actor"]))
        self.assertEqual("", self.verdict(self.subject)["actor"])
        events = self.state.json("audit", "list", "--service", "tokens", "--action", "token.exchanged")["events"]
        self.assertEqual([(self.ben.id, self.fleet_id())], [(event["owner"], event["actor"]) for event in events])

    def fleet_id(self):
        return claims(self.actor)["sub"]

    def test_it_is_never_wider_than_either_and_mints_no_power(self):
        mine, fleets = set(claims(self.subject)["scope"].split()), set(claims(self.actor)["scope"].split())
        got = set(self.exchanged()["scope"])
        self.assertEqual({"audit.read"}, got)
        self.assertLessEqual(got, mine & fleets)
        self.assertEqual(["audit.read"], self.exchanged(scope=["audit.read"])["scope"])
        for beyond in ("credentials.manage", "credentials.fetch", "api_keys.manage", "users.act_for", "tokens.validate"):
            self.refused("PERMISSION_DENIED", "SCOPE_EXCEEDED", scope=[beyond])

    def test_it_lives_no_longer_than_either(self):
        short_subject, short_actor = self.platform(self.ben_key.secret, ttl_ms=60000), self.platform(self.fleet.secret, ttl_ms=30000)
        self.assertLessEqual(claims(self.exchanged(subject=short_subject)["secret_token"])["exp"], claims(short_subject)["exp"])
        self.assertLessEqual(claims(self.exchanged(actor=short_actor)["secret_token"])["exp"], claims(short_actor)["exp"])
        asked = claims(self.exchanged(ttl_ms=5000)["secret_token"])
        self.assertLessEqual(asked["exp"] - asked["iat"], 5)

    def test_who_may_not_act_is_refused(self):
        plain = self.platform(self.fleet_of("plain", "genomics", permissions=["credentials.fetch"]).secret)
        self.refused("PERMISSION_DENIED", "PERMISSION_MISSING", actor=plain)
        narrowed = self.platform(self.fleet.secret, scope=["audit.read"])
        self.refused("PERMISSION_DENIED", "PERMISSION_MISSING", actor=narrowed)
        elsewhere = self.platform(self.fleet_of("elsewhere", "other").secret)
        self.refused("PERMISSION_DENIED", "TENANT_NOT_REACHED", actor=elsewhere)
        self.refused("INVALID_ARGUMENT", "SUBJECT_INVALID", actor=self.subject)
        self.refused("INVALID_ARGUMENT", "SUBJECT_INVALID", subject=self.actor)

    def test_only_good_tokens_of_the_platform_are_exchanged(self):
        for_latchkey = latchkey_wire.access_token(self.state, self.ben_key.secret)
        for bad in (for_latchkey, "x.y.z", self.ben_key.secret, self.subject[:-4] + "AAAA"):
            self.refused("UNAUTHENTICATED", "TOKEN_REFUSED", subject=bad)
        for bad in ("x.y.z", self.fleet.secret, self.actor[:-4] + "AAAA"):
            self.refused("UNAUTHENTICATED", "TOKEN_REFUSED", actor=bad)
        self.exchanged(actor=latchkey_wire.access_token(self.state, self.fleet.secret))
        token = self.exchanged()["secret_token"]
        self.refused("FAILED_PRECONDITION", "EXCHANGE_CHAINED", subject=token)

    def test_it_dies_with_the_users_key(self):
        token = self.exchanged()["secret_token"]
        self.ben.caller.ok("keys", "KeyService/RevokeKeys", ids=[self.ben_key.id])
        self.assertFalse(self.verdict(token)["active"])
        self.refused("UNAUTHENTICATED", "TOKEN_REFUSED")

    def test_it_dies_with_the_actor(self):
        token = self.exchanged()["secret_token"]
        self.assertTrue(self.verdict(token)["active"])
        self.state.ok("principal", "disable", "fleet")
        answer = self.verdict(token)
        self.assertEqual((False, "TOKEN_REFUSED"), (answer["active"], answer["reason"]))
        self.assertEqual("ACTOR_NOT_ACTIVE",
                         self.state.run("validate", "--json", "-", stdin=token).json()["reason"])
        self.refused("UNAUTHENTICATED", "TOKEN_REFUSED")

    def test_a_revoked_token_is_not_exchanged(self):
        self.state.ok("token", "revoke", "-", stdin=self.subject)
        self.refused("UNAUTHENTICATED", "TOKEN_REFUSED")

    def test_the_command_line_acts_with_its_own_key(self):
        worker = self.state.with_key(self.fleet.secret)
        token = worker.ok("token", "exchange", "-", stdin=self.subject).strip()
        answer = self.state.json("validate", "-", stdin=token)
        self.assertEqual((self.ben.id, self.fleet_id()), (answer["user"], answer["actor"]))
        self.ben.command_line().refused("token", "exchange", "-", stdin=self.subject)


if __name__ == "__main__":
    e2e.main()
