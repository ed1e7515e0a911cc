#!/usr/bin/env python3
"""Users without a password come in by a second issuer, whose tokens OpenSSL signs here."""

import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from base64url import b64
import http_client
import latchkey_e2e as e2e

ISSUER, AUDIENCE = "https://idp.genomics.example/realms/lab", "latchkey-genomics"


class Issuer:
    """An OpenID issuer with a key of its own, in files."""

    def __init__(self, folder, kind):
        self.kind, self.path = kind, folder / f"{kind}.pem"
        how = {"ES256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
               "RS256": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]}[kind]
        self.openssl("genpkey", *how, "-out", self.path)
        self.jwks = folder / f"{kind}.jwks"
        self.jwks.write_text(json.dumps({"keys": [self.jwk()]}))

    @staticmethod
    def openssl(*arguments, stdin=None):
        return subprocess.run(["openssl", *map(str, arguments)], input=stdin, capture_output=True, check=True, timeout=60).stdout

    def jwk(self):
        der = self.openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")
        if self.kind == "ES256":  # SubjectPublicKeyInfo ends with the point: 04, x, y
            return {"kty": "EC", "crv": "P-256", "kid": "k1", "use": "sig", "x": b64(der[-64:-32]), "y": b64(der[-32:])}
        modulus = self.openssl("rsa", "-in", self.path, "-noout", "-modulus").decode().strip().split("=")[1]
        return {"kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS256", "n": b64(bytes.fromhex(modulus)), "e": "AQAB"}

    def sign(self, text):
        signature = self.openssl("dgst", "-sha256", "-sign", self.path, stdin=text)
        if self.kind == "RS256":
            return signature
        at, halves = 2, []  # ECDSA-Sig-Value: SEQUENCE of two INTEGERs
        for _ in range(2):
            length = signature[at + 1]
            halves.append(signature[at + 2:at + 2 + length].lstrip(b"\0").rjust(32, b"\0"))
            at += 2 + length
        return b"".join(halves)

    def token(self, header=None, **claims):
        now = int(time.time())
        head = {"alg": self.kind, "typ": "JWT", "kid": "k1", **(header or {})}
        body = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ben-at-idp", "iat": now, "exp": now + 300, **claims}
        text = ".".join(b64(json.dumps({k: v for k, v in part.items() if v is not None}).encode()) for part in (head, body))
        return f"{text}.{b64(self.sign(text.encode()))}"


class OpenId(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        made = self.state.json("tenant", "create", "genomics", "--domain", "genomics.example", "--profile", "panomics",
                               "--admin", "ada@genomics.example")
        self.ada = self.state.login("ada", made["admin"]["ticket"])
        self.ada.ok("policy", "set", "password_login=off")
        self.ada.ok("user", "create", "ben@genomics.example", "--role", "key-manager")
        self.judge = self.state.json("principal", "create", "judge", "--permission", "tokens.validate", "--tenant", "ALL")["key"]
        self.idp = Issuer(self.state.folder, "ES256")

    def trust(self, issuer=None):
        issuer = issuer or self.idp
        self.ada.ok("issuer", "add", ISSUER, "--audience", AUDIENCE, "--jwks", issuer.jwks)

    def link(self):
        self.ada.ok("user", "link", "ben@genomics.example", "--issuer", ISSUER, "--subject", "ben-at-idp")

    def issue(self, token, *more, tenant="genomics.example"):
        return self.state.person().run("token", "issue", "--assertion", "--tenant", tenant, *more, stdin=token)

    def test_G9_single_sign_on_works_with_passwords_off(self):
        self.trust()
        self.link()
        result = self.issue(self.idp.token(), "--scope", "api_keys.manage")
        self.assertEqual(0, result.code, result)
        said = self.state.with_key(self.judge).json("validate", "-", stdin=result.out.strip())
        self.assertEqual(("ben@genomics.example", ["api_keys.manage"]), (said["name"], said["permissions"]))
        self.assertIn("openid", [event["detail"] for event in self.ada.json("audit", "list", "--action", "session.started")["events"]])

    def test_an_issuer_may_sign_with_rsa_and_name_several_audiences(self):
        idp = Issuer(self.state.folder, "RS256")
        self.trust(idp)
        self.link()
        self.assertEqual(0, self.issue(idp.token(header={"x5t": "abc"}, aud=["other", AUDIENCE], nonce="n")).code)

    def test_whatever_is_wrong_the_answer_is_the_same(self):
        self.trust()
        other = Issuer(self.state.folder, "RS256")
        now = int(time.time())
        unlinked = self.issue(self.idp.token())
        self.link()
        self.assertEqual(0, self.issue(self.idp.token()).code)
        good = self.idp.token()
        head, body, signature = good.split(".")
        none = b64(json.dumps({"alg": "none"}).encode())
        answers = {unlinked.err}
        for token in (
                self.idp.token(iss="https://other.example"), self.idp.token(aud="other"), self.idp.token(aud=["a", "b"]),
                self.idp.token(sub="cleo"), self.idp.token(sub=None), self.idp.token(sub=7), self.idp.token(exp=now - 120),
                self.idp.token(exp=None), self.idp.token(exp=str(now + 300)), self.idp.token(exp=now + 300.5),
                self.idp.token(exp=now + 90000), self.idp.token(nbf=now + 600), self.idp.token(iat=now + 600),
                self.idp.token(header={"kid": "k2"}), self.idp.token(header={"alg": "RS256"}), self.idp.token(header={"alg": "HS256"}),
                self.idp.token(header={"crit": ["exp"]}), self.idp.token(header={"jwk": {}}), self.idp.token(header={"jku": "https://x"}),
                self.idp.token(header={"typ": "at+jwt"}), other.token(), other.token(header={"alg": "ES256"}),
                f"{none}.{body}.", f"{none}.{body}.{signature}", f"{head}.{body}.{signature[:-2]}AA", f"{head}.{body}", good + ".x", "x",
        ):
            result = self.issue(token)
            self.assertEqual(1, result.code, (token, result))
            answers.add(result.err)
        answers.add(self.issue(good, tenant="nowhere.example").err)
        self.ada.ok("user", "disable", "ben@genomics.example")
        answers.add(self.issue(self.idp.token()).err)
        self.assertEqual(1, len(answers), answers)
        self.assertIn("SIGN_IN_REFUSED", answers.pop())

    def test_a_token_ends_with_the_link_and_the_issuer_with_its_links(self):
        self.trust()
        self.link()
        self.ada.refused("user", "link", "ada@genomics.example", "--issuer", ISSUER, "--subject", "ben-at-idp", reason="SUBJECT_LINKED")
        self.ada.ok("user", "unlink", "ben@genomics.example", "--issuer", ISSUER, "--subject", "ben-at-idp")
        self.assertEqual(1, self.issue(self.idp.token()).code)
        self.link()
        self.assertEqual(0, self.issue(self.idp.token()).code)
        self.ada.ok("issuer", "remove", ISSUER)
        self.assertEqual([], self.ada.json("issuer", "list")["issuers"])
        self.trust()
        self.assertEqual(1, self.issue(self.idp.token()).code)
        self.ada.refused("issuer", "remove", "https://nobody.example", reason="ISSUER_NOT_FOUND")

    def test_whoever_came_in_by_an_issuer_is_out_without_it(self):
        self.trust()
        self.link()
        for end in (("user", "unlink", "ben@genomics.example", "--issuer", ISSUER, "--subject", "ben-at-idp"), ("issuer", "remove", ISSUER)):
            token = self.issue(self.idp.token()).out.strip()
            self.assertTrue(self.state.with_key(self.judge).json("validate", "-", stdin=token)["active"])
            self.ada.ok(*end)
            self.state.with_key(self.judge).refused("validate", "-", stdin=token)
            self.assertEqual([], self.ada.json("session", "list", "ben@genomics.example")["sessions"])
            self.trust()
            self.link()

    def test_nobody_gets_at_those_above_them_by_the_keys_of_an_issuer(self):
        self.trust()
        self.ada.ok("user", "link", "ada@genomics.example", "--issuer", ISSUER, "--subject", "ada-at-idp")
        mine = Issuer(self.state.folder, "RS256")
        key = self.ada.json("key", "create", "policies", "--permission", "policy.manage")["key"]
        self.state.with_key(key).refused("issuer", "add", ISSUER, "--audience", AUDIENCE, "--jwks", mine.jwks, reason="PERMISSION_EXCEEDS")
        self.assertEqual(1, self.issue(mine.token(sub="ada-at-idp")).code)
        self.state.with_key(key).ok("issuer", "add", ISSUER + "/2", "--audience", AUDIENCE, "--jwks", mine.jwks)

    def test_what_is_refused_leaves_no_session(self):
        self.trust()
        self.link()
        for more in (("--audience", "other"), ("--ttl", "48h"), ("--ttl", "20h"), ("--scope", "users.manage")):
            self.assertNotEqual(0, self.issue(self.idp.token(), *more).code, more)
        self.assertEqual([], self.ada.json("session", "list", "ben@genomics.example")["sessions"])

    def test_a_token_lives_as_long_as_the_policy_says(self):
        self.trust()
        self.link()
        self.ada.ok("policy", "set", "token_ttl_max=6h", "token_ttl_default=3h")
        result = self.issue(self.idp.token(), "--json")
        self.assertAlmostEqual(time.time() + 3 * 3600, time.mktime(time.strptime(result.json()["expires_at"][:19], "%Y-%m-%dT%H:%M:%S")), delta=60)

    def test_keys_are_replaced_when_an_issuer_rotates(self):
        self.trust()
        self.link()
        rotated = Issuer(self.state.folder, "RS256")
        self.trust(rotated)
        self.assertEqual(1, len(self.ada.json("issuer", "list")["issuers"]))
        self.assertEqual(1, self.issue(self.idp.token()).code)
        self.assertEqual(0, self.issue(rotated.token()).code)

    def test_bad_issuers_and_key_sets_are_refused_and_name_their_field(self):
        bad = self.state.folder / "bad.jwks"
        for text in ("", "{}", '{"keys":[]}', '{"keys":[{"kty":"oct","k":"AAAA"}]}', '{"keys":[{"kty":"OKP"}]}',
                     '{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}', json.dumps({"keys": [self.idp.jwk(), self.idp.jwk()]}),
                     json.dumps({"keys": [{**self.idp.jwk(), "d": "AAAA"}]}), json.dumps({"keys": [{**self.idp.jwk(), "x": "AAAA"}]})):
            bad.write_text(text)
            self.ada.refused("issuer", "add", ISSUER, "--audience", AUDIENCE, "--jwks", bad, reason="JWKS_INVALID")
        for issuer in ("http://idp.example", "https://", "https://idp.example/?a=b", "idp"):
            self.ada.refused("issuer", "add", issuer, "--audience", AUDIENCE, "--jwks", self.idp.jwks, reason="ISSUER_INVALID")
        self.ada.misused("issuer", "add", ISSUER)
        ben = self.state.person().run("--profile", "ben", "issuer", "list")
        self.assertNotEqual(0, ben.code)

    def test_nobody_links_a_subject_to_those_above_them(self):
        self.trust()
        ticket = self.ada.json("user", "create", "dora@genomics.example", "--role", "member")["ticket"]
        dora = self.state.login("dora", ticket)
        dora.refused("user", "link", "ada@genomics.example", "--issuer", ISSUER, "--subject", "x", reason="PERMISSION")

    def test_an_assertion_is_a_grant_at_the_token_endpoint(self):
        self.trust()
        self.link()
        self.state.start("gateway")
        http = http_client.Gateway(self.state)

        def grant(token):
            form = f"grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&tenant=genomics.example&assertion={token}"
            return http.ask("POST", "/oauth2/token", form, headers={"Content-Type": "application/x-www-form-urlencoded"})

        answer = grant(self.idp.token())
        self.assertEqual(200, answer.status, answer)
        self.assertTrue(self.state.with_key(self.judge).json("validate", "-", stdin=answer.json()["access_token"])["active"])
        answer = grant(self.idp.token(aud="other"))
        self.assertEqual((400, "invalid_grant"), (answer.status, answer.json()["error"]))


if __name__ == "__main__":
    e2e.main()
