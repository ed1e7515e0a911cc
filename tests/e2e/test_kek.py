#!/usr/bin/env python3
"""Root keys rotated with real processes: kill -9 at any moment while others write, and every record opens afterwards."""

import base64
import os
import pathlib
import random
import secrets
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import world

SEED = int(os.environ.get("LATCHKEY_TEST_SEED", "20261127"))
TENANTS = 4
MODULES = [pathlib.Path("/usr/lib/softhsm/libsofthsm2.so"), pathlib.Path("/usr/lib64/softhsm/libsofthsm2.so")]


def key_line():
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=") + "\n"


class Kek(e2e.Case):
    """Each tenant's administrator has an AWS credential; a second root key is configured."""

    def setUp(self):
        super().setUp()
        print(f"seed {SEED}", flush=True)
        self.random = random.Random(SEED)
        self.state.start()
        self.people = [world.Tenant(self.state, f"tenant-{n}").admin for n in range(TENANTS)]
        self.ids = [world.add_aws(user) for user in self.people]
        fleet = world.principal(self.state, "fleet", ["credentials.fetch"], "ALL")
        self.fleet = self.state.with_key(fleet.secret)
        self.add_key("kek-2")

    def add_key(self, name):
        path = self.state.path / "secrets" / f"credentials.{name}"
        path.touch(0o600)
        path.write_text(key_line())
        self.configure(f"kek = {name}=file:{path}")
        return path

    def configure(self, line, instead_of=None, conf=None):
        conf = conf or self.state.path / "credentials.conf"
        text = conf.read_text()
        conf.write_text(text.replace(instead_of, line) if instead_of else text + line + "\n")

    def status(self):
        return {kek["id"]: (kek["state"], kek["tenant_keys"]) for kek in self.state.json("kek", "status")["keks"]}

    def opens(self, user, key_id):
        answer = self.fleet.json("credential-process", "aws", "--owner", user.id, "--tenant", user.email.split("@")[1])
        self.assertEqual(key_id, answer["AccessKeyId"])

    def test_a_root_key_is_rotated_retired_and_leaves_the_configuration(self):
        self.assertEqual({"kek-1": ("active", TENANTS)}, self.status())
        self.state.refused("kek", "rotate", reason="KEK_NOT_PENDING")
        self.state.restart("credentials")
        self.assertEqual({"kek-1": ("active", TENANTS), "kek-2": ("pending", 0)}, self.status())
        self.state.refused("kek", "retire", "kek-2", reason="KEK_IN_USE")
        result = self.state.run("kek", "rotate", "--json")
        self.assertEqual({"active": "kek-2", "rewrapped": TENANTS, "remaining": 0, "total": TENANTS}, result.json())
        self.assertIn(f"{TENANTS} of {TENANTS} tenant keys re-wrapped", result.err)
        self.assertEqual({"kek-1": ("draining", 0), "kek-2": ("active", TENANTS)}, self.status())
        self.state.refused("kek", "retire", "kek-2", reason="KEK_IN_USE")
        self.state.ok("kek", "retire", "kek-1")
        self.people[0].command_line().refused("kek", "status")
        self.configure("", f"kek-file = {self.state.path}/secrets/credentials.kek\n")
        (self.state.path / "secrets/credentials.kek").unlink()
        self.state.restart("credentials")
        for user in self.people:
            self.opens(user, "AKIAIOSFODNN7EXAMPLE")
        actions = [event["action"] for event in self.state.json("audit", "list", "--service", "credentials")["events"]]
        for action in ("kek.rotated", "tenant_keys.rewrapped", "kek.retired"):
            self.assertIn(action, actions)
        self.state.ok("audit", "verify")

    # Tenants that are deleted

    def tables(self, tenant):
        found = world.rows(self.state)["credentials"]
        return [name for name in ("tenant_key", "credential") if tenant in repr(found[name])]

    def delete(self, user):
        domain = user.email.split("@")[1]
        tenant = self.state.json("tenant", "show", domain)
        self.state.ok("tenant", "delete", tenant["id"], "--confirm", tenant["name"])
        return tenant["id"]

    def test_the_key_of_a_deleted_tenant_is_destroyed_with_its_credentials(self):
        tenant = self.delete(self.people[0])
        e2e.wait_until(lambda: self.tables(tenant) == [], 10, "the tenant's key is destroyed")
        self.state.stop("credentials")
        missed = self.delete(self.people[1])
        self.assertEqual(["tenant_key", "credential"], self.tables(missed))
        self.state.start("credentials")
        e2e.wait_until(lambda: self.tables(missed) == [], 10, "it is destroyed though nobody was told")
        self.opens(self.people[2], "AKIAIOSFODNN7EXAMPLE")
        destroyed = self.state.json("audit", "list", "--service", "credentials", "--action", "tenant_key.destroyed")["events"]
        self.assertEqual({tenant, missed}, {event["object"] for event in destroyed})

    # Sources

    def token(self):
        """A software token with an AES key in it that cannot leave; the source of a root key."""
        conf, store, pin = (self.state.folder / name for name in ("softhsm2.conf", "tokens", "pin"))
        store.mkdir()
        conf.write_text(f"directories.tokendir = {store}\nobjectstore.backend = file\nlog.level = ERROR\n")
        pin.touch(0o600)
        pin.write_text("271828\n")
        self.state.shell["SOFTHSM2_CONF"] = str(conf)
        module = next(str(path) for path in MODULES if path.exists())
        for command in (["softhsm2-util", "--init-token", "--free", "--label", "vault", "--so-pin", "314159", "--pin", "271828"],
                        ["pkcs11-tool", "--module", module, "--token-label", "vault", "--login", "--pin", "271828", "--keygen",
                         "--key-type", "AES:32", "--label", "kek", "--sensitive"]):
            subprocess.run(command, env=self.state.shell, check=True, capture_output=True)
        return f"pkcs11:token=vault;object=kek;type=secret-key?module-path={module}&pin-source=file:{pin}"

    def passphrase(self):
        for name, text in (("argon2id", "argon2id m=19456 t=2 salt=AAECAwQFBgcICQoLDA0ODw\n"), ("words", "correct horse battery\n")):
            path = self.state.path / "secrets" / name
            path.touch(0o600)
            path.write_text(text)
        return f"passphrase:{self.state.path}/secrets/argon2id?from=file:{self.state.path}/secrets/words"

    def mounted(self):
        """As Kubernetes does it: kek -> ..data/kek, ..data -> ..2026_11_27."""
        folder = self.state.folder / "credentials"
        (folder / "..2026_11_27").mkdir(parents=True)
        (folder / "..2026_11_27" / "kek").write_text(key_line())
        (folder / "..2026_11_27" / "kek").chmod(0o444)
        (folder / "..data").symlink_to("..2026_11_27")
        (folder / "kek").symlink_to("..data/kek")
        self.state.shell["CREDENTIALS_DIRECTORY"] = str(folder)
        return "secret:kek"

    def test_root_keys_of_every_source_take_over_from_each_other(self):
        sources = {"token": self.token(), "words": self.passphrase(), "mounted": self.mounted()}
        file_key = f"kek-2=file:{self.state.path}/secrets/credentials.kek-2"
        self.configure("kek = " + " ".join([file_key, *(f"{name}={source}" for name, source in sources.items())]),
                       f"kek = {file_key}")
        self.state.restart("credentials")
        for name in (*sources, "kek-2"):
            self.state.ok("kek", "rotate", name)
            self.assertEqual(("active", TENANTS), self.status()[name])
            self.opens(self.people[0], "AKIAIOSFODNN7EXAMPLE")
        self.state.ok("kek", "rotate", "token")
        self.state.restart("credentials")
        self.opens(self.people[1], "AKIAIOSFODNN7EXAMPLE")
        self.configure("correct horse battery?\n", "correct horse battery\n", self.state.path / "secrets/words")
        self.refuses_to_start("KEK_WRONG")
        self.configure("correct horse battery\n", "correct horse battery?\n", self.state.path / "secrets/words")
        self.configure("000000\n", "271828\n", self.state.folder / "pin")
        self.refuses_to_start("KEK_TOKEN_PIN")

    def refuses_to_start(self, reason):
        if "credentials" in self.state.running:
            self.state.stop("credentials")
        with self.assertRaises(AssertionError):
            self.state.start("credentials")
        self.assertIn(reason, self.state.log("credentials"))
        del self.state.running["credentials"]

    def test_the_signing_keys_are_sealed_under_a_token_too(self):
        self.configure(f"kek = token={self.token()}", None, self.state.path / "tokens.conf")
        self.state.restart("tokens")
        self.state.ok("signing-key", "rotate")
        self.configure("000000\n", "271828\n", self.state.folder / "pin")
        self.state.stop("tokens")
        with self.assertRaises(AssertionError):
            self.state.start("tokens")
        self.assertIn("KEK_TOKEN_PIN", self.state.log("tokens"))
        del self.state.running["tokens"]

    # kill -9 while others write

    def replace(self, number, stop, last):
        """Replace one credential again and again; what was answered last is what opens, or what was sent after it."""
        person, count = self.people[number].command_line(), 0
        while not stop.is_set():
            count += 1
            key_id = f"AKIA{count:016d}"
            last[number].append(key_id)
            result = person.run("credential", "replace", self.ids[number],
                                stdin=f"{key_id}\nwJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\neu-central-1")
            if result.code == 0:
                last[number] = [key_id]
                self.replaced += 1

    def test_kill_9_during_a_rotation_under_writers_loses_no_record(self):
        self.state.restart("credentials")
        self.replaced = 0
        stop, last = threading.Event(), {0: ["AKIAIOSFODNN7EXAMPLE"], 1: ["AKIAIOSFODNN7EXAMPLE"]}
        writers = [threading.Thread(target=self.replace, args=(n, stop, last)) for n in last]
        for writer in writers:
            writer.start()
        try:
            for n in range(e2e.repeat("kills during a rotation", 100, 6)):
                target = ("kek-2", "kek-1")[n % 2]
                killer = threading.Timer(self.random.uniform(0.004, 0.03), self.state.kill, ["credentials"])
                killer.start()
                self.state.run("kek", "rotate", target, "--timeout", "200ms")
                killer.join()
                self.state.start("credentials")
                self.state.ok("kek", "rotate", target)
                self.assertEqual((0, TENANTS), (self.status()[("kek-1", "kek-2")[n % 2]][1], self.status()[target][1]))
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        self.assertGreater(self.replaced, 0, "nobody wrote meanwhile")
        for number, user in enumerate(self.people):
            answer = self.fleet.json("credential-process", "aws", "--owner", user.id, "--tenant", user.email.split("@")[1])
            self.assertIn(answer["AccessKeyId"], last.get(number, ["AKIAIOSFODNN7EXAMPLE"]))
        self.state.ok("audit", "verify")


e2e.main()
