#!/usr/bin/env python3
"""The whole installation over tls+tcp://, as between hosts: certificates made by `latchkey certs`, everybody shows one."""

import pathlib
import re
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import http_client
import latchkey_e2e as e2e
import validators
import world

OLD = re.search(r"MINOR_VERSION (\d+)", pathlib.Path("/usr/include/nng/nng.h").read_text())[1] in "012345"


def ports_in_a_row(count):
    """The first of `count` ports of loopback that nobody has at this moment."""
    while True:
        first = e2e.free_port()
        probes = [socket.socket() for _ in range(count)]
        try:
            for n, probe in enumerate(probes):
                probe.bind(("127.0.0.1", first + n))
            return first
        except (OSError, OverflowError):
            continue
        finally:
            for probe in probes:
                probe.close()


class Tls(e2e.Case):
    def setUp(self):
        super().setUp()
        self.certs = self.state.folder / "certs"
        self.make("localhost", "client")
        self.first = ports_in_a_row(3)
        self.urls = {name: f"tls+tcp://localhost:{self.first + n}" for n, name in enumerate(e2e.SERVICES)}
        for name in (*e2e.SERVICES, "gateway"):
            self.move(name)
        self.state.shell["LATCHKEY_URL"] = self.urls["keys"]
        self.shows("client")

    def make(self, *names, folder=None):
        return self.state.json("certs", folder or self.certs, *names)["certificates"]

    def move(self, name):
        """A configuration from sockets to TLS."""
        path = self.state.path / f"{name}.conf"
        text = path.read_text()
        for service, url in self.urls.items():
            text = text.replace(f"ipc://{self.state.path}/run/{service}.sock", url)
        text += "".join(f"peer-tls-{kind}-file = {self.certs}/{file}\n" for kind, file in
                        (("cert", "localhost.crt"), ("key", "localhost.key"), ("ca", "ca.crt")))
        self.metrics_port = e2e.free_port()
        path.write_text(text + (f"metrics-listen = 127.0.0.1:{self.metrics_port}\n" if name == "gateway" else "allow-old-nng-tls = yes\n"))

    def shows(self, name, folder=None):
        self.state.shell.update(LATCHKEY_TLS_CERT_FILE=f"{folder or self.certs}/{name}.crt", LATCHKEY_TLS_KEY_FILE=f"{folder or self.certs}/{name}.key",
                                LATCHKEY_TLS_CA_FILE=f"{folder or self.certs}/ca.crt")

    def use(self):
        """A key is made, believed, traded, revoked, and refused by the very next check."""
        key = self.ada.json("key", "create", "laptop")
        token = self.state.with_key(key["key"]).ok("token", "issue").strip()
        for shown in (key["key"], token):
            self.assertTrue(self.api.json("validate", "-", stdin=shown)["active"])
            self.assertEqual(204, self.http.ask("GET", "/auth", key=shown).status)
        self.ada.ok("key", "revoke", key["id"])
        for shown in (key["key"], token):
            self.api.refused("validate", "-", stdin=shown)
            self.assertEqual(401, self.http.ask("GET", "/auth", key=shown).status)

    def questions_wait(self):
        """There are no hints between hosts: keys and tokens each hold a question of the two other services and of the gateway."""
        metrics = http_client.Gateway(self.state)
        metrics.port = self.metrics_port

        def held():
            text = metrics.ask("GET", "/metrics").body
            return [int(float(n)) for n in re.findall(r'^latchkey_feed_waiting{service="(?:keys|tokens)"} (.*)$', text, re.M)]

        e2e.wait_until(lambda: held() == [3, 3], 20, "questions of all readers are held")

    def a_validator_hears_at_once(self):
        """Without that it would ask again after twenty seconds."""
        backend = world.principal(self.state, "backend", ["feed.read", "tokens.validate", "keys.verify"], "ALL").secret
        worker = validators.Worker(self.state, 60000, backend)
        for _ in range(2):
            key = self.ada.json("key", "create", "laptop")
            index = worker.add(key["key"])
            e2e.wait_until(lambda: worker.report()[index][0] > 100, 20, "the validator decides from memory")
            self.ada.ok("key", "revoke", key["id"])
            answered = time.monotonic()
            e2e.wait_until(lambda: worker.report()[index][3] < time.monotonic() - 0.5, 20, "the validator has heard of it")
            self.assertLess(worker.report()[index][3] - answered, 5)
        worker.close()

    def test_the_main_job_between_hosts_and_renewal_by_restart(self):
        self.state.start()
        self.state.start("gateway")
        self.http = http_client.Gateway(self.state)
        made = self.state.json("tenant", "create", "genomics", "--domain", "genomics.example", "--admin", "ada@genomics.example")
        self.ada = self.state.login("ada", made["admin"]["ticket"])
        self.api = self.state.with_key(world.principal(self.state, "api", ["tokens.validate"], "ALL").secret)
        fleet = self.state.with_key(world.principal(self.state, "fleet", ["credentials.fetch"], "genomics").secret)
        self.questions_wait()
        self.use()
        self.a_validator_hears_at_once()
        self.ada.ok("credential", "add", "aws", "--label", "bucket", stdin=world.AWS_FIELDS)
        self.assertIn("AWS_SECRET_ACCESS_KEY", fleet.ok("exec", "--owner", "ada@genomics.example", "aws", "--", "env"))
        before = (self.certs / "localhost.crt").read_bytes()
        self.assertEqual([("ca", False), ("localhost", False)], [(row["name"], row["made"]) for row in self.make("localhost")])
        self.assertEqual(before, (self.certs / "localhost.crt").read_bytes())
        self.make("localhost", "--renew")  # of the same authority, taken by drain and restart
        self.assertNotEqual(before, (self.certs / "localhost.crt").read_bytes())
        self.what_ends_soon_is_made_anew()
        self.halves_are_not_taken_for_a_pair()
        self.state.restart()
        e2e.wait_until(lambda: self.http.ask("GET", "/readyz").status == 200, 20, "the gateway finds all services again")
        self.use()
        self.others_are_refused()

    def what_ends_soon_is_made_anew(self):
        names = ("long", "short", "localhost")

        def made(*more):
            return [row["made"] for row in self.make(*names, *more)[1:]]
        self.assertEqual([True, True, False], made())
        self.assertEqual([False, True, False], [row["made"] for row in self.make("short", "--renew", "--good-for", "30") + self.make("localhost")[1:]])
        self.assertEqual([False, False, False], made("--renew-within", "29d"))
        self.assertEqual([False, True, False], made("--renew-within", "60d"))
        self.assertEqual([False, False, False], made("--renew-within", "60d"))
        for days in ("0", "3651", "many"):
            self.state.refused("certs", self.certs, "short", "--good-for", days, reason="DAYS_INVALID")
        self.state.refused("certs", self.certs, "short", "--renew-within", "soon", reason="DURATION_INVALID")

    def halves_are_not_taken_for_a_pair(self):
        (self.certs / "localhost.key").write_bytes((self.certs / "client.key").read_bytes())
        self.assertEqual([False, True, False], [row["made"] for row in self.make("localhost", "client")])
        authority = (self.certs / "ca.crt").read_bytes()
        (self.certs / "ca.crt").unlink()
        self.state.refused("certs", self.certs, "another", reason="TLS_AUTHORITY_INVALID")
        (self.certs / "ca.crt").write_bytes(authority)

    def others_are_refused(self):
        other = self.state.folder / "other"
        self.make("localhost", folder=other)
        self.shows("localhost", other)
        self.state.unavailable("status", "--timeout", "500ms")
        self.shows("nobody")
        self.state.refused("status", reason="SECRET_FILE_MISSING")
        for name in ("CERT", "KEY", "CA"):
            del self.state.shell[f"LATCHKEY_TLS_{name}_FILE"]
        self.assertIn("TLS_FILES_MISSING", self.state.run("status").out + self.state.run("status").err)
        self.shows("client")
        self.state.ok("status")

    def test_an_old_nng_listens_only_when_it_is_allowed_by_name(self):
        path = self.state.path / "tokens.conf"
        path.write_text(path.read_text().replace("allow-old-nng-tls = yes\n", ""))
        if not OLD:
            self.state.start("tokens")
            return
        done = subprocess.run([e2e.program("latchkey-tokens"), "--config", path], capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(1, done.returncode)
        self.assertIn("NNG_TOO_OLD", done.stderr)


if __name__ == "__main__":
    e2e.main()
