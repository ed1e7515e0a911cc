#!/usr/bin/env python3
"""The gateway attacked: requests that two readers would cut differently, other tenants' ids in every place, too many connections."""

import pathlib
import re
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import http_client
import latchkey_e2e as e2e
import world

HOST = b"Host: x\r\n"
POST = b"POST /v1/sessions HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
NEXT = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


class Attacks(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.state.start("gateway")
        self.http = http_client.Gateway(self.state)

    def heads(self, raw):
        """The statuses of all that comes back, and whether the connection was closed by the gateway."""
        answer = self.http.raw(raw)
        return [int(found) for found in re.findall(rb"(?:^|[\r\n}>])HTTP/1\.1 (\d{3}) ", answer)], b"connection: close" in answer.lower()

    def test_a_request_that_could_be_cut_in_two_ways_is_refused_and_closed(self):
        for raw in (POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + NEXT,
                    POST + b"Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + NEXT,
                    POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + NEXT,
                    POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + NEXT,
                    POST + b"Content-Length: 4\r\nTransfer-Encoding:chunked\r\n\r\n0\r\n\r\n" + NEXT,
                    POST + b"Content-Length: 2, 2\r\n\r\n{}" + NEXT, POST + b"Content-Length: 0x2\r\n\r\n{}" + NEXT,
                    POST + b"Content-Length: 18446744073709551618\r\n\r\n{}" + NEXT, POST + b"Content-Length : 2\r\n\r\n{}" + NEXT,
                    POST + b" Content-Length: 2\r\n\r\n{}" + NEXT, POST + b"Content-Length:\r\n\r\n{}" + NEXT,
                    CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n" + NEXT, CHUNKED + b"+2\r\n{}\r\n0\r\n\r\n" + NEXT,
                    CHUNKED + b"2 \r\n{}\r\n0\r\n\r\n" + NEXT, CHUNKED + b"2\r\n{}XX0\r\n\r\n" + NEXT,
                    CHUNKED + b"10000000000000002\r\n{}\r\n0\r\n\r\n" + NEXT,
                    b"POST /v1/sessions HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + NEXT,
                    b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n" + NEXT,
                    POST + b"Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}" + NEXT,
                    POST + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}" + NEXT,
                    b"GET /v1/.. HTTP/1.1\r\n" + HOST + b"\r\n" + NEXT, b"GET /healthz HTTP/1.2\r\n" + HOST + b"\r\n" + NEXT,
                    b"GET /healthz HTTP/1.1\r\nHost: a@b\r\n\r\n" + NEXT, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + NEXT):
            statuses, closed = self.heads(raw)
            self.assertTrue(statuses and closed, raw[:200])
            self.assertEqual([], [status for status in statuses if status < 400], raw[:200])  # what follows is never served

    def test_a_body_is_never_read_as_a_request(self):
        inner = b"DELETE /v1/sessions/current HTTP/1.1\r\nHost: x\r\n\r\n"
        with_body = b"GET /healthz HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(inner) + inner
        self.assertEqual([200, 200], self.heads(with_body + NEXT)[0])
        chunked = b"GET /healthz HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(inner) + inner + b"\r\n0\r\n\r\n"
        self.assertEqual([200, 200], self.heads(chunked + NEXT)[0])
        trailers = CHUNKED + b"2\r\n{}\r\n0\r\nAuthorization: Bearer x\r\nContent-Length: 500\r\n\r\n"
        self.assertEqual([401, 200], self.heads(trailers + NEXT)[0])
        upgrade = b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
        self.assertEqual([200, 200], self.heads(upgrade + NEXT)[0])

    def test_floods_of_headers_and_nested_bodies_cost_one_request(self):
        for head in (b"X: " + b"a" * 200000 + b"\r\n", b"".join(b"X%d: a\r\n" % n for n in range(20000)),
                     b"Authorization: Bearer " + b"a" * 15000 + b"\r\n"):
            try:
                statuses, _ = self.heads(b"GET /v1/me HTTP/1.1\r\n" + HOST + head + b"\r\n")
            except (BrokenPipeError, ConnectionResetError):
                continue  # closed while it still came
            self.assertTrue(statuses and set(statuses) <= {400, 431}, statuses)
        for body in ("[" * 200000, '{"a":' * 40000, '{"secretTicket":' + "1" * 200000 + "}", '{"secretTicket":"' + "\\u0041" * 40000 + '"}',
                     "{" + ",".join(f'"a{n}":1' for n in range(19000)) + "}", '{"secretTicket":1e999}'):
            answer = self.http.ask("POST", "/v1/sessions", body, headers={"Content-Type": "application/json"})
            self.assertIn(answer.status, (400, 401), body[:60])
        self.assertEqual(200, self.http.ask("GET", "/healthz").status)

    def test_forward_authentication_answers_401_or_403_whatever_comes(self):
        for head in (b"Content-Type: a\r\nContent-Type: b\r\n", b"X-Latchkey-Require-Permission: a\r\nX-Latchkey-Require-Permission: b\r\n",
                     b"Content-Encoding: gzip\r\n", b"Transfer-Encoding: gzip\r\n", b"".join(b"X%d: y\r\n" % n for n in range(80)),
                     b"X: " + b"a" * 17000 + b"\r\n", b"Authorization: Digest x\r\n", b"Authorization: Bearer a\r\napikey: b\r\n",
                     b"X-Latchkey-User: root\r\nX-Latchkey-Scopes: tenants.manage\r\n"):
            for target in (b"/auth", b"/auth?permission=audit.read", b"/auth/some/page", b"/auth/a%2Fb"):
                statuses, _ = self.heads(b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n" + head + b"\r\n")
                self.assertIn(statuses, ([401], [403]), (target, head[:60]))

    def test_connections_are_limited_in_all_and_for_each_address(self):
        self.state.stop("gateway")
        with open(self.state.path / "gateway.conf", "a") as conf:
            conf.write("connections = 12\nconnections-per-address = 4\n")
        self.state.start("gateway")
        held, waiting = [], []
        self.addCleanup(lambda: [connection.close() for connection in held])

        def served(address):
            connection = socket.create_connection((self.http.host, self.http.port), 5, (address, 0))
            held.append(connection)
            connection.settimeout(1)
            try:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                return connection.recv(4096).startswith(b"HTTP/1.1 200")
            except (ConnectionResetError, BrokenPipeError):
                return False
            except TimeoutError:  # nobody takes it while all places are held
                waiting.append(address)
                return False

        first = sum(served("127.0.0.2") for _ in range(10))
        self.assertTrue(2 <= first <= 8 and not waiting, first)  # the threads share the limit out among them
        total, number = first, 3
        while not waiting:
            total += sum(not waiting and served(f"127.0.0.{number}") for _ in range(6))
            number += 1
        self.assertTrue(6 <= total <= 12, total)
        while held:
            held.pop().close()
        e2e.wait_until(lambda: served("127.0.0.5"), 10, "room again")

    def test_no_browser_of_another_origin_is_let_in(self):
        genomics = world.Tenant(self.state, "genomics")
        for method, headers in (("OPTIONS", {"Origin": "https://evil.example", "Access-Control-Request-Method": "DELETE"}),
                                ("GET", {"Origin": "https://evil.example", "Cookie": f"session={genomics.admin.session}"}),
                                ("GET", {"Origin": "https://evil.example", "Authorization": f"Bearer {genomics.admin.session}"})):
            answer = self.http.ask(method, "/v1/me", headers=headers)
            self.assertEqual([], [name for name in answer.headers if name.lower().startswith(("access-control-", "set-cookie"))])
        self.assertEqual(401, self.http.ask("GET", "/v1/me", headers={"Cookie": f"session={genomics.admin.session}"}).status)
        for over in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
            self.assertEqual(405, self.http.ask("POST", "/v1/me", {}, key=genomics.admin.session, headers={over: "PATCH"}).status)

    # Tenants

    def inventory(self, admin):
        """All that a tenant's administrator sees, but for when things were last used."""
        paths = ("users", "workgroups", "policy", "roles", "issuers", "keys?allOwners=true&includeRevoked=true", "credentials?allOwners=true")
        found = [self.http.ok("GET", f"/v1/{path}", key=admin.session) for path in paths]
        return [re.sub(r"'last\w+At': ('[^']*'|None)", "", str(one)) for one in found]

    def test_another_tenants_ids_open_nothing_at_any_path(self):
        genomics, eve = world.Tenant(self.state, "genomics"), world.Tenant(self.state, "proteomics").admin
        ben = genomics.user("ben", "key-manager")
        key, own_key = ben.key("laptop"), eve.key("own")
        credential = world.add_aws(ben)
        group = self.http.ok("POST", "/v1/workgroups", {"name": "plant"}, key=genomics.admin.session)["workgroup"]["id"]
        backend = world.principal(self.state, "samples-api", ["tokens.validate"], "ALL").secret
        role = self.http.ok("POST", "/v1/roles", {"name": "gardener", "permissions": ["audit.read"]}, key=genomics.admin.session)["role"]["id"]
        before = self.inventory(genomics.admin)
        theirs = {"role": role, "user": ben.id, "workgroup": group, "session": ben.session_id, "tenant": genomics.id, "owner": ben.id, "ids": [key.id]}
        document, tried = self.http.ok("GET", "/openapi.json"), 0
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                foreign = {**theirs, "id": credential if "credentials" in path else key.id}
                target = re.sub(r"\{(\w+)\}", lambda found: foreign.get(found.group(1), "nobodys"), path)
                for body, query in self.wishes(document, operation, foreign):
                    if target == path and not body and not query:
                        continue
                    answer = self.http.ask(method.upper(), target + query, body, key=eve.session)
                    if operation["operationId"] == "IssueToken" and answer.status == 200:  # of whose session it is, whatever `tenant` says
                        self.assertEqual(eve.email, self.http.ok("POST", "/v1/validate", {"secretCredential": answer.json()["secretToken"]},
                                                                 key=backend)["identity"]["name"])
                        continue
                    refusals = (403, 404) if target != path and "nobodys" not in target and not body and method != "post" else \
                        (400, 401, 403, 404, 409)
                    self.assertIn(answer.status, refusals, (method, target, query, body, answer))
                    self.assertNotIn(ben.email, answer.body)
                    tried += 1
        self.assertGreater(tried, 40)
        self.assertEqual(before, self.inventory(genomics.admin))
        self.http.refused(400, "GET", f"/v1/keys/{own_key.id}?id={key.id}", key=eve.session, reason="FIELD_TWICE")
        self.http.refused(400, "PATCH", f"/v1/credentials/{credential}", {"id": credential, "label": "x"}, key=ben.session, reason="FIELD_TWICE")

    @staticmethod
    def wishes(document, operation, foreign):
        """(body, query) that name what is another tenant's in each field that takes it, all at once and one by one."""
        names = [parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query" and parameter["name"] in foreign]
        schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        fields = [name for name in schema.get("properties", {}) if name in foreign]
        yield ({} if "requestBody" in operation else None), ""
        for name in names:
            yield None, f"?{name}={foreign[name]}"
        for name in fields:
            yield {name: foreign[name]}, ""
        if len(fields) > 1:
            yield {name: foreign[name] for name in fields}, ""


if __name__ == "__main__":
    e2e.main()
