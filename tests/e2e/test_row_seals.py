#!/usr/bin/env python3
"""Who can write the database of latchkey-keys gives nobody rights with it; and rows are sealed whatever the service dies of."""

import contextlib
import pathlib
import sqlite3
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import world

USERS = 3000


class Rows(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.genomics = world.Tenant(self.state, "genomics")
        self.ben = self.genomics.user("ben", "key-manager")
        self.key = self.ben.key("his")

    @contextlib.contextmanager
    def database(self):
        self.state.stop("keys")
        with contextlib.closing(sqlite3.connect(self.state.path / "data/keys.db")) as database, database:
            yield database

    def good(self):
        return wire.Caller(self.state).call("tokens", "TokenService/IssueToken", secret_key=self.key.secret).status == "OK"

    def found(self, action, row):
        events = self.state.json("audit", "list", "--service", "keys", "--action", action, "--object", row)["events"]
        return [event["outcome"] for event in events]

    def test_INTEGRITY_rights_given_while_the_service_is_stopped_are_refused_and_in_the_trail(self):
        self.assertTrue(self.good())
        with self.database() as database:
            database.execute("INSERT INTO user_roles (user_id, role) VALUES (?, 'tenant-admin')", (self.ben.id,))
        self.state.start("keys")
        e2e.wait_until(lambda: not self.good(), 5, "tokens has heard of another start of keys, and asks")
        e2e.wait_until(lambda: self.found("user.damaged", self.ben.id) == ["ROW_DAMAGED"], 5, "the trail says so")
        with self.database() as database:
            database.execute("DELETE FROM user_roles WHERE user_id = ? AND role = 'tenant-admin'", (self.ben.id,))
        self.state.start("keys")
        self.assertTrue(self.good())

    def test_INTEGRITY_policy_changed_under_the_running_service_is_refused_and_in_the_trail(self):
        with contextlib.closing(sqlite3.connect(self.state.path / "data/keys.db", timeout=10)) as database, database:
            database.execute("INSERT INTO tenant_policy (tenant, name, value) VALUES (?, 'key_ttl_max', '3650d')",
                             (self.genomics.id,))
        refused = self.state.run("policy", "show", "--tenant", "genomics")
        self.assertIn("ROW_DAMAGED", refused.err)
        e2e.wait_until(lambda: self.found("tenant.damaged", self.genomics.id) == ["ROW_DAMAGED"], 5, "the trail says so")

    def rechain(self, database):
        """The service numbers and chains what is left, as if it had just been written."""
        database.execute("UPDATE audit_event SET sequence = NULL, chain_hash = NULL")
        database.execute("DELETE FROM audit_head")

    def unseal(self, database):
        """As a database of an older program: no MACs, and nothing says that there ever were any."""
        for table in ("tenants", "users", "sessions", "tickets"):
            database.execute(f"UPDATE {table} SET mac = NULL, mac_pepper = 0, mac_version = 0")
        database.execute("DELETE FROM row_seals")
        database.execute("DELETE FROM audit_event WHERE action = 'rows.sealed'")
        database.executemany(
            "INSERT INTO users (id, tenant, email, display_name, kind, state, generation, created_at_ms, last_sign_in_at_ms) "
            "VALUES (?, ?, ?, '', 'human', 'active', 1, 1, 0)",
            ((f"usr_01j0{number:022d}", self.genomics.id, f"{number}@genomics.example") for number in range(USERS)))

    def refused(self, reason):
        with self.assertRaises(AssertionError):
            self.state.start("keys")
        self.assertEqual(1, self.state.running.pop("keys").returncode)
        self.assertIn(reason, self.state.log("keys").splitlines()[-1])
        self.assertIn("SEALS_UNPROVEN", self.state.log("keys").splitlines()[-1])

    def test_INTEGRITY_a_first_seal_is_not_had_again_by_who_cuts_the_trail(self):
        checkpoints, conf = self.state.folder / "checkpoints", self.state.path / "keys.conf"
        conf.write_text(conf.read_text() + f"audit-checkpoints = file:{checkpoints}\n")
        self.state.restart("keys")
        with self.database() as database:
            self.unseal(database)
        self.refused("AUDIT_GAP")
        names = ("at_ms, action, outcome, actor_kind, actor, actor_key, tenant, object, owner, purpose, request_id, detail")
        for reason, *forged in (("AUDIT_CUT",),
                                ("AUDIT_REWRITTEN", f"INSERT INTO audit_event (id, {names}) SELECT id || 'x', {names} FROM audit_event"),
                                ("AUDIT_CUT", "DELETE FROM audit_event")):
            with contextlib.closing(sqlite3.connect(self.state.path / "data/keys.db")) as database, database:
                for statement in forged:
                    database.execute(statement)
                self.rechain(database)
            self.refused(reason)
        checkpoints.unlink()
        self.refused("AUDIT_EMPTY")


    def under(self, version):
        return next((one["rows"] for one in self.state.json("pepper", "status")["versions"] if one["version"] == version), 0)

    def killed_at_every_step(self):
        for round in range(e2e.repeat("kills", 30, 4)):
            self.state.begin("keys")
            time.sleep(0.03 * (round % 10 + 1))
            self.state.kill("keys")
        self.state.start("keys")

    def test_INTEGRITY_sealing_and_resealing_go_on_wherever_they_were_killed(self):
        with self.database() as database:
            self.unseal(database)
            self.rechain(database)
        self.killed_at_every_step()
        self.assertGreaterEqual(self.under(1), USERS)
        self.assertTrue(self.good())
        self.state.json("pepper", "rotate", "--state", str(self.state.path))
        self.state.kill("keys")
        self.killed_at_every_step()
        self.assertEqual(0, self.under(1))
        self.assertGreaterEqual(self.under(2), USERS)
        self.assertTrue(self.good())


e2e.main()
