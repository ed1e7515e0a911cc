#!/usr/bin/env python3
"""OAuth 2 at the gateway: its own answers to each right and wrong request, and two clients of others as judges."""

import base64
import pathlib
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import http_client
import judges
import latchkey_e2e as e2e

FORM = "application/x-www-form-urlencoded"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"


def basic(secret, user="apikey"):
    pair = f"{urllib.parse.quote(user)}:{urllib.parse.quote(secret)}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


class OAuth(e2e.Case):
    def setUp(self):
        super().setUp()
        self.http = http_client.Gateway(self.state)
        conf = self.state.path / "tokens.conf"
        conf.write_text("".join(line for line in conf.read_text().splitlines(True) if not line.startswith("issuer"))
                        + f"issuer = {self.http.url}\n")
        self.state.start()
        self.state.start("gateway")
        made = self.state.json("tenant", "create", "genomics", "--domain", "genomics.example", "--profile", "panomics",
                               "--admin", "ada@genomics.example")
        self.ada = self.state.login("ada", made["admin"]["ticket"])
        self.key = self.ada.json("key", "create", "k", "--permission", "audit.read", "--permission", "api_keys.manage")["key"]
        self.judge = self.state.json("principal", "create", "judge", "--permission", "tokens.validate", "--tenant", "ALL")["key"]

    def post(self, path, headers=None, **form):
        return self.http.ask("POST", path, urllib.parse.urlencode(form), headers={"Content-Type": FORM, **(headers or {})})

    def token(self, headers=None, **form):
        return self.post("/oauth2/token", headers, grant_type="client_credentials", **form)

    def error(self, status, error, answer):
        self.assertEqual(status, answer.status, answer)
        self.assertEqual(error, answer.json()["error"], answer)
        self.assertEqual("no-store", answer.headers["Cache-Control"])
        return answer

    def test_a_key_is_the_secret_of_a_client(self):
        for answer in (self.token(basic(self.key)), self.token(client_id="apikey", client_secret=self.key)):
            self.assertEqual(200, answer.status, answer)
            self.assertEqual(("no-store", "no-cache"), (answer.headers["Cache-Control"], answer.headers["Pragma"]))
            said = answer.json()
            self.assertEqual("Bearer", said["token_type"])
            self.assertIn(said["expires_in"], range(1, 900 + 1))
            self.assertEqual({"audit.read", "api_keys.manage"}, set(said["scope"].split()))
        narrow = self.token(basic(self.key), scope="audit.read").json()
        self.assertEqual("audit.read", narrow["scope"])

    def test_each_wrong_request_has_its_error(self):
        wrong = self.key[:-1] + ("a" if self.key[-1] != "a" else "b")
        self.assertTrue(self.error(401, "invalid_client", self.token(basic(wrong))).headers["WWW-Authenticate"].startswith("Basic "))
        self.error(401, "invalid_client", self.token(client_secret=wrong))
        self.error(401, "invalid_client", self.token(client_secret="nothing like a key"))
        self.error(401, "invalid_client", self.token())
        self.error(401, "invalid_client", self.token({"Authorization": f"Bearer {self.key}"}))
        self.error(400, "invalid_request", self.token(basic(self.key), client_secret=self.key))
        self.error(400, "invalid_request", self.post("/oauth2/token", basic(self.key)))
        self.error(400, "unsupported_grant_type", self.post("/oauth2/token", basic(self.key), grant_type="password"))
        self.error(400, "invalid_scope", self.token(basic(self.key), scope="tenants.manage no.such"))
        self.error(400, "invalid_request", self.http.ask("POST", "/oauth2/token", {"grant_type": "client_credentials"}))
        twice = f"grant_type=client_credentials&scope=a&scope=b&client_secret={self.key}"
        self.error(400, "invalid_request", self.http.ask("POST", "/oauth2/token", twice, headers={"Content-Type": FORM}))
        self.assertEqual(405, self.http.ask("GET", "/oauth2/token").status)

    def test_introspection_tells_a_good_token_and_nothing_of_others(self):
        token = self.token(basic(self.key)).json()["access_token"]
        said = self.post("/oauth2/introspect", basic(self.judge), token=token).json()
        self.assertTrue(said["active"])
        self.assertEqual(("ada@genomics.example", "Bearer", self.http.url), (said["username"], said["token_type"], said["iss"]))
        self.assertGreater(said["exp"], said["iat"])
        for bad in ("x", "a.b.c", token[:-2]):
            self.assertEqual({"active": False}, self.post("/oauth2/introspect", basic(self.judge), token=bad).json())
        self.error(400, "unauthorized_client", self.post("/oauth2/introspect", basic(self.key), token=token))
        self.error(401, "invalid_client", self.post("/oauth2/introspect", token=token))
        self.error(400, "invalid_request", self.post("/oauth2/introspect", basic(self.judge)))

    def test_a_revoked_token_is_not_active(self):
        token = self.token(basic(self.key)).json()["access_token"]
        for _ in range(2):
            self.assertEqual(200, self.post("/oauth2/revoke", basic(self.key), token=token).status)
        self.assertEqual(200, self.post("/oauth2/revoke", basic(self.key), token="nonsense").status)
        self.assertEqual({"active": False}, self.post("/oauth2/introspect", basic(self.judge), token=token).json())
        self.error(401, "invalid_client", self.post("/oauth2/revoke", token=token))

    def test_token_exchange_lets_a_worker_act_for_a_user(self):
        worker = self.state.json("principal", "create", "worker", "--permission", "users.act_for", "--tenant", "ALL")["key"]
        subject = self.token(basic(self.key)).json()["access_token"]
        actor = self.token(basic(worker)).json()["access_token"]
        form = {"grant_type": EXCHANGE, "subject_token": subject, "subject_token_type": ACCESS, "actor_token": actor,
                "actor_token_type": ACCESS}
        answer = self.post("/oauth2/token", **form)
        self.assertEqual((200, ACCESS), (answer.status, answer.json().get("issued_token_type")), answer)
        self.error(400, "invalid_request", self.post("/oauth2/token", **{**form, "subject_token": "a.b.c"}))
        self.error(400, "invalid_request", self.post("/oauth2/token", **{**form, "subject_token_type": "saml"}))
        del form["actor_token"]
        self.error(400, "invalid_request", self.post("/oauth2/token", **form))

    def test_I8_clients_of_ica_find_their_token_endpoint(self):
        for headers in ({"X-API-Key": self.key}, basic(self.key)):
            token = self.http.ask("POST", "/ica/rest/api/tokens", headers=headers).json()["token"]
            self.assertTrue(self.post("/oauth2/introspect", basic(self.judge), token=token).json()["active"])
        self.http.refused(401, "POST", "/ica/rest/api/tokens")
        ticket = self.ada.json("user", "create", "ben@genomics.example", "--role", "key-manager")["ticket"]
        self.http.ok("POST", "/v1/sessions", {"secretTicket": ticket, "secretPassword": "a pass phrase"})
        ben = basic("a pass phrase", "ben@genomics.example")["Authorization"]
        plain = {"Authorization": "Basic " + base64.b64encode(b"ben@genomics.example:a pass phrase").decode()}
        token = self.http.ask("POST", "/ica/rest/api/tokens?tenant=genomics.example", headers=plain).json()["token"]
        self.assertTrue(self.post("/oauth2/introspect", basic(self.judge), token=token).json()["active"])
        self.http.refused(401, "POST", "/ica/rest/api/tokens?tenant=genomics.example", headers={"Authorization": ben}, reason="SIGN_IN_REFUSED")
        self.http.refused(400, "POST", "/ica/rest/api/tokens", headers=plain, reason="TENANT_REQUIRED")

    def test_clients_of_others_discover_ask_introspect_and_revoke(self):
        wrong = self.key[:-1] + ("a" if self.key[-1] != "a" else "b")
        try:
            said = judges.node("oauth_client.mjs", {"issuer": self.http.url, "secret": self.key, "judge": self.judge,
                                                    "wrong": wrong, "scope": "audit.read"})
        except judges.Missing as why:
            self.skipTest(str(why))
        for way in ("basic", "post"):
            self.assertEqual(("bearer", "audit.read"), (said[way]["granted"]["token_type"], said[way]["granted"]["scope"]))
            self.assertTrue(said[way]["before"]["active"])
            self.assertFalse(said[way]["after"]["active"])
            self.assertEqual(401, said[way]["refused"]["status"], said[way])
        self.assertEqual("audit.read", said["openid"]["granted"]["scope"])


if __name__ == "__main__":
    e2e.main()
