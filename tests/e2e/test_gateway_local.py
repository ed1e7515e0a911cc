#!/usr/bin/env python3
"""Keys and tokens that the gateway decides from memory: what is revoked is refused by the next request, and late by no more than it says."""

import base64
import json
import pathlib
import re
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import http_client
import latchkey_e2e as e2e
import world

PROXY = {"X-Forwarded-For": "192.0.2.44"}


def wrong(key):
    return key[:-1] + ("a" if key[-1] != "a" else "b")


class GatewayLocal(e2e.Case):
    def start(self, *options):
        self.state.start()
        conf = self.state.path / "gateway.conf"
        self.metrics = e2e.free_port()
        options = ("trusted-proxies = 127.0.0.1", f"metrics-listen = 127.0.0.1:{self.metrics}", *options)
        conf.write_text(conf.read_text() + "".join(f"{option}\n" for option in options))
        self.state.start("gateway")
        self.http = http_client.Gateway(self.state)
        self.tenant = world.Tenant(self.state, "genomics")
        self.ada, self.ben = self.tenant.admin, self.tenant.user("ben", "key-manager")
        self.ada_line = self.ada.command_line()
        self.judge = world.principal(self.state, "samples-api", ["tokens.validate"], "ALL")

    def auth(self, secret, query="", headers=None):
        return self.http.ask("GET", f"/auth{query}", key=secret, headers=headers).status

    def validate(self, secret, by=None, **wish):
        return self.http.ok("POST", "/v1/validate", {"secretCredential": secret, **wish}, key=by or self.judge.secret)

    def known(self, secret):
        """Asked about once, and from now on remembered."""
        self.assertEqual(204, self.auth(secret))
        self.assertTrue(self.validate(secret)["active"])

    def test_what_is_revoked_is_refused_by_the_next_request(self):
        self.start()
        line = self.ben.command_line()
        for _ in range(e2e.repeat("keys revoked under a remembering gateway", 200, 5)):
            key = self.ben.key()
            token = self.state.with_key(key.secret).ok("token", "issue").strip()
            for secret in (key.secret, token):
                self.known(secret)
            line.ok("key", "revoke", key.id)
            for secret in (key.secret, token):
                self.assertEqual((401, False), (self.auth(secret), self.validate(secret)["active"]))
        key, judge = self.ben.key(), world.principal(self.state, "other-api", ["tokens.validate"], "ALL")
        self.known(key.secret)
        self.assertTrue(self.validate(key.secret, by=judge.secret)["active"])
        self.state.ok("principal", "disable", judge.id)
        self.http.refused(401, "POST", "/v1/validate", {"secretCredential": key.secret}, key=judge.secret)
        self.ada_line.ok("user", "disable", self.ben.id)
        self.assertEqual((401, False), (self.auth(key.secret), self.validate(key.secret)["active"]))
        self.ada_line.ok("user", "enable", self.ben.id)
        self.assertEqual((204, True), (self.auth(key.secret), self.validate(key.secret)["active"]))

    def test_who_asks_needs_the_right_and_the_tenant_and_each_request_its_own(self):
        self.start()
        key, near_api = self.ben.key(), world.principal(self.state, "near-api", ["tokens.validate"], "genomics")
        other = world.Tenant(self.state, "proteomics")
        foreign, stranger = other.admin.key(), world.principal(self.state, "blind", ["audit.read"], "ALL")
        for _ in range(2):  # asked, and remembered
            for secret in (key.secret, foreign.secret):
                self.known(secret)
            self.assertEqual(key.id, self.validate(key.secret)["identity"]["key"])
            self.http.refused(403, "POST", "/v1/validate", {"secretCredential": key.secret}, key=stranger.secret, reason="PERMISSION_MISSING")
            self.http.refused(401, "POST", "/v1/validate", {"secretCredential": key.secret})
            refused = self.validate(key.secret, requiredPermission="audit.read")
            self.assertEqual((False, "PERMISSION_MISSING"), (refused["active"], refused["reason"]))
            self.assertTrue(self.validate(key.secret, by=near_api.secret)["active"])
            self.assertFalse(self.validate(foreign.secret, by=near_api.secret)["active"])
            self.assertEqual((403, 403, 204), (self.auth(key.secret, "?permission=audit.read"), self.auth(key.secret, "?workgroup=wkg_x"),
                                               self.auth(key.secret)))
        token = self.state.with_key(foreign.secret).ok("token", "issue").strip()
        for _ in range(2):  # what it lacks is said to those of its tenant, and to nobody else
            self.known(token)
            wish = {"requiredPermission": "audit.read", "requiredWorkgroup": "wkg_x"}
            self.assertIn(self.validate(token, **wish)["reason"], ("PERMISSION_MISSING", "WORKGROUP_MISSING"))
            self.assertEqual("TOKEN_REFUSED", self.validate(token, by=near_api.secret, **wish)["reason"])
        near = self.ben.key(source_networks=["192.0.2.0/24"])
        for _ in range(2):
            self.assertEqual((204, 403), (self.auth(near.secret, headers=PROXY), self.auth(near.secret)))

    def test_tokens_that_waits_for_keys_is_asked_once(self):
        self.start()
        key = self.ben.key()  # shown to nobody yet, so keys has to be asked
        self.state.kill("keys")
        before, basic = self.asked(), base64.b64encode(f"apikey:{key.secret}".encode()).decode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {basic}"}
        answer = self.http.ask("POST", "/oauth2/token", "grant_type=client_credentials", headers=headers)
        self.assertEqual((503, "temporarily_unavailable"), (answer.status, answer.json()["error"]))
        self.assertEqual(1, self.asked() - before)

    def introspect(self, token, secret):
        """As an OAuth client; the second time it is remembered."""
        basic = base64.b64encode(f"apikey:{secret}".encode()).decode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {basic}"}
        answers = [self.http.ask("POST", "/oauth2/introspect", f"token={token}", headers=headers) for _ in range(2)]
        self.assertEqual(*[(answer.status, answer.body) for answer in answers])
        self.assertEqual("no-store", answers[1].headers["Cache-Control"])
        return answers[1]

    def test_introspection_is_remembered_as_validation_is(self):
        self.start()
        key, near_api = self.ben.key(), world.principal(self.state, "near-api", ["tokens.validate"], "genomics")
        foreign = world.Tenant(self.state, "proteomics").admin.key()
        token = self.state.with_key(key.secret).ok("token", "issue").strip()
        said = {}
        for secret in (key.secret, token):
            said[secret] = self.introspect(secret, self.judge.secret).json()
            self.assertEqual((True, key.id), (said[secret]["active"], said[secret]["client_id"]))
            self.assertEqual(said[secret], self.introspect(secret, near_api.secret).json())
        self.assertNotIn("token_type", said[key.secret])
        self.assertEqual("Bearer", said[token]["token_type"])
        self.assertEqual({"active": False}, self.introspect(foreign.secret, near_api.secret).json())
        for _ in range(3):  # who asks and what is asked about are both known: nobody is asked
            asked = self.asked()
            self.assertTrue(self.introspect(token, self.judge.secret).json()["active"])
            self.assertEqual(asked, self.asked())
        self.assertEqual((400, "unauthorized_client"), self.error(self.introspect(token, key.secret)))
        self.assertEqual((401, "invalid_client"), self.error(self.introspect(token, wrong(self.judge.secret))))
        self.ben.command_line().ok("key", "revoke", key.id)
        for secret in (key.secret, token):
            self.assertEqual({"active": False}, self.introspect(secret, self.judge.secret).json())
        self.state.ok("principal", "disable", self.judge.id)
        self.assertEqual((401, "invalid_client"), self.error(self.introspect(token, self.judge.secret)))

    def error(self, answer):
        return answer.status, answer.json()["error"]

    def asked(self):
        """How many questions about keys and tokens the tokens service has answered, well or not."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics", timeout=20) as answer:
            counted = re.findall(r'^latchkey_calls_total{service="tokens",method="(\w+)",.*} (\d+)$', answer.read().decode(), re.MULTILINE)
        return sum(int(count) for method, count in counted if method in ("ValidateToken", "ValidateTokens", "IssueToken"))

    def test_who_asks_with_no_good_key_costs_one_question(self):
        self.start()
        key, ended = self.ben.key(), world.principal(self.state, "ended-api", ["tokens.validate"], "ALL")
        self.known(key.secret)
        self.state.ok("principal", "disable", ended.id)
        for shown, reason in ((ended.secret, "KEY_REFUSED"), (wrong(self.judge.secret), "KEY_MALFORMED")):
            before = self.asked()
            self.http.refused(401, "POST", "/v1/validate", {"secretCredential": key.secret}, key=shown, reason=reason)
            self.assertEqual(1, self.asked() - before)
        session = self.ben.session  # no key, but good for a token: its owner may not validate
        self.http.refused(403, "POST", "/v1/validate", {"secretCredential": key.secret}, key=session, reason="PERMISSION_MISSING")

    def test_uses_are_counted_for_whom_and_from_where(self):
        self.start()
        key = self.ben.key()
        for _ in range(4):
            self.assertEqual(204, self.auth(key.secret, headers=PROXY))
        for _ in range(3):
            self.assertTrue(self.validate(key.secret, sourceAddress="192.0.2.44")["active"])
        self.state.stop("gateway")  # what it counted is told at its end
        use = self.ada_line.json("key", "use", key.id)
        counts = {}
        for row in use["uses"]:
            counts[row["caller_name"]] = counts.get(row["caller_name"], 0) + row["uses"]
        # The first was asked of the services, which counted it; validations count for who asked for them.
        self.assertEqual((7, 3), (use["total"], counts["samples-api"]))
        self.assertEqual("192.0.2.44", use["last_source_address"])

    def test_without_the_services_memory_counts_for_as_long_as_it_says(self):
        self.start("max-staleness = 400ms", "lost-lease = refuse")
        key = self.ben.key()
        e2e.wait_until(lambda: self.auth(key.secret) == 204, 10, "a lease")
        self.known(key.secret)
        self.state.pause("keys")
        paused = time.monotonic()
        while time.monotonic() < paused + 0.6:
            late = time.monotonic() > paused + 0.5
            status = self.auth(key.secret)
            self.assertIn(status, (403,) if late else (204, 403))
        answer = self.http.ask("GET", "/auth", key=key.secret)
        self.assertEqual((403, "LEASE_LOST"), (answer.status, answer.headers["X-Latchkey-Reason"]))
        self.state.resume("keys")
        e2e.wait_until(lambda: self.auth(key.secret) == 204, 10, "a lease again")

    def test_a_gateway_that_stands_still_wakes_to_no_old_belief(self):
        self.start("max-staleness = 1s")
        keys = [self.ben.key() for _ in range(2)]
        for key in keys:
            self.known(key.secret)
        line = self.ben.command_line()
        self.state.pause("gateway")
        line.ok("key", "revoke", keys[0].id)  # is not held up for ever
        time.sleep(1)
        self.state.resume("gateway")
        self.assertEqual((401, 204), tuple(self.auth(key.secret) for key in keys))
        self.assertNotIn(keys[0].secret, json.dumps(self.state.log("gateway")))
        line.ok("key", "revoke", keys[1].id)
        self.assertEqual(401, self.auth(keys[1].secret))


if __name__ == "__main__":
    e2e.main()
