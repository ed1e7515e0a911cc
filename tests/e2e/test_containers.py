#!/usr/bin/env python3
"""The image and the compose file for real: built, started, the main job through them, each container restarted under load."""

import http.client
import json
import pathlib
import shutil
import ssl
import sys
import tempfile
import time
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import engine
import http_load
import latchkey_e2e as e2e

COMPOSE = e2e.TOP / "docker" / "compose.yaml"
BASE, IMAGE, FRONT = "debian:trixie-slim", "latchkey:under-test", "latchkey-front:under-test"
SERVICES = ("keys", "tokens", "credentials")
BEN, AWS_SECRET = "ben@genomics.example", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
MOST_HEALTHY_S = 60
OURS = {"keys": {"keys.ed25519", "keys.pepper"}, "tokens": {"tokens.ed25519", "tokens.kek"},
        "credentials": {"credentials.ed25519", "credentials.kek"}, "gateway": {"gateway.ed25519"}}


@unittest.skipUnless(e2e.full(), "builds an image: only with LATCHKEY_FULL=1")
class Containers(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lk-engine-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        try:
            self.engine = engine.Engine(self.folder)
            self.addCleanup(self.engine.close)
            if self.engine.docker("image", "inspect", BASE, check=False).returncode != 0:
                self.engine.base_image(BASE)
        except engine.Missing as why:
            print(f"SKIPPED: no container was started, nothing of docker/ was tried: {why}", file=sys.stderr)
            self.skipTest(str(why))
        self.project = f"lk{uuid.uuid4().hex[:8]}"
        self.port = e2e.free_port()
        self.engine.environment.update(LATCHKEY_IMAGE=IMAGE, LATCHKEY_FRONT_IMAGE=FRONT, LATCHKEY_PUBLISH=f"127.0.0.1:{self.port}")
        self.tls = ssl.create_default_context()
        self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE

    def compose(self, *arguments, **options):
        return engine.run("docker-compose", "-p", self.project, "-f", COMPOSE, *arguments, env=self.engine.environment, **options)

    def name(self, service):
        return f"{self.project}_{service}_1"

    def connect(self, timeout=20):
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=timeout)

    def ask(self, path, key=None):
        """The status of a GET through nginx."""
        connection = self.connect()
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def latchkey(self, *arguments, stdin="", code=0, **variables):
        """The command line of the image, in the operator's container."""
        given = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
        done = self.engine.docker("exec", "-i", *given, f"{self.project}_cli", "latchkey", *arguments, input=stdin, check=False)
        self.assertEqual(code, done.returncode, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def made(self, *arguments, **options):
        return json.loads(self.latchkey(*arguments, "--json", **options))

    def as_person(self, name):
        return {"LATCHKEY_PROFILE": name, "LATCHKEY_OPERATOR_KEY_FILE": ""}

    def as_key(self, key):
        return {"LATCHKEY_API_KEY": key, "LATCHKEY_OPERATOR_KEY_FILE": ""}

    def is_healthy(self, service):
        return self.engine.inspect(self.name(service), ".State.Health.Status") == "healthy"

    def test_the_image_does_the_main_job_and_each_container_is_restarted_under_load(self):
        self.engine.build(e2e.TOP, "docker/Dockerfile", IMAGE, BASE)
        self.engine.build(e2e.TOP, "docker/nginx/Dockerfile", FRONT, BASE)
        self.addCleanup(self.compose, "down", "--volumes", "--timeout", "20")
        self.compose("up", "-d", "--no-build")
        self.addCleanup(self.show_logs)
        e2e.wait_until(lambda: self.is_healthy("front"), MOST_HEALTHY_S, "everything is healthy")
        self.compose("run", "-d", "--name", f"{self.project}_cli", "--entrypoint", "sleep 1000", "operator")
        self.addCleanup(self.engine.docker, "rm", "-f", f"{self.project}_cli")
        self.the_image_says_what_it_is()
        self.each_container_is_confined()
        key = self.the_main_job()
        self.restarts_under_load(key)
        self.starting_again_keeps_what_is_there(key)
        self.latchkey("key", "revoke", f"key_{key.split('_')[1]}", **self.as_person("ben"))
        self.assertEqual(401, self.ask("/site/", key))

    def show_logs(self):
        print(self.compose("logs", "--no-color", "--tail", "100", check=False).stdout[-20000:], file=sys.stderr)

    def the_image_says_what_it_is(self):
        about = self.engine.inspect(IMAGE, ".Config")
        self.assertEqual(("10001:10001", "latchkey"), (about["User"], about["Labels"]["org.opencontainers.image.title"]))
        self.assertEqual(["CMD", "latchkey-health"], about["Healthcheck"]["Test"])
        self.assertEqual([], [one for one in about["Env"] if "SECRET" in one or "PASSWORD" in one])
        bill = json.loads(self.engine.docker("run", "--rm", "--entrypoint", "cat", IMAGE, "/usr/share/doc/latchkey/sbom.spdx.json").stdout)
        self.assertTrue({"latchkey", "libc6", "libnng1", "libsodium23"} <= {package["name"] for package in bill["packages"]})
        suid = self.engine.docker("run", "--rm", "--entrypoint", "bash", IMAGE, "-c", "find / -xdev -type f -perm /6000 2>/dev/null; true")
        self.assertEqual("", suid.stdout)
        self.assertEqual(2, self.engine.docker("run", "--rm", IMAGE, "keys", check=False).returncode)  # no instance is named
        here = self.folder / "here"
        here.mkdir()
        shutil.chown(here, 12345, 12345)
        self.engine.docker("run", "--rm", "--user", "12345:12345", "-v", f"{here}:/here", IMAGE, "init", "--state", "/here/safe", "--instance", "latchkey")
        made = {path.name for path in (here / "safe/secrets").iterdir()}
        self.assertLessEqual(set.union(*OURS.values()), made)

    def each_container_is_confined(self):
        for service in (*SERVICES, "gateway", "front"):
            about = self.engine.docker("exec", self.name(service), "bash", "-c", "cat /proc/self/status; touch /etc/x 2>&1; true").stdout
            for line in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Read-only file system"):
                self.assertIn(line, about, service)
            self.assertIn("Uid:\t10002" if service == "front" else "Uid:\t10001", about)
            limits = self.engine.inspect(self.name(service), ".HostConfig")
            self.assertTrue(limits["Memory"] > 0 and limits["PidsLimit"] > 0, service)
        for service in SERVICES:
            seen = self.engine.docker("exec", self.name(service), "bash", "-c", "ls /etc/latchkey/secrets; ls /sys/class/net >&2; "
                                      "for other in /run/latchkey/*/; do [ ! -w $other ] || echo $other >&2; done")
            self.assertEqual(OURS[service], set(seen.stdout.split()))
            self.assertEqual(["lo", f"/run/latchkey/{service}/"], [name for name in seen.stderr.split() if name not in ("sit0", "tunl0", "ip6tnl0")])
        self.assertEqual(OURS["gateway"], set(self.engine.docker("exec", self.name("gateway"), "ls", "/etc/latchkey/secrets").stdout.split()))

    def the_main_job(self):
        tenant = self.made("tenant", "create", "genomics", "--domain", "genomics.example", "--profile", "panomics", "--admin", "ada@genomics.example")
        fleet = self.made("principal", "create", "fleet", "--permission", "credentials.fetch", "--tenant", "genomics")["key"]
        samples = self.made("principal", "create", "samples-api", "--permission", "tokens.validate", "--tenant", "ALL")["key"]
        self.latchkey("--profile", "ada", "login", "--ticket", tenant["admin"]["ticket"], LATCHKEY_OPERATOR_KEY_FILE="")
        ben = self.made("user", "create", BEN, "--role", "key-manager", **self.as_person("ada"))
        self.latchkey("--profile", "ben", "login", "--ticket", ben["ticket"], LATCHKEY_OPERATOR_KEY_FILE="")
        key = self.made("key", "create", "laptop", "--ttl", "90d", **self.as_person("ben"))["key"]
        token = self.latchkey("token", "issue", **self.as_key(key)).strip()
        for shown in (key, token):
            self.assertTrue(self.made("validate", "-", stdin=shown, **self.as_key(samples))["active"])
            self.assertEqual((200, 204), (self.ask("/site/", shown), self.ask("/auth", shown)))
        self.assertEqual(401, self.ask("/site/"))
        for last, status in (("1", 204), ("2", 403)):  # the host, as nginx sees it, and nginx
            bound = self.made("key", "create", f"from {last}", "--network", f"172.31.255.{last}", **self.as_person("ben"))["key"]
            self.assertEqual(status, self.ask("/auth", bound))
        self.latchkey("credential", "add", "aws", "--label", "bucket", stdin=f"AKIAIOSFODNN7EXAMPLE\n{AWS_SECRET}\neu-central-1\n", **self.as_person("ben"))
        self.assertIn(AWS_SECRET, self.latchkey("exec", "--owner", BEN, "aws", "--", "env", **self.as_key(fleet)))
        self.latchkey("audit", "verify")
        return key

    def restarts_under_load(self, key):
        wrong = key[:-1] + ("a" if key[-1] != "a" else "b")
        for service in (*SERVICES, "gateway", "front"):
            with http_load.Load(self.connect, "/auth", key, 204, 200) as good, http_load.Load(self.connect, "/auth", wrong, 401, 50) as bad:
                time.sleep(0.5)
                self.engine.docker("restart", "--time", "15", self.name(service))
                e2e.wait_until(lambda name=service: self.is_healthy(name), MOST_HEALTHY_S, f"{service} is healthy again")
                time.sleep(0.5)
            print(f"{service}: {good}", flush=True)
            self.assertEqual(([], []), (good.wrong, bad.wrong), service)
            self.assertGreater(good.right, 100)
            self.assertEqual(0, self.engine.inspect(self.name(service), ".RestartCount"))

    def starting_again_keeps_what_is_there(self, key):
        self.compose("run", "--rm", "prepare")
        self.compose("restart", "--timeout", "15")
        e2e.wait_until(lambda: self.ask("/auth", key) == 204, MOST_HEALTHY_S, "the key opens after all were restarted at once")
        self.engine.docker("run", "--rm", "-v", f"{self.project}_safe:/srv/latchkey/safe", "--entrypoint", "rm", IMAGE, "-r",
                           "/srv/latchkey/safe/secrets")
        lost = self.compose("run", "--rm", "prepare", check=False)
        self.assertIn("the safe has lost its secrets", lost.stdout + lost.stderr)
        self.assertNotEqual(0, lost.returncode)


if __name__ == "__main__":
    e2e.main()
