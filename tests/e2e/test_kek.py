#!/usr/bin/env python3
"""Root keys rotated with real processes: kill -9 at any moment while others write, and every record opens afterwards."""

import base64
import os
import pathlib
import random
import secrets
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import world

SEED = int(os.environ.get("LATCHKEY_TEST_SEED", "20261127"))
TENANTS = 6


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
        path.write_text(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=") + "\n")
        self.configure(f"kek = {name}=file:{path}")
        return path

    def configure(self, line, instead_of=None):
        conf = self.state.path / "credentials.conf"
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

    def test_kill_9_during_a_rotation_under_writers_loses_no_record(self):
        self.state.restart("credentials")
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
        for number, user in enumerate(self.people):
            answer = self.fleet.json("credential-process", "aws", "--owner", user.id, "--tenant", user.email.split("@")[1])
            self.assertIn(answer["AccessKeyId"], last.get(number, ["AKIAIOSFODNN7EXAMPLE"]))
        self.state.ok("audit", "verify")


e2e.main()
