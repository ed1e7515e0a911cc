"""A PostgreSQL server for tests: unprivileged, on a socket in its own temporary directory and on a free loopback port.

    with postgres.Server() as server:               # gone with everything it held when the block ends
        server.url("keys")                          # postgresql://latchkey@/latchkey?host=…&schema=keys

    python3 postgres.py start DIR [SETTING=VALUE …] prints the URL without a schema; DIR is made when it is not there
    python3 postgres.py standby DIR OF               a second server that follows the one in the folder OF and takes no writes
    python3 postgres.py stop | kill | pause | resume | promote | remove DIR
    python3 postgres.py sql DIR STATEMENT           as its superuser

The role `latchkey` may make schemas in the database `latchkey` and is nothing else. Over TCP it needs its password.
"""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ADMIN, ROLE, DATABASE, PASSWORD = "admin", "latchkey", "latchkey", "loopback"
START_S = 60
ACCESS = f"""local all all trust
local replication all trust
host all {ROLE} 127.0.0.1/32 scram-sha-256
"""
SETTINGS = {"unix_socket_permissions": "0777", "max_connections": "200", "shared_buffers": "32MB", "logging_collector": "off",
            "log_min_messages": "warning", "autovacuum_naptime": "600", "unix_socket_directories": "", "listen_addresses": "127.0.0.1"}


def tool(name):
    """The server's programs are not on Debian's PATH."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = str(found[-1]) if found else shutil.which(name)
    assert path, f"{name} is not installed: bash services/install-packages tests"
    return path


def unprivileged():
    """The server refuses to run as root."""
    if os.geteuid() != 0:
        return []
    names = {entry.pw_name for entry in pwd.getpwall()}
    return ["runuser", "-u", "postgres" if "postgres" in names else "nobody", "--"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, folder=None, **settings):
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="lkpg-"))
        self.data = self.folder / "data"
        self.settings = settings

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.remove()

    def _run(self, *command, check=True):
        done = subprocess.run([*unprivileged(), *map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              cwd="/", env={**os.environ, "LC_ALL": "C", "TZ": "UTC"})
        if check and done.returncode != 0:
            log = self.folder / "log"
            raise AssertionError(f"{command}: {done.stdout}{done.stderr}{log.read_text() if log.exists() else ''}")
        return done

    def _make_folder(self):
        self.folder.mkdir(mode=0o755, exist_ok=True)
        self.folder.chmod(0o755)
        user = unprivileged()
        if user:
            shutil.chown(self.folder, user[2])

    def _make(self):
        self._make_folder()
        self._run(tool("initdb"), "--no-sync", "--auth", "trust", "--username", ADMIN, "--encoding", "UTF8", "--locale", "C.UTF-8",
                  "--pgdata", self.data)
        self._configure()

    def _configure(self):
        settings = {**SETTINGS, "unix_socket_directories": str(self.folder), "port": str(free_port())}
        (self.folder / "port").write_text(settings["port"])
        with open(self.data / "postgresql.auto.conf", "a", encoding="ascii") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        (self.data / "pg_hba.conf").write_text(ACCESS)

    def follow(self, primary):
        """Become a standby of `primary`, started."""
        self._make_folder()
        self._run(tool("pg_basebackup"), "--no-sync", "--checkpoint", "fast", "--write-recovery-conf", "--host", primary.folder, "--port",
                  primary.port, "--username", ADMIN, "--pgdata", self.data)
        self._configure()
        self.start()

    def promote(self):
        self._run(tool("pg_ctl"), "promote", "--wait", "--pgdata", self.data)

    @property
    def port(self):
        return (self.folder / "port").read_text()

    def start(self):
        """Make it when it is not there; start it when it does not run."""
        fresh = not (self.data / "PG_VERSION").exists()
        if fresh:
            self._make()
        if not self.is_running():
            options = " ".join(f"-c {name}={value}" for name, value in self.settings.items())
            self._run(tool("pg_ctl"), "start", "--wait", "--silent", "--timeout", START_S, "--pgdata", self.data, "--log",
                      self.folder / "log", "--options", options)
        if fresh:
            self.sql(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")
            self.sql(f"CREATE DATABASE {DATABASE}")
            self.sql(f"GRANT CREATE ON DATABASE {DATABASE} TO {ROLE}")

    def is_running(self):
        return self._run(tool("pg_ctl"), "status", "--pgdata", self.data, check=False).returncode == 0

    def stop(self, mode="fast"):
        if self.is_running():
            self._run(tool("pg_ctl"), "stop", "--wait", "--silent", "--mode", mode, "--pgdata", self.data)

    def _processes(self):
        """The postmaster first, then its children."""
        master = int((self.data / "postmaster.pid").read_text().split()[0])
        children = pathlib.Path(f"/proc/{master}/task/{master}/children").read_text().split()
        return [master, *map(int, children)]

    def _signal(self, number):
        for process in self._processes():
            try:
                os.kill(process, number)
            except ProcessLookupError:
                pass

    def kill(self):
        """As if the machine had gone: no process of it says goodbye."""
        processes = self._processes()
        self._signal(signal.SIGKILL)
        while any(pathlib.Path(f"/proc/{process}/cmdline").exists() and pathlib.Path(f"/proc/{process}/cmdline").read_bytes()
                  for process in processes):
            time.sleep(0.005)
        for left in (self.data / "postmaster.pid", *self.folder.glob(".s.PGSQL.*")):
            left.unlink()

    def pause(self):
        self._signal(signal.SIGSTOP)

    def resume(self):
        self._signal(signal.SIGCONT)

    def remove(self):
        if (self.data / "PG_VERSION").exists():
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, statement, database="postgres"):
        """What a statement of the superuser answers, unaligned."""
        return self._run(tool("psql"), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", "--host",
                         self.folder, "--port", self.port, "--username", ADMIN, "--dbname", database, "--command", statement).stdout

    def script(self, text, database="postgres"):
        """What psql says to a script of the superuser, errors among the answers; it goes on after one."""
        done = subprocess.run([*unprivileged(), tool("psql"), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--host",
                               str(self.folder), "--port", self.port, "--username", ADMIN, "--dbname", database],
                              input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/")
        return done.stdout

    def make_role(self, name):
        """A role with a schema of its own name, and no right to make or reach another."""
        self.sql(f"CREATE ROLE {name} LOGIN")
        self.sql(f"CREATE SCHEMA {name} AUTHORIZATION {name}", DATABASE)

    def url(self, schema=None, role=ROLE):
        """Over the socket."""
        tail = f"&schema={schema}" if schema else ""
        return f"postgresql://{role}@/{DATABASE}?host={self.folder}&port={self.port}{tail}"

    def tcp_url(self, schema=None, password=PASSWORD):
        tail = f"?schema={schema}" if schema else ""
        return f"postgresql://{ROLE}:{password}@127.0.0.1:{self.port}/{DATABASE}{tail}"


def main(verb, folder, *rest):
    if verb == "start":
        server = Server(folder, **dict(word.split("=", 1) for word in rest))
        server.start()
        print(server.url())
    elif verb == "standby":
        Server(folder).follow(Server(rest[0]))
    elif verb == "sql":
        print(Server(folder).sql(rest[0], DATABASE), end="")
    else:
        getattr(Server(folder), verb)()


if __name__ == "__main__":
    main(*sys.argv[1:])
