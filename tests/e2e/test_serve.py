#!/usr/bin/env python3
"""`latchkey validate --serve`: a program that is not in C asks lines of JSON over a Unix socket."""

import json
import os
import pathlib
import select
import signal
import socket
import stat
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import world
from serve import Asker


class Serve(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.tenant = world.Tenant(self.state, "genomics")
        self.ada = self.tenant.admin
        self.backend = world.principal(self.state, "backend", ["tokens.validate", "feed.read"], "ALL").secret
        self.path = str(self.state.folder / "validate.sock")
        self.process = None
        self.addCleanup(self.end)

    def serve(self, *options, path=None):
        """The process, once it says where it serves."""
        person = self.state.with_key(self.backend)
        process = subprocess.Popen(
            [e2e.program("latchkey"), "validate", "--serve", path or self.path, "--json", *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=person.environment())
        ready = select.select([process.stdout], [], [], 20)[0]
        answer = process.stdout.readline() if ready else ""
        if not answer:
            process.kill()
            self.fail(process.communicate()[1])
        self.assertEqual({"serving": path or self.path}, json.loads(answer))
        self.process = process
        return process

    def end(self, expect=0):
        if self.process:
            process, self.process = self.process, None
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=20)
            self.assertEqual(expect, process.returncode, errors)
            for mark in e2e.SANITIZER_MARKS:
                self.assertNotIn(mark, errors)

    def asker(self):
        asker = Asker(self.path)
        self.addCleanup(asker.close)
        return asker

    def await_lease(self, asker):
        e2e.wait_until(lambda: min(asker.ask(ask="counts")["counts"][f"{name}_lease_left_ms"] for name in ("keys", "tokens")) > 0,
                       20, "leases of both services")

    def test_a_key_and_a_token_are_validated_and_remembered(self):
        key = self.ada.key()
        token = wire.platform_token(self.state, key.secret)
        self.serve()
        asker = self.asker()
        self.await_lease(asker)
        first = asker.ask(id="a", credential=key.secret)
        self.assertEqual(("a", True, False, "key", key.id),
                         (first["id"], first["active"], first["remembered"], first["credential"], first["key"]))
        self.assertEqual((self.ada.id, self.ada.email), (first["identity"]["subject"], first["identity"]["name"]))
        self.assertEqual(("token", key.id), tuple(map(asker.ask(id=2, credential=token).get, ("credential", "key"))))
        again = asker.ask(id=3, credential=key.secret)
        self.assertEqual((3, True, True), (again["id"], again["active"], again["remembered"]))
        counts = asker.ask(id=4, ask="counts")
        self.assertEqual((4, 1, 2), (counts["id"], counts["counts"]["hits"], counts["counts"]["misses"]))

    def test_what_is_refused_says_why_and_a_revoked_key_is_refused_in_time(self):
        key = self.ada.key()
        self.serve("--max-staleness", "400ms")
        asker = self.asker()
        self.assertTrue(asker.ask(id=1, credential=key.secret)["active"])
        self.assertEqual("PERMISSION_MISSING", asker.ask(id=2, credential=key.secret, permission="credentials.lease")["reason"])
        self.assertEqual("KEY_MALFORMED", asker.ask(id=3, credential="no key")["reason"])
        self.ada.caller.ok("keys", "KeyService/RevokeKeys", ids=[key.id])
        time.sleep(0.4)
        self.assertFalse(asker.ask(id=4, credential=key.secret)["active"])

    def test_many_requests_of_many_connections_are_in_flight_at_once(self):
        keys = [self.ada.key(str(i)) for i in range(20)]
        self.serve()
        askers = [self.asker() for _ in range(8)]
        count = e2e.repeat("requests of each of 8 connections", 2000, 200)
        for asker in askers:
            asker.socket.setblocking(False)
        out = {asker: b"".join(json.dumps({"id": i, "credential": keys[i % 20].secret}).encode() + b"\n" for i in range(count))
               for asker in askers}
        got = {asker: b"" for asker in askers}
        end = time.monotonic() + 60
        while any(data.count(b"\n") < count for data in got.values()):
            self.assertLess(time.monotonic(), end)
            readable, writable, _ = select.select([a.socket for a in askers], [a.socket for a in askers if out[a]], [], 1)
            for asker in askers:
                if asker.socket in writable:
                    out[asker] = out[asker][asker.socket.send(out[asker][:65536]):]
                if asker.socket in readable:
                    part = asker.socket.recv(65536)
                    self.assertTrue(part, "it closed the connection")
                    got[asker] += part
        for data in got.values():
            answers = [json.loads(line) for line in data.splitlines()]
            self.assertEqual(set(range(count)), {answer["id"] for answer in answers})
            self.assertTrue(all(answer["active"] and answer["key"] == keys[answer["id"] % 20].id for answer in answers))

    def test_what_is_no_request_is_refused_with_its_id_and_the_next_is_answered(self):
        self.serve()
        asker = self.asker()
        for text, reason in ((b"", "JSON_INVALID"), (b"[]", "JSON_INVALID"), (b"{", "JSON_INVALID"),
                             (b'{"id":1,"id":2,"credential":"x"}', "JSON_INVALID"), (b'{"id":1} {}', "JSON_INVALID"),
                             (b'{"credential":"\\u0000"}', "JSON_INVALID"), (b'{"credential":"\xff"}', "JSON_INVALID"),
                             (b"{}", "CREDENTIAL_MISSING"), (b'{"credential":1}', "MEMBER_INVALID"),
                             (b'{"id":1.5,"credential":"x"}', "MEMBER_INVALID"), (b'{"id":1,"more":"x"}', "MEMBER_UNKNOWN"),
                             (b'{"id":"' + b"x" * 129 + b'","credential":"x"}', "MEMBER_INVALID"),
                             (b'{"ask":"stop"}', "MEMBER_INVALID")):
            asker.raw(text + b"\n")
            self.assertEqual(reason, asker.line()["error"]["reason"], text)
        self.assertEqual("seven", asker.ask(id="seven", more="x")["id"])
        self.assertEqual("PERMISSION_UNKNOWN", asker.ask(id=8, credential="x", permission="fly")["error"]["reason"])
        self.assertFalse(asker.ask(id=9, credential="x")["active"])

    def test_a_line_that_is_too_long_is_refused_and_passed_over(self):
        self.serve()
        other, asker = self.asker(), self.asker()
        for length in (16384, 100000, 16400):
            asker.raw(b'{"id":1,"credential":"' + b"x" * length)
            self.assertEqual("LINE_TOO_LONG", asker.line()["error"]["reason"])
            self.assertFalse(other.ask(id=2, credential="x" * 16000)["active"])
            asker.raw(b'"}\n')
            self.assertFalse(asker.ask(id=3, credential="x" * 16000)["active"])

    def test_who_reads_nothing_holds_up_nobody(self):
        self.serve()
        lazy, other = self.asker(), self.asker()
        lazy.socket.setblocking(False)
        data = json.dumps({"id": "x" * 100, "credential": "no key"}).encode() + b"\n"
        end = time.monotonic() + 10
        blocked = 0
        while time.monotonic() < end and blocked < 20:
            try:
                lazy.socket.send(data * 100)
                blocked = 0
            except (BlockingIOError, BrokenPipeError, ConnectionResetError):
                blocked += 1
                time.sleep(0.01)
        self.assertFalse(other.ask(id=1, credential="x")["active"])

    def test_the_socket_is_the_groups_and_a_stale_one_is_replaced(self):
        process = self.serve()
        self.assertEqual(0o660, stat.S_IMODE(os.stat(self.path).st_mode))
        second = self.state.with_key(self.backend).refused("validate", "--serve", self.path, reason="SOCKET_BUSY")
        self.assertEqual("", second.out)
        process.kill()
        process.communicate()
        self.process = None
        self.assertTrue(os.path.exists(self.path))
        self.serve()
        self.assertFalse(self.asker().ask(id=1, credential="x")["active"])
        self.end()
        self.assertFalse(os.path.exists(self.path))
        plain = self.state.folder / "file"
        plain.write_text("mine")
        self.state.with_key(self.backend).refused("validate", "--serve", plain, reason="SOCKET_BUSY")
        self.assertEqual("mine", plain.read_text())

    def test_a_signal_ends_it_after_everything_was_answered(self):
        key = self.ada.key()
        self.serve()
        asker = self.asker()
        asker.send(*({"id": i, "credential": key.secret} for i in range(40)))
        asker.socket.shutdown(socket.SHUT_WR)
        self.assertEqual(set(range(40)), {asker.line()["id"] for _ in range(40)})
        self.assertIsNone(asker.line())
        idle = self.asker()
        self.end()
        self.assertIsNone(idle.line())

    def test_without_a_lease_it_asks_or_fails_closed_as_told(self):
        key = self.ada.key()
        self.serve("--max-staleness", "300ms", "--on-lost-lease", "fail-closed")
        asker = self.asker()
        self.await_lease(asker)
        self.assertTrue(asker.ask(id=1, credential=key.secret)["active"])
        self.state.pause("keys")
        e2e.wait_until(lambda: asker.ask(id=2, credential=key.secret).get("error", {}).get("reason") == "LEASE_LOST", 20,
                       "the lease ends")
        self.state.resume("keys")
        e2e.wait_until(lambda: asker.ask(id=3, credential=key.secret).get("active"), 20, "it accepts again")

    def test_wrong_options_are_told(self):
        person = self.state.with_key(self.backend)
        for options, reason in ((["--on-lost-lease", "hope"], "ON_LOST_LEASE_INVALID"), (["--max-staleness", "1ms"], "STALENESS_INVALID"),
                                (["--max-staleness", "soon"], "DURATION_INVALID"), (["--peers", "/nonexistent"], "")):
            result = person.run("validate", "--serve", self.path, *options)
            self.assertEqual(e2e.REFUSED, result.code, result)
            self.assertIn(reason, result.err)
        person.refused("validate", "--serve", "/" + "x" * 200, reason="PATH_INVALID")
        person.misused("validate", "-", "--serve", self.path)


if __name__ == "__main__":
    e2e.main()
