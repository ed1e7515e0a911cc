#!/usr/bin/env python3
"""No audit, no service: where the trail cannot be written nothing is handed out and nothing changes, until there is room again."""

import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import world

SECRET = world.AWS_FIELDS.split("\n")[1]


class FullDisk(e2e.Case):
    """The databases lie on a disk of their own, of four megabytes."""

    def setUp(self):
        super().setUp()
        self.disk = self.state.path / "data"
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "lk-test", self.disk], capture_output=True).returncode != 0:
            self.skipTest("no disk can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.disk], check=True)
        self.state.start()
        genomics = world.Tenant(self.state, "genomics")
        self.ada, self.ben = genomics.admin, genomics.user("ben", "key-manager")
        self.id = world.add_aws(self.ben)
        self.fleet = self.state.with_key(world.principal(self.state, "fleet", ["credentials.fetch"], "genomics").secret)
        self.answered = 0
        self.fetched()

    def fetch(self):
        result = self.fleet.run("credential-process", "aws", "--owner", self.ben.email)
        self.answered += result.code == 0
        return result

    def fetched(self):
        result = self.fetch()
        self.assertEqual((0, SECRET), (result.code, json.loads(result.out)["SecretAccessKey"]), result)

    def fill(self):
        """Every last byte."""
        with open(self.disk / "ballast", "wb", buffering=0) as ballast:
            size = 1 << 16
            while size:
                try:
                    ballast.write(bytes(size))
                except OSError:
                    size //= 2

    def free(self):
        os.unlink(self.disk / "ballast")

    def test_nothing_is_handed_out_that_the_trail_cannot_tell(self):
        before = world.rows(self.state)["credentials"]["credential"]
        self.fill()
        refused = 0
        for _ in range(400):  # the log has pages that it may write again
            result = self.fetch()
            if result.code:
                refused += 1
                self.assertNotIn(SECRET, result.out + result.err)
                self.assertIn(result.code, (e2e.REFUSED, e2e.UNAVAILABLE), result)
            if refused == 5:
                break
        self.assertEqual(5, refused)
        result = self.ben.command_line().run("credential", "rename", self.id, "another")
        self.assertNotEqual(0, result.code)
        self.assertEqual(before, world.rows(self.state)["credentials"]["credential"])
        self.free()
        e2e.wait_until(lambda: self.fetch().code == 0, 10, "there is room again")
        self.fetched()
        self.state.ok("audit", "verify")
        events = self.state.json("audit", "list", "--service", "credentials", "--limit", "1000")["events"]
        told = [event["outcome"] for event in events if event["action"] == "credential.fetched"]
        self.assertGreaterEqual(told.count("ok"), self.answered)


if __name__ == "__main__":
    e2e.main()
