"""The sealed path to a provider's secret, written from common/crypto/transport.h over libsodium: what a client in another language
does. Keys by X25519 (crypto_kx), messages "LKT1", nonce, ciphertext and tag of XChaCha20-Poly1305, bound to request id and method."""

import ctypes
import ctypes.util
import os

_KEY, _NONCE, _TAG, _MAGIC = 32, 24, 16, b"LKT1"


def _sodium():
    library = ctypes.CDLL(ctypes.util.find_library("sodium"))
    assert library.sodium_init() >= 0
    return library


def _texts(*texts):
    return b"".join(len(text).to_bytes(4, "big") + text.encode() for text in texts)


def field(number, value):
    """One length-delimited protobuf field."""
    assert len(value) < 128
    return bytes([number << 3 | 2, len(value)]) + value


class Transport:
    """One client's pair; after agree() it seals requests and opens replies."""

    def __init__(self):
        self._sodium = _sodium()
        self._public, self._private = (ctypes.create_string_buffer(_KEY) for _ in range(2))
        self._sodium.crypto_kx_keypair(self._public, self._private)
        self.public = self._public.raw

    def agree(self, server_public):
        self._receive, self._send = (ctypes.create_string_buffer(_KEY) for _ in range(2))
        assert self._sodium.crypto_kx_client_session_keys(self._receive, self._send, self._public, self._private, server_public) == 0

    @staticmethod
    def _bound(direction, request_id, method):
        return _texts("latchkey/transport/v1", direction, request_id, method)

    def seal(self, request_id, method, plain):
        data, nonce, out = self._bound("request", request_id, method), os.urandom(_NONCE), ctypes.create_string_buffer(len(plain) + _TAG)
        self._sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
            out, None, plain, ctypes.c_ulonglong(len(plain)), data, ctypes.c_ulonglong(len(data)), None, nonce, self._send)
        return _MAGIC + nonce + out.raw

    def open(self, request_id, method, blob):
        """The plain text, or None when it is not of this call."""
        data, nonce, sealed = self._bound("reply", request_id, method), blob[4:4 + _NONCE], blob[4 + _NONCE:]
        out = ctypes.create_string_buffer(len(sealed) - _TAG)
        done = self._sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
            out, None, None, sealed, ctypes.c_ulonglong(len(sealed)), data, ctypes.c_ulonglong(len(data)), nonce, self._receive)
        return out.raw if blob[:4] == _MAGIC and done == 0 else None
