#!/usr/bin/env python3
"""Bad input at the command line: a clear error that names the field, and nothing changed."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from base64url import b64, unb64
import latchkey_e2e as e2e
import world


class BadInput(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.genomics = world.Tenant(self.state, "genomics")
        self.ben = self.genomics.user("ben", "key-manager").command_line()
        self.samples_api = self.state.with_key(world.principal(self.state, "samples-api", ["tokens.validate"], "ALL").secret)
        self.key = self.ben.json("key", "create", "laptop")["key"]
        self.before = world.rows(self.state)

    def refused(self, person, field, *arguments, stdin=""):
        """Refused in both manners of speaking, naming the field; the databases hold what they held."""
        said = person.refused(*arguments, stdin=stdin).err
        self.assertTrue(said.startswith(f"latchkey: {field}: "), said)
        self.assertEqual(1, said.count("\n"))
        result = person.refused(*arguments, "--json", stdin=stdin)
        self.assertEqual("", result.out)
        error = json.loads(result.err)["error"]
        self.assertEqual((field, "INVALID_ARGUMENT"), (error["field"], error["status"]))
        self.assertEqual(self.before, world.rows(self.state))
        return error

    def test_a_duration_that_is_none(self):
        for ttl in ("90x", "", "-1d", "0d", "90 d", "1d1d", "9" * 40 + "d", "d", "P1Y"):
            if ttl:
                self.refused(self.ben, "ttl", "key", "create", "laptop", "--ttl", ttl)
        self.refused(self.ben, "ttl", "credential", "add", "aws", "--label", "x", "--ttl", "90x", stdin=world.AWS_FIELDS)

    def test_a_label_of_ten_thousand_characters(self):
        self.refused(self.ben, "label", "credential", "add", "aws", "--label", "x" * 10000, stdin=world.AWS_FIELDS)
        self.refused(self.ben, "name", "key", "create", "x" * 10000)

    def test_a_region_with_a_newline(self):
        fields = world.AWS_FIELDS.split("\n")
        self.refused(self.ben, "region", "credential", "add", "aws", "--label", "x",
                     stdin="\n".join(fields[:2]) + "\neu-\ncentral-1\n")
        for region in ("eu central 1", "eu-central-1\r", "eu-\x01", "x" * 5000):
            self.refused(self.ben, "region", "credential", "add", "aws", "--label", "x",
                         stdin="\n".join([*fields[:2], region]))

    def test_fields_that_are_missing_or_endless(self):
        self.refused(self.ben, "access_key_id", "credential", "add", "aws", "--label", "x", stdin="")
        self.refused(self.ben, "secret_access_key", "credential", "add", "aws", "--label", "x", stdin="AKIAIOSFODNN7EXAMPLE\n")
        self.refused(self.ben, "secret_access_key", "credential", "add", "aws", "--label", "x",
                     stdin="AKIAIOSFODNN7EXAMPLE\n\neu-central-1\n")
        self.refused(self.ben, "token", "credential", "add", "dnanexus", "--label", "x", stdin="t" * 100000)
        self.refused(self.ben, "provider", "credential", "add", "azure", "--label", "x", stdin="x\n")

    def test_keys_that_were_cut_or_mistyped(self):
        other = "b" if self.key[40] != "b" else "c"
        for text in (self.key[:-1], self.key[:20], self.key[:40] + other + self.key[41:], self.key.upper(),
                     self.key + "A", " " + self.key, "lk_", "x", "\u00e9" * 9):
            result = self.samples_api.run("validate", "--json", "-", stdin=text)
            self.assertEqual((e2e.REFUSED, False), (result.code, result.json()["active"]), result)
            self.assertRegex(result.json()["reason"], "^(KEY|TOKEN|INPUT)_")
        self.state.with_key(self.key[:-1]).refused("whoami", reason="KEY_")

    def test_a_token_that_asks_not_to_be_checked(self):
        token = self.state.with_key(self.key).ok("token", "issue").strip()
        header, claims, signature = token.split(".")
        for algorithm in ("none", "None", "HS256", "RS256"):
            forged = b64(json.dumps({**json.loads(unb64(header)), "alg": algorithm}).encode())
            for end in (signature, "", "AA"):
                result = self.samples_api.run("validate", "--json", "-", stdin=f"{forged}.{claims}.{end}")
                self.assertEqual((e2e.REFUSED, "TOKEN_REFUSED"), (result.code, result.json()["reason"]), result)

    def test_what_is_no_text_is_refused_before_it_is_sent(self):
        for text in ("", "\n", "two\nlines", "x" * 9000):
            result = self.samples_api.run("validate", "--json", "-", stdin=text)
            self.assertEqual((e2e.REFUSED, False), (result.code, result.json()["active"]), result)

    def test_nobody_types_secrets_to_hear_that_there_is_no_profile(self):
        self.state.refused("--profile", "nobody", "credential", "add", "aws", reason="PROFILE_MISSING")

    def test_an_empty_label_is_none(self):
        self.refused(self.ben, "label", "credential", "add", "aws", "--label", "", stdin=world.AWS_FIELDS)

    def test_secrets_are_not_taken_from_arguments(self):
        self.samples_api.misused("validate", self.key, reason="standard input")
        self.ben.misused("token", "revoke", "e.y.J", reason="standard input")
        self.ben.misused("credential", "add", "aws", "AKIAIOSFODNN7EXAMPLE", "--label", "x")
        self.ben.misused("login", "lkt_x", reason="standard input")


e2e.main()
