"""Calls without any of our C: the contract read from proto/, protobuf and frames written by hand, for tests that must not
share a mistake with the client library.

    caller = Caller(state, token)
    reply = caller.call("keys", "KeyService/CreateKey", name="laptop", ttl="90d")       # a Reply, whatever it says
    reply = caller.ok("keys", "KeyService/GetKey", id=key)                              # a dict; fails unless OK

A message is a dict of the fields that are not at their default.
"""

import pathlib
import re
import secrets
import struct

import nng_wire

TOP = pathlib.Path(__file__).resolve().parents[2]
STATUSES = ("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
            "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
            "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED")
VARINT, LENGTH = 0, 2
NUMBERS = ("uint32", "uint64", "int64", "bool")

# Which contracts each process serves.
SERVED = {
    "keys": ("accounts", "keys", "audit", "health", "common"),
    "tokens": ("tokens", "audit", "health", "common"),
    "credentials": ("credentials", "audit", "health", "common"),
}
PUBLIC = {"RedeemTicket", "SignIn", "RequestAccount", "IssueToken", "ExchangeToken", "DescribeToken", "GetJwks", "Check"}


class Contract:
    """The .proto files: messages by full name, methods by full name."""

    def __init__(self, folder=TOP / "proto"):
        self.messages, self.methods, self.enums = {}, {}, set()
        for path in sorted(folder.rglob("*.proto")):
            self._read(re.sub(r"//[^\n]*", "", path.read_text()))

    def _read(self, text):
        package = re.search(r"package ([\w.]+);", text).group(1)
        for name in re.findall(r"\benum (\w+)", text):
            self.enums.add(f"{package}.{name}")
        for name, body in re.findall(r"\bmessage (\w+) \{(.*?)\n?\}(?=\s*(?:message|enum|service|$))", text, re.S):
            fields = re.findall(r"(repeated )?([\w.]+) (\w+) = (\d+);", body)
            self.messages[f"{package}.{name}"] = [
                (field, int(number), self._full(package, kind), bool(repeated)) for repeated, kind, field, number in fields]
        for service, body in re.findall(r"\bservice (\w+) \{(.*?)\n\}", text, re.S):
            for rpc, request, reply in re.findall(r"rpc (\w+)\((\w+)\) returns \((\w+)\)", body):
                self.methods[f"{package}.{service}/{rpc}"] = (f"{package}.{request}", f"{package}.{reply}")

    @staticmethod
    def _full(package, kind):
        return kind if "." in kind or kind in NUMBERS or kind in ("string", "bytes") else f"{package}.{kind}"

    def served_by(self, service):
        """The full names of the methods this process answers."""
        return [name for name in self.methods if name.split(".")[1] in SERVED[service]]

    def full_name(self, service, method):
        """"KeyService/CreateKey" in full."""
        return next(name for name in self.served_by(service) if name.endswith("." + method))

    def encode(self, kind, message):
        """Fields in the order of the file; what is at its default is left out, as our decoder demands."""
        data, left = b"", dict(message)
        for name, number, field_kind, repeated in self.messages[kind]:
            value = left.pop(name, None)
            for one in value or [] if repeated else [value]:
                if one or (repeated and one is not None) or isinstance(one, dict):
                    data += self._field(number, field_kind, one)
        assert not left, f"{kind} has no {sorted(left)}"
        return data

    def _field(self, number, kind, value):
        if kind in NUMBERS or kind in self.enums:
            return varint(number << 3 | VARINT) + varint(int(value))
        if kind == "string":
            value = value.encode() if isinstance(value, str) else value
        elif kind != "bytes":
            value = self.encode(kind, value)
        return varint(number << 3 | LENGTH) + varint(len(value)) + value

    def decode(self, kind, data):
        """Every field of the message, those left out at their default; None for an absent message."""
        fields = {number: (name, field_kind, repeated) for name, number, field_kind, repeated in self.messages[kind]}
        message = {name: [] if repeated else self._default(field_kind) for name, field_kind, repeated in fields.values()}
        at = 0
        while at < len(data):
            tag, at = read_varint(data, at)
            value, at = read_varint(data, at)
            if tag & 7 == LENGTH:
                value, at = data[at:at + value], at + value
            name, field_kind, repeated = fields[tag >> 3]
            value = self._value(field_kind, value)
            if repeated:
                message[name].append(value)
            else:
                message[name] = value
        return message

    def _default(self, kind):
        return {"string": "", "bytes": b"", "bool": False}.get(kind, 0 if kind in NUMBERS or kind in self.enums else None)

    def _value(self, kind, value):
        if kind == "string":
            return value.decode()
        if kind == "int64":
            return value - (1 << 64) if value >> 63 else value
        if kind == "bool":
            return bool(value)
        return self.decode(kind, value) if kind in self.messages else value


def varint(value):
    value &= (1 << 64) - 1
    data = b""
    while value > 0x7F:
        data += bytes([value & 0x7F | 0x80])
        value >>= 7
    return data + bytes([value])


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


CONTRACT = Contract()


class Reply:
    """What a service answered."""

    def __init__(self, method, data):
        magic, header_len = struct.unpack(">4sI", data[:8])
        assert magic == b"LKR\1", data
        header = CONTRACT.decode("latchkey.common.v1.ReplyHeader", data[8:8 + header_len])
        self.method, self.status = method, STATUSES[header["status"]]
        self.reason, self.message, self.field = header["reason"], header["message"], header["field"]
        self.raw = data
        self.body = CONTRACT.decode(CONTRACT.methods[method][1], data[8 + header_len:]) if self.status == "OK" else None

    def __str__(self):
        return f"{self.method}: {self.status} {self.reason} {self.message!r} field {self.field!r} {self.body or ''}"


def request(method, message, token="", timeout_ms=5000, **header):
    """The bytes of a request: frame, header, body."""
    packed = CONTRACT.encode("latchkey.common.v1.RequestHeader", {
        "request_id": f"req_{secrets.token_hex(8)}", "method": method, "timeout_ms": timeout_ms, "authorization": token,
        **header})
    return nng_wire.frame(packed, CONTRACT.encode(CONTRACT.methods[method][0], message))


class Caller:
    """Somebody who shows this access token, or nothing. Keeps one connection to each service; for one thread."""

    def __init__(self, state, token="", seconds=5):
        self.state, self.token, self.seconds, self.wires = state, token, seconds, {}

    def call(self, service, method, header=None, **message):
        method = CONTRACT.full_name(service, method)
        return Reply(method, self.exchange(service, request(method, message, self.token, **(header or {}))))

    def ok(self, service, method, header=None, **message):
        reply = self.call(service, method, header, **message)
        assert reply.status == "OK", str(reply)
        return reply.body

    def exchange(self, service, data):
        """The bytes that answer these bytes; ConnectionError when the service went away."""
        try:
            if service not in self.wires:
                self.wires[service] = nng_wire.Wire(self.state.socket_path(service), self.seconds)
            self.wires[service].send(data)
            answer = self.wires[service].receive()
        except OSError as wrong:
            self.drop(service)
            raise ConnectionError(f"{service}: {wrong}") from None
        if answer is None:
            self.drop(service)
            raise ConnectionError(f"{service} closed the connection")
        return answer

    def drop(self, service):
        wire = self.wires.pop(service, None)
        if wire:
            wire.socket.close()

    def close(self):
        for service in list(self.wires):
            self.drop(service)


def access_token(state, secret, **wish):
    """A token made from an API key or a session's secret, to call Latchkey itself with."""
    return platform_token(state, secret, audience=f"latchkey:{instance(state)}", **wish)


def platform_token(state, secret, **wish):
    """The same for whom the wish says: the platform."""
    return once(state, "tokens", "TokenService/IssueToken", secret_key=secret, **wish)["secret_token"]


def instance(state):
    return once(state, "keys", "HealthService/Check")["instance"]


def once(state, service, method, **message):
    """One call of anybody's that must succeed."""
    anybody = Caller(state)
    try:
        return anybody.ok(service, method, **message)
    finally:
        anybody.close()


def signed_in(state, secret, **wish):
    return Caller(state, access_token(state, secret, **wish))
