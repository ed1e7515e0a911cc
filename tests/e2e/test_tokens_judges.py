#!/usr/bin/env python3
"""Third parties as judges of our tokens: jose with our JWKS, libjwt 1.x where the installation says JWT, OpenSSL on the raw signature."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from base64url import claims
import judges
import latchkey_e2e as e2e
import latchkey_wire
import world


def judged(case):
    """Skip where the judge is not installed."""
    def run(self):
        try:
            case(self)
        except judges.Missing as why:
            self.skipTest(str(why))
    run.__name__, run.__doc__ = case.__name__, case.__doc__
    return run


class Judged(e2e.Case):
    typ = "at+jwt"

    def setUp(self):
        super().setUp()
        with open(self.state.path / "tokens.conf", "a", encoding="utf-8") as conf:
            conf.write(f"token-typ = {self.typ}\n")
        self.state.start()
        self.admin = world.Tenant(self.state, "genomics").admin
        self.secret = self.admin.key("laptop").secret
        published = latchkey_wire.once(self.state, "tokens", "TokenService/GetJwks")
        self.assertEqual(self.typ, published["token_typ"])
        self.jwks, self.issuer = json.loads(published["jwks"]), published["issuer"]
        self.audience = published["platform_audience"]
        self.token = latchkey_wire.platform_token(self.state, self.secret)
        self.own = claims(self.token)

    def tampered(self):
        head, body, signature = self.token.split(".")
        return f"{head}.{body}.{signature[:-4]}{'AAAA' if signature[-4:] != 'AAAA' else 'BBBB'}"


class ByJose(Judged):
    @judged
    def test_jose_verifies_our_tokens_with_our_jwks(self):
        answer = judges.jose(self.token, self.jwks, self.issuer, self.audience)
        self.assertEqual(self.own, answer["claims"])
        self.assertEqual({"alg": "ES256", "typ": "at+jwt", "kid": self.jwks["keys"][0]["kid"]}, answer["header"])

    @judged
    def test_jose_refuses_what_is_not_for_it(self):
        refused = {
            "another issuer": judges.jose(self.token, self.jwks, "https://other.example", self.audience),
            "another audience": judges.jose(self.token, self.jwks, self.issuer, "https://other.example"),
            "another typ": judges.jose(self.token, self.jwks, self.issuer, self.audience, "JWT"),
            "tampered": judges.jose(self.tampered(), self.jwks, self.issuer, self.audience),
            "no such key": judges.jose(self.token, {"keys": []}, self.issuer, self.audience),
            "ours, for Latchkey itself": judges.jose(latchkey_wire.access_token(self.state, self.secret), self.jwks, self.issuer,
                                                     self.audience),
        }
        for what, answer in refused.items():
            self.assertIn("refused", answer, what)

    @judged
    def test_jose_follows_a_rotation(self):
        following = self.state.json("signing-key", "rotate")["kid"]
        jwks = json.loads(latchkey_wire.once(self.state, "tokens", "TokenService/GetJwks")["jwks"])
        self.assertIn(following, [key["kid"] for key in jwks["keys"]])
        self.assertIn("claims", judges.jose(self.token, jwks, self.issuer, self.audience))


class ByOpenssl(Judged):
    def test_openssl_verifies_the_raw_signature(self):
        self.assertTrue(judges.openssl(self.token, self.jwks["keys"][0]))
        self.assertFalse(judges.openssl(self.tampered(), self.jwks["keys"][0]))


class ByLibjwt(Judged):
    typ = "JWT"

    @judged
    def test_libjwt_decodes_tokens_of_typ_jwt(self):
        libjwt, key = judges.Libjwt(), self.jwks["keys"][0]
        self.assertEqual(self.own, libjwt.decode(self.token, key))
        self.assertIsNone(libjwt.decode(self.tampered(), key))
        self.assertIn("claims", judges.jose(self.token, self.jwks, self.issuer, self.audience, "JWT"))


if __name__ == "__main__":
    e2e.main()
