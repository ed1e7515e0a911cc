"""`latchkey validate --serve` as another program uses it: lines of JSON over a Unix socket."""

import contextlib
import json
import select
import signal
import socket
import subprocess

import latchkey_e2e as e2e


class Asker:
    """One connection."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.settimeout(20)
        self.read = b""

    def send(self, *requests):
        self.socket.sendall(b"".join(json.dumps(request).encode() + b"\n" for request in requests))

    def raw(self, data):
        self.socket.sendall(data)

    def line(self):
        """The next answer; None when the other side has ended."""
        while b"\n" not in self.read:
            part = self.socket.recv(65536)
            if not part:
                return None
            self.read += part
        line, self.read = self.read.split(b"\n", 1)
        return json.loads(line)

    def ask(self, **request):
        self.send(request)
        return self.line()

    def close(self):
        self.socket.close()


@contextlib.contextmanager
def served(state, key):
    """An Asker of a process that serves with this key until the block ends."""
    path = str(state.folder / "served.sock")
    process = subprocess.Popen(
        [e2e.program("latchkey"), "validate", "--serve", path, "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=state.with_key(key).environment())
    try:
        ready = select.select([process.stdout], [], [], 20)[0]
        assert ready and process.stdout.readline(), "it does not serve"
        asker = Asker(path)
        yield asker
        asker.close()
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 0 and not any(mark in errors for mark in e2e.SANITIZER_MARKS), errors
