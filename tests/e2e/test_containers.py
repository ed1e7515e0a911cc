#!/usr/bin/env python3
"""The image and the compose files for real: built, started, the main job through them, each container restarted under load,
certificates renewed; the same with sockets, and with podman."""

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
import podman

TLS, SOCKETS = e2e.TOP / "docker" / "compose.yaml", e2e.TOP / "docker" / "compose.sockets.yaml"
BASE, IMAGE, FRONT = "debian:trixie-slim", "latchkey:under-test", "latchkey-front:under-test"
SERVICES = ("keys", "tokens", "credentials")
BEN, AWS_SECRET = "ben@genomics.example", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
MOST_HEALTHY_S = 60
OURS = {"keys": {"keys.ed25519", "keys.pepper"}, "tokens": {"tokens.ed25519", "tokens.kek"},
        "credentials": {"credentials.ed25519", "credentials.kek"}, "gateway": {"gateway.ed25519"}, "operator": {"operator.ed25519"}}
PORTS = {"keys": 7481, "tokens": 7482, "credentials": 7483}
PAIR = {"ca.crt", "peer.crt", "peer.key"}
NOT_OURS = ("sit0", "tunl0", "ip6tnl0")  # a kernel may put these into every network


@unittest.skipUnless(e2e.full(), "builds an image: only with LATCHKEY_FULL=1")
class Containers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="lk-engine-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        try:
            cls.engine = engine.Engine(cls.folder)
            cls.addClassCleanup(cls.engine.close)
            if cls.engine.docker("image", "inspect", BASE, check=False).returncode != 0:
                cls.engine.base_image(BASE)
        except engine.Missing as why:
            print(f"SKIPPED: no container was started, nothing of docker/ was tried: {why}", file=sys.stderr)
            raise unittest.SkipTest(str(why)) from None
        cls.engine.build(e2e.TOP, "docker/Dockerfile", IMAGE, BASE)
        cls.engine.build(e2e.TOP, "docker/nginx/Dockerfile", FRONT, BASE)
        cls.tls = ssl.create_default_context()
        cls.tls.check_hostname, cls.tls.verify_mode = False, ssl.CERT_NONE

    def setUp(self):
        self.project = f"lk{uuid.uuid4().hex[:8]}"
        self.port = e2e.free_port()
        self.variables = {"LATCHKEY_IMAGE": IMAGE, "LATCHKEY_FRONT_IMAGE": FRONT, "LATCHKEY_PUBLISH": f"127.0.0.1:{self.port}"}
        self.files = ["-f", TLS]

    def compose(self, *arguments, **options):
        return engine.run("docker-compose", "-p", self.project, *self.files, *arguments,
                          env={**self.engine.environment, **self.variables}, **options)

    def up(self):
        self.addCleanup(self.compose, "down", "--volumes", "--timeout", "20")
        self.compose("up", "-d", "--no-build")
        self.addCleanup(self.show_logs)
        e2e.wait_until(lambda: self.is_healthy("front"), MOST_HEALTHY_S, "everything is healthy")
        self.compose("run", "-d", "--name", f"{self.project}_cli", "--entrypoint", "sleep 1000", "operator")
        self.addCleanup(self.engine.docker, "rm", "-f", f"{self.project}_cli")

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

    def inside(self, service, script, **options):
        """What a script says in a service's container, both streams."""
        done = self.engine.docker("exec", self.name(service), "bash", "-c", f"exec 2>&1; {script}", **options)
        return done.stdout

    def test_the_image_does_the_main_job_and_each_container_is_restarted_under_load(self):
        self.up()
        self.the_image_says_what_it_is()
        self.each_container_is_confined()
        self.each_has_its_own_certificate()
        self.the_services_are_reached_by_each_other_only()
        key = self.the_main_job()
        self.restarts_under_load(key)
        self.what_ends_soon_is_renewed()
        self.starting_again_keeps_what_is_there(key)
        self.latchkey("key", "revoke", f"key_{key.split('_')[1]}", **self.as_person("ben"))
        self.assertEqual(401, self.ask("/site/", key))

    def test_the_same_installation_with_sockets_in_the_place_of_a_network(self):
        self.files += ["-f", SOCKETS]
        self.up()
        for service in SERVICES:
            seen = self.inside(service, "ls /sys/class/net; for other in /run/latchkey/*/; do [ ! -w $other ] || echo $other; done; "
                               "env | grep -c -e TLS -e tcp://; true").split()
            self.assertEqual(["lo", f"/run/latchkey/{service}/", "0"], [name for name in seen if name not in NOT_OURS])
        key = self.the_main_job()
        self.compose("restart", "--timeout", "15")
        e2e.wait_until(lambda: self.ask("/auth", key) == 204, MOST_HEALTHY_S, "the key opens after all were restarted at once")

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
        for service in (*SERVICES, "gateway"):
            self.assertEqual("16384 4096 0", " ".join(self.inside(service, "ulimit -n; ulimit -u; ulimit -c").split()), service)
            self.assertEqual(OURS[service] | PAIR, set(self.inside(service, "ls /etc/latchkey/secrets").split()))
        self.assertEqual(OURS["operator"] | PAIR, set(self.engine.docker("exec", f"{self.project}_cli", "ls", "/etc/latchkey/secrets").stdout.split()))

    def in_the_safe(self, script):
        return self.engine.docker("run", "--rm", "--network", "none", "-v", f"{self.project}_safe:/safe:ro", "--entrypoint", "bash", IMAGE, "-c",
                                  f"cd /safe/certs; {script}").stdout

    def each_has_its_own_certificate(self):
        """The authority's key is nowhere but in the safe; each has its own pair, and nobody else's."""
        keys = {name: self.in_the_safe(f"sed -n 2p {name}.key").strip() for name in ("ca", *OURS)}
        self.assertEqual((6, 0), (len(set(keys.values())), sum(len(text) < 40 for text in keys.values())))
        for service in (*SERVICES, "gateway", "front", "cli"):
            container = self.name(service) if service != "cli" else f"{self.project}_cli"
            own = keys.get(service if service != "cli" else "operator")
            for text in keys.values():
                found = self.engine.docker("exec", container, "grep", "-rlF", text, "/etc", "/srv", "/run", "/tmp", "/var/lib", check=False).stdout.split()
                self.assertEqual(["/etc/latchkey/secrets/peer.key"] if text == own else [], found, container)

    def dial(self, script, *arguments):
        """A stranger's script on the network of the services, with openssl."""
        done = self.engine.docker("run", "--rm", "--network", f"{self.project}_default", *arguments, "--entrypoint", "bash", FRONT, "-c",
                                  f"exec 2>&1 </dev/null; cd /tmp; {script}", check=False)
        return done.returncode, done.stdout

    def shown(self, service, port):
        """The certificate that a service shows to the operator, as PEM."""
        code, said = self.dial(f"openssl s_client -connect {service}:{port} -verify_hostname {service} -verify_return_error -CAfile /c/ca.crt "
                               "-cert /c/peer.crt -key /c/peer.key", "--user", "10001", "-v", f"{self.project}_operator-secrets:/c:ro")
        self.assertEqual((0, True), (code, "Verify return code: 0 (ok)" in said), said)
        return said[said.index("-----BEGIN"):said.index("-----END")]

    def the_services_are_reached_by_each_other_only(self):
        foreign = ("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3 -subj /CN=gateway -keyout k -out c && "
                   "openssl s_client -connect {}:{} -cert c -key k")
        for service, port in PORTS.items():
            self.assertIn(self.shown(service, port), self.in_the_safe(f"cat {service}.crt"))
            for script in ("openssl s_client -connect {}:{}", foreign):
                for version in ("-tls1_2", "-tls1_3"):  # with 1.3 the refusal comes after a client's handshake
                    script_of = script.format(service, port).replace("openssl s_client", "sleep 1 | openssl s_client")
                    self.assertNotEqual(0, self.dial(f"{script_of} {version}")[0], (service, version))
        self.assertEqual({"default": True, "front": False}, {name: self.engine.inspect(f"{self.project}_{name}", ".Internal") for name in ("default", "front")})
        self.reaches_only("gateway", ("default", "front"), {"keys", "tokens", "credentials"})
        self.reaches_only("front", ("front",), {"gateway"})
        for service in SERVICES:
            self.reaches_only(service, ("default",), set(PORTS))

    def reaches_only(self, service, networks, wanted):
        """Whom a container can open a connection to, by name or address; and the networks that it is on. The engine that a
        test starts has no firewall of its own: there only the machine's unwillingness to forward keeps networks apart."""
        on = self.engine.inspect(self.name(service), ".NetworkSettings.Networks")
        self.assertEqual({f"{self.project}_{name}" for name in networks}, set(on))
        reached = set()
        for other, port in {**PORTS, "gateway": 7480, "front": 8443}.items():
            addresses = [one["IPAddress"] for one in self.engine.inspect(self.name(other), ".NetworkSettings.Networks").values()]
            tries = " || ".join(f"timeout 1 bash -c 'exec 3<>/dev/tcp/{where}/{port}' 2>/dev/null" for where in (other, *addresses))
            if "yes" in self.inside(service, f"({tries}) && echo yes; true"):
                reached.add(other)
        self.assertEqual(wanted, reached & ({*PORTS} if service != "front" else {*PORTS, "gateway"}), service)
        if service in SERVICES:
            self.assertNotIn("front", reached)

    def what_ends_soon_is_renewed(self):
        """And nothing else: one certificate is made that ends in 30 days, prepare hands out a new one, a restart shows it."""
        def pairs():
            return {name: self.in_the_safe(f"cat {name}.crt {name}.key") for name in OURS}
        before, authority = pairs(), self.in_the_safe("cat ca.crt ca.key")
        self.compose("run", "--rm", "prepare")
        self.assertEqual(before, pairs())
        self.compose("run", "--rm", "prepare", "certs", "/srv/latchkey/safe/certs", "tokens", "--renew", "--good-for", "30")
        short = self.in_the_safe("cat tokens.crt")
        self.compose("run", "--rm", "prepare")
        after = pairs()
        self.assertEqual({"tokens"}, {name for name in OURS if before[name] != after[name]})
        self.assertNotIn(short, after["tokens"])
        self.assertEqual(authority, self.in_the_safe("cat ca.crt ca.key"))
        self.assertEqual(after["tokens"], self.inside("tokens", "cat /etc/latchkey/secrets/peer.{crt,key}"))
        self.assertIn(self.shown("tokens", PORTS["tokens"]), before["tokens"])
        self.engine.docker("restart", "--time", "15", self.name("tokens"))
        e2e.wait_until(lambda: self.is_healthy("tokens"), MOST_HEALTHY_S, "tokens is healthy again")
        self.assertIn(self.shown("tokens", PORTS["tokens"]), after["tokens"])

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
        for folder, said in (("certs", "the safe has lost its authority"), ("secrets", "the safe has lost its secrets")):
            self.engine.docker("run", "--rm", "-v", f"{self.project}_safe:/srv/latchkey/safe", "--entrypoint", "rm", IMAGE, "-r",
                               f"/srv/latchkey/safe/{folder}")
            name = f"{self.project}_without_{folder}"
            self.compose("run", "-d", "--name", name, "prepare")
            self.addCleanup(self.engine.docker, "rm", "-f", name)
            self.assertEqual("1", self.engine.docker("wait", name).stdout.strip())
            lost = self.engine.docker("logs", name)
            self.assertIn(said, lost.stdout + lost.stderr)

    def test_podman_compose_starts_the_same_file(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="lk-podman-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        try:
            machine = podman.Podman(folder, self.engine)
            self.addCleanup(machine.close)
            machine.take(IMAGE, FRONT)
        except engine.Missing as why:
            print(f"SKIPPED: podman-compose was not tried: {why}", file=sys.stderr)
            self.skipTest(str(why))
        machine.environment.update(LATCHKEY_IMAGE=f"localhost/{IMAGE}", LATCHKEY_FRONT_IMAGE=f"localhost/{FRONT}",
                                   LATCHKEY_PUBLISH=f"127.0.0.1:{self.port}")
        machine.podman("network", "create", "--subnet", "172.31.255.0/29", f"{self.project}_front")
        machine.compose("-p", self.project, "-f", TLS, "up", "-d", "--no-build")
        site = f"https://127.0.0.1:{self.port}"
        e2e.wait_until(lambda: '"status":"ok"' in machine.curl(f"{site}/readyz"), MOST_HEALTHY_S, "all services serve, asked through nginx")
        self.assertEqual("200", self.status(machine, f"{site}/healthz"))
        for service in SERVICES:
            routes = machine.podman("exec", self.name(service), "cut", "-f2", "/proc/net/route").stdout.split()
            self.assertNotIn("00000000", routes)
        self.a_key_through(machine, site)

    def status(self, machine, url, key="none"):
        return machine.curl("-o", "/dev/null", "-w", "%{http_code}", "-H", f"Authorization: Bearer {key}", url)

    def a_key_through(self, machine, site):
        about = json.loads(machine.podman("inspect", self.name("operator")).stdout)[0]["Config"]["Env"]
        machine.podman("run", "-d", "--name", f"{self.project}_cli", "--network", f"{self.project}_default", "--volumes-from", self.name("operator"),
                       *(word for one in about for word in ("-e", one)), "--read-only", "--tmpfs", "/tmp:mode=1777", "--entrypoint", "sleep",
                       f"localhost/{IMAGE}", "1000")

        def latchkey(*arguments, as_operator=True):
            who = [] if as_operator else ["-e", "LATCHKEY_OPERATOR_KEY_FILE="]
            return machine.podman("exec", *who, f"{self.project}_cli", "latchkey", *arguments).stdout
        tenant = json.loads(latchkey("tenant", "create", "genomics", "--domain", "genomics.example", "--admin", "ada@genomics.example", "--json"))
        latchkey("--profile", "ada", "login", "--ticket", tenant["admin"]["ticket"], as_operator=False)
        key, bound = (json.loads(latchkey("--profile", "ada", "key", "create", "laptop", "--json", *more, as_operator=False))["key"]
                      for more in ((), ("--network", "172.31.255.2/31")))
        wrong = key[:-1] + ("a" if key[-1] != "a" else "b")
        self.assertEqual(["204", "401", "403"], [self.status(machine, f"{site}/auth", one) for one in (key, wrong, bound)])


if __name__ == "__main__":
    e2e.main()
