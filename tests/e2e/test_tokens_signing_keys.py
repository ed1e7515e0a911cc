#!/usr/bin/env python3
"""Signing keys with real processes: rotation by command and by the calendar, withdrawal that every service obeys, a key of
one's own, and a restart in between."""

import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from base64url import header
import latchkey_e2e as e2e
import nng_wire

STALENESS_S = 5  # what common/auth/jwks_source.h promises, with room for a slow machine


UNAUTHENTICATED = 16
ASKED = {"keys": "latchkey.accounts.v1.AccountService/GetMe",
         "credentials": "latchkey.credentials.v1.CredentialService/ListCredentials"}


def text_field(number, text):
    data, size, length = text.encode(), b"", len(text)
    while length > 127:
        size, length = size + bytes([length & 127 | 128]), length >> 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + data


class SigningKeys(e2e.Case):
    """Ada has a key; the signing keys live as the configuration of each case says."""

    configuration = ""

    def setUp(self):
        super().setUp()
        with open(self.state.path / "tokens.conf", "a", encoding="utf-8") as conf:
            conf.write(self.configuration)
        self.state.start()
        tenant = self.state.json("tenant", "create", "genomics", "--domain", "genomics.example", "--admin",
                                 "ada@genomics.example")
        self.ada = self.state.login("ada", tenant["admin"]["ticket"])
        self.key = self.ada.json("key", "create", "laptop", "--ttl", "1d")["key"]
        self.instance = self.conf_value("instance")

    def conf_value(self, name):
        for line in (self.state.path / "tokens.conf").read_text().splitlines():
            if line.startswith(f"{name} = "):
                return line.split(" = ", 1)[1]
        raise AssertionError(name)

    def issue(self, *more):
        return self.state.ok("token", "issue", "-", *more, stdin=self.key).strip()

    def keys(self, state=None):
        listed = self.state.json("signing-key", "list")["signing_keys"]
        return [key["kid"] for key in listed if state in (None, key["state"])]

    def published(self):
        jwks = json.loads(self.state.ok("token", "jwks"))
        return [key["kid"] for key in jwks["keys"]]

    def status(self, service, token):
        """What a service answers to who shows it this access token."""
        head = text_field(1, "req_test") + text_field(2, ASKED[service]) + b"\x18\x88\x27" + text_field(5, token)
        with nng_wire.Wire(self.state.socket_path(service)) as wire:
            wire.send(nng_wire.frame(head))
            reply = wire.receive()[8:]
        at = 2 + reply[1]  # behind the request id
        return reply[at + 1] if reply[at:at + 1] == b"\x10" else 0

    def active(self, token):
        return self.state.run("validate", "--json", "-", stdin=token).json()["active"]


class ByCommand(SigningKeys):
    configuration = "signing-key-publish-ahead = 2s\n"

    def test_the_first_key_is_there_and_named_by_its_thumbprint(self):
        self.assertEqual(self.keys("active"), self.keys())
        self.assertEqual(self.keys(), self.published())
        self.assertEqual({"alg": "ES256", "typ": "at+jwt", "kid": self.keys()[0]}, header(self.issue()))

    def test_a_rotation_publishes_first_and_signs_later(self):
        before, old = self.keys("active")[0], self.issue()
        following = self.state.json("signing-key", "rotate")
        self.assertEqual("published", following["state"])
        self.assertIn(following["kid"], self.published())
        self.assertEqual(before, header(self.issue())["kid"])
        e2e.wait_until(lambda: header(self.issue())["kid"] == following["kid"], 10, "the next key signs")
        self.assertEqual([before], self.keys("retired"))
        self.assertTrue(self.active(old), "a token outlives the rotation of its key")
        self.assertTrue(self.active(self.issue()))
        for action, kid in (("published", following["kid"]), ("activated", following["kid"]), ("retired", before)):
            events = self.state.json("audit", "list", "--service", "tokens", "--action", f"signing_key.{action}")["events"]
            self.assertIn(kid, [event["object"] for event in events])

    def test_only_operators_touch_signing_keys(self):
        kid = self.keys()[0]
        for command in (("list",), ("rotate",), ("withdraw", "--", kid)):  # a thumbprint may begin with a hyphen
            self.ada.refused("signing-key", *command, reason="OPERATORS_ONLY")

    def test_a_withdrawn_key_is_refused_everywhere(self):
        kid, token = self.keys("active")[0], self.issue()
        for_latchkey = self.issue("--audience", f"latchkey:{self.instance}")
        for service in ASKED:  # they have seen and remember this token
            self.assertEqual(0, self.status(service, for_latchkey))
        self.assertTrue(self.active(token))
        answer = json.loads(self.state.ok("signing-key", "withdraw", "--json", "--reason", "stolen", "--", kid))
        self.assertEqual((kid, "withdrawn"), (answer["kid"], answer["state"]))
        self.assertFalse(self.active(token), "refused by the very next check")
        self.assertNotIn(kid, self.published())
        self.assertEqual(answer["active"]["kid"], header(self.issue())["kid"])
        self.assertTrue(self.active(self.issue()))
        self.assertEqual([kid], self.keys("withdrawn"))
        self.state.refused("signing-key", "withdraw", "--", kid, reason="SIGNING_KEY_WITHDRAWN")
        self.state.refused("signing-key", "withdraw", "nobody", reason="SIGNING_KEY_MISSING")
        for service in ASKED:
            e2e.wait_until(lambda name=service: self.status(name, for_latchkey) == UNAUTHENTICATED, STALENESS_S,
                           f"{service} refuses tokens of the withdrawn key")
        # whoever signed in before gets a token of the new key by itself
        self.assertEqual("ada@genomics.example", self.ada.json("whoami")["name"])
        self.state.restart("tokens")
        self.assertNotIn(kid, self.published())
        self.assertFalse(self.active(token))

    def test_a_key_of_ones_own_signs_after_it_was_published(self):
        pem = self.state.folder / "own.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", pem],
                       check=True, capture_output=True)
        pem.chmod(0o600)
        own = self.state.json("signing-key", "import", pem)
        self.assertIn(own["kid"], self.published())
        e2e.wait_until(lambda: header(self.issue())["kid"] == own["kid"], 10, "the imported key signs")
        self.state.refused("signing-key", "import", pem, reason="SIGNING_KEY_EXISTS")
        self.assertEqual([], self.state.files_holding(pem.read_text().splitlines()[1], but=("secrets",)))
        pem.chmod(0o644)
        self.state.refused("signing-key", "import", pem, reason="SECRET_FILE_MODE")
        pem.write_text("no key")
        pem.chmod(0o600)
        self.state.refused("signing-key", "import", pem, reason="SIGNING_KEY_INVALID")

    def test_a_rotation_survives_kill_9(self):
        following = self.state.json("signing-key", "rotate")["kid"]
        self.state.kill("tokens")
        self.state.start("tokens")
        e2e.wait_until(lambda: header(self.issue())["kid"] == following, 10, "the next key signs")


class ByCalendar(SigningKeys):
    configuration = "signing-key-life = 6s\nsigning-key-publish-ahead = 2s\ntoken-ttl-limit = 60s\n"

    def test_keys_follow_each_other_and_nobody_notices(self):
        seen, first = set(), time.monotonic()
        while time.monotonic() < first + 15:
            published, token = self.published(), self.issue("--ttl", "30s")
            self.assertIn(header(token)["kid"], self.published(), published)
            self.assertTrue(self.active(token))
            seen.add(header(token)["kid"])
            time.sleep(0.2)
        self.assertGreaterEqual(len(seen), 2)
        self.assertLessEqual(len(self.keys("active")), 1)


class InJwtMode(SigningKeys):
    configuration = "token-typ = JWT\n"

    def test_every_service_takes_and_gives_exactly_that_typ(self):
        token = self.issue()
        self.assertEqual("JWT", header(token)["typ"])
        self.assertTrue(self.active(token))
        # keys verified Ada's own access token, which is a JWT too
        self.assertEqual("ada@genomics.example", self.ada.json("whoami")["name"])
        with open(self.state.path / "tokens.conf", "a", encoding="utf-8") as conf:
            conf.write("token-typ = at+jwt\n")
        text = (self.state.path / "tokens.conf").read_text().replace("token-typ = JWT\n", "")
        (self.state.path / "tokens.conf").write_text(text)
        self.state.restart("tokens")
        self.assertFalse(self.active(token), "a token of the other typ is no token of this installation")
        self.assertTrue(self.active(self.issue()))
        e2e.wait_until(lambda: self.ada.run("whoami").code == 0, STALENESS_S, "keys has heard of the other typ")


if __name__ == "__main__":
    e2e.main()
