"""Requests to an installation's gateway: JSON in, JSON out, and raw bytes for what no client would send."""

import http.client
import json
import socket
import urllib.parse

SECONDS = 20


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.body[:2000]!r}"


class Gateway:
    """Where it listens; each request has a connection of its own."""

    def __init__(self, state):
        self.url = state.shell["LATCHKEY_HTTP_URL"]
        self.host, port = urllib.parse.urlsplit(self.url).netloc.rsplit(":", 1)
        self.port = int(port)

    def ask(self, method, path, body=None, key=None, headers=None):
        """One request; `body` is made JSON, `key` is shown as a Bearer."""
        sent = dict(headers or {})
        if key:
            sent["Authorization"] = f"Bearer {key}"
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(self.host, self.port, timeout=SECONDS)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read().decode())
        finally:
            connection.close()

    def ok(self, *arguments, **options):
        answer = self.ask(*arguments, **options)
        assert 200 <= answer.status < 300, answer
        return answer.json()

    def refused(self, status, *arguments, reason=None, **options):
        """A problem of this status; its members."""
        answer = self.ask(*arguments, **options)
        assert answer.status == status, answer
        assert answer.headers["Content-Type"] == "application/problem+json", answer
        problem = answer.json()
        assert problem["status"] == status and problem["requestId"].startswith("req_"), problem
        assert reason is None or problem["reason"] == reason, problem
        return problem

    def connect(self):
        return socket.create_connection((self.host, self.port), SECONDS)

    def raw(self, data):
        """What comes back until the gateway closes, or nothing more comes for a second."""
        with self.connect() as connection:
            connection.sendall(data)
            return read_all(connection)


def read_all(connection, quiet_s=1.0):
    connection.settimeout(quiet_s)
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except (TimeoutError, ConnectionResetError):
        pass
    return b"".join(parts)
