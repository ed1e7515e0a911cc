#!/usr/bin/env python3
"""Two kinds of keys, and three ways in: the command line, REST and the services' own wire, each with the same key."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import http_client
import latchkey_e2e as e2e
import latchkey_wire as wire
import world


class WaysIn(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.state.start("gateway")
        self.genomics = world.Tenant(self.state, "genomics")
        self.ben, self.http = self.genomics.user("ben", "key-manager"), http_client.Gateway(self.state)
        self.line = self.ben.command_line()

    def test_P1_internal_and_external_keys_are_two_kinds_apart(self):
        internal, external = self.ben.key("internal"), world.add_aws(self.ben)
        self.assertRegex(internal.id, "^key_")
        self.assertRegex(external, "^crd_")
        self.assertEqual([internal.id], [key["id"] for key in self.line.json("key", "list")["keys"]])
        self.assertEqual([external], [one["id"] for one in self.line.json("credential", "list")["credentials"]])
        self.line.refused("key", "show", external)
        self.line.refused("credential", "show", internal.id)
        self.assertEqual("ben@genomics.example", self.state.with_key(internal.secret).json("whoami")["name"])
        fetch = ("credential-process", "aws", "--owner", self.ben.email)
        self.state.with_key(internal.secret).refused(*fetch, reason="PERMISSION_MISSING")  # only workers pull files
        worker = world.principal(self.state, "fleet", ["credentials.fetch"], "genomics")
        self.assertIn("AKIAIOSFODNN7EXAMPLE", self.state.with_key(worker.secret).ok(*fetch))
        self.line.ok("key", "revoke", internal.id)
        self.assertEqual(external, self.line.json("credential", "show", external)["id"])

    def names(self, key):
        """Who one is with this key: at the prompt, over REST, on the wire; None where it is refused."""
        prompt, rest = self.state.with_key(key).run("whoami", "--json"), self.http.ask("GET", "/v1/me", key=key)
        issued = wire.Caller(self.state).call("tokens", "TokenService/IssueToken", secret_key=key,
                                              audience=f"latchkey:{wire.instance(self.state)}")
        self.assertIn((prompt.code, rest.status, issued.status), ((0, 200, "OK"), (e2e.REFUSED, 401, "UNAUTHENTICATED")))
        if prompt.code:
            return [None] * 3
        me = wire.Caller(self.state, issued.body["secret_token"]).ok("keys", "AccountService/GetMe")
        return [prompt.json()["name"], rest.json()["identity"]["name"], me["identity"]["name"]]

    def test_P3_I12_one_key_opens_the_command_line_rest_and_the_wire(self):
        key = self.ben.key("everywhere")
        self.assertEqual([self.ben.email] * 3, self.names(key.secret))
        self.assertEqual([None] * 3, self.names(key.secret[:-1] + ("a" if key.secret[-1] != "a" else "b")))
        self.line.ok("key", "revoke", key.id)
        self.assertEqual([None] * 3, self.names(key.secret))

    def test_I12_what_is_made_one_way_is_there_the_others(self):
        made = [self.line.json("key", "create", "prompt")["id"], self.http.ok("POST", "/v1/keys", {"name": "rest"}, key=self.ben.session)["key"]["id"],
                self.ben.key("wire").id]

        def seen():
            listed = self.http.ok("GET", "/v1/keys", key=self.ben.session).get("keys", [])
            return [sorted(key["id"] for key in keys) for keys in (
                self.line.json("key", "list")["keys"], listed, self.ben.caller.ok("keys", "KeyService/ListKeys")["keys"])]

        self.assertEqual([sorted(made)] * 3, seen())
        self.line.ok("key", "revoke", made[1])
        self.http.ok("POST", "/v1/keys:revoke", {"ids": [made[2]]}, key=self.ben.session)
        self.ben.caller.ok("keys", "KeyService/RevokeKeys", ids=[made[0]])
        self.assertEqual([[]] * 3, seen())

    def test_I12_the_command_line_signs_in_and_out(self):
        ticket = self.genomics.admin.command_line().json("user", "create", "cat@genomics.example")["ticket"]
        cat = self.state.login("cat", ticket)
        self.assertEqual("cat@genomics.example", cat.json("whoami")["name"])
        cat.ok("logout")
        self.assertNotEqual(0, cat.run("whoami").code)

    def test_L4_a_key_is_a_long_random_token_with_a_prefix(self):
        keys = [self.ben.key(f"{number}").secret for number in range(20)]
        for key in keys:
            self.assertRegex(key, r"^lk_[0-9A-Za-z_]+$")
            self.assertGreaterEqual(len(key), 60)
        secrets = [key.rsplit("_", 1)[1] for key in keys]
        self.assertLessEqual(set(map(len, secrets)), set(range(49, 52)))  # 256 bits and a checksum, 62 to a character
        self.assertEqual(20, len({secret[:12] for secret in secrets}))


if __name__ == "__main__":
    e2e.main()
