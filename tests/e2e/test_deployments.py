#!/usr/bin/env python3
"""docker/: what compose, Kubernetes and systemd say agrees with the configurations, which the programs themselves read."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e

DOCKER = e2e.TOP / "docker"
SERVICES, ALL = ("keys", "tokens", "credentials"), ("keys", "tokens", "credentials", "gateway")
ENVIRONMENT = {"LATCHKEY_INSTANCE": "latchkey", "LATCHKEY_ISSUER": "urn:latchkey:latchkey", "LATCHKEY_AUDIENCE": "urn:latchkey:latchkey:platform"}
MOST_EXPOSED = {"latchkey@keys": 10, "latchkey@tokens": 10, "latchkey@credentials": 10, "latchkey-gateway": 20}  # tenths; 100 is naked


def options(name):
    """Every option of a process, as variables of the environment."""
    done = subprocess.run([e2e.program(f"latchkey-{name}"), "--print-options=markdown"], capture_output=True, text=True, check=True)
    return set(re.findall(r"`(LATCHKEY_[A-Z_]+)`", done.stdout))


def configuration(name):
    lines = (DOCKER / "config" / f"{name}.conf").read_text(encoding="utf-8").splitlines()
    return dict(line.split(" = ", 1) for line in lines if line and not line.startswith("#"))


def needs(name):
    """{path: must it be writable} of all that a process reads and writes by its configuration."""
    found = {}
    for option, value in configuration(name).items():
        path = re.sub(r"^(ipc|sqlite)://", "", value)
        if path.startswith("/"):
            found[path] = option in ("listen", "store-url")
    return found


class Mounts:
    """Where a container's volumes are: [(path, volume, writable)]."""

    def __init__(self, mounts):
        self.mounts = sorted(mounts, key=lambda mount: -len(mount[0]))

    def of(self, path):
        for at, volume, writable in self.mounts:
            if path == at or path.startswith(f"{at}/"):
                return volume, writable
        return None, False

    def all(self, path):
        """Volumes of what is mounted at a path or below it."""
        return {volume for at, volume, _ in self.mounts if at == path or at.startswith(f"{path}/")}


PORTS = {"keys": 7481, "tokens": 7482, "credentials": 7483}


class Deployments(unittest.TestCase):
    def setUp(self):
        try:
            import yaml  # Debian's; a machine that only builds and lists the tests has none
        except ImportError:
            self.skipTest("python3-yaml is not installed")
        self.compose = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
        self.sockets = yaml.safe_load((DOCKER / "compose.sockets.yaml").read_text(encoding="utf-8"))
        self.kube = {}
        for path in (DOCKER / "kubernetes").glob("*.yaml"):
            for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
                self.kube[document["kind"]] = document
        self.pod = self.kube["StatefulSet"]["spec"]["template"]
        self.containers = {container["name"]: container for container in self.pod["spec"]["containers"]}

    def compose_mounts(self, name, *files):
        parts = [volume.split(":") for file in (self.compose, *files) for volume in file["services"][name].get("volumes", [])]
        return Mounts([(part[1], part[0], part[2:] != ["ro"]) for part in parts])

    def kube_mounts(self, name):
        return Mounts([(mount["mountPath"], mount["name"], not mount.get("readOnly")) for mount in self.containers[name]["volumeMounts"]])

    def test_each_program_takes_its_configuration_and_the_variables_beside_it(self):
        for name in ALL:
            known, given = options(name), set(self.compose["services"][name]["environment"])
            for_health = {f"LATCHKEY_{service.upper()}_URL" for service in SERVICES}  # the command line's
            self.assertLessEqual(given, known | for_health, name)
            self.assertEqual(f"tls+tcp://{name}:{PORTS[name]}" if name in PORTS else None, self.listens(name))
            for service, port in PORTS.items():
                self.assertEqual(f"tls+tcp://{service}:{port}", self.compose["services"][name]["environment"][f"LATCHKEY_{service.upper()}_URL"])
            environment = {"PATH": os.environ["PATH"], **ENVIRONMENT}
            done = subprocess.run([e2e.program(f"latchkey-{name}"), "--config", DOCKER / "config" / f"{name}.conf", "--check-config"],
                                  env=environment, capture_output=True, text=True, check=False)
            self.assertEqual(0, done.returncode, done.stderr)
        literals = dict(line.split("=", 1) for line in self.kube["Kustomization"]["configMapGenerator"][0]["literals"])
        systemd = dict(line.split("=", 1) for line in (DOCKER / "systemd/installation.env").read_text().splitlines() if line[0] != "#")
        self.assertEqual((ENVIRONMENT, ENVIRONMENT), (literals, systemd))

    def listens(self, name):
        """Where others find it, by the name that its certificate has."""
        return self.compose["services"][name]["environment"].get("LATCHKEY_LISTEN", "").replace("0.0.0.0", name) or None

    def test_each_container_has_what_its_process_needs_and_only_its_own_secrets(self):
        for name in ALL:
            for path, writes in needs(name).items():  # without sockets, which the override brings
                if not path.startswith("/run/") and not path.endswith("/peers"):
                    self.assertEqual(writes, self.compose_mounts(name).of(path)[1], f"{name}: {path}")
            self.assertEqual(set(), self.compose_mounts(name).all("/run/latchkey"))
            for where in (self.compose_mounts(name, self.sockets), self.kube_mounts(name)):
                for path, writes in needs(name).items():
                    probe = f"{path}/keys.pub" if path.endswith("/peers") else path
                    volume, writable = where.of(probe)
                    self.assertIsNotNone(volume, f"{name}: {path} is in no volume")
                    self.assertEqual(writes, writable, f"{name}: {path}")
                self.assertEqual({f"{name}-secrets"}, where.all("/etc/latchkey/secrets"))
                runs = {f"{other}-run" for other in SERVICES if f"{other}-url" in configuration(name) or other == name}
                self.assertEqual(runs, where.all("/run/latchkey"))
        handed = self.compose_mounts("prepare")
        self.assertEqual({f"{name}-secrets" for name in (*ALL, "operator")} | {"safe", "peers"}, handed.all("/srv/latchkey"))
        with_safe = [name for name in self.compose["services"] if "safe" in self.compose_mounts(name).all("/srv/latchkey")]
        self.assertEqual(["prepare"], with_safe)  # nobody else sees the authority's key
        used = {part.split(":")[0] for file in (self.compose, self.sockets) for service in file["services"].values() for part in service.get("volumes", [])}
        self.assertEqual(used, {*self.compose["volumes"], *self.sockets["volumes"]})

    def test_every_container_is_confined(self):
        for name, service in self.compose["services"].items():
            self.assertEqual((True, ["ALL"], ["no-new-privileges:true"]), (service["read_only"], service["cap_drop"], service["security_opt"]), name)
            self.assertTrue(service["mem_limit"] and service["pids_limit"] and service["user"], name)
            override = self.sockets["services"].get(name, {})
            self.assertEqual(name not in ("gateway", "front"), override.get("network_mode") == "none", name)
            self.assertEqual({"front": ["front"], "gateway": ["default", "front"]}.get(name), service.get("networks"), name)
            self.assertNotIn("privileged", service)
        self.assertIs(True, self.compose["networks"]["default"]["internal"])
        for name in (*SERVICES, "gateway"):
            self.assertTrue(self.compose["services"][name]["ulimits"]["memlock"])
            safe = self.containers[name]["securityContext"]
            self.assertEqual((False, True, ["ALL"]), (safe["allowPrivilegeEscalation"], safe["readOnlyRootFilesystem"], safe["capabilities"]["drop"]))
            self.assertIn("memory", self.containers[name]["resources"]["limits"])
        pod = self.pod["spec"]["securityContext"]
        self.assertEqual((True, 10001, 10001), (pod["runAsNonRoot"], pod["runAsUser"], pod["fsGroup"]))
        self.assertFalse(self.pod["spec"]["automountServiceAccountToken"] or self.pod["spec"]["enableServiceLinks"])

    def test_each_waits_for_whom_it_needs_and_says_that_it_is_well(self):
        before = []
        for name in ALL:
            service = self.compose["services"][name]
            self.assertEqual(["CMD", "latchkey-health", name], service["healthcheck"]["test"])
            (needed, how), = service["depends_on"].items()
            self.assertEqual((before[-1] if before else "prepare", {"condition": "service_healthy" if before else "service_completed_successfully"}), (needed, how))
            before.append(name)
            for probe in (self.containers[name]["startupProbe"], self.containers[name]["livenessProbe"]):
                if name in SERVICES:
                    self.assertEqual(["latchkey-health", name], probe["exec"]["command"])
                else:
                    self.assertEqual({"path": "/healthz", "port": "http"}, probe["httpGet"])
        self.assertEqual({"path": "/readyz", "port": "http"}, self.containers["gateway"]["readinessProbe"]["httpGet"])

    def test_the_gateway_hears_from_its_proxy_alone_and_believes_it_alone(self):
        front, gateway = (self.compose["services"][name] for name in ("front", "gateway"))
        net = "${LATCHKEY_NET:-172.31.255}"
        self.assertEqual(f"{net}.0/29", self.compose["networks"]["front"]["ipam"]["config"][0]["subnet"])
        believed = gateway["environment"]["LATCHKEY_TRUSTED_PROXIES"].split(",")
        self.assertEqual([f"{net}.{last}" for last in range(2, 7)], believed)  # not the host, which is .1
        self.assertEqual(["front", "gateway"], sorted(name for name, one in self.compose["services"].items() if "front" in one.get("networks", [])))
        self.assertNotIn("ports", gateway)
        self.assertEqual(["front"], front["networks"])
        unit = (DOCKER / "systemd/latchkey-gateway.service").read_text(encoding="utf-8")
        given = dict(re.findall(r"(?m)^Environment=(\w+)=(.*)$", unit))
        done = subprocess.run([e2e.program("latchkey-gateway"), "--config", DOCKER / "config/gateway.conf", "--print-config"],
                              env={"PATH": os.environ["PATH"], **ENVIRONMENT, **given}, capture_output=True, text=True, check=True)
        self.assertRegex(done.stdout, r"(?m)^listen +127\.0\.0\.1:7480 ")

    def test_every_variable_that_the_readme_names_reaches_a_container(self):
        rows = re.findall(r"(?m)^\| (`LATCHKEY_.*?) \|", (DOCKER / "README.md").read_text(encoding="utf-8"))
        names = [name for row in rows for name in re.findall(r"LATCHKEY_\w+", row)]
        self.assertGreater(len(names), 5)
        text = (DOCKER / "compose.yaml").read_text(encoding="utf-8")
        self.assertEqual([], [name for name in names if "${" + name + ":-" not in text])

    def test_the_selectors_of_kubernetes_meet_the_pod(self):
        labels = self.pod["metadata"]["labels"]
        for selector in (self.kube["StatefulSet"]["spec"]["selector"]["matchLabels"], self.kube["Service"]["spec"]["selector"],
                         self.kube["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"], self.kube["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"]):
            self.assertEqual(labels, selector)
        port = self.containers["gateway"]["ports"][0]
        self.assertEqual(port["name"], self.kube["Service"]["spec"]["ports"][0]["targetPort"])
        self.assertTrue(configuration("gateway")["listen"].endswith(f":{port['containerPort']}"))
        self.assertEqual(port["containerPort"], self.kube["NetworkPolicy"]["spec"]["ingress"][0]["ports"][0]["port"])
        self.assertEqual([], self.kube["NetworkPolicy"]["spec"]["egress"])
        volumes = {volume["name"] for volume in self.pod["spec"]["volumes"]} | {claim["metadata"]["name"] for claim in self.kube["StatefulSet"]["spec"]["volumeClaimTemplates"]}
        self.assertEqual(volumes, {mount["name"] for container in self.containers.values() for mount in container["volumeMounts"]})
        listed = {path.name for path in (DOCKER / "kubernetes").glob("*.yaml")} - {"kustomization.yaml"}
        self.assertEqual(listed, set(self.kube["Kustomization"]["resources"]))

    def test_the_image_is_built_without_secrets_and_runs_as_nobody_in_particular(self):
        last = (DOCKER / "Dockerfile").read_text(encoding="utf-8").split("\nFROM ")[-1]
        self.assertRegex(last, r"(?m)^USER 10001:10001$")
        self.assertRegex(last, r"(?m)^HEALTHCHECK ")
        self.assertNotRegex(last, r"(?m)^COPY (?!--from=build)")
        for path in (DOCKER / "Dockerfile", DOCKER / "nginx/Dockerfile"):
            self.assertNotRegex(path.read_text(encoding="utf-8"), r"(?i)(ARG|ENV) .*(password|secret|token|proxy)|ca-certificates|curl |wget ")

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_the_units_are_sound_and_hardened(self):
        with tempfile.TemporaryDirectory(prefix="lk-units-") as folder:
            folder = pathlib.Path(folder)
            for name in ALL:
                unit = f"latchkey@{name}" if name in SERVICES else f"latchkey-{name}"
                source = DOCKER / "systemd" / ("latchkey@.service" if name in SERVICES else f"{unit}.service")
                text = source.read_text(encoding="utf-8")
                (folder / f"{unit}.service").write_text(text.replace("/usr/bin/latchkey-%i", e2e.program(f"latchkey-{name}"))
                                                            .replace("/usr/bin/latchkey-gateway", e2e.program("latchkey-gateway")))
                if (DOCKER / "systemd" / f"{unit}.service.d").is_dir():
                    shutil.copytree(DOCKER / "systemd" / f"{unit}.service.d", folder / f"{unit}.service.d")
                self.assertEqual("", self.analyze("verify", "--man=no", folder / f"{unit}.service"))
                self.analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED[unit]}", folder / f"{unit}.service")
                given = set(re.findall(r"(LATCHKEY_[A-Z_]+)=", text + "".join(p.read_text() for p in (folder / f"{unit}.service.d").glob("*"))))
                self.assertLessEqual(given, options(name) | set(ENVIRONMENT), unit)

    def analyze(self, *words):
        done = subprocess.run(["systemd-analyze", *map(str, words)], capture_output=True, text=True, check=False)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return done.stderr


if __name__ == "__main__":
    e2e.main()
