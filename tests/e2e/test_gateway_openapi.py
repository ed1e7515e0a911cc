#!/usr/bin/env python3
"""The OpenAPI document that the build makes of contracts and routes, judged by others, and the page to explore it with."""

import base64
import json
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import http_client
import judges
import latchkey_e2e as e2e

OPENAPI = e2e.BUILD / "services/gateway/latchkey-openapi"


class Recorder:
    """A gateway that remembers what it answered, by the document's own paths."""

    def __init__(self, http, paths):
        self.http, self.answers = http, []
        self.paths = [(path, re.compile("^" + re.sub(r"\\{\w+\\}", "[^/]+?", re.escape(path)) + r"(\?|$)")) for path in paths]

    def ask(self, method, target, *arguments, **options):
        answer = self.http.ask(method, target, *arguments, **options)
        path = next(path for path, pattern in self.paths if pattern.match(target))
        self.answers.append({"method": method, "path": path, "status": answer.status, "body": answer.json()})
        return answer.json()


class OpenApi(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.state.start("gateway")
        self.http = http_client.Gateway(self.state)
        made = self.state.json("tenant", "create", "genomics", "--domain", "genomics.example", "--profile", "panomics",
                               "--admin", "ada@genomics.example")
        self.ticket = made["admin"]["ticket"]

    def document(self):
        answer = self.http.ask("GET", "/openapi.json")
        self.assertEqual((200, "application/openapi+json"), (answer.status, answer.headers["Content-Type"]))
        return answer.json()

    def judged(self, document, answers=()):
        try:
            return judges.node("openapi_check.mjs", {"document": document, "answers": list(answers)})
        except judges.Missing as why:
            self.skipTest(str(why))

    def main_job(self, http):
        session = http.ask("POST", "/v1/sessions", {"secretTicket": self.ticket})["secretSession"]
        ben = http.ask("POST", "/v1/users", {"email": "ben@genomics.example", "roles": ["key-manager"]}, key=session)
        group = http.ask("POST", "/v1/workgroups", {"name": "plant"}, key=session)["workgroup"]["id"]
        http.ask("PUT", f"/v1/workgroups/{group}/members/ben@genomics.example", {}, key=session)
        for path in ("users", "roles", "workgroups", "policy", "sessions", "me", "keys", "credentials", "issuers", "audit/keys",
                     "audit/tokens", "audit/credentials", "users/ben@genomics.example", "users?page.size=1"):
            http.ask("GET", f"/v1/{path}", key=session)
        ben = http.ask("POST", "/v1/sessions", {"secretTicket": ben["secretTicket"]})["secretSession"]
        made = http.ask("POST", "/v1/keys", {"name": "laptop", "ttl": "90d"}, key=ben)
        http.ask("GET", f"/v1/keys/{made['key']['id']}", key=ben)
        token = http.ask("POST", "/v1/tokens", {}, key=made["secretKey"])["secretToken"]
        http.ask("GET", f"/v1/keys/{made['key']['id']}/use", key=ben)
        backend = self.state.json("principal", "create", "samples-api", "--permission", "tokens.validate", "--tenant", "ALL")["key"]
        http.ask("POST", "/v1/validate", {"secretCredential": token}, key=backend)
        http.ask("POST", "/v1/validate", {"secretCredential": "nothing"}, key=backend)
        http.ask("POST", "/v1/validate:batch", {"requests": [{"secretCredential": token}]}, key=backend)
        self.pages(http, made["secretKey"], token)
        http.ask("POST", "/v1/keys:revoke", {"ids": [made["key"]["id"]]}, key=ben)
        for method, path, body in (("GET", "/v1/me", None), ("POST", "/v1/keys", {"nmae": "x"}), ("GET", "/v1/keys/key_x", None)):
            http.ask(method, path, body)

    def pages(self, http, key, token):
        """What is no rpc. Some answer nothing, and so nothing that could be judged."""
        for path in ("/healthz", "/readyz", "/.well-known/jwks.json", "/.well-known/oauth-authorization-server",
                     "/.well-known/openid-configuration"):
            http.ask("GET", path)
        def form(secret):
            basic = base64.b64encode(f"apikey:{secret}".encode()).decode()
            return {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {basic}"}

        http.ask("POST", "/oauth2/token", "grant_type=client_credentials", headers=form(key))
        http.ask("POST", "/ica/rest/api/tokens", key=key)
        backend = self.state.json("principal", "create", "inspector", "--permission", "tokens.validate", "--tenant", "ALL")["key"]
        for about in (token, "nothing"):
            http.ask("POST", "/oauth2/introspect", f"token={about}", headers=form(backend))

    def test_pages_and_document_do_not_part(self):
        document = self.document()
        told = set(document["paths"])
        page = re.compile(r'^PAGE\((\w+), +"([^"]+)", +(\w+)\)', re.M)
        served = page.findall((e2e.TOP / "services/gateway/pages.def").read_text())
        self.assertGreater(len(served), 12)
        for method, path, function in served:
            if path.startswith("/docs") or path == "/auth/":
                continue
            shown = [name for name in told if name == path or (path.endswith("/") and name.startswith(path))]
            self.assertEqual(1, len(shown), path)
            self.assertIn("get" if method in ("GET", "ANY") else method.lower(), document["paths"][shown[0]], function)
        auth = document["paths"]["/auth"]["get"]
        self.assertEqual({"200", "204", "401", "403"}, set(auth["responses"]))
        for status, key in ((204, self.http.ok("POST", "/v1/sessions", {"secretTicket": self.ticket})["secretSession"]), (401, None)):
            made = self.http.ok("POST", "/v1/keys", {"name": "k"}, key=key)["secretKey"] if key else None
            self.assertEqual(status, self.http.ask("GET", "/auth", key=made).status)
        refused = self.http.ask("POST", "/oauth2/token", "grant_type=nonsense", headers={"Content-Type": "application/x-www-form-urlencoded"})
        self.assertLessEqual(set(refused.json()), set(document["components"]["schemas"]["OAuthError"]["properties"]))
        refused = self.http.ask("GET", "/aws/credentials/ben@genomics.example")
        self.assertEqual(set(document["components"]["schemas"]["AwsError"]["required"]), set(refused.json()))

    def test_the_document_is_one_and_answers_are_as_it_says(self):
        document = self.document()
        recorder = Recorder(self.http, document["paths"])
        self.main_job(recorder)
        statuses = [answer["status"] for answer in recorder.answers]
        self.assertEqual([401, 400, 401], statuses[-3:])
        self.assertEqual({200, 201}, set(statuses[:-3]), statuses)
        verdict = self.judged(document, recorder.answers)
        self.assertEqual((True, None, []), (verdict["valid"], verdict["errors"], verdict["wrong"]))
        broken = [dict(recorder.answers[0], body={**recorder.answers[0]["body"], "expiresAt": 7})]
        self.assertEqual(1, len(self.judged(document, broken)["wrong"]))  # it does look
        del document["info"]["title"]
        self.assertFalse(self.judged(document)["valid"])

    def test_I11_the_document_tells_what_the_contract_says(self):
        document = self.document()
        create = document["paths"]["/v1/keys"]["post"]
        self.assertEqual("CreateKey", create["operationId"])
        self.assertIn("Idempotency-Key", [parameter["name"] for parameter in create["parameters"]])
        schema = document["components"]["schemas"]["CreateKeyRequestInput"]
        self.assertIn("policy's default", schema["properties"]["ttl"]["description"])
        self.assertFalse(schema["additionalProperties"])
        self.assertEqual({"type": "string", "format": "password"}, document["components"]["schemas"]["CreateKeyResponse"]["properties"]["secretKey"])
        names = [parameter["name"] for parameter in document["paths"]["/v1/keys"]["get"]["parameters"]]
        self.assertIn("page.cursor", names)
        conditional = [path for path, operations in document["paths"].items() for operation in operations.values()
                       if "If-Match" in [parameter["name"] for parameter in operation["parameters"]]]
        self.assertIn("/v1/policy", conditional)
        self.assertNotIn("/v1/keys", conditional)
        self.assertEqual([], document["paths"]["/v1/sign-in"]["post"]["security"])
        operations = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
        self.assertEqual(len(operations), len(set(operations)))

    def test_pages_are_turned_by_query(self):
        session = self.http.ok("POST", "/v1/sessions", {"secretTicket": self.ticket})["secretSession"]
        for name in ("ben", "cleo", "dan"):
            self.http.ok("POST", "/v1/users", {"email": f"{name}@genomics.example"}, key=session)
        seen, cursor = [], ""
        while True:
            page = self.http.ok("GET", f"/v1/users?page.size=2&page.cursor={cursor}", key=session)
            self.assertLessEqual(len(page["users"]), 2)
            seen += [user["email"] for user in page["users"]]
            cursor = page["page"]["nextCursor"]
            if not cursor:
                break
        self.assertEqual(4, len(set(seen)), seen)
        for query, reason in (("page=1", "FIELD_UNKNOWN"), ("page.size=two", "FIELD_TYPE"), ("page.nothing=1", "FIELD_UNKNOWN"),
                              ("tenant.name=x", "FIELD_UNKNOWN"), ("page.size=1&page.size=2", "FIELD_TWICE"),
                              ("page.size=0&page.size=2", "FIELD_TWICE"), ("tenant=&tenant=x", "FIELD_TWICE")):
            self.http.refused(400, "GET", f"/v1/users?{query}", key=session, reason=reason)

    def test_I11_chromium_tries_a_call_in_the_explorer(self):
        browser = shutil.which("chromium")
        if not browser:
            self.skipTest("chromium is not installed")
        if self.http.ask("GET", "/docs").status == 404:
            self.http.refused(404, "GET", "/docs", reason="EXPLORER_NOT_BUILT")
            self.skipTest("the gateway was built without npm, and says so")
        session = self.http.ok("POST", "/v1/sessions", {"secretTicket": self.ticket})["secretSession"]
        try:
            seen = judges.node("explore.mjs", {"url": self.http.url, "key": session, "chromium": browser})
        except judges.Missing as why:
            self.skipTest(str(why))
        self.assertEqual(("Latchkey API", "200", [], []), (seen["title"], seen["status"], seen["complaints"], seen["elsewhere"]))
        self.assertEqual("ada@genomics.example", json.loads(seen["body"])["identity"]["name"])
        self.assertEqual(len(self.document()["paths"]), seen["operations"])


class Explorer(unittest.TestCase):
    def setUp(self):
        if not shutil.which("npm") or (e2e.BUILD / "services/gateway/explorer/swagger-ui.css").stat().st_size == 0:
            self.skipTest("the gateway was built without npm")
        self.folder = pathlib.Path(e2e.tempfile.mkdtemp(prefix="lk-explorer-"))
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copytree(e2e.TOP / "services/gateway/explorer", self.folder / "explorer")

    def bring(self):
        """What `install` says, and the lengths of the two files."""
        done = subprocess.run([self.folder / "explorer/install", self.folder / "out"], capture_output=True, text=True, check=True)
        return done.stderr, [(self.folder / "out" / name).stat().st_size for name in ("swagger-ui-bundle.js", "swagger-ui.css")]

    def test_what_npm_brings_is_served_only_with_the_digest_that_is_known(self):
        said, sizes = self.bring()
        if "without its explorer" in said:
            self.skipTest("npm could not bring the package")
        built = [(e2e.BUILD / "services/gateway/explorer" / name).read_bytes() for name in ("swagger-ui-bundle.js", "swagger-ui.css")]
        self.assertEqual([len(data) for data in built], sizes)
        lock = self.folder / "explorer/package-lock.json"
        digest = json.loads(lock.read_text())["packages"]["node_modules/swagger-ui-dist"]["integrity"]
        self.assertRegex(digest, r"^sha512-")
        other = digest[:20] + ("A" if digest[20] != "A" else "B") + digest[21:]
        lock.write_text(lock.read_text().replace(digest, other))
        said, sizes = self.bring()
        self.assertIn("without its explorer page", said)
        self.assertEqual([0, 0], sizes)
        self.assertIn("EINTEGRITY", (self.folder / "out/npm.log").read_text())


class Routes(unittest.TestCase):
    def test_an_rpc_without_a_path_stops_the_build(self):
        with e2e.tempfile.TemporaryDirectory() as folder:
            proto = pathlib.Path(folder) / "proto"
            shutil.copytree(e2e.TOP / "proto/latchkey", proto / "latchkey")
            self.assertEqual((0, ""), self.made(proto))
            contract = proto / "latchkey/keys/v1/keys.proto"
            original = contract.read_text()
            contract.write_text(original.replace("  rpc GetKey(", "  rpc LoseKey(GetKeyRequest) returns (GetKeyResponse);\n  rpc GetKey("))
            code, said = self.made(proto)
            self.assertEqual(1, code)
            self.assertIn("latchkey.keys.v1.KeyService/LoseKey wants a row in services/gateway/routes.def", said)
            contract.write_text(original.replace("  rpc VerifyKey(VerifyKeyRequest) returns (VerifyKeyResponse);\n", ""))
            self.assertIn("RPC_ROUTE_STALE", self.made(proto)[1])

    @staticmethod
    def made(proto):
        contracts = sorted(str(path.relative_to(proto)) for path in proto.rglob("*.proto"))
        subprocess.run(["protoc-c", f"--proto_path={proto}", "--include_imports", "--include_source_info",
                        f"--descriptor_set_out={proto}/set", *contracts], check=True, cwd=proto)
        done = subprocess.run([OPENAPI, proto / "set", proto / "openapi.json"], capture_output=True, text=True)
        return done.returncode, done.stderr


if __name__ == "__main__":
    e2e.main()
