#!/usr/bin/env python3
"""Bad input gets a clear error that names the field, and changes nothing."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from base64url import b64, header
import latchkey_e2e as e2e
import latchkey_wire as wire
import world

LONG = "x" * 10_000


class BadInput(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.genomics = world.Tenant(self.state, "genomics")
        self.ada = self.genomics.admin
        self.key = self.ada.key("laptop")
        api = world.principal(self.state, "samples-api", ("tokens.validate", "keys.verify"), "ALL")
        self.api, self.api_line = wire.signed_in(self.state, api.secret), self.state.with_key(api.secret)
        self.before = world.rows(self.state)

    def tearDown(self):
        self.assertEqual(self.before, world.rows(self.state))

    def refused(self, service, method, field, caller=None, **request):
        reply = (caller or self.ada.caller).call(service, method, **request)
        self.assertEqual(("INVALID_ARGUMENT", field), (reply.status, reply.field), f"{str(request)[:200]} → {reply}")
        self.assertTrue(reply.reason and reply.message, str(reply))

    # Durations, names, labels

    def test_a_duration_that_is_none_is_refused_by_name(self):
        for ttl in ("90x", "90", "0d", "-1d", "1.5d", " 90d", "90d ", "90D", "P1Y", "99999999999999999999d", "2020-01-01T00:00:00Z"):
            if ttl != "90":  # seconds
                self.refused("keys", "KeyService/CreateKey", "ttl", name="x", ttl=ttl)
        result = self.ada.command_line().run("key", "create", "x", "--ttl", "90x")
        self.assertIn(result.code, (e2e.REFUSED, e2e.USAGE), result)
        self.assertIn("ttl", result.err)

    def test_a_name_of_10000_characters_is_refused_by_name(self):
        self.refused("keys", "KeyService/CreateKey", "name", name=LONG)
        self.ada.command_line().fails(e2e.REFUSED, "key", "create", LONG, reason="name")

    def test_a_label_of_10000_characters_is_refused_by_name(self):
        self.ada.command_line().fails(e2e.REFUSED, "credential", "add", "aws", "--label", LONG, stdin=world.AWS_FIELDS,
                                      reason="label")

    def test_text_that_is_not_text_is_refused_by_name(self):
        for name in (b"\xff\xfe", b"a\x00b", b"\xed\xa0\x80", "line\nbreak".encode(), b"\x1b[31m", b"\x7f"):
            self.refused("keys", "KeyService/CreateKey", "name", name=name)

    def test_permissions_and_workgroups_that_are_not_there_are_named(self):
        self.refused("keys", "KeyService/CreateKey", "permissions", name="x", permissions=["everything"])
        reply = self.ada.caller.call("keys", "KeyService/CreateKey", name="x", workgroups=["nobody's"])
        self.assertEqual("NOT_FOUND", reply.status, str(reply))

    def test_lists_have_their_bounds(self):
        self.refused("keys", "KeyService/RevokeKeys", "ids", ids=[])
        self.refused("keys", "KeyService/RevokeKeys", "ids", ids=[self.key.id] * 1001)
        self.refused("keys", "KeyService/ListKeys", "page.size", page={"size": 1001})
        self.refused("tokens", "TokenService/ValidateTokens", "requests", caller=self.api, requests=[])
        many = [{"secret_credential": "x"}] * 65
        self.refused("tokens", "TokenService/ValidateTokens", "requests", caller=self.api, requests=many)

    def test_e_mails_domains_and_names_of_tenants_are_checked(self):
        for email in ("", "ben", "ben@", "@genomics.example", "be n@genomics.example", "ben@genomics.example\n", LONG + "@a.example"):
            self.refused("keys", "AccountService/CreateUser", "email", email=email)
        for field, arguments in (("name", ("Gen omics", "--domain", "a.example", "--admin", "a@a.example")),
                                 ("domain", ("botany", "--domain", "not a domain", "--admin", "a@a.example")),
                                 ("admin_email", ("botany", "--domain", "a.example", "--admin", "nobody")),
                                 ("profile", ("botany", "--domain", "a.example", "--admin", "a@a.example", "--profile", "none"))):
            result = self.state.run("tenant", "create", *arguments)
            self.assertIn(result.code, (e2e.REFUSED, e2e.USAGE), result)
            self.assertIn(field.replace("admin_email", "admin"), result.err, result)

    # Credentials

    def test_fields_of_a_credential_are_checked_and_named(self):
        good = world.AWS_FIELDS.split("\n")
        for place, field, value in ((0, "access_key_id", "akia lower"), (1, "secret_access_key", "short"),
                                    (2, "region", "eu-central-1\r"), (2, "region", "eu-central-1\nx"), (2, "region", "nowhere 1"), (2, "region", LONG)):
            fields = [*good[:place], value, *good[place + 1:]]
            result = self.ada.command_line().run("credential", "add", "aws", "--label", "x", stdin="\n".join(fields))
            self.assertEqual(e2e.REFUSED, result.code, result)
            self.assertIn(field, result.err, result)
            self.assertNotIn(good[1], result.err + result.out)

    # Keys and tokens

    def test_a_truncated_key_is_refused_wherever_it_is_shown(self):
        for length in (0, 1, 2, 3, 10, 30, 40, len(self.key.secret) - 1):
            cut = self.key.secret[:length]
            if cut:
                answer = self.api.ok("tokens", "TokenService/ValidateToken", secret_credential=cut)
                self.assertFalse(answer["active"])
                self.assertIn(answer["reason"], ("KEY_MALFORMED", "KEY_REFUSED"))
                self.assertFalse(self.api.ok("keys", "KeyService/VerifyKey", secret_key=cut)["active"])
            reply = wire.Caller(self.state).call("tokens", "TokenService/IssueToken", secret_key=cut)
            self.assertIn(reply.status, ("UNAUTHENTICATED", "INVALID_ARGUMENT"), str(reply))
        self.api_line.refused("validate", "-", stdin=self.key.secret[:-1])
        self.state.with_key(self.key.secret[:-1]).refused("key", "list")

    def test_a_key_with_one_other_character_is_refused(self):
        for at in range(len(self.key.secret)):
            wrong = self.key.secret[:at] + ("a" if self.key.secret[at] != "a" else "b") + self.key.secret[at + 1:]
            self.assertFalse(self.api.ok("keys", "KeyService/VerifyKey", secret_key=wrong)["active"], at)

    def unsigned(self, token, **header):
        claims = token.split(".")[1]
        head = b64(json.dumps({"typ": "at+jwt", **header}).encode())
        return [f"{head}.{claims}.", f"{head}.{claims}", f"{head}.{claims}.{token.split('.')[2]}", f"{head}.{claims}.AA"]

    def test_a_jwt_without_a_signature_opens_nothing(self):
        platform_token = wire.platform_token(self.state, self.key.secret)
        access_token = wire.access_token(self.state, self.key.secret)
        kid = header(platform_token)["kid"]
        for algorithm in ("none", "None", "NONE", "", "HS256", "ES384"):
            for head in ({"alg": algorithm}, {"alg": algorithm, "kid": kid}):
                for forged in self.unsigned(platform_token, **head):
                    answer = self.api.ok("tokens", "TokenService/ValidateToken", secret_credential=forged)
                    self.assertFalse(answer["active"], forged)
                    self.assertIn(answer["reason"], ("TOKEN_REFUSED", "KEY_MALFORMED", "KEY_REFUSED"))
                for forged in self.unsigned(access_token, **head):
                    reply = wire.Caller(self.state, forged).call("keys", "AccountService/GetMe")
                    self.assertEqual("UNAUTHENTICATED", reply.status, str(reply))
        self.api_line.refused("validate", "-", stdin=self.unsigned(platform_token, alg="none")[0], reason="TOKEN_REFUSED")

    def test_a_token_for_the_platform_does_not_open_latchkey_itself(self):
        token = wire.platform_token(self.state, self.key.secret)
        for service, method in (("keys", "AccountService/GetMe"), ("credentials", "CredentialService/ListCredentials"),
                                ("tokens", "TokenService/RevokeToken")):
            reply = wire.Caller(self.state, token).call(service, method, **({"secret_token": token} if service == "tokens" else {}))
            self.assertEqual("UNAUTHENTICATED", reply.status, str(reply))

    # The message itself

    def test_a_request_in_another_spelling_is_refused(self):
        method = "latchkey.keys.v1.KeyService/GetKey"
        body = wire.CONTRACT.encode("latchkey.keys.v1.GetKeyRequest", {"id": self.key.id})
        for data in (body + body, b"\x0a\x00" + body, b"\x0a\x80\x00", body[:-1], body + b"\xff", body + b"\x0b"):
            caller = wire.Caller(self.state, self.ada.caller.token)
            head = wire.request(method, {}, caller.token)
            reply = wire.Reply(method, caller.exchange("keys", head + data))
            self.assertEqual("INVALID_ARGUMENT", reply.status, f"{data} → {reply}")

    def test_a_request_above_its_methods_limit_is_refused(self):
        reply = self.ada.caller.call("keys", "KeyService/GetKey", id=LONG)
        self.assertEqual(("INVALID_ARGUMENT", "REQUEST_TOO_LARGE"), (reply.status, reply.reason), str(reply))

    def test_headers_out_of_bounds_are_named(self):
        for field, header in (("idempotency_key", {"idempotency_key": "two words"}),
                              ("idempotency_key", {"idempotency_key": "x" * 65}), ("request_id", {"request_id": ""}),
                              ("request_id", {"request_id": "x" * 65}), ("timeout_ms", {"timeout_ms": 0}),
                              ("reply_public_key", {"reply_public_key": b"short"})):
            reply = self.ada.caller.call("keys", "AccountService/CreateWorkgroup", header=header, name="x")
            self.assertEqual(("INVALID_ARGUMENT", field), (reply.status, reply.field), str(reply))


if __name__ == "__main__":
    e2e.main()
