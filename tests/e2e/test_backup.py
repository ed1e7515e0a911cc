#!/usr/bin/env python3
"""Backups: made beside services that work, whole or not there, read by one operator's key; and the drill: everything is lost, and comes
back."""

import copy
import ctypes
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import world

HEAD = 18 + 80 + 24 + 64
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2


def bound_by_modes():
    """What is started obeys the modes of files, also as root."""
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


class Installation(e2e.Case):
    """One that works."""

    def setUp(self):
        super().setUp()
        self.state.start()
        self.tenant = world.Tenant(self.state, "genomics")
        self.ada, self.ben = self.tenant.admin, self.tenant.user("ben", "key-manager")
        self.fleet = self.state.with_key(world.principal(self.state, "fleet", ["credentials.fetch"], "genomics").secret)
        self.kept, self.gone = self.ben.key("kept", ttl="30d"), self.ben.key("gone", ttl="1d")
        self.ben.caller.ok("keys", "KeyService/RevokeKeys", ids=[self.gone.id])
        world.add_aws(self.ben)
        self.file = self.state.folder / "backup"
        self.stores = {name: self.state.store_url(name) for name in e2e.SERVICES}

    def all_stores(self):
        """The stores as one URL with {service} in it."""
        url = self.stores["keys"]
        return url.replace("data/keys.db", "data/{service}.db") if url.startswith("sqlite") else url.replace("_keys", "_{service}")

    def make(self, *more):
        return self.state.ok("backup", self.file, "--from", self.all_stores(), *more)

    def lose_everything(self):
        """All services have ended; their databases are gone for good."""
        self.state.stop()
        if self.state.server:
            fresh = self.state.new_schemas()
            for name in e2e.SERVICES:
                self.state.use_store(name, fresh.replace("{service}", name))
            return fresh
        shutil.rmtree(self.state.path / "data")
        (self.state.path / "data").mkdir(mode=0o700)
        return self.all_stores()

    def nothing_else_is_left(self):
        self.assertEqual([], [entry.name for entry in self.state.folder.glob("backup.*")])

    def reason(self, refused):
        return json.loads(refused.err.splitlines()[-1])["error"]["reason"]

    def ids(self, name, sql):
        """One column of a stopped service's database."""
        if self.state.server:
            return self.state.server.sql(sql.replace("@", self.state.schema(name)), e2e.postgres.DATABASE).split()
        with sqlite3.connect(self.state.path / "data" / f"{name}.db") as connection:
            return [identifier for (identifier,) in connection.execute(sql.replace("@.", ""))]

    def assert_as_it_was(self):
        ben = self.state.with_key(self.kept.secret)
        self.assertIn(self.ben.id, ben.ok("whoami"))
        self.assertNotEqual(0, self.state.with_key(self.gone.secret).run("whoami").code)
        fetched = self.fleet.ok("env", "aws", "--owner", self.ben.id, "--tenant", "genomics", "--purpose", "drill")
        self.assertIn(world.AWS_FIELDS.split("\n")[1], fetched)
        self.state.ok("audit", "verify")


class Drill(Installation):
    def test_everything_lost_comes_back(self):
        before = world.rows(self.state)
        self.make()
        self.assertEqual(0o600, self.file.stat().st_mode & 0o777)
        late = self.ben.key("late", ttl="1d")
        where = self.lose_everything()
        restored = self.state.json("backup", "restore", self.file, "--to", where)
        self.assertIn({"service": "keys", "table": "users", "rows": 2}, restored["tables"])
        self.assertEqual(before, world.rows(self.state))
        self.state.start()
        self.assert_as_it_was()
        self.assertNotEqual(0, self.state.with_key(late.secret).run("whoami").code)
        self.nothing_else_is_left()

    def test_it_is_made_beside_work_and_what_it_names_is_in_it(self):
        stop, made, failed = threading.Event(), [], []

        def work(name):
            """People come, make a key and store a credential, one after the other."""
            tenant = copy.copy(self.tenant)
            tenant.admin = copy.copy(self.ada)
            tenant.admin.caller = wire.signed_in(self.state, self.ada.session)
            try:
                for number in range(1000):
                    if stop.is_set():
                        return
                    newcomer = tenant.user(f"{name}{number}", "key-manager")
                    world.add_aws(newcomer)
                    made.append(newcomer.key("first", ttl="1d"))
            except Exception as error:  # shown by the case, wherever it was
                failed.append(error)

        workers = [threading.Thread(target=work, args=(name,)) for name in ("ann", "bob")]
        for worker in workers:
            worker.start()
        e2e.wait_until(lambda: len(made) > 3 or failed, 30, "some work")
        done = list(made)
        self.make()
        stop.set()
        for worker in workers:
            worker.join()
        self.assertEqual([], failed)
        where = self.lose_everything()
        self.state.ok("backup", "restore", self.file, "--to", where)
        owners, users = self.ids("credentials", "SELECT DISTINCT owner FROM @.credential"), self.ids("keys", "SELECT id FROM @.users")
        self.state.start()
        self.assertGreater(len(owners), 4)
        for key in done[:4]:
            self.assertEqual(0, self.state.with_key(key.secret).run("whoami").code)
        self.assertLessEqual(set(owners), set(users))


class Backups(Installation):
    # What is in it, and who reads it

    def test_root_keys_and_peppers_are_not_in_it(self):
        self.make()
        where = self.lose_everything()
        self.state.ok("backup", "restore", self.file, "--to", where)
        secrets = self.state.path / "secrets"
        os.rename(secrets / "credentials.kek", secrets / "away")
        fresh = e2e.State()
        self.addCleanup(fresh.close)
        shutil.copy(fresh.path / "secrets" / "credentials.kek", secrets / "credentials.kek")
        done = subprocess.run([e2e.program("latchkey-credentials"), "--config", self.state.path / "credentials.conf"],
                              capture_output=True, text=True, timeout=20)
        self.assertEqual(1, done.returncode, done)
        os.rename(secrets / "away", secrets / "credentials.kek")
        self.state.start()
        self.assert_as_it_was()

    def test_nothing_of_it_can_be_read(self):
        self.make()
        content = self.file.read_bytes()
        for told in (b"ben@genomics", b"genomics", b"SQLite format", b"CREATE TABLE", self.kept.id.encode()):
            self.assertNotIn(told, content)

    def test_another_operator_reads_nothing(self):
        self.make()
        other = e2e.State()
        self.addCleanup(other.close)
        refused = self.state.run("backup", "verify", self.file, "--json",
                                 env={"LATCHKEY_OPERATOR_KEY_FILE": str(other.path / "secrets" / "operator.ed25519")})
        self.assertEqual((1, "SEALED_FILE_KEY"), (refused.code, self.reason(refused)))
        self.nothing_else_is_left()

    def test_a_changed_byte_is_noticed_wherever_it_is(self):
        self.make()
        content = self.file.read_bytes()
        self.state.ok("backup", "verify", self.file)
        count = e2e.repeat("flipped bytes", 300, 25)
        chosen = random.Random(7)
        places = [0, HEAD - 1, HEAD, len(content) - 1] + [chosen.randrange(len(content)) for _ in range(count)]
        for place in places:
            changed = bytearray(content)
            changed[place] ^= 1 << chosen.randrange(8)
            self.file.write_bytes(changed)
            refused = self.state.run("backup", "verify", self.file, "--json")
            self.assertEqual(1, refused.code, place)
            self.assertIn(self.reason(refused), ("SEALED_FILE_KIND", "SEALED_FILE_KEY", "SEALED_FILE_BROKEN"))
        for cut in (0, 1, HEAD, len(content) // 2, len(content) - 1):
            self.file.write_bytes(content[:cut])
            self.assertEqual(1, self.state.run("backup", "verify", self.file).code)
        self.file.write_bytes(content + b"\0")
        self.assertEqual("SEALED_FILE_BROKEN", self.reason(self.state.run("backup", "verify", self.file, "--json")))
        self.nothing_else_is_left()

    # Where it would do harm

    def test_one_that_lies_where_nothing_can_be_written_is_read_with_the_help_of_another_folder(self):
        self.make()
        shelf, room = self.state.folder / "shelf", self.state.folder / "room"
        shelf.mkdir()
        room.mkdir(mode=0o700)
        self.file = self.file.rename(shelf / "backup")
        shelf.chmod(0o500)
        refused = self.state.run("backup", "verify", self.file, "--json", env={"TMPDIR": ""}, preexec_fn=bound_by_modes)
        self.assertEqual((1, "FOLDER_FAILED"), (refused.code, self.reason(refused)))
        self.assertIn("TMPDIR", refused.err)
        self.state.ok("backup", "verify", self.file, env={"TMPDIR": str(room)}, preexec_fn=bound_by_modes)
        self.assertEqual([], list(room.iterdir()))
        command = [e2e.program("latchkey"), "backup", "verify", str(self.file)]
        with subprocess.Popen(command, env=self.state.environment({"TMPDIR": str(room)}), preexec_fn=bound_by_modes,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            e2e.wait_until(lambda: any(room.iterdir()) or running.poll() is not None, 10, "the folder is there")
            for made in room.iterdir():
                self.assertEqual(0o700, made.stat().st_mode & 0o777)
            running.terminate()
        self.assertEqual([], list(room.iterdir()))
        self.assertEqual(["backup"], [entry.name for entry in shelf.iterdir()])
        shelf.chmod(0o700)

    def test_neither_a_backup_nor_a_database_is_overwritten(self):
        self.make()
        content = self.file.read_bytes()
        again = self.state.run("backup", self.file, "--from", self.all_stores(), "--json")
        self.assertEqual((1, "BACKUP_EXISTS"), (again.code, self.reason(again)))
        self.assertEqual(content, self.file.read_bytes())
        in_use = self.state.run("backup", "restore", self.file, "--to", self.all_stores(), "--json")
        self.assertEqual((1, "STORE_IN_USE"), (in_use.code, self.reason(in_use)))
        self.ben.key("later", ttl="1d")
        self.state.stop()
        kept = self.state.run("backup", "restore", self.file, "--to", self.all_stores(), "--json")
        self.assertEqual((1, "STORE_NOT_EMPTY"), (kept.code, self.reason(kept)))

    def test_ended_at_any_moment_it_leaves_a_whole_backup_or_none(self):
        command = [e2e.program("latchkey"), "backup", str(self.file), "--from", self.all_stores()]
        chosen, stopped = random.Random(3), 0
        for _ in range(e2e.repeat("backups ended", 60, 8)):
            child = subprocess.Popen(command, env=self.state.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chosen.uniform(0, 0.25))
            child.send_signal(signal.SIGTERM)
            stopped += child.wait(20) != 0
            self.nothing_else_is_left()
            if self.file.exists():
                self.state.ok("backup", "verify", self.file)
                self.file.unlink()
        self.assertGreater(stopped, 0)
        for _ in range(e2e.repeat("backups killed", 60, 8)):
            child = subprocess.Popen(command, env=self.state.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chosen.uniform(0, 0.25))
            child.kill()
            child.wait(20)
            if self.file.exists():
                self.state.ok("backup", "verify", self.file)
                self.file.unlink()
        self.make()
        self.state.ok("backup", "verify", self.file)

    def test_what_is_missing_is_said(self):
        self.assertEqual("BACKUP_MISSING", self.reason(self.state.run("backup", "verify", self.file, "--json")))
        self.file.write_bytes(b"something else altogether")
        self.assertEqual("SEALED_FILE_KIND", self.reason(self.state.run("backup", "verify", self.file, "--json")))
        self.file.unlink()
        nobody = self.state.run("backup", self.file, "--from", self.all_stores(), "--json", env={"LATCHKEY_OPERATOR_KEY_FILE": ""})
        self.assertEqual("OPERATOR_KEY_MISSING", self.reason(nobody))
        nowhere = self.state.run("backup", self.file, "--from", "sqlite:///nowhere/{service}.db", "--json")
        self.assertEqual("STORE_NOT_FOUND", self.reason(nowhere))
        self.assertEqual(2, self.state.run("backup", self.file, "--from", "sqlite:///nowhere.db").code)
        self.nothing_else_is_left()


if __name__ == "__main__":
    e2e.main()
