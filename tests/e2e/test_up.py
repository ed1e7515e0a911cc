#!/usr/bin/env python3
"""services/up: one command starts an installation, keeps it running and takes it down again."""

import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e

UP = e2e.TOP / "services" / "up"
START_S, DEMO_S = 30, 50


class Up(unittest.TestCase):
    def setUp(self):
        lock = open(e2e.BUILD / "up-tests.lock", "w")  # `up` builds: one at a time in one build directory
        self.addCleanup(lock.close)
        fcntl.flock(lock, fcntl.LOCK_EX)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lk-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.state = self.folder / "state"
        self.output = self.folder / "output"

    def command(self, *arguments, state=None):
        return ["bash", UP, "--build", e2e.BUILD, "--state", state or self.state, *arguments]

    def run_up(self, *arguments, state=None):
        done = subprocess.run(self.command(*arguments, state=state), capture_output=True, text=True, timeout=DEMO_S)
        return done.returncode, done.stdout + done.stderr

    def start_up(self):
        """An `up` in the background that has started its services."""
        with open(self.output, "ab") as output:
            up = subprocess.Popen(self.command(), stdout=output, stderr=output)
        self.addCleanup(self.end, up)
        e2e.wait_until(lambda: "Ctrl-C ends" in self.said() or up.poll() is not None, START_S, "up is ready")
        self.assertIsNone(up.poll(), self.said())
        return up

    def end(self, up):
        if up.poll() is None:
            up.terminate()
        up.wait(20)

    def said(self):
        return self.output.read_text()

    def pids(self, name):
        """The processes that run this service of this state directory."""
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(f"/latchkey-{name}".encode()) and str(self.state / f"{name}.conf").encode() in words:
                found.append(int(process.name))
        return found

    def latchkey(self, *arguments):
        script = '. "$1" && shift && latchkey "$@"'
        done = subprocess.run(["sh", "-c", script, "sh", self.state / "env.sh", *arguments], capture_output=True,
                              text=True, timeout=20)
        return done.returncode, done.stdout + done.stderr

    def test_the_demo_shows_the_main_job_and_a_second_start_finds_its_state(self):
        status, said = self.run_up("--demo", "--once")
        self.assertEqual(0, status, said)
        for word in ("genomics", "ada@genomics.example", "laptop", "sequencer bucket", "audit verify", "main job is done"):
            self.assertIn(word, said)
        self.assertNotIn("wJalrXUtnFEMI", said)
        status, said = self.run_up("--demo", "--once")
        self.assertEqual(0, status, said)
        self.assertIn("genomics is there from an earlier start", said)

    def test_once_ends_after_all_services_answered(self):
        status, said = self.run_up("--once")
        self.assertEqual(0, status, said)
        self.assertIn("latchkey tenant create", said)
        self.assertEqual([], [pid for name in e2e.SERVICES for pid in self.pids(name)])

    def test_a_dead_service_is_started_again(self):
        self.start_up()
        for name in e2e.SERVICES:
            before = self.pids(name)
            self.assertEqual(1, len(before))
            os.kill(before[0], signal.SIGKILL)
            e2e.wait_until(lambda: self.pids(name) not in ([], before), 10, f"{name} runs again")
        e2e.wait_until(lambda: self.latchkey("status")[0] == 0, 10, "every service answers again")
        self.assertIn("ended with status 137; starting it again in 200 ms", self.said())

    def test_one_up_holds_a_state_directory(self):
        up = self.start_up()
        status, said = self.run_up("--once")
        self.assertEqual(1, status)
        self.assertIn(f"in use by process {up.pid}", said)

    def test_ending_up_ends_the_services(self):
        up = self.start_up()
        up.terminate()
        self.assertEqual(0, up.wait(20))
        self.assertEqual([], [pid for name in e2e.SERVICES for pid in self.pids(name)])

    def test_the_services_do_not_outlive_a_killed_up(self):
        up = self.start_up()
        up.kill()
        up.wait()
        gone = lambda: not [pid for name in e2e.SERVICES for pid in self.pids(name)]
        e2e.wait_until(gone, 15, "the services end")
        status, said = self.run_up("--once")
        self.assertEqual(0, status, said)

    def test_a_state_path_too_long_for_sockets_is_refused_with_the_limit(self):
        status, said = self.run_up(state=self.folder / ("x" * 100))
        self.assertEqual(2, status)
        self.assertIn("at most 107 bytes", said)
        self.assertFalse(any(self.folder.glob("x*")))

    def test_an_unknown_argument_is_refused(self):
        status, said = self.run_up("--everything")
        self.assertEqual(2, status)
        self.assertIn("--everything", said)


if __name__ == "__main__":
    e2e.main()
