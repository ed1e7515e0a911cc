#!/usr/bin/env python3
"""Provider secrets through the gateway: sealed by REST, and as AWS's own tools ask for them in a container; and ~/.netrc."""

import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import aws_endpoint
from base64url import b64, unb64
import http_client
import latchkey_e2e as e2e
import transport_seal
import world

AWS_CLI, PYTHON = "/usr/bin/aws", "/usr/bin/python3"
KEY_ID, SECRET, REGION = world.AWS_FIELDS.split("\n")
SERVICE = "latchkey.credentials.v1.CredentialService"


class Credentials(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.state.start("gateway")
        self.http = http_client.Gateway(self.state)
        self.genomics = world.Tenant(self.state, "genomics")
        self.ben = self.genomics.user("ben+lab", "key-manager")
        self.fleet = world.principal(self.state, "fleet", ["credentials.fetch"], "genomics").secret
        self.path = f"/aws/credentials/{self.ben.email}"

    def refused(self, status, code, path, key=None, headers=None):
        answer = self.http.ask("GET", path, key=key, headers=headers)
        self.assertEqual((status, code), (answer.status, answer.json()["code"]), answer)
        self.assertEqual("no-store", answer.headers["Cache-Control"])
        return answer

    # By AWS's tools

    def environment(self, path, token):
        """What an orchestrator gives a container; nothing of the machine's own."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.state.folder / "home"), "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "",
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.http.url + path, "AWS_CONTAINER_AUTHORIZATION_TOKEN": token}

    def check_signed(self, request):
        parts = aws_endpoint.authorization(request[2])
        self.assertEqual((KEY_ID, REGION), (parts["access_key_id"], parts["region"]))
        self.assertEqual(aws_endpoint.signature(request, SECRET), parts["signature"])
        self.assertNotIn("x-amz-security-token", request[2])

    def test_the_real_aws_tools_ask_as_in_a_container(self):
        world.add_aws(self.ben)
        instance = re.search(r"^instance = (\S+)", (self.state.path / "gateway.conf").read_text(), re.M).group(1)
        token = self.http.ok("POST", "/v1/tokens", {"audience": f"latchkey:{instance}"}, key=self.fleet)["secretToken"]
        with aws_endpoint.Endpoint() as endpoint:
            for words, shown in (
                    ([AWS_CLI, "--region", REGION, "--endpoint-url", endpoint.url, "s3api", "list-buckets"], self.fleet),
                    ([PYTHON, "-c", aws_endpoint.BOTO3, endpoint.url], f"Bearer {token}")):
                done = subprocess.run(words, env=self.environment(self.path + "?purpose=job-17", shown), capture_output=True, text=True,
                                      timeout=60)
                self.assertEqual(0, done.returncode, done.stderr)
                self.assertIn("reads", done.stdout)
            self.assertEqual(2, len(endpoint.requests))
            for request in endpoint.requests:
                self.check_signed(request)
        events = self.http.ok("GET", "/v1/audit/credentials?action=credential.fetched", key=self.genomics.admin.session)["events"]
        self.assertEqual(["job-17", "job-17"], [event["purpose"] for event in events])

    def test_the_container_protocol_answers_and_refuses_in_its_own_shape(self):
        self.refused(404, "CREDENTIAL_NOT_FOUND", self.path, key=self.fleet)
        world.add_aws(self.ben, fields=world.AWS_FIELDS)
        for headers in ({"Authorization": self.fleet}, {"Authorization": f"Bearer {self.fleet}"}, {"X-API-Key": self.fleet}):
            answer = self.http.ok("GET", self.path, headers=headers)
            self.assertEqual({"AccessKeyId": KEY_ID, "SecretAccessKey": SECRET, "Token": ""},
                             {name: answer[name] for name in ("AccessKeyId", "SecretAccessKey", "Token")})
            self.assertRegex(answer["Expiration"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d.*Z$")
        quoted = urllib.parse.quote(self.ben.email, safe="")
        self.assertEqual(KEY_ID, self.http.ok("GET", f"/aws/credentials/{quoted}?tenant=genomics", key=self.fleet)["AccessKeyId"])
        self.refused(401, "UNAUTHENTICATED", self.path)
        self.refused(401, "KEY_MALFORMED", self.path, headers={"Authorization": "nothing"})
        self.refused(400, "CREDENTIAL_TWICE", self.path, key=self.fleet, headers={"apikey": self.fleet})
        self.refused(404, "PATH_UNKNOWN", "/aws/credentials/", key=self.fleet)
        self.refused(404, "PATH_UNKNOWN", self.path + "/x", key=self.fleet)
        for query, code in (("owner=ada@genomics.example", "FIELD_TWICE"), ("provider=s3", "FIELD_TWICE"), ("transportId=x", "FIELD_TWICE"),
                            ("nothing=x", "FIELD_UNKNOWN")):
            self.refused(400, code, f"{self.path}?{query}", key=self.fleet)
        self.refused(403, "PERMISSION_MISSING", self.path, key=self.ben.session)
        elsewhere = world.Tenant(self.state, "proteomics").user("eve", "key-manager")
        self.refused(404, "USER_NOT_FOUND", f"/aws/credentials/{elsewhere.email}", key=self.fleet)

    # Sealed, by REST

    def agreed(self, key):
        transport = transport_seal.Transport()
        said = self.http.ok("POST", "/v1/credentials:agree", {"clientPublicKey": b64(transport.public)}, key=key)
        transport.agree(unb64(said["serverPublicKey"]))
        return transport, said["transportId"]

    def test_secrets_pass_rest_sealed(self):
        packed = transport_seal.field(1, b"".join(transport_seal.field(n + 1, text.encode()) for n, text in enumerate(world.AWS_FIELDS.split("\n"))))
        transport, agreed = self.agreed(self.ben.session)
        headers = {"X-Request-Id": "req_01j9z6w3k8q4v0n2m7t5s1r0xa"}
        sealed = {"transportId": agreed, "sealed": b64(transport.seal(headers["X-Request-Id"], f"{SERVICE}/CreateCredential", packed))}
        body = {"provider": "aws", "label": "by REST", "secret": sealed}
        self.http.refused(400, "POST", "/v1/credentials", body, key=self.ben.session, reason="TRANSPORT_BROKEN")  # another id
        answer = self.http.ask("POST", "/v1/credentials", body, key=self.ben.session, headers=headers)
        self.assertEqual((201, headers["X-Request-Id"]), (answer.status, answer.headers["X-Request-Id"]), answer)
        made = answer.json()["credential"]
        self.assertEqual((KEY_ID, 1), (made["hint"], made["version"]))
        renamed = self.http.ok("PATCH", f"/v1/credentials/{made['id']}", {"label": "renamed"}, key=self.ben.session)
        self.assertEqual("renamed", renamed["credential"]["label"])
        transport, agreed = self.agreed(self.fleet)
        wish = {"owner": self.ben.email, "provider": "aws", "purpose": "job-1", "transportId": agreed}
        answer = self.http.ask("POST", "/v1/credentials:fetch", wish, key=self.fleet)
        self.assertEqual(200, answer.status, answer)
        self.assertNotIn(SECRET, answer.body)
        blob = unb64(answer.json()["secret"]["sealed"])
        self.assertEqual(packed, transport.open(answer.headers["X-Request-Id"], f"{SERVICE}/FetchCredential", blob))
        self.assertIsNone(transport.open(answer.headers["X-Request-Id"], f"{SERVICE}/CreateCredential", blob))
        wish["transportId"] = self.agreed(self.ben.session)[1]  # of somebody else
        self.http.refused(400, "POST", "/v1/credentials:fetch", wish, key=self.fleet)

    # ~/.netrc

    def test_L1_netrc_is_written_for_curl(self):
        key, other = self.ben.key("laptop").secret, self.ben.key("other").secret
        netrc = self.state.folder / "home" / ".netrc"
        netrc.write_text("machine example.org login x password y\n")
        netrc.chmod(0o644)
        self.state.refused("netrc", env={"LATCHKEY_API_KEY": key}, reason="SECRET_FILE_MODE")
        netrc.chmod(0o600)
        for shown in (key, other):
            said = self.state.json("netrc", env={"LATCHKEY_API_KEY": shown})
            self.assertEqual({"file": str(netrc), "host": "127.0.0.1"}, said)
            self.assertEqual(f"machine 127.0.0.1 login apikey password {shown}\nmachine example.org login x password y\n", netrc.read_text())
            self.assertEqual(0o600, netrc.stat().st_mode & 0o777)
            done = subprocess.run(["curl", "--silent", "--fail", "--netrc", f"{self.http.url}/v1/me"], capture_output=True, text=True,
                                  timeout=20, env={**os.environ, "HOME": str(netrc.parent)})
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertEqual(self.ben.email, json.loads(done.stdout)["identity"]["name"])
        fresh = self.state.folder / "fresh.netrc"
        self.state.ok("netrc", "keys.example.org", "--netrc-file", fresh, stdin=key)
        self.assertEqual((f"machine keys.example.org login apikey password {key}\n", 0o600), (fresh.read_text(), fresh.stat().st_mode & 0o777))
        self.state.refused("netrc", "two words", env={"LATCHKEY_API_KEY": key}, reason="HOST_INVALID")
        self.state.refused("netrc", env={"LATCHKEY_API_KEY": "no key"}, reason="KEY_MALFORMED")
        self.state.refused("netrc", env={"LATCHKEY_API_KEY": key, "LATCHKEY_HTTP_URL": ""}, reason="HOST_MISSING")


if __name__ == "__main__":
    e2e.main()
