"""Real processes for end-to-end tests: an installation of its own in a temporary directory, its services, its command line.

    class MainJob(latchkey_e2e.Case):                 # self.state is an installation; ends with every service stopped cleanly
        def test_a_revoked_key_is_refused(self):
            self.state.start()                        # all services, each ready when this returns
            tenant = self.state.json("tenant", "create", "genomics", "--domain", "genomics.example", …)
            ada = self.state.login("ada", tenant["admin"]["ticket"])
            ada.refused("key", "get", "key_…", reason="KEY_NOT_FOUND")
            self.state.kill("keys"); self.state.start("keys")

The programs come from $LATCHKEY_BUILD (ctest sets it) or build/; their logs are shown when a case fails.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import cases
import postgres

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LATCHKEY_BUILD", TOP / "build")).resolve()
SERVICES = ("keys", "tokens", "credentials")
REFUSED, USAGE, UNAVAILABLE, UNPROVEN = 1, 2, 3, 4
READY_S, STOP_S, COMMAND_S = 20, 15, 30
SANITIZER_MARKS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "WARNING: ThreadSanitizer")

main = cases.main


def program(name):
    for folder in (BUILD / "bin", *BUILD.glob("*/*/"), *BUILD.glob("*/*/*/")):
        if (folder / name).is_file() and os.access(folder / name, os.X_OK):
            return str(folder / name)
    raise AssertionError(f"{name} is not built in {BUILD}")


def full():
    return os.environ.get("LATCHKEY_FULL") == "1"


def repeat(name, full_count, quick_count):
    """How often to repeat; printed, as tests/run shows it."""
    count = full_count if full() else quick_count
    print(f"repetitions {name}={count}", flush=True)
    return count


def free_port():
    """A port of 127.0.0.1 that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds, what):
    """Poll until condition() is true; its last value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


class Result:
    """What one command answered."""

    def __init__(self, command, code, out, err):
        self.command, self.code, self.out, self.err = command, code, out, err

    def json(self):
        try:
            return json.loads(self.out)
        except ValueError as wrong:
            raise AssertionError(f"{self} is not JSON: {wrong}") from None

    def __str__(self):
        return f"{' '.join(self.command)}\n  exit {self.code}\n  out: {self.out}\n  err: {self.err}"


class Person:
    """One caller of the command line: a set of variables of the environment."""

    def __init__(self, state, variables):
        self.state, self.variables = state, variables

    def run(self, *arguments, stdin="", env=None, program_name="latchkey", preexec_fn=None):
        """Run `latchkey ARGUMENTS…`; any exit status is a Result."""
        command = [program(program_name), *map(str, arguments)]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=COMMAND_S,
                              env=self.environment(env), preexec_fn=preexec_fn)
        for mark in SANITIZER_MARKS:
            if mark in done.stderr:
                raise AssertionError(done.stderr)
        return Result(["latchkey", *map(str, arguments)], done.returncode, done.stdout, done.stderr)

    def environment(self, more=None):
        return {**self.state.shell, **self.variables, **(more or {})}

    def ok(self, *arguments, **options):
        """The output of a command that must succeed."""
        result = self.run(*arguments, **options)
        assert result.code == 0, result
        return result.out

    def json(self, *arguments, **options):
        """The answer of a command that must succeed, run with --json."""
        result = self.run(*arguments, "--json", **options)
        assert result.code == 0, result
        return result.json()

    def fails(self, code, *arguments, reason="", **options):
        """A command that must exit with `code` and say `reason` on standard error or in its JSON."""
        result = self.run(*arguments, **options)
        assert result.code == code, result
        assert reason in result.err + result.out, result
        return result

    def refused(self, *arguments, reason="", **options):
        return self.fails(REFUSED, *arguments, reason=reason, **options)

    def misused(self, *arguments, reason="", **options):
        return self.fails(USAGE, *arguments, reason=reason, **options)

    def unavailable(self, *arguments, reason="", **options):
        return self.fails(UNAVAILABLE, *arguments, reason=reason, **options)


class State(Person):
    """An installation; as a Person it is its operator. Its databases are SQLite files, or, with engine="postgres", schemas of
    the server that ctest started, each with a role of its own that reaches nothing else."""

    def __init__(self, engine="sqlite"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lk-"))
        self.path = self.folder / "state"
        self.logs = self.folder / "log"
        self.logs.mkdir()
        (self.folder / "home").mkdir()
        self.running = {}
        self.service_variables = {}  # of the environment of services, beside what they have by themselves
        self.shell = {name: value for name, value in os.environ.items() if not name.startswith("LATCHKEY_")}
        self.shell["HOME"] = str(self.folder / "home")
        for name in [name for name in self.shell if name.startswith("XDG_")]:
            del self.shell[name]
        super().__init__(self, {})
        self.ok("init", "--state", self.path, "--http", f"127.0.0.1:{free_port()}")
        self.shell = self._sourced()
        self.server = None
        if engine == "postgres":
            self._move_to_postgres()

    # Databases

    def use_store(self, name, url):
        """From its next start on the service keeps its rows there."""
        conf = self.path / f"{name}.conf"
        text, count = re.subn(r"(?m)^store-url = .*$", lambda _: f"store-url = {url}", conf.read_text())
        assert count == 1, conf.read_text()
        conf.write_text(text)

    def store_url(self, name):
        return re.search(r"(?m)^store-url = (.*)$", (self.path / f"{name}.conf").read_text()).group(1)

    def new_schemas(self):
        """URLs on the shared server, one for each service, with {service} where its name stands: a role and its schema."""
        self.server = postgres.Server(os.environ["LATCHKEY_TEST_POSTGRES"])
        mark = f"t{os.getpid()}_{time.monotonic_ns()}_"
        for name in SERVICES:
            self.server.make_role(mark + name)
        return self.server.url(schema=mark + "{service}", role=mark + "{service}")

    def _move_to_postgres(self):
        urls = self.new_schemas()
        for name in SERVICES:
            self.use_store(name, urls.replace("{service}", name))

    def schema(self, name):
        return self.store_url(name).rsplit("schema=", 1)[1]

    def _sourced(self):
        """The environment of a shell that has sourced env.sh."""
        done = subprocess.run(["sh", "-c", '. "$1" && env -0', "sh", self.path / "env.sh"], env=self.shell,
                              capture_output=True, text=True, check=True)
        pairs = (pair.split("=", 1) for pair in done.stdout.split("\0") if "=" in pair)
        return dict(pairs)

    # People

    def person(self, **variables):
        """A caller with these variables of the environment and not the operator's key."""
        return Person(self, {"LATCHKEY_OPERATOR_KEY_FILE": "", **variables})

    def with_key(self, key):
        return self.person(LATCHKEY_API_KEY=key)

    def login(self, profile, ticket):
        """Somebody who signed in by a ticket and uses this profile from now on."""
        self.ok("--profile", profile, "login", "--ticket", ticket)
        return self.person(LATCHKEY_PROFILE=profile)

    # Processes

    def start(self, *names):
        """Start these services (all, without names) and wait until each says it is ready."""
        names = names or SERVICES
        waiting = [(name, self._spawn(name)) for name in names]
        for name, channel in waiting:
            with channel:
                self._await_ready(name, channel)

    def begin(self, name):
        """Start this one and do not wait."""
        self._spawn(name).close()

    def _spawn(self, name):
        assert not self.is_running(name), f"{name} runs already"
        notify = self.folder / f"notify-{name}-{time.monotonic_ns()}"
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        channel.bind(str(notify))
        with open(self.logs / f"{name}.log", "ab") as log:
            self.running[name] = subprocess.Popen(
                [program(f"latchkey-{name}"), "--config", self.path / f"{name}.conf"], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env={**self._service_environment(), "NOTIFY_SOCKET": str(notify)},
                start_new_session=True)
        return channel

    def _service_environment(self):
        own = {name: value for name, value in self.shell.items() if not name.startswith("LATCHKEY_")}
        return {**own, **self.service_variables}

    def _await_ready(self, name, channel):
        end = time.monotonic() + READY_S
        channel.settimeout(0.05)
        while time.monotonic() < end:
            try:
                if b"READY=1" in channel.recv(4096):
                    return
            except TimeoutError:
                assert self.is_running(name), f"latchkey-{name} ended with {self.running[name].returncode}\n{self.log(name)}"
        raise AssertionError(f"latchkey-{name} is not ready within {READY_S} s\n{self.log(name)}")

    def is_running(self, name):
        return name in self.running and self.running[name].poll() is None

    def pid(self, name):
        return self.running[name].pid

    def stop(self, *names):
        """SIGTERM; each must drain and end with status 0."""
        names = names or tuple(self.running)
        for name in names:
            self.running[name].send_signal(signal.SIGTERM)
        for name in names:
            try:
                status = self.running.pop(name).wait(STOP_S)
            except subprocess.TimeoutExpired:
                raise AssertionError(f"latchkey-{name} did not end within {STOP_S} s\n{self.log(name)}") from None
            assert status == 0, f"latchkey-{name} ended with {status}\n{self.log(name)}"

    def kill(self, *names):
        """SIGKILL, at once."""
        for name in names or tuple(self.running):
            process = self.running.pop(name)
            process.kill()
            process.wait()

    def pause(self, name):
        self.running[name].send_signal(signal.SIGSTOP)

    def resume(self, name):
        self.running[name].send_signal(signal.SIGCONT)

    def restart(self, *names):
        names = names or tuple(self.running)
        self.stop(*names)
        self.start(*names)

    # Looking inside

    def socket_path(self, name):
        return str(self.path / "run" / f"{name}.sock")

    def log(self, name):
        path = self.logs / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def files_holding(self, *values, but=("secrets",)):
        """Which files of the state directory and logs hold one of these values; folders named in `but` are left out."""
        found = []
        for top in (self.path, self.logs):
            for path in top.rglob("*"):
                if path.is_file() and not path.is_socket() and path.relative_to(top).parts[0] not in but:
                    data = path.read_bytes()
                    found += [str(path) for value in values if value.encode() in data]
        return found

    def close(self):
        """End what runs, check that nothing crashed, remove everything."""
        try:
            crashed = {name: process.poll() for name, process in self.running.items() if process.poll() is not None}
            assert not crashed, f"ended by itself: {crashed}"
            for name in self.running:
                self.resume(name)
            self.stop()
            for name in (*SERVICES, "gateway"):
                for mark in SANITIZER_MARKS:
                    assert mark not in self.log(name), self.log(name)
        finally:
            for process in self.running.values():
                process.kill()
            shutil.rmtree(self.folder, ignore_errors=True)


class Case(unittest.TestCase):
    """A test with an installation of its own."""

    engine = "sqlite"

    def setUp(self):
        self.state = State(self.engine)
        self.addCleanup(self.state.close)
        self.addCleanup(self._show_logs)

    def _show_logs(self):
        """ctest prints this for a case that failed."""
        for name in (*SERVICES, "gateway"):
            print(f"---- {name}.log\n{self.state.log(name)[-8000:]}", file=sys.stderr)
