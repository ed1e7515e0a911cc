#!/usr/bin/env python3
"""The gateway: REST over the real services, in front of it a strict reader of HTTP."""

import base64
import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import http_client
import latchkey_e2e as e2e


class Gateway(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.state.start("gateway")
        self.http = http_client.Gateway(self.state)
        made = self.state.json("tenant", "create", "genomics", "--domain", "genomics.example", "--profile", "panomics",
                               "--admin", "ada@genomics.example")
        self.ada = self.session(made["admin"]["ticket"])

    def session(self, ticket):
        return self.http.ok("POST", "/v1/sessions", {"secretTicket": ticket})["secretSession"]

    def ben(self):
        made = self.http.ok("POST", "/v1/users", {"email": "ben@genomics.example", "roles": ["key-manager"]}, key=self.ada)
        return self.session(made["secretTicket"])

    def test_the_main_job_by_rest(self):
        ben = self.ben()
        made = self.http.ok("POST", "/v1/keys", {"name": "laptop", "ttl": "90d"}, key=ben)
        key, key_id = made["secretKey"], made["key"]["id"]
        self.assertNotIn(key, json.dumps(self.http.ok("GET", "/v1/keys", key=ben)))
        self.assertEqual("laptop", self.http.ok("GET", f"/v1/keys/{key_id}", key=ben)["key"]["name"])
        self.assertRegex(made["key"]["expiresAt"], r"^20\d\d-\d\d-\d\dT")
        token = self.http.ok("POST", "/v1/tokens", {}, key=key)["secretToken"]
        backend = self.state.json("principal", "create", "samples-api", "--permission", "tokens.validate", "--tenant", "ALL")["key"]
        for shown in (key, token):
            answer = self.http.ok("POST", "/v1/validate", {"secretCredential": shown}, key=backend)
            self.assertTrue(answer["active"], answer)
            self.assertEqual("ben@genomics.example", answer["identity"]["name"])
            self.assertEqual("human", answer["identity"]["kind"])
        self.http.ok("POST", "/v1/keys:revoke", {"ids": [key_id]}, key=ben)
        for shown in (key, token):
            self.assertFalse(self.http.ok("POST", "/v1/validate", {"secretCredential": shown}, key=backend)["active"])
        self.http.refused(401, "GET", "/v1/me", key=key)
        events = self.http.ok("GET", "/v1/audit/keys?action=key.revoked", key=self.ada)["events"]
        self.assertEqual([key_id], [event["object"] for event in events])

    def test_a_trace_is_carried_through_every_hop_into_the_logs(self):
        services = ("keys", "tokens", "credentials", "gateway")
        for name in services:
            conf = self.state.path / f"{name}.conf"
            conf.write_text(conf.read_text() + "log-level = debug\n")
        self.state.restart(*services)
        key = self.http.ok("POST", "/v1/keys", {"name": "k"}, key=self.ben())["secretKey"]
        backend = self.state.json("principal", "create", "samples-api", "--permission", "tokens.validate", "--tenant", "ALL")["key"]

        def hops(trace):
            """Where a trace was logged, by service and method; the gateway's lines have no rpc."""
            found = set()
            for name in services:
                for line in self.state.log(name).splitlines():
                    said = json.loads(line) if line.startswith("{") else {}
                    if said.get("trace_id") == trace:
                        self.assertTrue(said["request_id"].startswith("req_"), line)
                        found.add((name, said["method"].rsplit("/", 1)[-1]))
            return found

        def traced(number, *arguments, **options):
            trace = f"{number:032x}"
            headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01", **options.pop("headers", {})}
            answer = self.http.ask(*arguments, headers=headers, **options)
            self.assertLess(answer.status, 300, answer)
            return trace

        form = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": "Basic " + base64.b64encode(f"apikey:{key}".encode()).decode()}
        trail = {traced(1, "GET", "/v1/credentials", key=key): {("gateway", "GET"), ("tokens", "IssueToken"), ("keys", "VerifyKeys"), ("credentials", "ListCredentials")},
                 traced(2, "GET", "/auth", key=key): {("gateway", "GET"), ("tokens", "ValidateTokens"), ("keys", "VerifyKeys")},
                 traced(3, "POST", "/oauth2/token", "grant_type=client_credentials", headers=form): {("gateway", "POST"), ("tokens", "IssueToken"), ("keys", "VerifyKeys")},
                 traced(4, "GET", "/readyz"): {("gateway", "GET"), ("keys", "Check"), ("tokens", "Check"), ("credentials", "Check")},
                 traced(5, "POST", "/v1/validate", {"secretCredential": key}, key=backend): {("gateway", "POST"), ("tokens", "ValidateTokens")}}
        with_trace = self.state.person(LATCHKEY_API_KEY=key, TRACEPARENT=f"00-{6:032x}-00f067aa0ba902b7-01")
        with_trace.ok("key", "list")
        trail[f"{6:032x}"] = {("keys", "ListKeys")}
        for trace, wanted in trail.items():
            e2e.wait_until(lambda: wanted <= hops(trace), 5, f"the hops of {trace}: {wanted}")
        self.http.ask("GET", "/v1/me", key=key, headers={"traceparent": "00-" + "0" * 32 + "-00f067aa0ba902b7-01"})
        self.assertEqual(set(), hops("0" * 32))
        for name in services:
            self.assertNotIn(key, self.state.log(name))

    def test_L1_a_key_is_taken_from_each_header_that_tools_use(self):
        key = self.http.ok("POST", "/v1/keys", {"name": "k"}, key=self.ben())["secretKey"]
        basic = base64.b64encode(f"apikey:{key}".encode()).decode()
        for headers in ({"Authorization": f"Bearer {key}"}, {"Authorization": f"Basic {basic}"}, {"X-API-Key": key},
                        {"apikey": key}):
            self.assertEqual("ben@genomics.example", self.http.ok("GET", "/v1/me", headers=headers)["identity"]["name"])
        other = base64.b64encode(f"ben:{key}".encode()).decode()
        self.http.refused(400, "GET", "/v1/me", headers={"Authorization": f"Basic {other}"}, reason="CREDENTIAL_MALFORMED")
        self.http.refused(400, "GET", "/v1/me", headers={"Authorization": f"Bearer {key}", "X-API-Key": key},
                          reason="CREDENTIAL_TWICE")
        self.http.refused(400, "GET", f"/v1/me?apikey={key}", reason="FIELD_UNKNOWN")

    def test_policy_accept_decides_whether_a_key_stands_for_a_token(self):
        key = self.http.ok("POST", "/v1/keys", {"name": "k"}, key=self.ben())["secretKey"]
        backend = self.state.json("principal", "create", "samples-api", "--permission", "tokens.validate", "--tenant", "ALL")["key"]

        def accepted():
            shown = self.http.ok("POST", "/v1/validate", {"secretCredential": key}, key=backend)
            direct = [self.http.ask("GET", "/v1/me", headers=headers).status for headers in (
                {"Authorization": f"Bearer {key}"}, {"X-API-Key": key}, {"apikey": key})]
            return shown["active"], shown["reason"], direct, self.http.ask("GET", "/auth", key=key).status

        def accept(value):
            self.http.ok("PATCH", "/v1/policy", {"values": [{"name": "accept", "value": value}]}, key=self.ada)

        self.assertEqual((True, "", [200] * 3, 204), accepted())
        accept("jwt")
        self.assertEqual((False, "KEY_FOR_TOKENS_ONLY", [401] * 3, 401), accepted())
        self.http.refused(401, "GET", "/v1/keys", key=key, reason="KEY_FOR_TOKENS_ONLY")
        token = self.http.ok("POST", "/v1/tokens", {}, key=key)["secretToken"]
        self.assertEqual(204, self.http.ask("GET", "/auth", key=token).status)
        self.assertEqual(200, self.http.ask("GET", "/v1/me", key=self.ada).status)  # a session is no key
        accept("all")
        self.assertEqual((True, "", [200] * 3, 204), accepted())

    def test_L1_curl_finds_the_key_in_netrc(self):
        key = self.http.ok("POST", "/v1/keys", {"name": "k"}, key=self.ben())["secretKey"]
        netrc = self.state.folder / "netrc"
        netrc.write_text(f"machine 127.0.0.1\nlogin apikey\npassword {key}\n")
        netrc.chmod(0o600)
        done = subprocess.run(["curl", "--silent", "--fail", "--netrc-file", netrc, f"{self.http.url}/v1/me"],
                              capture_output=True, text=True, timeout=20)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual("ben@genomics.example", json.loads(done.stdout)["identity"]["name"])

    def test_refusals_are_problems_that_name_the_field(self):
        problem = self.http.refused(400, "POST", "/v1/users", {"email": "no address"}, key=self.ada)
        self.assertEqual("email", problem["field"])
        for body, reason in (({"emial": "x"}, "FIELD_UNKNOWN"), ({"email": 7}, "FIELD_TYPE"), ({"roles": "x"}, "FIELD_TYPE"),
                             ('{"email":"a@b","email":"c@d"}', "JSON_INVALID"), ("[" * 100000, "JSON_INVALID"),
                             ('{"displayName":"a","display_name":"b"}', "FIELD_TWICE"), ("[]", "JSON_INVALID"),
                             ("{", "JSON_INVALID"), ('{"email":"\\u0000"}', "JSON_INVALID")):
            self.http.refused(400, "POST", "/v1/users", body, key=self.ada, headers={"Content-Type": "application/json"},
                              reason=reason)
        self.http.refused(400, "POST", "/v1/users", "email=x", key=self.ada, reason="CONTENT_TYPE",
                          headers={"Content-Type": "application/x-www-form-urlencoded"})
        self.http.refused(401, "GET", "/v1/users")
        self.http.refused(401, "GET", "/v1/users", key="lk_01ARZ3NDEKTSV4RRFFQ69G5FAV_nothing")
        self.http.refused(404, "GET", "/v1/nothing", key=self.ada, reason="PATH_UNKNOWN")
        self.http.refused(405, "PUT", "/v1/users", {}, key=self.ada, reason="METHOD_NOT_ALLOWED")
        self.http.refused(404, "GET", "/v1/keys/key_01ARZ3NDEKTSV4RRFFQ69G5FAV", key=self.ada, reason="KEY_NOT_FOUND")

    def test_nothing_with_a_secret_is_kept_by_anybody(self):
        answer = self.http.ask("GET", "/v1/me", key=self.ada)
        self.assertEqual("no-store", answer.headers["Cache-Control"])
        self.assertEqual("nosniff", answer.headers["X-Content-Type-Options"])
        self.assertTrue(answer.headers["X-Request-Id"].startswith("req_"))

    def test_a_write_sent_twice_with_its_key_happens_once(self):
        ben = self.ben()
        headers = {"Idempotency-Key": "once-only"}
        first = self.http.ok("POST", "/v1/keys", {"name": "one"}, key=ben, headers=headers)["key"]["id"]
        problem = self.http.refused(409, "POST", "/v1/keys", {"name": "one"}, key=ben, headers=headers)
        self.assertIn(first, problem["detail"])
        self.http.refused(400, "POST", "/v1/keys", {"name": "two"}, key=ben, headers=headers, reason="IDEMPOTENCY_KEY_REUSED")
        self.assertEqual(1, len(self.http.ok("GET", "/v1/keys", key=ben)["keys"]))

    def test_a_change_on_condition_is_made_only_to_what_was_seen(self):
        seen = self.http.ask("GET", "/v1/policy", key=self.ada)
        etag = seen.headers["ETag"]
        self.assertRegex(etag, r'^"[0-9a-f]{32}"$')
        self.assertEqual(etag, self.http.ask("GET", "/v1/policy", key=self.ada).headers["ETag"])
        again = self.http.ask("GET", "/v1/policy", key=self.ada, headers={"If-None-Match": f'"x", W/{etag}'})
        self.assertEqual((304, "", etag), (again.status, again.body, again.headers["ETag"]))
        change = {"values": [{"name": "max_active_keys_per_user", "value": "7"}]}
        self.http.refused(412, "PATCH", "/v1/policy", change, key=self.ada, headers={"If-Match": f'"x", W/{etag}'}, reason="CHANGED_MEANWHILE")
        self.http.ok("PATCH", "/v1/policy", change, key=self.ada, headers={"If-Match": etag})
        change["values"][0]["value"] = "8"
        self.http.refused(412, "PATCH", "/v1/policy", change, key=self.ada, headers={"If-Match": etag}, reason="CHANGED_MEANWHILE")
        values = {value["name"]: value["value"] for value in self.http.ok("GET", "/v1/policy", key=self.ada)["values"]}
        self.assertEqual("7", values["max_active_keys_per_user"])
        self.http.ok("PATCH", "/v1/policy", change, key=self.ada, headers={"If-Match": "*"})
        self.http.refused(400, "POST", "/v1/keys:revoke", {"ids": ["x"]}, key=self.ada, headers={"If-Match": etag}, reason="IF_MATCH_IMPOSSIBLE")
        self.http.refused(401, "PATCH", "/v1/policy", change, headers={"If-Match": etag})

    def test_what_two_readers_could_take_differently_is_refused_and_closed(self):
        host = b"Host: x\r\n"
        for status, request in (
                (400, b"GET /healthz HTTP/1.1\r\n\r\n"),
                (400, b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
                (400, b"POST /v1/keys HTTP/1.1\r\n" + host + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
                (400, b"POST /v1/keys HTTP/1.1\r\n" + host + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
                (400, b"POST /v1/keys HTTP/1.1\r\n" + host + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
                # libmicrohttpd 1.0 refuses it by itself
                ((400, 501), b"POST /v1/keys HTTP/1.1\r\n" + host + b"Transfer-Encoding: gzip\r\n\r\n"),
                (400, b"POST /v1/keys HTTP/1.1\r\n" + host + b"Content-Length: +2\r\n\r\n{}"),
                (413, b"POST /v1/keys HTTP/1.1\r\n" + host + b"Content-Length: 99999999\r\n\r\n"),
                (405, b"TRACE / HTTP/1.1\r\n" + host + b"\r\n"),
                (501, b"BREW / HTTP/1.1\r\n" + host + b"\r\n"),
                (400, b"GET /v1/keys%2Fx HTTP/1.1\r\n" + host + b"\r\n"),
                (400, b"GET /v1/keys/%00 HTTP/1.1\r\n" + host + b"\r\n"),
                (400, b"GET /v1/../healthz HTTP/1.1\r\n" + host + b"\r\n"),
                (400, b"GET http://x/healthz HTTP/1.1\r\n" + host + b"\r\n"),
                (414, b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\n" + host + b"\r\n"),
                (431, b"GET /healthz HTTP/1.1\r\n" + host + b"".join(b"X-%d: y\r\n" % n for n in range(80)) + b"\r\n"),
        ):
            answer = self.http.raw(request)
            wanted = status if isinstance(status, tuple) else (status,)
            self.assertIn(int(answer.split(b" ", 2)[1]), wanted, (request[:200], answer[:400]))
            self.assertIn(b"connection: close", answer.lower(), request[:200])
        self.assertEqual(200, self.http.ask("GET", "/healthz").status)

    def test_a_chunked_body_is_read_and_one_too_long_is_not(self):
        answer = self.http.raw(b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                               b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
        self.assertRegex(answer, rb"^HTTP/1.1 (400|401) ")
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        answer = self.http.raw(b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 6 + b"0\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), answer[:200])

    def test_a_byte_a_second_does_not_hold_a_connection(self):
        self.state.stop("gateway")
        with open(self.state.path / "gateway.conf", "a") as conf:
            conf.write("head-timeout = 1s\nbody-timeout = 1s\n")
        self.state.start("gateway")
        for begin in (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ", b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n"):
            with self.http.connect() as slow:
                slow.sendall(begin)
                self.assertTrue(self.is_closed_while_dripping(slow), begin)

    @staticmethod
    def is_closed_while_dripping(connection):
        connection.settimeout(0.2)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                connection.sendall(b"a")
                if connection.recv(4096) == b"":
                    return True
            except TimeoutError:
                pass
            except (BrokenPipeError, ConnectionResetError):
                return True
        return False

    def test_ready_tells_which_service_is_missing(self):
        ready = self.http.ok("GET", "/readyz")
        self.assertEqual("ok", ready["status"])
        self.assertTrue(all(0 <= ready["ageSeconds"][name] < 600 for name in e2e.SERVICES), ready)
        self.state.stop("credentials")
        answer = e2e.wait_until(lambda: (a := self.http.ask("GET", "/readyz")).status == 503 and a, 20, "not ready")
        self.assertEqual("unreachable", answer.json()["credentials"])
        self.assertNotIn("credentials", answer.json()["ageSeconds"])
        self.assertEqual(200, self.http.ask("GET", "/healthz").status)
        self.state.start("credentials")
        e2e.wait_until(lambda: self.http.ask("GET", "/readyz").status == 200, 20, "ready again")

    def test_anybody_may_read_the_key_set(self):
        answer = self.http.ask("GET", "/.well-known/jwks.json")
        self.assertEqual(200, answer.status)
        self.assertEqual(["EC"], sorted({key["kty"] for key in answer.json()["keys"]}))


if __name__ == "__main__":
    e2e.main()
