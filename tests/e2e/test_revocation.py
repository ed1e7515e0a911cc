#!/usr/bin/env python3
"""A JWT never outlives what it was made from: not its key's expiry, and not by one check what revokes it."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from base64url import claims
import latchkey_e2e as e2e
import latchkey_wire as wire
import world

# One question to each service that an access token opens.
QUESTIONS = (("keys", "AccountService/GetMe"), ("tokens", "TokenService/RevokeToken"),
             ("credentials", "CredentialService/ListCredentials"))


class Revocation(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.genomics = world.Tenant(self.state, "genomics")
        self.ben = self.genomics.user("ben", "key-manager")
        api = world.principal(self.state, "samples-api", ("tokens.validate", "keys.verify"), "ALL")
        self.api = wire.signed_in(self.state, api.secret)

    def is_good(self, secret):
        return self.api.ok("tokens", "TokenService/ValidateToken", secret_credential=secret)["active"]

    def tokens_of(self, secret):
        """For the platform and for Latchkey itself; both good."""
        tokens = wire.platform_token(self.state, secret), wire.access_token(self.state, secret)
        self.assertTrue(self.is_good(tokens[0]))
        self.assert_opens(tokens[1])
        return tokens

    def assert_opens(self, token):
        for service, method in QUESTIONS:
            reply = wire.Caller(self.state, token).call(service, method)
            self.assertNotEqual("UNAUTHENTICATED", reply.status, str(reply))

    def assert_dead(self, secret, *tokens):
        """The very next check refuses all of it, everywhere."""
        platform_token, access_token = tokens
        for shown in (secret, platform_token):
            self.assertFalse(self.is_good(shown))
        for service, method in QUESTIONS:
            reply = wire.Caller(self.state, access_token).call(service, method)
            self.assertEqual("UNAUTHENTICATED", reply.status, str(reply))
        reply = wire.Caller(self.state).call("tokens", "TokenService/IssueToken", secret_key=secret)
        self.assertEqual("UNAUTHENTICATED", reply.status, str(reply))

    # Expiry

    def test_a_token_expires_with_a_key_that_expires_sooner(self):
        answer = self.ben.caller.ok("keys", "KeyService/CreateKey", name="short", ttl="5m")
        for token in self.tokens_of(answer["secret_key"]):
            stated = claims(token)
            self.assertLessEqual(stated["exp"] * 1000, answer["key"]["expires_at_ms"])
            self.assertGreater(stated["exp"], stated["iat"])

    def test_a_longer_life_cannot_be_asked_for(self):
        key = self.ben.key("short", ttl="5m")
        stated = claims(wire.platform_token(self.state, key.secret, ttl_ms=3_600_000))
        self.assertLessEqual(stated["exp"] - stated["iat"], 300)
        reply = wire.Caller(self.state).call("tokens", "TokenService/IssueToken", secret_key=key.secret, ttl_ms=86_400_000)
        self.assertEqual(("INVALID_ARGUMENT", "ttl_ms"), (reply.status, reply.field), str(reply))

    def test_when_a_key_has_expired_it_and_its_tokens_are_refused(self):
        answer = self.ben.caller.ok("keys", "KeyService/CreateKey", name="brief", ttl="3s")
        secret, ends_at = answer["secret_key"], answer["key"]["expires_at_ms"] / 1000
        tokens = self.tokens_of(secret)
        while time.time() < ends_at:
            answered, asked_at = self.is_good(tokens[0]), time.time()
            self.assertTrue(answered or asked_at >= claims(tokens[0])["exp"])
            time.sleep(0.1)
        self.assert_dead(secret, *tokens)

    # Revocation: each is answered, then the next check refuses

    def test_a_revoked_key_and_its_tokens_are_refused_by_the_next_check(self):
        for round_number in range(e2e.repeat("revocations", 100, 10)):
            key = self.ben.key(f"laptop {round_number}")
            tokens = self.tokens_of(key.secret)
            self.ben.caller.ok("keys", "KeyService/RevokeKeys", ids=[key.id])
            self.assert_dead(key.secret, *tokens)

    def test_a_revoked_key_stays_refused_when_every_service_has_died(self):
        """Killed the moment the revocation was answered; whatever of memory, log and disk is lost then, it is not that."""
        good = self.ben.key("good")
        for round_number in range(e2e.repeat("deaths of every process", 200, 3)):
            key = self.ben.key(f"laptop {round_number}")
            tokens = self.tokens_of(key.secret)
            self.ben.caller.ok("keys", "KeyService/RevokeKeys", ids=[key.id])
            self.state.kill()
            self.state.start()
            self.api.close()
            self.ben.caller.close()
            self.assert_dead(key.secret, *tokens)
            self.assertTrue(self.is_good(good.secret))

    def test_a_key_revokes_itself_without_any_permission(self):
        key = self.ben.key(permissions=["credentials.manage"])
        tokens = self.tokens_of(key.secret)
        wire.signed_in(self.state, key.secret).ok("keys", "KeyService/RevokeKeys", ids=[key.id])
        self.assert_dead(key.secret, *tokens)

    def test_an_ended_session_ends_its_tokens(self):
        token = wire.access_token(self.state, self.ben.session)
        self.assert_opens(token)
        self.ben.caller.ok("keys", "AccountService/EndSession")
        for shown in (token, self.ben.caller.token):
            for service, method in QUESTIONS:
                self.assertEqual("UNAUTHENTICATED", wire.Caller(self.state, shown).call(service, method).status)

    def test_a_disabled_users_keys_sessions_and_tokens_are_refused_and_come_back(self):
        key = self.ben.key()
        tokens = self.tokens_of(key.secret)
        ada = self.genomics.admin.caller
        ada.ok("keys", "AccountService/SetUserState", user=self.ben.id, state="disabled")
        self.assert_dead(key.secret, *tokens)
        self.assertEqual("UNAUTHENTICATED", self.ben.caller.call("keys", "AccountService/GetMe").status)
        ada.ok("keys", "AccountService/SetUserState", user=self.ben.id, state="active")
        self.assertTrue(self.is_good(key.secret))
        self.assertFalse(self.is_good(tokens[0]))  # made under a generation that is over

    def test_a_token_has_no_permission_that_its_owner_lost(self):
        key = self.ben.key()
        token = wire.platform_token(self.state, key.secret)
        ask = {"secret_credential": key.secret, "required_permission": "credentials.manage"}
        self.assertTrue(self.api.ok("tokens", "TokenService/ValidateToken", **ask)["active"])
        self.genomics.admin.caller.ok("keys", "AccountService/SetUserRoles", user=self.ben.id, roles=["member"])
        for secret in (key.secret, token):
            answer = self.api.ok("tokens", "TokenService/ValidateToken", **{**ask, "secret_credential": secret})
            self.assertFalse(answer["active"], answer)

    def test_who_lost_the_permission_still_lists_and_revokes_own_keys(self):
        key = self.ben.key()
        cleo = self.genomics.user("cleo")
        self.genomics.admin.caller.ok("keys", "AccountService/SetUserRoles", user=self.ben.id, roles=["member"])
        ben = wire.signed_in(self.state, self.ben.session)
        self.assertEqual("PERMISSION_DENIED", ben.call("keys", "KeyService/CreateKey", name="another").status)
        self.assertEqual([key.id], [one["id"] for one in ben.ok("keys", "KeyService/ListKeys")["keys"]])
        ben.ok("keys", "KeyService/RevokeKeys", ids=[key.id])
        self.assertFalse(self.is_good(key.secret))
        self.assertEqual("PERMISSION_DENIED", cleo.caller.call("keys", "KeyService/ListKeys").status)

    def test_a_revoked_token_is_refused_and_its_key_is_not(self):
        key = self.ben.key()
        platform_token, access_token = self.tokens_of(key.secret)
        wire.Caller(self.state, access_token).ok("tokens", "TokenService/RevokeToken", secret_token=platform_token)
        self.assertFalse(self.is_good(platform_token))
        self.assertTrue(self.is_good(key.secret))
        self.state.kill("tokens")
        self.state.start("tokens")
        self.api.drop("tokens")
        self.assertFalse(self.is_good(platform_token))

    # Access tokens by their own id: tokens revokes them, keys and credentials learn it by its feed

    def assert_closed(self, token):
        for service, method in QUESTIONS:
            reply = wire.Caller(self.state, token).call(service, method)
            self.assertEqual("UNAUTHENTICATED", reply.status, str(reply))

    def revoked_access_token(self, round_number=0):
        token = wire.access_token(self.state, self.ben.key(f"laptop {round_number}").secret)
        self.assert_opens(token)
        self.ben.caller.ok("tokens", "TokenService/RevokeToken", secret_token=token)
        return token

    def test_a_revoked_access_token_opens_no_service_at_the_next_check(self):
        for round_number in range(e2e.repeat("revocations", 100, 10)):
            self.assert_closed(self.revoked_access_token(round_number))

    def test_a_revoked_access_token_opens_no_service_that_was_killed_and_started_again(self):
        token = self.revoked_access_token()
        self.state.kill("keys", "credentials")
        self.state.start("keys", "credentials")
        self.assert_closed(token)
        self.state.kill()
        self.state.start()
        self.assert_closed(token)

    def test_a_token_opens_nothing_where_nobody_can_say_whether_it_was_revoked(self):
        token = wire.access_token(self.state, self.ben.key().secret)
        self.assert_opens(token)
        self.state.pause("tokens")
        caller = wire.Caller(self.state, token)
        for service, method in (("keys", "AccountService/GetMe"), ("credentials", "CredentialService/ListCredentials")):
            e2e.wait_until(lambda: caller.call(service, method).reason == "FEED_UNAVAILABLE", 20, "the lease ends")
        self.state.resume("tokens")
        e2e.wait_until(lambda: caller.call("keys", "AccountService/GetMe").status == "OK", 20, "tokens is heard again")


if __name__ == "__main__":
    e2e.main()
