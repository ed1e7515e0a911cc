#!/usr/bin/env python3
"""The pepper is rotated in two phases: a new version is put in use, each key moves to it when it is used, the old one is retired."""

import contextlib
import hashlib
import pathlib
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import world


class Pepper(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.ada = world.Tenant(self.state, "genomics").admin

    def rotate(self):
        answer = self.state.json("pepper", "rotate", "--state", str(self.state.path))
        self.assertEqual(0o600, pathlib.Path(answer["file"]).stat().st_mode & 0o777)
        self.state.restart("keys")
        self.ada.caller = wire.signed_in(self.state, self.ada.session)
        return answer["version"]

    def under(self, version):
        return next((one for one in self.state.json("pepper", "status")["versions"] if one["version"] == version), None)

    def good(self, key):
        return wire.Caller(self.state).call("tokens", "TokenService/IssueToken", secret_key=key.secret).status == "OK"

    def test_PEPPER_keys_move_when_they_are_used_and_the_old_version_is_retired(self):
        foreign = "apikey|f0e1d2c3b4a5968778695a4b3c2d1e0f"
        lines = self.state.folder / "keys.txt"
        lines.write_text(f"ada@genomics.example {hashlib.sha256(foreign.encode()).hexdigest()} - old\n")
        self.ada.command_line().ok("key", "import", str(lines), "--source", "labkey")
        used, idle = self.ada.key("used"), self.ada.key("idle")
        self.assertEqual(2, self.rotate())
        self.assertEqual((True, 3), tuple(map(self.under(1).get, ("loaded", "keys"))))
        self.assertTrue(self.good(used) and self.good(world.Key("", foreign)))
        e2e.wait_until(lambda: self.under(1)["keys"] == 1, 10, "two keys have moved")
        self.assertTrue(self.good(used) and self.good(world.Key("", foreign)))
        later = self.ada.key("later")
        self.assertEqual((True, 3), tuple(map(self.under(2).get, ("active", "keys"))))
        retire = ("pepper", "retire", "1", "--state", str(self.state.path))
        self.state.refused(*retire, reason="PEPPER_IN_USE")
        self.state.refused("pepper", "retire", "2", "--state", str(self.state.path), reason="PEPPER_ACTIVE")
        self.ada.caller.ok("keys", "KeyService/RevokeKeys", ids=[idle.id])
        self.ada.caller.ok("keys", "AccountService/EndSession")
        self.state.ok(*retire)
        self.state.restart("keys")
        self.assertIsNone(self.under(1))
        for key in (used, later, world.Key("", foreign)):
            self.assertTrue(self.good(key))

    def test_PEPPER_what_a_killed_rotation_left_beside_is_cleared(self):
        secrets = self.state.path / "secrets"
        left = [secrets / f"keys.pepper{more}.new-0123abcd" for more in ("", ".2", ".17")]
        kept = [secrets / name for name in ("keys.pepper.new-", "keys.pepper.2.new-0123abcd.bak", "tokens.kek.new-0123abcd")]
        for command in ("rotate",), ("retire", "1"):
            for path in left + kept:
                path.touch()
            self.state.run("pepper", *command, "--state", str(self.state.path))
            self.assertEqual([], [path for path in left if path.exists()])
            self.assertEqual([], [path for path in kept if not path.exists()])

    def test_PEPPER_killed_at_any_moment_no_key_is_lost(self):
        keys = [self.ada.key(f"key {number}") for number in range(30)]
        self.rotate()
        for round in range(e2e.repeat("kills", 50, 4)):
            for key in keys[round * 7 % 30:][:7]:
                try:
                    self.good(key)
                except ConnectionError:
                    pass
            self.state.kill("keys")
            self.state.start("keys")
        self.assertEqual([True] * 30, [self.good(key) for key in keys])
        e2e.wait_until(lambda: self.under(1)["keys"] == 0, 10, "all keys have moved")
        self.assertEqual([True] * 30, [self.good(key) for key in keys])

    def change(self, *statements):
        self.state.stop("keys")
        with contextlib.closing(sqlite3.connect(self.state.path / "data/keys.db")) as database, database:
            for statement in statements:
                database.execute(*statement)
        self.state.start("keys")

    def test_PEPPER_a_row_under_a_pepper_that_never_was_is_a_damaged_row_and_no_outage(self):
        key, other = self.ada.key("one"), self.ada.key("other")
        dora = world.Tenant(self.state, "botany").user("dora", "key-manager")
        hers = dora.key("hers")
        self.change(("UPDATE users SET mac_pepper = 77 WHERE id = ?", (dora.id,)),
                    ("UPDATE api_keys SET pepper_version = 78 WHERE id = ?", (other.id,)))
        self.assertEqual([True, False, False], [self.good(one) for one in (key, other, hers)])
        self.assertIn("pepper.missing", self.state.log("keys"))
        self.assertEqual((False, 1, [f"user {dora.id}"]), tuple(map(self.under(77).get, ("loaded", "rows", "holders"))))
        self.assertEqual([f"key {other.id}"], self.under(78)["holders"])
        self.change(*(("INSERT INTO workgroups (id, tenant, name, created_at_ms, mac_pepper) SELECT ?, tenant, ?, 1, ? FROM users "
                       "WHERE id = ?", (f"wkg_{number:026d}", f"forged-{number}", 100 + number, dora.id)) for number in range(20)))
        self.assertTrue(self.good(key))
        self.assertEqual((True, True), tuple(map(self.under(1).get, ("loaded", "active"))))

    def test_PEPPER_what_stands_in_the_way_of_its_end_is_named_and_ended(self):
        dora = world.Tenant(self.state, "botany").user("dora", "key-manager")
        self.change(("INSERT INTO user_roles (user_id, role) VALUES (?, 'tenant-admin')", (dora.id,)))
        self.rotate()
        self.ada.caller.ok("keys", "AccountService/EndSession")
        retire = ("pepper", "retire", "1", "--state", str(self.state.path))
        refused = self.state.refused(*retire, reason="PEPPER_IN_USE")
        for told in f"user {dora.id}", "end it by its id", "pepper status":
            self.assertIn(told, refused.err)
        self.state.ok("user", "delete", dora.id)
        while self.under(1)["holders"]:
            for holder in self.under(1)["holders"]:
                kind, identifier = holder.split()
                self.state.ok(*{"session": ("session", "end", identifier), "key": ("key", "revoke", identifier)}[kind])
        self.state.ok(*retire)
        self.state.restart("keys")
        self.assertIsNone(self.under(1))

    def test_PEPPER_without_the_file_that_most_is_under_the_service_does_not_start(self):
        self.ada.key("one")
        self.rotate()
        (self.state.path / "secrets" / "keys.pepper.2").unlink()
        self.state.stop("keys")
        with self.assertRaises(AssertionError):
            self.state.start("keys")
        self.assertEqual(1, self.state.running.pop("keys").returncode)
        self.assertIn("PEPPER_MISSING", self.state.log("keys"))


if __name__ == "__main__":
    e2e.main()
