#!/usr/bin/env python3
"""Tokens for keys over HTTP, many at once, without a thread that waits: none is lost, and nobody else waits for them."""

import base64
import contextlib
import json
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import http_client
import latchkey_e2e as e2e
import latchkey_wire as wire
import world

MANY = 120  # more than wait without a thread, and than workers
FORM = "grant_type=client_credentials"


class Later(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        with open(self.state.path / "gateway.conf", "a") as conf:
            conf.write("call-timeout = 1s\n")
        self.state.start("gateway")
        self.http = http_client.Gateway(self.state)
        self.ben = world.Tenant(self.state, "genomics").user("ben", "key-manager")
        self.key = self.ben.key()

    def headers(self, secret=None):
        basic = base64.b64encode(f"apikey:{secret or self.key.secret}".encode()).decode()
        return {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {basic}"}

    def token(self, secret=None, form=FORM):
        answer = self.http.ask("POST", "/oauth2/token", form, headers=self.headers(secret))
        return answer.status, answer.json()

    @contextlib.contextmanager
    def asked(self, count):
        """Connections on which a token was asked for, all at once."""
        lines = [f"{name}: {value}" for name, value in {"Host": "here", "Content-Length": len(FORM), **self.headers()}.items()]
        data = "\r\n".join(["POST /oauth2/token HTTP/1.1", *lines, "", FORM]).encode()
        with contextlib.ExitStack() as stack:
            connections = [stack.enter_context(self.http.connect()) for _ in range(count)]
            for connection in connections:
                connection.sendall(data)
            yield connections

    def tokens_of(self, connections):
        found = []
        for connection in connections:
            connection.settimeout(20)
            data = b""
            while b"\r\n\r\n" not in data or not data.endswith(b"}"):
                part = connection.recv(65536)
                self.assertTrue(part, data)
                data += part
            self.assertTrue(data.startswith(b"HTTP/1.1 200"), data)
            found.append(json.loads(data.split(b"\r\n\r\n", 1)[1])["access_token"])
        return found

    def test_many_at_once_are_all_answered_and_on_record(self):
        with self.asked(MANY) as connections:
            tokens = self.tokens_of(connections)
        middles = [token.split(".")[1] for token in tokens]
        ids = {json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))["jti"] for text in middles}
        self.assertEqual(MANY, len(ids))
        events = self.state.json("audit", "list", "--service", "tokens", "--action", "token.issued", "--limit", "500")["events"]
        self.assertLessEqual(ids, {event["object"] for event in events})

    def test_who_waits_for_tokens_keeps_nobody_else_waiting_and_a_drain_waits_for_them(self):
        gateway = self.state.running["gateway"]
        self.state.pause("tokens")
        with self.asked(60) as connections:
            time.sleep(0.2)
            began = time.monotonic()
            self.assertEqual(200, self.http.ask("GET", "/healthz").status)
            self.assertLess(time.monotonic() - began, 2)
            gateway.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            self.assertIsNone(gateway.poll())
            self.state.resume("tokens")
            self.assertEqual(60, len(set(self.tokens_of(connections))))
        self.assertEqual(0, gateway.wait(20))
        del self.state.running["gateway"]

    def test_a_refusal_says_the_same_and_tokens_may_go_and_come_back(self):
        self.assertEqual(200, self.token()[0])
        wrong = self.key.secret[:-1] + ("a" if self.key.secret[-1] != "a" else "b")
        for secret, form, status, error in ((wrong, FORM, 401, "invalid_client"), (None, FORM + "&scope=nothing.known", 400, "invalid_scope"),
                                            (None, FORM + "&audience=elsewhere", 400, "invalid_request"),
                                            (None, FORM + "&scope=tenants.manage", 400, "unauthorized_client")):
            self.assertEqual((status, error), (lambda got: (got[0], got[1]["error"]))(self.token(secret, form)))
        self.state.restart("tokens")
        e2e.wait_until(lambda: self.token()[0] == 200, 5, "a token of tokens that came back")
        self.state.kill("tokens")
        status, said = self.token()
        self.assertEqual((503, "temporarily_unavailable"), (status, said["error"]))
        self.state.start("tokens")
        e2e.wait_until(lambda: self.token()[0] == 200, 5, "a token of tokens that was started again")
        wire.signed_in(self.state, self.ben.session).ok("keys", "KeyService/RevokeKeys", ids=[self.key.id])
        self.assertEqual(401, self.token()[0])


if __name__ == "__main__":
    e2e.main()
