"""Forged access tokens: at least 150 ways to lie, each with the reason the verifier must give, and controls that must pass.

    key = Key.from_seed(b"any")                       # or Key.from_pem(text)
    for name, token, reason in corpus(key, claims):   # token: bytes; reason "" for a control
        …

`claims` are those of a good token. Run as a program it prints a key set and the corpus over claims of its own, one
tab-separated line each, for test_token_corpus.c. P-256 is written out here, so that nothing is shared with what is judged.
"""

import base64
import hashlib
import hmac
import json
import sys

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)
TOKEN_MAX = 8192


def _add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


_POWERS = [G]
while len(_POWERS) < 256:
    _POWERS.append(_add(_POWERS[-1], _POWERS[-1]))


def _times_g(number):
    point = None
    for bit in range(256):
        if number >> bit & 1:
            point = _add(point, _POWERS[bit])
    return point


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


class Key:
    def __init__(self, number):
        self.number = number
        x, y = _times_g(number)
        self.x, self.y = x.to_bytes(32, "big"), y.to_bytes(32, "big")
        self.jwk = {"kty": "EC", "crv": "P-256", "x": b64(self.x).decode(), "y": b64(self.y).decode()}
        members = compact({name: self.jwk[name] for name in ("crv", "kty", "x", "y")})
        self.kid = b64(hashlib.sha256(members).digest()).decode()  # RFC 7638
        self.jwk.update(kid=self.kid, alg="ES256", use="sig")

    @classmethod
    def from_seed(cls, seed):
        return cls(int.from_bytes(hashlib.sha256(seed).digest(), "big") % (N - 1) + 1)

    @classmethod
    def from_pem(cls, text):
        """PKCS#8 as openssl genpkey writes it: the private number stands at byte 36."""
        der = base64.b64decode("".join(text.strip().splitlines()[1:-1]))
        return cls(int.from_bytes(der[36:68], "big"))

    def pem(self):
        spki = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200") + b"\4" + self.x + self.y
        body = base64.encodebytes(spki).replace(b"\n", b"")
        lines = [body[at:at + 64] for at in range(0, len(body), 64)]
        return b"-----BEGIN PUBLIC KEY-----\n" + b"\n".join(lines) + b"\n-----END PUBLIC KEY-----\n", spki

    def sign(self, message):
        """(r, s); the nonce from key and message."""
        digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
        secret = self.number.to_bytes(32, "big")
        nonce = int.from_bytes(hmac.new(secret, message, hashlib.sha256).digest(), "big") % (N - 1) + 1
        r = _times_g(nonce)[0] % N
        return r, pow(nonce, -1, N) * (digest + r * self.number) % N


def raw(r, s):
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def der(r, s):
    def integer(number):
        data = number.to_bytes(33, "big").lstrip(b"\0") or b"\0"
        data = b"\0" + data if data[0] > 127 else data
        return b"\2" + bytes([len(data)]) + data
    body = integer(r) + integer(s)
    return b"\x30" + bytes([len(body)]) + body


class Forge:
    def __init__(self, key, claims):
        self.key, self.claims = key, claims
        self.header = {"alg": "ES256", "typ": "at+jwt", "kid": key.kid}

    def text(self, header=None, claims=None):
        header = compact(self.header) if header is None else header
        claims = compact(self.claims) if claims is None else claims
        return b64(header) + b"." + b64(claims)

    def token(self, header=None, claims=None, key=None, signature=None):
        text = self.text(header, claims)
        if signature is None:
            signature = raw(*(key or self.key).sign(text))
        return text + b"." + b64(signature)

    def with_header(self, **changes):
        header = {name: value for name, value in {**self.header, **changes}.items() if value is not ...}
        return self.token(header=compact(header))

    def with_claims(self, **changes):
        claims = {name: value for name, value in {**self.claims, **changes}.items() if value is not ...}
        return self.token(claims=compact(claims))

    def with_text(self, old, new):
        """The claims as text, with one thing replaced."""
        text = compact(self.claims)
        assert old in text, old
        return self.token(claims=text.replace(old, new, 1))


def controls(f):
    yield "the good token", f.token()
    yield "members in another order", f.token(header=compact(dict(reversed(f.header.items()))),
                                              claims=compact(dict(reversed(f.claims.items()))))
    yield "white space in JSON", f.token(header=json.dumps(f.header, indent=1).encode(),
                                         claims=json.dumps(f.claims, indent=1).encode())
    yield "a claim nobody knows", f.with_claims(new={"deep": [1, None, "x"]})
    yield "an escaped member name", f.with_text(b'"iss"', b'"\\u0069ss"')


def headers(f):
    for alg in ("none", "None", "NONE", "nOnE", "", "es256", "ES256 ", "ES384", "ES512", "ES256K", "HS256", "HS384", "HS512",
                "RS256", "PS256", "EdDSA", ["ES256"], {"alg": "ES256"}, 256, None, True, "ES256\0"):
        yield f"alg {alg!r}", f.with_header(alg=alg)
    for typ in ("JWT", "jwt", "AT+JWT", "at+JWT", "application/at+jwt", "id+jwt", "dpop+jwt", "secevent+jwt", "", None, 1,
                ["at+jwt"], "at+jwt\0"):
        yield f"typ {typ!r}", f.with_header(typ=typ)
    for kid in ("", "x", "../" + f.key.kid, "/dev/null", f.key.kid + "A", f.key.kid[:-1], f.key.kid + "=", f.key.kid + "\0",
                f.key.kid[:-1] + "B", "' OR '1'='1", "$(id)", "https://e.example/k", None, 7, [f.key.kid], {"kid": f.key.kid}):
        yield f"kid {kid!r}", f.with_header(kid=kid)
    for name in ("alg", "typ", "kid"):
        yield f"no {name}", f.with_header(**{name: ...})
    more = {"crit": ["exp"], "jku": "https://e.example/jwks.json", "jwk": Key.from_seed(b"evil").jwk, "x5u": "https://e.example/c",
            "x5c": ["MIIB"], "x5t": "AAAA", "x5t#S256": "AAAA", "b64": False, "zip": "DEF", "enc": "A256GCM", "cty": "JWT",
            "iss": "https://e.example", "nonce": "n", "new": 1, "": 1}
    for name, value in more.items():
        yield f"header member {name!r}", f.with_header(**{name: value})
    yield "crit of nothing", f.with_header(crit=[])
    yield "crit of null", f.with_header(crit=None)
    good = compact(f.header)
    yield "alg twice, none first", f.token(header=good.replace(b"{", b'{"alg":"none",', 1))
    yield "alg twice, none last", f.token(header=good[:-1] + b',"alg":"none"}')
    yield "alg twice, once escaped", f.token(header=good[:-1] + b',"\\u0061lg":"none"}')
    yield "kid twice", f.token(header=good[:-1] + b',"kid":"x"}')
    yield "typ twice, the same", f.token(header=good[:-1] + b',"typ":"at+jwt"}')
    for name, header in {"array": b'["ES256"]', "string": b'"ES256"', "null": b"null", "number": b"1", "two objects": good + b"{}",
                         "cut": good[:-1], "comment": b"/**/" + good, "byte order mark": b"\xef\xbb\xbf" + good,
                         "single quotes": good.replace(b'"', b"'"), "NUL behind": good + b"\0", "no UTF-8": good[:-1] + b',"\xff":1}',
                         "UTF-16": good.decode().encode("utf-16")}.items():
        yield f"header is {name}", f.token(header=header)


def times(f):
    exp, iat, nbf = f.claims["exp"], f.claims["iat"], f.claims["nbf"]
    strange = (str(exp), float(exp) + 0.5, -exp, None, True, [exp], {"at": exp}, "", "never")
    for name in ("exp", "iat", "nbf"):
        for value in strange:
            yield f"{name} {value!r}", f.with_claims(**{name: value}), "TOKEN_CLAIMS"
        yield f"no {name}", f.with_claims(**{name: ...}), "TOKEN_CLAIMS"
        number = b'"%s":%d' % (name.encode(), f.claims[name])
        for text in (b"1e400", b"99999999999999999999", b"9223372036854775807", b"-9223372036854775808", b"18446744073709551616",
                     b"253402300800", b"1.7900009e9", b"0x10", b"01", b"+1", b"Infinity", b"NaN"):
            yield (f"{name} {text.decode()}", f.with_text(number, b'"%s":%s' % (name.encode(), text)), "TOKEN_CLAIMS")
    yield "exp 0", f.with_claims(exp=0), "TOKEN_CLAIMS"
    yield "long over", f.with_claims(exp=iat - 3600, iat=iat - 7200, nbf=nbf - 7200), "TOKEN_EXPIRED"
    yield "not yet", f.with_claims(nbf=exp - 1), "TOKEN_NOT_YET"
    yield "over before it was made", f.with_claims(iat=exp, exp=iat), "TOKEN_CLAIMS"
    yield "over before it holds", f.with_claims(nbf=exp), "TOKEN_CLAIMS"


def claims(f):
    aud = f.claims["aud"]
    for value in ([aud], [aud, "x"], ["x", aud], [], {}, None, 1, ""):
        yield f"aud {value!r}", f.with_claims(aud=value), "TOKEN_CLAIMS"
    for value in (aud + "x", aud.upper(), aud + " ", "https://e.example", "*"):
        yield f"aud {value!r}", f.with_claims(aud=value), "TOKEN_AUDIENCE"
    for value in (f.claims["iss"] + "/", f.claims["iss"].upper(), "https://e.example", " " + f.claims["iss"]):
        yield f"iss {value!r}", f.with_claims(iss=value), "TOKEN_ISSUER"
    yield "aud with a NUL", f.with_text(compact(aud), compact(aud)[:-1] + b'\\u0000x"'), "TOKEN_CLAIMS"
    yield "iss with a NUL", f.with_text(compact(f.claims["iss"]), compact(f.claims["iss"])[:-1] + b'\\u0000"'), "TOKEN_CLAIMS"
    for name in ("iss", "sub", "client_id", "jti", "tenant", "scope", "gen", "workgroups", "key"):
        yield f"no {name}", f.with_claims(**{name: ...}), "TOKEN_CLAIMS"
        for value in (None, 7, {"x": 1}):
            yield f"{name} {value!r}", f.with_claims(**{name: value}), "TOKEN_CLAIMS"
    for name, kind in (("sub", "tnt"), ("jti", "key"), ("tenant", "usr"), ("key", "ses"), ("client_id", "usr")):
        yield f"{name} of another kind", f.with_claims(**{name: kind + f.claims[name][3:]}), "TOKEN_CLAIMS"
    for name in ("sub", "jti", "tenant", "key"):
        yield f"{name} in capitals", f.with_claims(**{name: f.claims[name].upper()}), "TOKEN_CLAIMS"
        yield f"{name} and more", f.with_claims(**{name: f.claims[name] + "0"}), "TOKEN_CLAIMS"
        yield f"{name} twice", f.with_text(b"{", b'{"%s":"x",' % name.encode()), "TOKEN_CLAIMS"
    yield "exp twice", f.with_text(b"{", b'{"exp":9999999999,'), "TOKEN_CLAIMS"
    yield "scope twice, once escaped", f.with_text(b"{", b'{"\\u0073cope":"tenants.manage",'), "TOKEN_CLAIMS"
    for scope in ("root", "keys.verify  audit.read", " keys.verify", "keys.verify ", "keys.verify,audit.read", "*", "keys.verify\n"):
        yield f"scope {scope!r}", f.with_claims(scope=scope), "TOKEN_CLAIMS"
    for gen in ([], [1], [1, 1, 1], [1, 1, 1, 1, 1], [1, -1, 1, 1], [1, 1.5, 1, 1], ["1", "1", "1", "1"], [1, None, 1, 1], "1,1,1,1"):
        yield f"gen {gen!r}", f.with_claims(gen=gen), "TOKEN_CLAIMS"
    for groups in ("all", "", ["ALL"], [1], [None], [[]], ["wkg_x"], {}, ["wkg_01arz3ndektsv4rrffq69g5fav"] * 65):
        yield f"workgroups {str(groups)[:40]}", f.with_claims(workgroups=groups), "TOKEN_CLAIMS"
    worker = {"sub": "prn_01arz3ndektsv4rrffq69g5fav", "key": "key_01arz3ndektsv4rrffq69g5fav", "gen": [0, 1, 1, 0]}
    for name, act in {"a string": "prn_01arz3ndektsv4rrffq69g5fav", "nothing": None, "empty": {}, "a list": [worker],
                      "without a key": {"sub": worker["sub"], "gen": worker["gen"]}, "of a tenant": {**worker, "sub": f.claims["tenant"]},
                      "a chain": {**worker, "act": worker}, "with a permission": {**worker, "scope": "tenants.manage"},
                      "of three generations": {**worker, "gen": [0, 1, 1]}, "by a user's id": {**worker, "key": f.claims["sub"]}}.items():
        yield f"act is {name}", f.with_claims(act=act), "TOKEN_CLAIMS"
    good = compact(f.claims)
    for name, text in {"array": b"[" + good + b"]", "string": b'"x"', "null": b"null", "number": b"7", "two objects": good + b"{}",
                       "cut": good[:-1], "comma": good[:-1] + b",}", "NUL behind": good + b"\0", "no UTF-8": good[:-1] + b',"x":"\xff"}',
                       "a surrogate": good[:-1] + b',"x":"\\ud800"}', "deep": good[:-1] + b',"x":' + b"[" * 3000 + b"]" * 3000 + b"}",
                       "byte order mark": b"\xef\xbb\xbf" + good}.items():
        yield f"claims are {name}", f.token(claims=text), "TOKEN_MALFORMED" if len(text) > 6000 else "TOKEN_CLAIMS"


def signatures(f):
    text, evil = f.text(), Key.from_seed(b"evil")
    r, s = f.key.sign(text)
    pem, spki = f.key.pem()
    good = raw(r, s)
    yield "another key under our kid", f.token(key=evil), "TOKEN_SIGNATURE"
    yield "another key under its own kid", f.token(header=compact({**f.header, "kid": evil.kid}), key=evil), "TOKEN_KID_UNKNOWN"
    yield "no signature", text + b".", "TOKEN_MALFORMED"
    for name, secret in {"PEM": pem, "PEM without its last line feed": pem[:-1], "DER": spki, "point": b"\4" + f.key.x + f.key.y,
                         "x": f.key.x, "nothing": b"", "kid": f.key.kid.encode()}.items():
        for alg in ("HS256", "ES256"):
            header = compact({**f.header, "alg": alg})
            mac = hmac.new(secret, f.text(header), hashlib.sha256).digest()
            yield (f"{alg} keyed with our public {name}", f.token(header=header, signature=mac),
                   "TOKEN_HEADER" if alg == "HS256" else "TOKEN_SIGNATURE")
    for name, pair in {"r 0": (0, s), "s 0": (r, 0), "both 0": (0, 0), "r n": (N, s), "s n": (r, N), "r p": (P, s), "r + n": (r + N, s),
                       "1 and 1": (1, 1), "n-1": (N - 1, N - 1), "swapped": (s, r), "r all ones": (2**256 - 1, s),
                       "s all ones": (r, 2**256 - 1)}.items():
        if max(pair) < 2**256:
            yield f"r and s: {name}", f.token(signature=raw(*pair)), "TOKEN_SIGNATURE"
    yield "DER", f.token(signature=der(r, s)), "TOKEN_SIGNATURE"
    for name, data in {"63 bytes": good[:63], "65 bytes": good + b"\0", "a zero in front": b"\0" + good, "twice": good + good, "1 byte": b"\1",
                       "r alone": good[:32], "32 random bytes": hashlib.sha256(b"x").digest(), "512 bytes": good * 8}.items():
        yield f"signature of {name}", f.token(signature=data), "TOKEN_SIGNATURE"
    for at in (0, 31, 32, 63):
        yield f"bit flipped in byte {at}", f.token(signature=good[:at] + bytes([good[at] ^ 1]) + good[at + 1:]), "TOKEN_SIGNATURE"
    stolen = f.with_claims(scope="").rsplit(b".", 1)[1]
    yield "the signature of another token", text + b"." + stolen, "TOKEN_SIGNATURE"
    yield "header and claims exchanged", b".".join(f.token().split(b".")[at] for at in (1, 0, 2)), "TOKEN_HEADER"


def shapes(f):
    good = f.token()
    head, body, signature = good.split(b".")
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for name, token in {"dots": b"..", "one part": head, "two parts": head + b"." + body, "four parts": good + b"." + signature,
                        "five parts (JWE)": good + b".AA.AA", "empty header": b"." + body + b"." + signature,
                        "empty claims": head + b".." + signature, "a dot in front": b"." + good, "a dot behind": good + b".",
                        "a space in front": b" " + good, "a space behind": good + b" ", "a line feed behind": good + b"\n",
                        "Bearer in front": b"Bearer " + good, "a space inside": head + b" ." + body + b"." + signature,
                        "padding": head + b"=." + body + b"." + signature, "padded signature": good + b"==",
                        "a percent": good.replace(b".", b"%2E", 1), "JSON serialization": compact({
                            "protected": head.decode(), "payload": body.decode(), "signature": signature.decode()}),
                        "a NUL behind": good + b"\0", "a NUL inside": head + b"\0." + body + b"." + signature,
                        "no UTF-8": good[:-1] + b"\xff", "a quote": b'"' + good + b'"', "a plus": head + b"." + body[:-1] + b"+." + signature,
                        "a slash": head + b"." + body[:-1] + b"/." + signature, "a star": b"*" + good[1:],
                        "a digit of another script": "\u0661".encode() + good[1:], "just over 8 KiB": good + b"A" * (TOKEN_MAX + 1 - len(good)),
                        "a megabyte of A": b"A" * 2**20, "a megabyte in three parts": b"A" * 2**19 + b"." + b"A" * 2**19 + b".AA",
                        "a megabyte of dots": b"." * 2**20}.items():
        yield name, token
    # RFC 4648 3.5: the bits that do not count must be zero; each such text decodes to the same bytes elsewhere
    last = alphabet.index(signature[-1:])
    for other in range(last & 0x30, (last & 0x30) + 16):
        if other != last:
            yield f"trailing bits {other & 15}", good[:-1] + alphabet[other:other + 1]
    yield "both other alphabets", good.translate(bytes.maketrans(b"-_", b"+/")) if b"-" in good or b"_" in good else b"+./."


def corpus(key, good_claims):
    f = Forge(key, good_claims)
    for name, token in controls(f):
        yield f"control: {name}", token, ""
    for name, token in headers(f):
        yield name, token, "TOKEN_HEADER"
    for part in (times, claims, signatures):
        yield from part(f)
    for name, token in shapes(f):
        yield name, token, "TOKEN_MALFORMED"


def main():
    key, now = Key.from_seed(b"conformance"), 1790000000
    ulid = "01arz3ndektsv4rrffq69g5fav"
    good = {"iss": "https://latchkey.example", "sub": f"usr_{ulid}", "aud": "latchkey:test", "client_id": f"key_{ulid}",
            "iat": now - 10, "nbf": now - 20, "exp": now + 900, "jti": f"jti_{ulid}", "tenant": f"tnt_{ulid}",
            "scope": "api_keys.manage keys.verify", "workgroups": [f"wkg_{ulid}"], "key": f"key_{ulid}", "gen": [1, 2, 3, 0]}
    print(json.dumps({"keys": [key.jwk]}))
    for name, token, reason in corpus(key, good):
        print(reason or "-", name.encode("unicode_escape").decode(), token.hex(), sep="\t")


if __name__ == "__main__":
    sys.exit(main())
