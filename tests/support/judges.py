"""Programs and libraries of others that judge our tokens: jose (npm), libjwt 1.x, OpenSSL's command line. Each is asked in its own
way; none shares code with us."""

import base64
import ctypes
import ctypes.util
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import latchkey_e2e as e2e
from base64url import unb64

NODE = pathlib.Path(__file__).resolve().parent / "node"


class Missing(Exception):
    """The judge is not here; the case that wants it is skipped."""


def node_modules():
    """Where tests/run put the npm packages."""
    folder = pathlib.Path(os.environ.get("LATCHKEY_NODE", e2e.BUILD.parent / "node"))
    if not shutil.which("node") or not (folder / "node_modules").is_dir():
        raise Missing(f"no npm packages in {folder}: bash tests/support/node/install {folder}")
    installed = folder / ".installed"
    if not installed.is_file() or installed.read_bytes() != (NODE / "package.json").read_bytes():
        raise Missing(f"the npm packages in {folder} are of another time: bash tests/support/node/install {folder}")
    return folder


def node(script, asked):
    """What a script of tests/support/node answers. It runs beside its packages, where node looks for them."""
    folder = node_modules()
    copy = folder / script
    copy.write_bytes((NODE / script).read_bytes())
    done = subprocess.run(["node", copy], input=json.dumps(asked), capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def promtool(text):
    """What is wrong with metrics in Prometheus's text format, by its own tool; "" is nothing."""
    program = pathlib.Path(os.environ.get("LATCHKEY_JUDGES", e2e.BUILD.parent / "judges")) / "promtool"
    if not program.is_file():
        raise Missing(f"no {program}: bash tests/support/install-promtool {program.parent}")
    done = subprocess.run([program, "check", "metrics"], input=text, capture_output=True, text=True, timeout=30)
    return done.stdout + done.stderr + (f"exit {done.returncode}" if done.returncode else "")


def jose(token, jwks, issuer, audience, typ="at+jwt"):
    return node("verify_token.mjs", {"token": token, "jwks": jwks, "issuer": issuer, "audience": audience, "typ": typ})


def public_pem(jwk):
    """SubjectPublicKeyInfo (RFC 5480) around the point."""
    der = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200") + b"\4" + unb64(jwk["x"]) + unb64(jwk["y"])
    return b"-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(der) + b"-----END PUBLIC KEY-----\n"


def _der(signature):
    body = b""
    for half in (signature[:32], signature[32:]):
        number = half.lstrip(b"\0")
        number = b"\0" + number if number[0] > 127 else number
        body += b"\2" + bytes([len(number)]) + number
    return b"\x30" + bytes([len(body)]) + body


def openssl(token, jwk):
    """Does `openssl dgst` take the raw signature for one of this key?"""
    text, _, signature = token.rpartition(".")
    with tempfile.TemporaryDirectory() as folder:
        files = {"key.pem": public_pem(jwk), "signature": _der(unb64(signature)), "text": text.encode()}
        for name, data in files.items():
            pathlib.Path(folder, name).write_bytes(data)
        done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "text"],
                              cwd=folder, capture_output=True, text=True)
    return done.returncode == 0 and "Verified OK" in done.stdout


class Libjwt:
    """libjwt 1.x, which Debian has."""

    def __init__(self):
        name = ctypes.util.find_library("jwt")
        if not name:
            raise Missing("libjwt is not installed")
        self.library = ctypes.CDLL(name)
        if not hasattr(self.library, "jwt_get_grants_json"):
            raise Missing(f"{name} is not libjwt 1.x")
        self.library.jwt_get_grants_json.restype = ctypes.c_void_p

    def decode(self, token, jwk):
        """The claims, or None when it refuses."""
        jwt, pem = ctypes.c_void_p(), public_pem(jwk)
        if self.library.jwt_decode(ctypes.byref(jwt), token.encode(), pem, len(pem)) != 0:
            return None
        text = self.library.jwt_get_grants_json(jwt, None)
        claims = json.loads(ctypes.cast(text, ctypes.c_char_p).value)
        self.library.jwt_free(jwt)
        return claims
