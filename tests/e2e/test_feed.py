#!/usr/bin/env python3
"""The feeds of real services: a change is in its service's feed when it is answered; who may read, and what a restart says."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import world


class Feeds(e2e.Case):
    leased = True

    def setUp(self):
        super().setUp()
        self.state.start()
        self.tenant = world.Tenant(self.state, "genomics")
        self.ada = self.tenant.admin
        self.reader = wire.signed_in(self.state, world.principal(self.state, "backend", ["feed.read"], "ALL").secret)

    def read(self, service, epoch="", since=0):
        return self.reader.ok(service, "FeedService/ReadFeed", epoch=epoch, since=since, nonce=os.urandom(16))

    def changes(self, service, act):
        """The ids in this service's feed that came with the act, each there when its answer is."""
        before = self.read(service)
        self.assertTrue(before["truncated"])
        act()
        after = self.read(service, before["epoch"], before["head"])
        self.assertFalse(after["truncated"])
        self.assertEqual(after["head"], before["head"] + len(after["events"]))
        self.assertEqual(self.leased, after["lease_ttl_ms"] > 0)
        return {(event["kind"], event["id"]): event["generation"] for event in after["events"]}

    def test_a_revoked_key_is_in_the_feed_with_its_new_generation(self):
        key = self.ada.key()
        events = self.changes("keys", lambda: self.ada.caller.ok("keys", "KeyService/RevokeKeys", ids=[key.id]))
        self.assertEqual(list(events), [("generation", key.id)])
        self.assertGreater(events["generation", key.id], 0)

    def test_a_disabled_user_is_in_the_feed(self):
        ben = self.tenant.user("ben")
        events = self.changes("keys", lambda: self.ada.caller.ok(
            "keys", "AccountService/SetUserState", user=ben.id, state="disabled"))
        self.assertIn(("generation", ben.id), events)

    def test_a_changed_policy_is_in_the_feed_of_its_tenant(self):
        events = self.changes("keys", lambda: self.ada.caller.ok(
            "keys", "AccountService/SetPolicy", values=[{"name": "token_ttl_max", "value": "30m"}]))
        self.assertIn(("generation", self.tenant.id), events)

    def test_a_revoked_token_is_in_the_feed_of_tokens(self):
        token = wire.platform_token(self.state, self.ada.key().secret)
        events = self.changes("tokens", lambda: self.ada.caller.ok(
            "tokens", "TokenService/RevokeToken", secret_token=token))
        self.assertEqual([kind for kind, _ in events], ["token.revoked"])

    def test_a_new_and_a_withdrawn_signing_key_are_in_the_feed_of_tokens(self):
        events = self.changes("tokens", lambda: self.state.ok("signing-key", "rotate"))
        self.assertEqual([("jwks.changed", "")], list(events))
        kid = next(key["kid"] for key in self.state.json("signing-key", "list")["signing_keys"] if key["state"] == "published")
        events = self.changes("tokens", lambda: self.state.ok("signing-key", "withdraw", "--", kid))
        self.assertIn(("kid.withdrawn", kid), events)

    def test_a_deleted_credential_is_in_the_feed_of_credentials(self):
        credential = world.add_aws(self.ada)
        events = self.changes("credentials", lambda: self.ada.caller.ok(
            "credentials", "CredentialService/DeleteCredentials", ids=[credential]))
        self.assertEqual(list(events), [("credential.deleted", credential)])

    def test_a_refused_change_is_in_no_feed(self):
        events = self.changes("keys", lambda: self.ada.caller.call(
            "keys", "KeyService/RevokeKeys", ids=["key_00000000000000000000000000"]))
        self.assertEqual(events, {})

    def test_only_who_may_read_feeds_reads_them(self):
        for service in e2e.SERVICES:
            reply = self.ada.caller.call(service, "FeedService/ReadFeed", nonce=os.urandom(16))
            self.assertEqual((reply.status, reply.reason), ("PERMISSION_DENIED", "PERMISSION_MISSING"))
            reply = wire.Caller(self.state).call(service, "FeedService/ReadFeed", nonce=os.urandom(16))
            self.assertEqual(reply.status, "UNAUTHENTICATED")

    def test_a_service_that_was_killed_starts_a_new_epoch(self):
        before = self.read("keys")
        self.state.kill("keys")
        self.state.start("keys")
        self.reader.drop("keys")
        after = self.read("keys", before["epoch"], before["head"])
        self.assertTrue(after["truncated"])
        self.assertNotEqual(after["epoch"], before["epoch"])


if __name__ == "__main__":
    e2e.main()
