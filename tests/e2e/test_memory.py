#!/usr/bin/env python3
"""Provider secrets stored, fetched and refused many times: two seconds later no process has one in memory, no file holds one,
and none went over a socket in clear text."""

import base64
import json
import os
import pathlib
import re
import resource
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import http_client
import latchkey_e2e as e2e
import world

LATER_S = 2
PLANTED = "planted/Secret+9f2c71b4d0e8a6537c1f"  # every secret here begins so
CHUNK = 1 << 20


def forms(secret):
    """The usual ways to write it: as it is, reversed, UTF-16 both ways, hexadecimal, escaped, base64 at its three offsets."""
    data = secret.encode()
    yield data
    yield data[::-1]
    yield secret.encode("utf-16-le")
    yield secret.encode("utf-16-be")
    yield data.hex().encode()
    yield data.hex().upper().encode()
    yield secret.replace("/", "\\/").encode()
    for offset in range(3):
        inner = base64.b64encode(bytes(offset) + data)[4 if offset else 0:-4]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def memory(pid):
    """What a process can write of its memory, in pieces that overlap."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            low, high, mode = re.match(r"([0-9a-f]+)-([0-9a-f]+) (....)", line).groups()
            if mode[:2] != "rw":  # what cannot be written holds no secret
                continue
            yield from region(mem, int(low, 16), int(high, 16))


def region(mem, low, high):
    kept = b""
    while low < high:
        mem.seek(low)
        try:
            data = mem.read(min(CHUNK, high - low))
        except OSError:
            return
        if not data:
            return
        yield kept + (data if data.count(0) < len(data) else data[:256])  # what nobody touched is many megabytes
        kept, low = data[-256:], low + len(data)


class Tap:
    """A socket in front of a service's that remembers every byte in both directions."""

    def __init__(self, front, back):
        self.back, self.seen = back, bytearray()
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(front)
        self.server.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            near, far = self.server.accept()[0], socket.socket(socket.AF_UNIX)
            far.connect(self.back)
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(one, other), daemon=True).start()

    def _copy(self, one, other):
        try:
            while data := one.recv(65536):
                self.seen += data
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Memory(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.state.start("gateway")
        self.genomics = world.Tenant(self.state, "genomics")
        self.ben = self.genomics.user("ben", "key-manager")
        self.http = http_client.Gateway(self.state)
        self.fleet_key = world.principal(self.state, "fleet", ["credentials.fetch"], "genomics").secret
        self.fleet = self.state.with_key(self.fleet_key)
        self.stranger = self.state.with_key(world.principal(self.state, "stranger", ["tokens.validate"], "genomics").secret)
        front = str(self.state.path / "run/tapped.sock")
        self.tap = Tap(front, self.state.socket_path("credentials"))
        self.tapped = {"LATCHKEY_CREDENTIALS_URL": f"ipc://{front}"}

    def fields(self, n):
        self.secret = f"{PLANTED}{n:05d}"
        return f"AKIAPLANTED{n:09d}\n{self.secret}\neu-central-1"

    def live(self, rounds, failures):
        owner = self.ben.command_line()
        credential = owner.json("credential", "add", "aws", "--label", "bucket", stdin=self.fields(0), env=self.tapped)["id"]
        for n in range(1, rounds):
            owner.ok("credential", "replace", credential, stdin=self.fields(n), env=self.tapped)
            answer = self.fleet.json("credential-process", "aws", "--owner", self.ben.email, env=self.tapped)
            self.assertEqual(self.secret, answer["SecretAccessKey"])
            answer = self.http.ok("GET", f"/aws/credentials/{self.ben.email}", key=self.fleet_key)
            self.assertEqual(self.secret, answer["SecretAccessKey"])
        for n in range(rounds, rounds + failures):
            owner.refused("credential", "add", "aws", "--label", "again", stdin=self.fields(n), env=self.tapped,
                          reason="CREDENTIAL_EXISTS")
            self.stranger.refused("credential-process", "aws", "--owner", self.ben.email, env=self.tapped)

    @staticmethod
    def found(pieces):
        wanted = set(forms(PLANTED))
        return sorted({form for piece in pieces for form in wanted if form in piece})

    def test_no_process_no_file_and_no_frame_holds_a_secret(self):
        if "-fsanitize" in (e2e.BUILD / "build.ninja").read_text(encoding="utf-8"):
            self.skipTest("sanitizers keep freed memory as it is, and map terabytes")
        self.live(e2e.repeat("stores and fetches", 1000, 8), e2e.repeat("failures", 100, 2))
        self.assertGreater(len(self.tap.seen), 10000)
        self.assertIn(b"AgreeTransport", self.tap.seen)
        self.assertEqual([], self.found([bytes(self.tap.seen)]), "on the wire")
        files = [path for top in (self.state.path, self.state.logs) for path in top.rglob("*") if path.is_file()]
        self.assertEqual([], self.found(path.read_bytes() for path in files))
        time.sleep(LATER_S)
        for name in (*e2e.SERVICES, "gateway"):
            self.assert_clean(name)
        for name in (*e2e.SERVICES, "gateway"):
            self.assert_leaves_no_core(name)

    def assert_leaves_no_core(self, name):
        process = self.state.running.pop(name)
        folder = pathlib.Path(os.readlink(f"/proc/{process.pid}/cwd"))
        self.assertEqual((0, 0), resource.prlimit(process.pid, resource.RLIMIT_CORE))
        process.send_signal(signal.SIGSEGV)
        self.assertNotEqual(0, process.wait(10))
        for top in (self.state.folder, folder):
            self.assertEqual([], [path for path in top.glob("core*") if path.is_file()])

    def assert_clean(self, name):
        known = f"{self.state.path}/".encode()  # of its configuration: what is searched is what it has
        seen = []

        def measured():
            for piece in memory(self.state.pid(name)):
                seen.append(known in piece)
                yield piece

        try:
            self.assertEqual([], self.found(measured()), f"in the memory of latchkey-{name}")
        except PermissionError:
            self.skipTest(f"this user may not read the memory of latchkey-{name}")
        self.assertIn(True, seen, f"nothing of latchkey-{name} was read")

    def test_the_search_finds_what_is_there(self):
        secret = f"{PLANTED}00001"
        for written in (secret, secret[::-1], secret.encode("utf-16"), secret.encode().hex(), json.dumps(secret),
                        *(base64.b64encode(bytes(offset) + secret.encode()) for offset in range(3))):
            data = written.encode() if isinstance(written, str) else written
            self.assertNotEqual([], self.found([b"before" + data + b"after"]), written)


e2e.main()
