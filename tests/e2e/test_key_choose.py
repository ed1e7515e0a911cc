#!/usr/bin/env python3
"""Keys are chosen at the command line by what they are, listed, and revoked after a dry run."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import world


class KeyChoose(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.ada = world.Tenant(self.state, "genomics").admin
        self.prompt = self.ada.command_line()

    def names(self, *options):
        return sorted(key["name"] for key in self.prompt.json("key", "list", *options)["keys"])

    def test_I6_keys_are_listed_by_name_state_end_of_life_and_last_use(self):
        self.ada.key("pipeline one", ttl="10d")
        self.ada.key("pipeline two", ttl="90d")
        self.ada.key("laptop", ttl="90d")
        self.assertEqual(["pipeline one", "pipeline two"], self.names("--name", "pipeline"))
        self.assertEqual(["pipeline one"], self.names("--expiring-before", "30d"))
        self.assertEqual([], self.names("--unused-since", "1d"))
        self.assertEqual(3, len(self.names("--unused-since", "9999-01-01T00:00:00Z", "--state", "active")))
        self.assertEqual([], self.names("--state", "revoked"))
        self.prompt.refused("key", "list", "--state", "asleep", reason="KEY_STATE_UNKNOWN")
        self.prompt.refused("key", "list", "--unused-since", "never", reason="INSTANT_INVALID")
        self.prompt.refused("key", "list", "--all-tenants", reason="OPERATORS_ONLY")
        self.assertEqual(3, len(self.state.json("key", "list", "--all-tenants")["keys"]))

    def test_L6_a_dry_run_names_the_keys_and_its_confirmation_takes_them(self):
        for name in ("pipeline one", "pipeline two", "laptop"):
            self.ada.key(name)
        which = ("key", "revoke", "--name", "pipeline")
        shown = self.prompt.json(*which, "--dry-run")
        self.assertEqual(["pipeline one", "pipeline two"], sorted(key["name"] for key in shown["keys"]))
        self.assertEqual(3, len(self.names()))
        self.prompt.refused(*which, "--confirm", "0" * 32, reason="KEYS_CHANGED")
        self.prompt.misused(*which)
        self.prompt.misused("key", "revoke", shown["keys"][0]["id"], "--dry-run")
        taken = self.prompt.json(*which, "--confirm", shown["confirmation"], "--reason", "unused")
        self.assertEqual(["revoked", "revoked"], [key["state"] for key in taken["keys"]])
        self.assertEqual(["laptop"], self.names())


if __name__ == "__main__":
    e2e.main()
