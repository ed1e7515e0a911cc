"""Podman and podman-compose for a test, as root, in a folder and a network namespace of their own: its firewall rules and its
name server are no matter of the machine's. It takes runc from the engine of engine.py, as crun refuses mixed cgroups."""

import os
import pathlib
import shutil
import subprocess
import time

import engine

TOOLS = ("podman", "podman-compose", "unshare", "nsenter", "curl")
HELPERS = ("/usr/lib/podman/netavark", "/usr/lib/podman/aardvark-dns")
START_S = 5

CONTAINERS = """[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=4096:16384", "nproc=4096:4096"]
[network]
network_backend = "netavark"
network_config_dir = "{folder}/networks"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
tmp_dir = "{folder}/tmp"
static_dir = "{folder}/static"
volume_path = "{folder}/volumes"
[engine.runtimes]
runc = ["{runc}"]
"""
STORAGE = """[storage]
driver = "overlay"
graphroot = "{folder}/images"
runroot = "{folder}/run"
"""


class Podman:
    """`compose(...)` is podman-compose, `podman(...)` podman, `curl(...)` asks from where its ports are published."""

    def __init__(self, folder, docker):
        self.folder, self.docker = pathlib.Path(folder), docker
        lacks = [name for name in TOOLS if not shutil.which(name)] + [path for path in HELPERS if not os.path.exists(path)]
        runc = shutil.which("runc", path=docker.environment["PATH"])
        if lacks or not runc or os.geteuid() != 0:
            raise engine.Missing(f"podman needs root and {', '.join(lacks) or 'runc'}")
        self.environment = {**os.environ, "CONTAINERS_CONF": f"{folder}/containers.conf", "CONTAINERS_STORAGE_CONF": f"{folder}/storage.conf"}
        for name, text in (("containers", CONTAINERS), ("storage", STORAGE)):
            (self.folder / f"{name}.conf").write_text(text.format(folder=folder, runc=runc), encoding="utf-8")
        self.place = subprocess.Popen(["unshare", "--net", "sh", "-c", "ip link set lo up && echo && exec sleep infinity"], stdout=subprocess.PIPE)
        if self.place.stdout.read(1) != b"\n":
            raise engine.Missing("this machine gives no network namespace")

    def run(self, *command, **options):
        return engine.run("nsenter", f"--net=/proc/{self.place.pid}/ns/net", *command, env=self.environment, **options)

    def podman(self, *arguments, **options):
        return self.run("podman", *arguments, **options)

    def compose(self, *arguments, **options):
        return self.run("podman-compose", *arguments, **options)

    def curl(self, *arguments):
        return self.run("curl", "--silent", "--insecure", "--max-time", "10", *arguments, check=False).stdout

    def take(self, *images):
        """Images of the other engine; where podman cannot keep or run them here, Missing says why."""
        archive = self.folder / "images.tar"
        self.docker.docker("save", "-o", archive, *images)
        for command in (("load", "-q", "-i", archive), ("run", "--rm", "--network", "none", "--entrypoint", "true", f"localhost/{images[0]}")):
            done = self.podman(*command, check=False)
            if done.returncode != 0:
                raise engine.Missing(f"podman does not run here: {done.stderr.strip()[-300:]}")
        archive.unlink()

    def close(self):
        """End all its containers, and let go of what it mounted."""
        self.podman("rm", "--force", "--all", "--time", "5", check=False)
        end = time.monotonic() + START_S
        while engine.mounted_below(self.folder) and time.monotonic() < end:
            engine.let_go(self.folder)
        self.place.stdout.close()
        self.place.kill()
        self.place.wait()
