#!/usr/bin/env python3
"""Secrets exchanged in the database by whoever can write it: refused to the worker, and in the trail."""

import pathlib
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import world


class Swapped(e2e.Case):
    """Ben and Cat have an AWS credential each."""

    def setUp(self):
        super().setUp()
        self.state.start()
        self.genomics = world.Tenant(self.state, "genomics")
        self.fleet = self.state.with_key(world.principal(self.state, "fleet", ["credentials.fetch"], "genomics").secret)
        self.ben, self.cat = (self.genomics.user(name, "key-manager") for name in ("ben", "cat"))
        self.ids = [world.add_aws(user) for user in (self.ben, self.cat)]

    def alter(self, statement, *values):
        self.state.stop("credentials")
        with sqlite3.connect(self.state.path / "data/credentials.db") as database:
            self.assertGreater(database.execute(statement, values).rowcount, 0)
        database.close()
        self.state.start("credentials")

    def outcomes(self, credential):
        events = self.state.json("audit", "list", "--service", "credentials", "--action", "credential.fetched",
                                 "--object", credential)["events"]
        return [event["outcome"] for event in events]

    def test_exchanged_secrets_are_refused_and_in_the_trail(self):
        self.alter("UPDATE credential SET sealed = other.sealed FROM (SELECT id, sealed FROM credential) AS other "
                   "WHERE other.id <> credential.id")
        for user, credential in ((self.ben, self.ids[0]), (self.cat, self.ids[1])):
            result = self.fleet.run("credential-process", "aws", "--owner", user.email)
            self.assertNotEqual(0, result.code, result)
            self.assertIn("SEAL_BROKEN", result.err)
            self.assertEqual("", result.out)
            self.assertEqual(["SEAL_BROKEN"], self.outcomes(credential))

    def test_a_row_given_to_another_owner_is_refused_and_in_the_trail(self):
        self.alter("DELETE FROM credential WHERE id = ?", self.ids[1])
        self.alter("UPDATE credential SET owner = ?, holder = ? WHERE id = ?", self.cat.id, self.cat.id, self.ids[0])
        result = self.fleet.run("credential-process", "aws", "--owner", self.cat.email)
        self.assertNotEqual(0, result.code, result)
        self.assertIn("SEAL_BROKEN", result.err)
        self.assertEqual(["SEAL_BROKEN"], self.outcomes(self.ids[0]))


e2e.main()
