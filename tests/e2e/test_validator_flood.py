#!/usr/bin/env python3
"""A flood of keys that look right and are none grows nothing and reaches no disk, neither in a validator nor behind it."""

import json
import pathlib
import secrets
import socket
import subprocess
import sys
import threading
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import world

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
GROWTH_KIB = 4096  # beyond what the first part of the flood has filled: buffers, arenas, the table of refusals


def base62(number, length):
    text = ""
    for _ in range(length):
        number, digit = divmod(number, 62)
        text = BASE62[digit] + text
    return text


def made_up_key():
    """Well formed, its checksum right: only keys can say that it is none."""
    text = "lk_0" + "".join(secrets.choice(CROCKFORD) for _ in range(25)) + "_" + base62(secrets.randbits(256), 43)
    return text + base62(zlib.crc32(text.encode()), 6)


def is_sanitized(program):
    """Then memory is kept for finding mistakes, and says nothing."""
    return any(mark in pathlib.Path(e2e.program(program)).read_bytes() for mark in (b"__asan_init", b"__tsan_init"))


def resident_kib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


class Flood(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.tenant = world.Tenant(self.state, "genomics")
        self.backend = world.principal(self.state, "backend", ["tokens.validate", "feed.read"], "ALL").secret
        path = str(self.state.folder / "validate.sock")
        self.process = subprocess.Popen([e2e.program("latchkey"), "validate", "--serve", path], stdout=subprocess.PIPE, text=True,
                                        env=self.state.with_key(self.backend).environment())
        self.addCleanup(self.end)
        self.assertIn("serving", self.process.stdout.readline())
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.settimeout(30)
        self.lines = self.socket.makefile("r")

    def end(self):
        self.lines.close()
        self.socket.close()
        self.process.terminate()
        self.assertEqual(0, self.process.wait(20))
        self.process.stdout.close()

    def ask(self, *credentials):
        """The answers, in whatever order; sent by another thread, so that neither side waits for the other."""
        data = "".join(json.dumps({"id": i, "credential": text}) + "\n" for i, text in enumerate(credentials)).encode()
        sender = threading.Thread(target=self.socket.sendall, args=(data,))
        sender.start()
        answers = [json.loads(self.lines.readline()) for _ in credentials]
        sender.join()
        return answers

    def counts(self):
        self.socket.sendall(b'{"ask":"counts"}\n')
        return json.loads(self.lines.readline())["counts"]

    def sizes(self):
        pids = {"validator": self.process.pid, **{name: self.state.pid(name) for name in e2e.SERVICES}}
        return {name: resident_kib(pid) for name, pid in pids.items()}

    def rows(self):
        """What is on disk, but for who used a key: the asker's own is in use."""
        return sum(len(rows) for tables in world.rows(self.state, but=r"^(sqlite_|key_use|api_keys|principals)").values()
                   for rows in tables.values())

    def flood(self, count):
        for at in range(0, count, 500):
            for answer in self.ask(*(made_up_key() for _ in range(min(500, count - at)))):
                self.assertEqual((False, "KEY_REFUSED"), (answer["active"], answer["reason"]))

    def test_a_flood_of_made_up_keys_grows_nothing_and_writes_nothing(self):
        good = self.tenant.admin.key().secret
        self.flood(6000)  # fills the 4,096 places of refusals, and every buffer
        rows, before = self.rows(), self.sizes()
        self.flood(e2e.repeat("made-up keys", 60000, 6000))
        for name, size in self.sizes().items() if not is_sanitized("latchkey") else ():
            self.assertLess(size, before[name] + GROWTH_KIB, f"{name} grew")
        self.assertEqual(rows, self.rows())
        self.assertTrue(self.ask(good)[0]["active"])

    def test_the_same_bad_key_again_and_again_is_asked_about_once_a_second(self):
        bad = made_up_key()
        e2e.wait_until(lambda: self.counts()["keys_lease_left_ms"] > 0, 20, "a lease")
        begun, before = time.monotonic(), self.counts()
        for _ in range(20):
            self.assertTrue(all(not answer["active"] for answer in self.ask(*[bad] * 100)))
        after, seconds = self.counts(), time.monotonic() - begun
        # 64 questions may be under way before the first is answered
        self.assertLessEqual(after["misses"] - before["misses"], 64 * (1 + int(seconds)))
        self.assertEqual(2000, after["misses"] + after["refused_hits"] - before["misses"] - before["refused_hits"])


if __name__ == "__main__":
    e2e.main()
