#!/usr/bin/env python3
"""Every process confines itself before it answers, does in its sandbox all that it did without, and is refused all else, also
from inside a call that it answers."""

import ctypes
import pathlib
import socket
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e

PROCESSES = (*e2e.SERVICES, "gateway")
PRELOAD = e2e.BUILD / "tests" / "workers" / "libtrials_preload.so"
OPENS_SOCKETS = {"makes_a_socket_of_ipv4": "0", "makes_a_socket_of_ipv6": "0", "asks_which_addresses_there_are": "0"}


def sanitized():
    """Sanitizers look at their own process from another one: those builds have no sandbox."""
    return "-fsanitize" in (e2e.BUILD / "build.ninja").read_text(encoding="utf-8")


def landlock_version():
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.syscall(ctypes.c_long(444), None, ctypes.c_size_t(0), ctypes.c_uint(1))


class Sandbox(e2e.Case):
    services_differ = {}  # from what trials.c expects

    def limits(self, name):
        lines = pathlib.Path(f"/proc/{self.state.pid(name)}/status").read_text(encoding="utf-8").splitlines()
        found = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        return found["NoNewPrivs"].strip(), found["Seccomp"].strip()

    def configure(self, name, line):
        path = self.state.path / f"{name}.conf"
        path.write_text(path.read_text() + line + "\n")

    def test_each_process_is_confined_unless_its_configuration_says_no(self):
        self.state.start()
        self.state.start("gateway")
        for name in PROCESSES:
            self.assertEqual(("0", "0") if sanitized() else ("1", "2"), self.limits(name), name)
        self.configure("keys", "sandbox = no")
        self.configure("tokens", "sandbox = log")
        self.state.restart("keys", "tokens")
        self.assertEqual(("0", "0"), self.limits("keys"))
        self.state.ok("status")
        if not sanitized():
            self.assertEqual(("1", "2"), self.limits("tokens"))
            self.assertIn("sandbox.only_logs", self.state.log("tokens"))
            self.assertNotIn("sandbox.", self.state.log("credentials").replace("sandbox.without_files", ""))

    # What no process may do, tried by tests/support/trials.c on the thread that answers a call.

    def begin_trials(self, *names):
        """Start these with the trials in them; a file of somebody else's and a host are there to be reached."""
        foreign = self.state.folder / "foreign" / "file"
        foreign.parent.mkdir()
        foreign.write_text("of somebody else")
        self.host = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.host.close)
        for name in names:
            self.state.service_variables = {
                "LD_PRELOAD": str(PRELOAD), "TRIALS_REPORT": str(self.report(name)), "TRIALS_FOREIGN": str(foreign),
                "TRIALS_PORT": str(self.host.getsockname()[1])}
            self.state.start(name)
        self.state.service_variables = {}

    def report(self, name):
        return self.state.folder / f"{name}.trials"

    def expect(self, name, others):
        """Each trial came out as trials.c says, or as this process's sandbox differs."""
        lines = e2e.wait_until(lambda: self.report(name).exists() and self.report(name).read_text().endswith("all 0 0\n")
                               and self.report(name).read_text().splitlines(), 10, f"trials in {name}")
        rows = [line.split() for line in lines]
        self.assertGreater(len(rows), 50)
        if landlock_version() < 1:
            others = {**others, "opens_a_foreign_file": "0", "makes_a_file": "0"}
        self.assertEqual({trial: others.get(trial, expected) for trial, _, expected in rows},
                         {trial: got for trial, got, _ in rows}, name)

    def test_from_inside_a_call_nothing_foreign_is_reached_and_nothing_started(self):
        if sanitized():
            self.skipTest("sanitizers have no sandbox")
        self.begin_trials(*PROCESSES)
        self.state.ok("status")
        for name in e2e.SERVICES:
            self.expect(name, self.services_differ)
        address = self.state.path.joinpath("gateway.conf").read_text().split("listen = ")[1].split()[0]
        with urllib.request.urlopen(f"http://{address}/healthz", timeout=10) as answer:
            self.assertEqual(200, answer.status)
        self.expect("gateway", {**OPENS_SOCKETS, "connects_to_another_host": "EACCES" if landlock_version() >= 4 else "0"})
        self.state.ok("status")  # all of them go on


if __name__ == "__main__":
    e2e.main()
