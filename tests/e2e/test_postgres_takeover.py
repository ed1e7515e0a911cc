#!/usr/bin/env python3
"""On PostgreSQL: a keys service that was cut off while another took its database believes nothing it remembers."""

import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import postgres

TAKEN_OVER = 75


class Takeover(e2e.Case):
    engine = "postgres"

    def setUp(self):
        super().setUp()
        self.state.start()
        made = self.state.json("tenant", "create", "genomics", "--domain", "genomics.example", "--admin", "ada@genomics.example")
        self.ada = self.state.login("ada", made["admin"]["ticket"])
        self.key = self.ada.json("key", "create", "laptop")
        self.assertEqual(0, self.validate().code)  # remembered from now on

    def validate(self):
        return self.state.run("validate", "-", stdin=self.key["key"])

    def second(self):
        """Another keys on the same database, with a socket of its own; it and its address."""
        folder = self.state.path / "run2"
        folder.mkdir(mode=0o700)
        config = (self.state.path / "keys.conf").read_text()
        path = self.state.path / "second.conf"
        path.write_text(re.sub(r"(?m)^listen = .*", f"listen = ipc://{folder}/keys.sock", config))
        return subprocess.Popen([e2e.program("latchkey-keys"), "--config", path], stderr=subprocess.DEVNULL), f"ipc://{folder}"

    def cut_off(self):
        self.state.server.sql("SELECT count(pg_terminate_backend(pid, 1000)) FROM pg_stat_activity "
                              f"WHERE usename = '{self.state.schema('keys')}'", postgres.DATABASE)

    def test_who_was_cut_off_believes_nothing_it_remembers(self):
        self.state.pause("keys")
        self.cut_off()
        second, url = self.second()
        try:
            revoke = ("--url", url, "key", "revoke", self.key["id"])
            e2e.wait_until(lambda: self.state.run(*revoke).code == 0, 20, "the second has the database")
            self.state.resume("keys")
            self.assertEqual(e2e.UNAVAILABLE, self.validate().code)
        finally:
            second.terminate()
            self.assertEqual(0, second.wait(e2e.STOP_S))
        e2e.wait_until(lambda: not self.state.is_running("keys"), 20, "the first begins anew once it has the database again")
        self.assertEqual(TAKEN_OVER, self.state.running.pop("keys").returncode)
        self.state.start("keys")
        self.assertEqual(e2e.REFUSED, self.validate().code)


if __name__ == "__main__":
    e2e.main()
