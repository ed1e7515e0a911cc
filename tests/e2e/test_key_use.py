#!/usr/bin/env python3
"""Is this key still used, and by whom? Uses are counted per key, caller and day, wherever they were decided."""

import collections
import json
import pathlib
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import world


class KeyUse(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.tenant = world.Tenant(self.state, "genomics")
        self.ada = self.tenant.admin
        self.backend = world.principal(self.state, "backend", ["tokens.validate", "feed.read"], "ALL")
        self.asker = wire.signed_in(self.state, self.backend.secret)

    def use(self, key):
        return self.ada.command_line().json("key", "use", key.id)

    def counts(self, key):
        found = collections.Counter()  # of all days: a test may run at midnight
        for use in self.use(key)["uses"]:
            found[use["caller_name"]] += use["uses"]
        return dict(found)

    def validate(self, secret, times=1, **wish):
        for _ in range(times):
            self.assertTrue(self.asker.ok("tokens", "TokenService/ValidateToken", secret_credential=secret, **wish)["active"])

    def test_validations_of_a_key_are_counted_by_who_asked_and_when_and_from_where(self):
        key, unused = self.ada.key(), self.ada.key()
        self.validate(key.secret, 3, source_address="192.0.2.7")
        self.validate(key.secret, 2)
        answer = self.use(key)
        self.assertEqual((key.id, 5, "192.0.2.7"), (answer["id"], answer["total"], answer["last_source_address"]))
        self.assertEqual({"backend": 5}, self.counts(key))
        for use in answer["uses"]:
            self.assertEqual((self.backend.id, use["last_used_at"][:10]), (use["caller"], use["day"][:10]))
        self.assertIsNotNone(answer["last_used_at"])
        self.assertEqual(({}, None), (self.counts(unused), self.use(unused)["last_used_at"]))
        self.assertIn("backend", self.ada.command_line().ok("key", "use", key.id, "--days", "2"))

    def test_a_refused_validation_is_no_use(self):
        key = self.ada.key()
        ask = {"secret_credential": key.secret, "required_permission": "credentials.lease"}
        self.assertFalse(self.asker.ok("tokens", "TokenService/ValidateToken", **ask)["active"])
        self.assertEqual({}, self.counts(key))

    def test_a_sign_in_and_calls_with_its_token_are_uses_by_the_services(self):
        key = self.ada.key()
        caller = wire.signed_in(self.state, key.secret)
        for _ in range(3):
            caller.ok("credentials", "CredentialService/ListCredentials")
            caller.ok("keys", "AccountService/GetMe")
        self.assertEqual({"tokens": 1, "keys": 3}, self.counts(key))
        self.state.stop("credentials")  # what it counted is told at the end
        self.assertEqual({"tokens": 1, "keys": 3, "credentials": 3}, self.counts(key))

    def test_a_token_that_is_validated_is_a_use_of_its_key(self):
        key = self.ada.key()
        self.validate(wire.platform_token(self.state, key.secret), 4)
        self.state.stop("tokens")
        self.state.start("tokens")
        self.assertEqual({"tokens": 1, "backend": 4}, self.counts(key))

    def test_what_a_validator_answered_from_memory_is_reported_at_its_end(self):
        key = self.ada.key()
        path = str(self.state.folder / "validate.sock")
        process = subprocess.Popen([e2e.program("latchkey"), "validate", "--serve", path], stdout=subprocess.PIPE, text=True,
                                   env=self.state.with_key(self.backend.secret).environment())
        self.assertIn("serving", process.stdout.readline())
        asker = socket.socket(socket.AF_UNIX)
        asker.connect(path)
        lines = asker.makefile("rw")

        def ask(**request):
            lines.write(json.dumps(request) + "\n")
            lines.flush()
            return json.loads(lines.readline())

        e2e.wait_until(lambda: ask(credential=key.secret)["remembered"], 20, "the validator remembers")
        before = ask(ask="counts")["counts"]
        for _ in range(50):
            self.assertTrue(ask(credential=key.secret)["remembered"])
        self.assertEqual({"backend": before["misses"]}, self.counts(key))
        asker.close()
        lines.close()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(0, process.wait(20))
        process.stdout.close()
        self.assertEqual({"backend": before["misses"] + before["hits"] + 50}, self.counts(key))

    def test_counts_survive_a_restart_and_the_revocation_of_the_key(self):
        key = self.ada.key()
        self.validate(key.secret, 2)
        self.state.restart("keys")
        self.ada.caller.drop("keys")
        e2e.wait_until(lambda: self.asker.call("tokens", "TokenService/ValidateToken", secret_credential=key.secret).status == "OK",
                       20, "tokens finds keys again")
        self.ada.caller.ok("keys", "KeyService/RevokeKeys", ids=[key.id])
        self.assertEqual({"backend": 3}, self.counts(key))

    def report(self, caller, *reports):
        return caller.call("keys", "KeyService/ReportUse", reports=list(reports))

    def test_only_who_may_validate_reports_and_only_what_it_reaches(self):
        key = self.ada.key()
        other = world.Tenant(self.state, "proteomics")
        stranger = world.principal(self.state, "stranger", ["tokens.validate"], "proteomics")
        self.assertEqual("PERMISSION_DENIED", self.report(self.ada.caller, {"key": key.id, "count": 1}).status)
        ask = wire.signed_in(self.state, stranger.secret)
        self.assertEqual("OK", self.report(ask, {"key": key.id, "count": 7}).status)
        self.assertEqual({}, self.counts(key))
        self.assertEqual("OK", self.report(self.asker, {"key": key.id, "count": 7, "source_address": "2001:db8::1"}).status)
        self.assertEqual("2001:db8::1", self.use(key)["last_source_address"])
        self.assertEqual({"backend": 7}, self.counts(key))
        self.assertEqual("NOT_FOUND", other.admin.caller.call("keys", "KeyService/GetKeyUse", id=key.id).status)

    def test_what_is_no_report_is_refused(self):
        key = self.ada.key()
        good = {"key": key.id, "count": 1}
        for report in ({}, {"key": key.id}, {"key": "key_x", "count": 1}, {**good, "source_address": "here"},
                       {**good, "asked_by": self.ada.id}, {**good, "count": 1 << 33}):
            self.assertEqual("REPORT_INVALID", self.report(self.asker, report).reason, report)
        self.assertEqual("BATCH_INVALID", self.report(self.asker).reason)
        self.assertEqual("BATCH_INVALID", self.report(self.asker, *[good] * 257).reason)
        self.assertEqual("DAYS_INVALID", self.ada.caller.call("keys", "KeyService/GetKeyUse", id=key.id, days=401).reason)
        self.ada.command_line().refused("key", "use", key.id, "--days", "0", reason="DAYS_INVALID")
        self.assertEqual({}, self.counts(key))

    def test_an_instant_that_cannot_be_is_taken_as_now(self):
        key = self.ada.key()
        self.report(self.asker, {"key": key.id, "count": 1, "last_used_at_ms": int(time.time() * 1000) + 10**9},
                    {"key": key.id, "count": 1, "last_used_at_ms": 1})
        self.assertEqual({"backend": 2}, self.counts(key))
        for use in self.use(key)["uses"]:
            self.assertEqual(use["day"][:10], use["last_used_at"][:10])


if __name__ == "__main__":
    e2e.main()
