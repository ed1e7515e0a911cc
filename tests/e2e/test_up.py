#!/usr/bin/env python3
"""services/up: one command starts an installation, keeps it running and takes it down again."""

import fcntl
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
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
        self.http = f"127.0.0.1:{e2e.free_port()}"
        self.output = self.folder / "output"

    def command(self, *arguments, state=None):
        return ["bash", UP, "--build", e2e.BUILD, "--state", state or self.state, "--http", self.http, *arguments]

    def run_up(self, *arguments, state=None, **more):
        done = subprocess.run(self.command(*arguments, state=state), capture_output=True, text=True, timeout=DEMO_S, **more)
        return done.returncode, done.stdout + done.stderr

    def start_up(self):
        """An `up` in the background that has started its services."""
        with open(self.output, "ab") as output:
            up = subprocess.Popen(self.command(), stdout=output, stderr=output, start_new_session=True)
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

    def test_http_is_served_at_the_address_that_env_sh_tells(self):
        self.start_up()
        script = '. "$1" && curl --silent --fail "$LATCHKEY_HTTP_URL/readyz"'
        done = subprocess.run(["sh", "-c", script, "sh", self.state / "env.sh"], capture_output=True, text=True, timeout=20)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn('"status":"ok"', done.stdout)
        self.assertEqual(1, len(self.pids("gateway")))

    def test_a_port_that_somebody_else_has_taken_is_told(self):
        self.assertEqual(0, self.run_up("--once")[0])
        url = re.search(r"LATCHKEY_HTTP_URL='(.*)'", (self.state / "env.sh").read_text())[1]
        with socket.create_server(("127.0.0.1", int(url.rsplit(":", 1)[1]))):
            status, said = self.run_up("--once")
        self.assertEqual(1, status, said)
        self.assertIn("somebody else listens", said)

    def test_a_dead_service_is_started_again(self):
        self.start_up()
        for name in e2e.SERVICES:
            before = self.pids(name)
            self.assertEqual(1, len(before))
            os.kill(before[0], signal.SIGKILL)
            e2e.wait_until(lambda: self.pids(name) not in ([], before), 10, f"{name} runs again")
        e2e.wait_until(lambda: self.latchkey("status")[0] == 0, 10, "every service answers again")
        self.assertIn("ended with status 137; starting it again in 200 ms", self.said())

    def test_who_dies_again_waits_twice_as_long(self):
        self.start_up()
        before = None
        for delay_ms in (200, 400, 800):
            tokens = e2e.wait_until(lambda: [pid for pid in self.pids("tokens") if pid != before], 10, "tokens runs")
            before = tokens[0]
            os.kill(before, signal.SIGKILL)
            said = f"latchkey-tokens ended with status 137; starting it again in {delay_ms} ms"
            e2e.wait_until(lambda: said in self.said(), 10, said)

    def test_ctrl_c_ends_up_and_its_services(self):
        up = self.start_up()
        os.killpg(up.pid, signal.SIGINT)  # as a terminal does
        self.assertEqual(0, up.wait(20), self.said())
        self.assertEqual([], [pid for name in e2e.SERVICES for pid in self.pids(name)])
        for name in e2e.SERVICES:
            self.assertIn("service.stopped", (self.state / "log" / f"{name}.log").read_text(), "drained, not killed")

    def test_a_demo_that_fails_is_the_status_of_once(self):
        aws = self.folder / "bin" / "aws"
        aws.parent.mkdir()
        aws.write_text("#!/bin/sh\necho no signature today >&2\nexit 5\n")
        aws.chmod(0o755)
        status, said = self.run_up("--demo", "--once", env={**os.environ, "PATH": f"{aws.parent}:{os.environ['PATH']}"})
        self.assertEqual(1, status, said)
        self.assertIn("no signature today", said)
        self.assertNotIn("main job is done", said)
        self.assertEqual([], [pid for name in e2e.SERVICES for pid in self.pids(name)])

    def test_the_directory_may_be_relative_and_hold_spaces_and_quotes(self):
        self.state = self.folder / "it's a $HOME `x`"
        status, said = self.run_up("--once", state=self.state.name, cwd=self.folder)
        self.assertEqual(0, status, said)
        self.assertIn("serving", said)
        sourcing = re.search(r"^  (\. .*env\.sh.*)$", said, re.M)[1]
        for shell in filter(shutil.which, ("sh", "bash", "dash", "zsh", "ksh", "busybox")):
            words = [shell, "sh"] if shell == "busybox" else [shell]
            done = subprocess.run([*words, "-uec", f"{sourcing} && latchkey status"], capture_output=True, text=True, timeout=20,
                                  env={"PATH": os.environ["PATH"], "HOME": str(self.folder)}, check=False)
            self.assertEqual((3, 3), (done.returncode, done.stdout.count("unavailable")), f"{shell}: {done.stderr}")

    def test_a_directory_that_was_there_keeps_its_mode(self):
        self.state.mkdir(0o750)
        status, said = self.run_up("--once")
        self.assertEqual(0, status, said)
        self.assertEqual(0o750, self.state.stat().st_mode & 0o777)
        self.assertEqual(0o700, (self.state / "log").stat().st_mode & 0o777)

    def test_a_directory_where_others_may_write_is_refused(self):
        for mode in (0o1777, 0o770):
            self.state.mkdir(exist_ok=True)
            self.state.chmod(mode)
            status, said = self.run_up("--once")
            self.assertEqual(1, status, said)
            self.assertIn("others may write", said)
            self.assertEqual((mode, []), (stat.S_IMODE(self.state.stat().st_mode), list(self.state.iterdir())))

    def test_a_directory_that_cannot_be_made_is_told(self):
        (self.folder / "file").write_text("")
        status, said = self.run_up("--once", state=self.folder / "file")
        self.assertEqual(1, status)
        self.assertIn("file", said)

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

    def test_ending_up_while_it_builds_ends_the_build_too(self):
        """SIGINT comes to all of a terminal, SIGTERM to `up` alone; the directory is free at once either way."""
        ninja, built = self.folder / "bin" / "ninja", self.folder / "built"
        ninja.parent.mkdir()
        for end in (lambda up: os.killpg(up.pid, signal.SIGINT), subprocess.Popen.terminate):
            ninja.write_text(f'#!/bin/sh\ncase "$*" in *-C*) ;; *) exec /usr/bin/ninja "$@" ;; esac\necho $$ >{built}\nexec sleep 600\n')
            ninja.chmod(0o755)
            up = subprocess.Popen(self.command("--once"), start_new_session=True, stdout=subprocess.DEVNULL,
                                  env={**os.environ, "PATH": f"{ninja.parent}:{os.environ['PATH']}"})
            self.addCleanup(self.end, up)
            pid = e2e.wait_until(lambda: built.exists() and built.read_text().strip(), START_S, "the build has begun")
            end(up)
            self.assertNotEqual(0, up.wait(20))
            e2e.wait_until(lambda: not pathlib.Path(f"/proc/{pid}").exists(), 10, "the build ends")
            built.unlink()
            with open(self.state / "up.lock") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

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
