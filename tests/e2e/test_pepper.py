#!/usr/bin/env python3
"""The pepper is rotated in two phases: a new version is put in use, each key moves to it when it is used, the old one is retired."""

import hashlib
import pathlib
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

    def test_PEPPER_without_its_file_the_service_does_not_start(self):
        self.ada.key("one")
        self.rotate()
        (self.state.path / "secrets" / "keys.pepper").unlink()
        self.state.stop("keys")
        with self.assertRaises(AssertionError):
            self.state.start("keys")
        self.assertEqual(1, self.state.running.pop("keys").returncode)
        self.assertIn("PEPPER_MISSING", self.state.log("keys"))


if __name__ == "__main__":
    e2e.main()
