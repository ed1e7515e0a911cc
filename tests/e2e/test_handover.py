#!/usr/bin/env python3
"""Credentials in the shapes that tools already understand, taken by the tools themselves: a shell, aws, boto3, rclone, DNAnexus's API."""

import http.client
import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import aws_endpoint
import latchkey_e2e as e2e
import world

AWS_CLI, PYTHON, RCLONE = "/usr/bin/aws", "/usr/bin/python3", "/usr/bin/rclone"
KEY_ID, SECRET, REGION = world.AWS_FIELDS.split("\n")
DX_TOKEN = "dxtokenEXAMPLE0123456789abcdefgh"
PLAIN = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "", "AWS_CA_BUNDLE": ""}  # nothing of the machine's own
DX_CHILD = """
import json, os, sys, urllib.request
context = json.loads(os.environ["DX_SECURITY_CONTEXT"])
request = urllib.request.Request(sys.argv[1] + "/system/whoami", b"{}", {
    "Authorization": context["auth_token_type"] + " " + context["auth_token"], "Content-Type": "application/json"})
print(json.load(urllib.request.urlopen(request))["id"])
"""


class DnanexusApi:
    """A loopback API that knows one bearer token."""

    def __enter__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                known = self.headers["Authorization"] == f"Bearer {DX_TOKEN}" and self.path == "/system/whoami"
                body = json.dumps({"id": "user-ben"} if known else {"error": {"type": "InvalidAuthentication"}}).encode()
                self.send_response(200 if known else 401)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Handover(e2e.Case):
    """Ben stores, a fleet fetches."""

    def setUp(self):
        super().setUp()
        self.state.start()
        self.ben = world.Tenant(self.state, "genomics").user("ben", "key-manager")
        self.line = self.ben.command_line()
        fleet = world.principal(self.state, "fleet", ["credentials.fetch"], "genomics")
        self.worker, self.fleet = fleet.id, self.state.with_key(fleet.secret)
        self.config = self.state.folder / "home/.aws/config"

    def tool(self, *command, **env):
        return subprocess.run(command, env=self.fleet.environment({**PLAIN, **env}), timeout=60, capture_output=True, text=True, check=False)

    def assert_signed(self, request, key_id=KEY_ID, secret=SECRET, region=REGION):
        parts = aws_endpoint.authorization(request[2])
        self.assertEqual((key_id, region, "s3"), tuple(parts[name] for name in ("access_key_id", "region", "service")))
        self.assertEqual(aws_endpoint.signature(request, secret), parts["signature"])

    def test_no_argument_holds_a_secret_and_no_environment_but_the_commands(self):
        """Of the command itself, and of the process that keeps its lease."""
        self.line.ok("credential", "add", "dnanexus", stdin=DX_TOKEN)
        child = "\n".join(("import json, os", "def seen(pid, what):", "    try:", "        return open(f'/proc/{pid}/{what}').read()",
                           "    except PermissionError:", "        return ''",
                           "print(json.dumps([seen(p, w) for p in (os.getpid(), os.getppid()) for w in ('cmdline', 'environ')]))"))
        lease = self.line.json("lease", "grant", "dnanexus", "--worker", self.worker, "--purpose", "job-1")["id"]
        for more in ((), ("--lease", lease)):
            words = self.fleet.json("exec", "--owner", self.ben.email, *more, "dnanexus", "--", sys.executable, "-c", child)
            self.assertEqual([False, True, False, False], [DX_TOKEN in text for text in words])

    def test_a_shell_takes_the_lines_of_env(self):
        secret = "it's \"$HOME\" `id`"
        fields = f"https://minio.lab.example:9000\nminio-user\n{secret.replace(' ', '_')}\nlab-1"
        self.line.ok("credential", "add", "s3", stdin=fields)
        script = ('eval "$("$0" env s3 --owner "$1")" && printf "%s %s %s" "$AWS_SECRET_ACCESS_KEY" "$RCLONE_S3_ENDPOINT" '
                  '"${AWS_PROFILE-none}${AWS_SESSION_TOKEN-none}"')
        said = self.tool("sh", "-c", script, e2e.program("latchkey"), self.ben.email, AWS_PROFILE="stale", AWS_SESSION_TOKEN="stale")
        self.assertEqual(f"{secret.replace(' ', '_')} https://minio.lab.example:9000 nonenone", said.stdout, said.stderr)
        self.assertEqual("minio-user", self.fleet.json("env", "s3", "--owner", self.ben.email)["environment"]["AWS_ACCESS_KEY_ID"])
        self.fleet.refused("env", "aws", "--owner", self.ben.email, reason="CREDENTIAL_NOT_FOUND")
        self.fleet.refused("env", "gcp", "--owner", self.ben.email, reason="PROVIDER_UNKNOWN")

    @e2e.unittest.skipUnless(os.path.exists(AWS_CLI), "the Debian package awscli is not installed")
    def test_a_profile_is_written_among_others_and_the_aws_cli_uses_it(self):
        world.add_aws(self.ben)
        self.config.parent.mkdir()
        self.config.write_text("[default]\nregion = us-east-1\n\n[profile ben]\nregion = stale\nsso_start_url = stale\n[profile other]\noutput = json")
        self.config.chmod(0o600)
        for _ in range(2):
            self.fleet.ok("aws-profile", "ben", "--owner", self.ben.email, "--purpose", "job-17")
        text = self.config.read_text()
        self.assertEqual((1, 0, 1), (text.count("[profile ben]"), text.count("stale"), text.count("[profile other]\noutput = json\n")))
        self.assertTrue(text.startswith("[default]\nregion = us-east-1\n"))
        with aws_endpoint.Endpoint() as endpoint:
            done = self.tool(AWS_CLI, "--endpoint-url", endpoint.url, "s3api", "list-buckets", AWS_PROFILE="ben")
            self.assertEqual(0, done.returncode, done.stderr)
            self.assert_signed(endpoint.requests[0])
        self.fleet.refused("aws-profile", "ben]\n[default", "--owner", self.ben.email, reason="WORD_INVALID")
        self.fleet.refused("aws-profile", "ben", "--owner", "a b", reason="WORD_INVALID")
        self.assertEqual(text, self.config.read_text())
        self.config.unlink()
        self.fleet.ok("aws-profile", "default", "--owner", "nobody@genomics.example", "--region", "eu-west-1")
        self.assertIn("[default]\nregion = eu-west-1\ncredential_process = ", self.config.read_text())
        self.assertEqual(0o600, self.config.stat().st_mode & 0o777)

    def endpoint(self, *more):
        """latchkey aws-endpoint, and what it says that tools must be told."""
        running = subprocess.Popen([e2e.program("latchkey"), "aws-endpoint", "--owner", self.ben.email, *more], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=self.fleet.environment())
        for stream in (running.stdout, running.stderr):
            self.addCleanup(stream.close)
        self.addCleanup(running.kill)
        lines = [running.stdout.readline() for _ in range(2)]
        return running, dict(re.fullmatch(r"export (\w+)='?([^']*?)'?\n", line).groups() for line in lines)

    def ask(self, told, method="GET", path="/credentials", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", int(re.search(r":(\d+)/", told["AWS_CONTAINER_CREDENTIALS_FULL_URI"]).group(1)), timeout=10)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        connection.close()
        return answer.status, body

    @e2e.unittest.skipUnless(os.path.exists(AWS_CLI), "the Debian package awscli is not installed")
    def test_aws_tools_take_it_from_the_endpoint(self):
        world.add_aws(self.ben)
        running, told = self.endpoint("--purpose", "job-18")
        with aws_endpoint.Endpoint() as store:
            for command in ((AWS_CLI, "--endpoint-url", store.url, "--region", REGION, "s3api", "list-buckets"),
                            (PYTHON, "-c", aws_endpoint.BOTO3, store.url)):
                done = self.tool(*command, **told)
                self.assertEqual(0, done.returncode, done.stderr)
                self.assertIn("reads", done.stdout)
                self.assert_signed(store.requests[-1])
            self.assertEqual(2, len(store.requests))
        purposes = {event["purpose"] for event in self.state.json("audit", "list", "--action", "credential.fetched")["events"]}
        self.assertEqual({"job-18"}, purposes)
        running.send_signal(signal.SIGTERM)
        self.assertEqual(0, running.wait(10))

    def test_the_endpoint_refuses_as_tools_expect(self):
        token_file = self.state.folder / "token"
        running, told = self.endpoint("--token-file", token_file, "--timeout", "1s")
        self.assertEqual(str(token_file), told["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"])
        self.assertEqual(0o600, token_file.stat().st_mode & 0o777)
        token = token_file.read_text()
        self.assertRegex(token, r"^[\w-]{43}$")  # no newline
        for status, code, how in ((401, "AUTHORIZATION_MISSING", {}), (403, "AUTHORIZATION_REFUSED", {"Authorization": token + "x"}),
                                  (403, "AUTHORIZATION_REFUSED", {"Authorization": f"Bearer {token}"}),
                                  (404, "PATH_UNKNOWN", {"path": "/", "Authorization": token}),
                                  (405, "METHOD_UNKNOWN", {"method": "POST", "Authorization": token}),
                                  (400, "REQUEST_INVALID", {"X": "x" * 20000, "Authorization": token}),
                                  (404, "CREDENTIAL_NOT_FOUND", {"Authorization": token})):
            answer = self.ask(told, **how)
            self.assertEqual((status, code), (answer[0], answer[1]["code"]))
            self.assertEqual({"code", "message"}, set(answer[1]))
        world.add_aws(self.ben)
        status, answer = self.ask(told, Authorization=token)
        self.assertEqual((200, KEY_ID, SECRET, ""), (status, *(answer[name] for name in ("AccessKeyId", "SecretAccessKey", "Token"))))
        expires = time.mktime(time.strptime(answer["Expiration"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
        self.assertGreater(expires - time.time(), 15 * 60)
        self.state.kill("credentials")
        status, answer = self.ask(told, Authorization=token)
        self.assertEqual(503, status, answer)
        self.state.start("credentials")
        running.send_signal(signal.SIGINT)
        self.assertEqual(0, running.wait(10))
        self.fleet.refused("aws-endpoint", "--owner", self.ben.email, "--port", "70000", reason="PORT_INVALID")

    @e2e.unittest.skipUnless(os.path.exists(RCLONE), "the Debian package rclone is not installed")
    def test_rclone_lists_the_store(self):
        with aws_endpoint.Endpoint() as store:
            self.line.ok("credential", "add", "s3", stdin=f"{store.url}\nminio-user\nminio-secret-EXAMPLE\nlab-1")
            listed = self.fleet.ok("exec", "--owner", self.ben.email, "s3", "--", RCLONE, "--config", "/dev/null", "lsd", ":s3:", env=PLAIN)
            self.assertIn("reads", listed)
            self.assert_signed(store.requests[0], "minio-user", "minio-secret-EXAMPLE", "lab-1")

    def test_dnanexus_is_asked_with_the_bearer_token(self):
        self.line.ok("credential", "add", "dnanexus", stdin=DX_TOKEN)
        with DnanexusApi() as api:
            run = ("exec", "--owner", self.ben.email, "dnanexus", "--", sys.executable, "-c", DX_CHILD, api.url)
            self.assertEqual("user-ben\n", self.fleet.ok(*run))
            self.line.ok("credential", "replace", self.line.json("credential", "list")["credentials"][0]["id"], stdin=DX_TOKEN[::-1])
            self.fleet.fails(1, *run, reason="401")


e2e.main()
