"""A container engine for a test: the one that runs here, or, as root, Debian's, unpacked and started by hand in a folder of its own.

It has no bridge of its own and leaves the machine's firewall alone: builds use the machine's network, composed containers a
network among themselves, and published ports go through the engine's own proxy.
"""

import json
import os
import pathlib
import shutil
import subprocess
import time

PACKAGES = ("docker.io", "containerd", "runc")
START_S, STOP_S, BUILD_S, COMMAND_S = 30, 60, 1500, 300


class Missing(Exception):
    """No engine can run here; says why."""


def run(*command, timeout=COMMAND_S, check=True, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=timeout, check=False, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\n  exit {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done


def mounted_below(folder):
    places = [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    return [place for place in places if place.startswith(f"{folder}/")]


def let_go(folder):
    for place in reversed(mounted_below(folder)):
        run("umount", "--lazy", place, check=False)


class Engine:
    """`environment` is what docker and docker-compose need to find it; close() ends what was started."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.process = None
        self.environment = {**os.environ, "DOCKER_BUILDKIT": "0", "COMPOSE_INTERACTIVE_NO_CLI": "1"}
        if not shutil.which("docker-compose"):
            raise Missing("docker-compose is not installed")
        if not shutil.which("iptables"):
            raise Missing("iptables is not installed: within a container's network the engine's name server needs it")
        if not self._answers():
            self._start()

    def _answers(self):
        return bool(shutil.which("docker", path=self.environment["PATH"])) and self.docker("version", check=False).returncode == 0

    def _start(self):
        if os.geteuid() != 0:
            raise Missing("no engine answers, and only root can start one")
        self._unpack()
        self.environment["DOCKER_HOST"] = f"unix://{self.folder}/engine.sock"
        self.log = open(self.folder / "dockerd.log", "w+", encoding="utf-8")
        try:
            self.process = subprocess.Popen(
                ["dockerd", "--data-root", self.folder / "data", "--exec-root", self.folder / "exec", "--pidfile", self.folder / "pid",
                 "-H", self.environment["DOCKER_HOST"], "--default-ulimit", "nofile=4096:20000", "--bridge=none", "--iptables=false",
                 "--ip6tables=false", "--ip-forward=false"],
                stdout=self.log, stderr=self.log, env=self.environment, start_new_session=True)
        except OSError as wrong:
            raise Missing(f"Debian's engine does not start: {wrong}") from None
        end = time.monotonic() + START_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                why = (self.folder / "dockerd.log").read_text(encoding="utf-8").strip().splitlines()[-1:]
                self.close()
                raise Missing(f"Debian's engine does not run here: {''.join(why)}")
            time.sleep(0.1)

    def _unpack(self):
        root = self.folder / "engine"
        root.mkdir()
        got = run("apt-get", "download", *PACKAGES, cwd=root, check=False)
        if got.returncode != 0:
            raise Missing(f"Debian has no {', '.join(PACKAGES)} for this machine: {got.stderr.strip()}")
        for package in root.glob("*.deb"):
            run("dpkg-deb", "--extract", package, root)
        self.environment["PATH"] = f"{root}/usr/sbin:{root}/usr/bin:{os.environ['PATH']}"

    def docker(self, *arguments, **options):
        return run("docker", *arguments, env=self.environment, **options)

    def inspect(self, what, pattern):
        return json.loads(self.docker("inspect", "--format", "{{json " + pattern + "}}", what).stdout)

    def base_image(self, name):
        """Debian 13 from this machine's own Debian mirror, under this name."""
        if not shutil.which("mmdebstrap"):
            raise Missing("mmdebstrap is not installed")
        archive = self.folder / "base.tar"
        sites = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian", check=False).stdout.split()
        mirrors = [site for site in sites if site.rstrip("/").endswith("/debian")][:1]
        run("mmdebstrap", "--variant=minbase", "trixie", archive, *mirrors, timeout=BUILD_S)
        self.docker("import", archive, name)
        archive.unlink()

    def build(self, top, dockerfile, name, base):
        return self.docker("build", "--network", "host", "--build-arg", f"BASE={base}", "-f", pathlib.Path(top) / dockerfile, "-t", name,
                           top, timeout=BUILD_S)

    def close(self):
        """End the engine, and let go of what it mounted."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        let_go(self.folder)
