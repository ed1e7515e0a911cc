#!/usr/bin/env python3
"""What the libjwt of this machine does with tokens that it should refuse, one fact a line: the measurements behind
services/decisions/0013. Not a test: run it on each Debian.   python3 tests/conformance/libjwt_facts.py"""

import ctypes
import ctypes.util
import hashlib
import hmac
import pathlib
import subprocess
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "conformance")]

import token_corpus

ES256, SIGNATURES = 7, 2000


def library():
    name = ctypes.util.find_library("jwt")
    lib = ctypes.CDLL(name)
    lib.jwt_get_grant_int.restype = ctypes.c_long
    lib.jwt_get_alg.argtypes = [ctypes.c_void_p]
    lib.jwt_encode_str.restype = ctypes.c_void_p
    return name, lib


def decode(lib, token, key):
    jwt = ctypes.c_void_p()
    return jwt if lib.jwt_decode(ctypes.byref(jwt), token, key, len(key)) == 0 else None


def signatures_a_second(lib, pem):
    jwt = ctypes.c_void_p()
    lib.jwt_new(ctypes.byref(jwt))
    lib.jwt_add_grant(jwt, b"sub", b"usr_01arz3ndektsv4rrffq69g5fav")
    lib.jwt_set_alg(jwt, ES256, pem, len(pem))
    start = time.monotonic()
    for _ in range(SIGNATURES):
        assert lib.jwt_encode_str(jwt)  # what it answers is left to the end of the process
    return SIGNATURES / (time.monotonic() - start)


def main():
    name, lib = library()
    package = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}", "libjwt0", "libjwt2"], capture_output=True, text=True)
    private = subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], check=True,
                             capture_output=True).stdout
    key = token_corpus.Key.from_pem(private.decode())
    pem, _ = key.pem()
    now = int(time.time())
    forge = token_corpus.Forge(key, {"iss": "i", "sub": "s", "iat": now, "nbf": now - 30, "exp": now + 900})
    forge.header["typ"] = "JWT"
    good = token_corpus.compact(forge.header)
    claims = token_corpus.compact(forge.claims)

    def hs256():
        header = token_corpus.compact({"alg": "HS256", "typ": "JWT"})
        mac = hmac.new(pem, forge.text(header), hashlib.sha256).digest()
        return forge.token(header=header, signature=mac)

    facts = {
        "control: a good token of typ JWT": forge.token(),
        "a good token of typ at+jwt": forge.with_header(typ="at+jwt"),
        "HS256 keyed with our public PEM": hs256(),
        "crit naming what nobody knows": forge.with_header(crit=["x"]),
        "alg twice": forge.token(header=good[:-1] + b',"alg":"ES256"}'),
        "exp twice": forge.token(claims=claims[:-1] + b',"exp":9999999999}'),
        "exp a string": forge.with_claims(exp="1"),
        "long over": forge.with_claims(exp=1),
        "padding": forge.token() + b"==",
    }
    print(f"{package.stdout or name}, {name}")
    for what, token in facts.items():
        print(f"{'takes  ' if decode(lib, token, pem) else 'refuses'}  {what}")
    jwt = decode(lib, facts["exp a string"], pem)
    print(f"reads    exp \"1\" as {lib.jwt_get_grant_int(jwt, b'exp') if jwt else 'nothing'}")
    print(f"signs    {signatures_a_second(lib, private):.0f} times a second from a PEM key")


if __name__ == "__main__":
    main()
