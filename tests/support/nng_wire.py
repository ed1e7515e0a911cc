"""nng's REQ protocol over ipc, byte by byte, for what a well-behaved client would never send.

Every connection opens with 8 bytes each way: NUL 'S' 'P' NUL, the protocol's number (16 bits), two NUL. On ipc a message is
the byte 1, its length (64 bits) and its bytes; in REQ those begin with a request id whose top bit is set.
"""

import socket
import struct

REQ = 0x30
_REQUEST_ID = struct.pack(">I", 0x80000001)


def connect_and_close(path):
    """Connect and leave at once, without a word."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)


class Wire:
    """One connection that has introduced itself as REQ."""

    def __init__(self, path, seconds=5):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds)
        self.socket.connect(path)
        self.socket.sendall(b"\0SP\0" + struct.pack(">HH", REQ, 0))
        self._receive(8)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send_raw(self, data):
        self.socket.sendall(data)

    def send(self, body):
        message = _REQUEST_ID + body
        self.socket.sendall(b"\1" + struct.pack(">Q", len(message)) + message)

    def receive(self):
        """The body of the next reply; None when the other side closed."""
        head = self._receive(9)
        if head is None:
            return None
        return self._receive(struct.unpack(">Q", head[1:])[0])[4:]

    def _receive(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                return None
            data += part
        return data


def frame(header, body=b"", magic=b"LKR\1"):
    """Latchkey's own frame: magic and version, the header's length, header, body."""
    return magic + struct.pack(">I", len(header)) + header + body
